"""Registers connectors, deactivates and activates them, and deletes them.

1. A registration has a name, details, permissions and redirect addresses; its secret is shown once. Sensitive
   permissions wait for an administrator, see permissions.py.
2. A deactivated connector gets no new grants; the grants it has go on (Kaizala contract §1).
3. Deleting it ends all its grants and tokens at once, since each verification of a token looks up the connector.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from tenantry.access.actions import Action, Permission
from tenantry.access.decide import require
from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.connectors.ownership import connector_of, require_change
from tenantry.connectors.permissions import sort_wanted
from tenantry.connectors.registrants import require_registrant
from tenantry.connectors.secrets import add_secret
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import AlreadyExists, FailedPrecondition, InvalidValue, NotFound
from tenantry.core.ids import ConnectorId, TenantId, new_guid
from tenantry.core.names import read_name, read_text
from tenantry.store.connectors import connector_roles, connectors
from tenantry.store.engine.interface import Read, Tx
from tenantry.store.tenants import tenants
from tenantry.tokens.secrets import SecretHasher

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class NewConnector:
    """What the developer needs to keep. The secret (None for a public connector) is shown only now. `waiting`:
    permissions that are not in force yet.
    """

    connector_id: ConnectorId
    client_secret: str | None = field(repr=False)
    waiting: frozenset[Permission] = frozenset()


async def register_connector(
    tx: Tx,
    caller: Caller,
    hasher: SecretHasher,
    *,
    tenant_id: TenantId,
    name: str,
    description: str = "",
    permissions: Collection[Permission],
    redirect_uris: Sequence[str] = (),
    kind: Literal["confidential", "public"] = "confidential",
    connector_id: ConnectorId | None = None,
    now: Micros,
) -> NewConnector:
    """Register a connector, with a secret when it is confidential. `sort_wanted` says which `permissions` are in force.

    Raises InvalidValue, NotFound("tenant"), AlreadyExists, and what `access.require` does.
    """
    await require(tx, caller, Action.REGISTER_CONNECTOR, tenant_id, now=now)
    await require_registrant(tx, caller, tenant_id, now, name=name)
    at_once, waiting = await sort_wanted(tx, caller, tenant_id, permissions, now)
    created = connector_id or ConnectorId(new_guid())
    await insert_connector(
        tx,
        caller,
        created,
        tenant_id,
        kind=kind,
        name=name,
        description=description,
        permissions=at_once,
        waiting=waiting,
        redirect_uris=redirect_uris,
        now=now,
    )
    if kind == "public":
        return NewConnector(created, None, waiting)
    secret = await add_secret(tx, caller, hasher, tenant_id, created, now=now)
    return NewConnector(created, secret.client_secret, waiting)


async def insert_connector(
    tx: Tx,
    caller: Caller,
    connector_id: ConnectorId,
    tenant_id: TenantId,
    *,
    kind: Literal["confidential", "public", "service_account"],
    name: str,
    description: str,
    permissions: Collection[Permission],
    waiting: Collection[Permission] = (),
    redirect_uris: Sequence[str] = (),
    email: str | None = None,
    now: Micros,
) -> None:
    """Insert a connector of any kind. Raises InvalidValue, NotFound("tenant"), AlreadyExists."""
    name, description = read_details(name, description, redirect_uris)
    if await tenants.find_live(tx, tenant_id) is None:
        raise NotFound("tenant")
    granted, asked = sorted(set(permissions)), sorted(set(waiting))
    if not await connectors.insert(
        tx,
        connector_id,
        tenant_id,
        kind=kind,
        name=name,
        description=description,
        permissions=" ".join(granted),
        waiting_permissions=" ".join(asked),
        redirect_uris=json.dumps(list(redirect_uris)),
        email=email,
        created_by=caller.user_id,
        now=now,
    ):
        taken = "connector_id" if email is None else "email"
        raise AlreadyExists("A connector of this ID or e-mail address exists.", field=taken, value=email or "")
    event = events.ConnectorRegistered(connector_id=connector_id, name=name, permissions=[*granted])
    await record(tx, tenant_id, caller, event, now)
    if asked:
        waits = events.ConnectorPermissionsAsked(connector_id=connector_id, permissions=[*asked])
        await record(tx, tenant_id, caller, waits, now)


async def get_connector(
    read: Read, caller: Caller, tenant_id: TenantId, connector_id: ConnectorId, now: Micros
) -> connectors.Connector:
    """A connector of this tenant, active or not. Raises what `access.require` does; NotFound("connector")."""
    await require(read, caller, Action.READ_CONNECTOR, tenant_id, now=now)
    return await connector_of(read, tenant_id, connector_id)


async def list_connectors(
    read: Read, caller: Caller, tenant_id: TenantId, *, after: str = "", limit: int, now: Micros
) -> list[connectors.Connector]:
    """A page of the tenant's connectors, by id, after the id `after`. Raises what `access.require` does."""
    await require(read, caller, Action.LIST_CONNECTORS, tenant_id, now=now)
    return await connectors.list_of_tenant(read, tenant_id, after, limit)


async def deactivate_connector(
    tx: Tx, caller: Caller, tenant_id: TenantId, connector_id: ConnectorId, now: Micros
) -> None:
    """Deactivate the connector, which gets no new grants; the grants it has go on. Raises NotFound("connector"),
    FailedPrecondition when it is deactivated already.
    """
    await require_change(tx, caller, tenant_id, connector_id, now)
    if not await connectors.mark_deactivated(tx, tenant_id, connector_id, now):
        await connector_of(tx, tenant_id, connector_id)
        raise FailedPrecondition("The connector is deactivated already.")
    await record(tx, tenant_id, caller, events.ConnectorDeactivated(connector_id=connector_id), now)


async def activate_connector(
    tx: Tx, caller: Caller, tenant_id: TenantId, connector_id: ConnectorId, now: Micros
) -> None:
    """Activate the connector, which can get new grants again. Raises NotFound("connector"), FailedPrecondition when it
    is active already.
    """
    await require_change(tx, caller, tenant_id, connector_id, now)
    if not await connectors.mark_activated(tx, tenant_id, connector_id):
        await connector_of(tx, tenant_id, connector_id)
        raise FailedPrecondition("The connector is active already.")
    await record(tx, tenant_id, caller, events.ConnectorActivated(connector_id=connector_id), now)


async def delete_connector(tx: Tx, caller: Caller, tenant_id: TenantId, connector_id: ConnectorId, now: Micros) -> None:
    """Delete the connector, with everything granted to it. Raises NotFound("connector")."""
    await require_change(tx, caller, tenant_id, connector_id, now)
    if not await connectors.mark_deleted(tx, tenant_id, connector_id, now):
        raise NotFound("connector")
    await connector_roles.delete_all(tx, tenant_id, connector_id)
    await record(tx, tenant_id, caller, events.ConnectorDeleted(connector_id=connector_id), now)


def read_details(name: str, description: str, redirect_uris: Sequence[str]) -> tuple[str, str]:
    """Name and description of a connector as they are stored. Raises InvalidValue naming the first that is wrong."""
    name = read_name(name, field="name", longest=128, what="The name of the connector")
    description = read_text(description, field="description", longest=2048, what="The description")
    for uri in redirect_uris:
        _check_redirect_uri(uri)
    return name, description


def _check_redirect_uri(uri: str) -> None:
    """Raise InvalidValue unless the address is absolute, without fragment (RFC 6749 §3.1.2), and https, http on
    loopback, or of a private-use scheme (RFC 8252 §7).

    Nothing may stand before the host, and no backslash, which browsers read as a slash: whoever is asked for consent
    sees where the answer goes, and must not read the host of somebody else there.
    """
    try:
        parts = urlsplit(uri)
        host = None if "@" in parts.netloc or parts.port == 0 else parts.hostname
    except ValueError:
        host, parts = None, urlsplit("")
    private_use = "." in parts.scheme and "@" not in parts.netloc
    secure = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
    printable = all("!" <= character <= "~" for character in uri)
    if not printable or "#" in uri or "\\" in uri or len(uri) > 2048 or not (private_use or (secure and host)):
        raise InvalidValue(
            "A redirect address is an absolute https address without a fragment (http only for localhost).",
            field="redirect_uris",
        )
