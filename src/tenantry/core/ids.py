"""Identifiers. GUIDs are lower-case text with dashes, everywhere, so that they compare as text on both engines."""

from __future__ import annotations

import re
import uuid
from typing import NewType

TenantId = NewType("TenantId", str)
UserId = NewType("UserId", str)
GroupId = NewType("GroupId", str)
ConnectorId = NewType("ConnectorId", str)
GrantId = NewType("GrantId", str)
RelationshipId = NewType("RelationshipId", str)
EnterpriseId = NewType("EnterpriseId", str)
ManagedAccountId = NewType("ManagedAccountId", str)
CorrelationId = NewType("CorrelationId", str)

_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def new_guid() -> str:
    """A random GUID (RFC 9562 version 4)."""
    return str(uuid.uuid4())


def parse_guid(raw: str) -> str | None:
    """The canonical form of a GUID in any letter case, with or without braces; None when it is not one."""
    text = raw.strip().strip("{}").lower()
    return text if _GUID.fullmatch(text) else None
