"""Connectors as people look at them: the list, searched by name; one connector with what it holds; and the connectors
of a group.
"""

from __future__ import annotations

from typing import NamedTuple

from tenantry.access.actions import Action
from tenantry.access.decide import decide, require
from tenantry.connectors.granting import SHOWN_GROUPS
from tenantry.connectors.ownership import registrant_of, require_change
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import NotFound
from tenantry.core.ids import ConnectorId, GroupId, TenantId, UserId
from tenantry.store.connectors import (
    connector_lists,
    connector_roles,
    connector_secrets,
    connectors,
    service_account_keys,
)
from tenantry.store.connectors.connector_lists import Choice, ListedConnector
from tenantry.store.connectors.connector_roles import ConnectorRole
from tenantry.store.connectors.connector_secrets import ConnectorSecret
from tenantry.store.connectors.connectors import Connector
from tenantry.store.connectors.service_account_keys import ServiceAccountKey
from tenantry.store.engine.interface import Read
from tenantry.store.engine.pages import Position
from tenantry.store.tokens import grant_lists
from tenantry.store.tokens.grant_lists import GrantRow, ReachedGroup
from tenantry.store.users.users import User

TOKENS_SHOWN = 100
TOKENS_COUNTED = 1000
CHOICES = 200


class FoundConnectors(NamedTuple):
    """A page of connectors. `next` is where the next page begins, None on the last. `everyones`: not only the caller's
    own.
    """

    connectors: list[ListedConnector]
    next: Position | None
    everyones: bool


class ConnectorPicture(NamedTuple):
    """A connector with what it holds. `tokens` are at most TOKENS_SHOWN and one more."""

    connector: Connector
    owner: User | None
    may_change: bool
    secrets: list[ConnectorSecret]
    keys: list[ServiceAccountKey]
    tokens: list[GrantRow]
    roles: list[ConnectorRole]
    """The roles that the connector holds itself."""


class GroupConnectors(NamedTuple):
    """What connectors may do in a group: `groups` is it and those below it, `choices` the connectors that could be
    added.
    """

    groups: list[ReachedGroup]
    tokens: list[GrantRow]
    choices: list[Choice]
    chosen: Connector | None
    registrant: User | None
    """Who registered the chosen connector, see `registrant_of`."""


async def search_connectors(
    read: Read,
    caller: Caller,
    tenant_id: TenantId,
    *,
    named_like: str,
    everyones: bool | None,
    after: Position | None,
    limit: int,
    now: Micros,
) -> FoundConnectors:
    """A page of the caller's own connectors, or of everybody's with `everyones`; with None, everybody's when the caller
    has none. `named_like`: see `store/connector_lists`. Raises what `access.require` does.
    """
    await require(read, caller, Action.LIST_CONNECTORS, tenant_id, now=now)
    found: list[ListedConnector] = []
    for of_all in (False, True) if everyones is None else (everyones,):
        found = await connector_lists.list_by_name(
            read,
            tenant_id,
            now,
            created_by=None if of_all else caller.user_id or "",
            named_like=named_like,
            after=after or ("", ""),
            limit=limit + 1,
        )
        everyones = of_all
        if found:
            break
    last = found[limit - 1] if len(found) > limit else None
    return FoundConnectors(found[:limit], None if last is None else (last.name_key, last.id), bool(everyones))


async def look_at_connector(
    read: Read, caller: Caller, tenant_id: TenantId, connector_id: ConnectorId, now: Micros
) -> ConnectorPicture:
    """One connector, active or not. Raises what `access.require` does; NotFound("connector"). At most 8 queries."""
    await require(read, caller, Action.READ_CONNECTOR, tenant_id, now=now)
    connector = await connectors.find(read, tenant_id, connector_id)
    if connector is None:
        raise NotFound("connector")
    owner_id = UserId(connector.created_by) if connector.created_by else None
    may_change = await decide(read, caller, Action.CHANGE_CONNECTOR, tenant_id, owner_id=owner_id, now=now)
    return ConnectorPicture(
        connector,
        await registrant_of(read, connector),
        may_change.allowed,
        await connector_secrets.list_live(read, connector_id, now),
        await service_account_keys.list_of_connector(read, connector_id),
        await grant_lists.list_live_of_connector(read, tenant_id, connector_id, now, limit=TOKENS_SHOWN + 1),
        await connector_roles.list_live(read, tenant_id, connector_id, now),
    )


async def count_tokens(
    read: Read, caller: Caller, tenant_id: TenantId, connector_id: ConnectorId, now: Micros
) -> tuple[Connector, int]:
    """A connector that the caller may change, and how many live tokens it has, counted up to TOKENS_COUNTED.

    Raises as `require_change`.
    """
    connector = await require_change(read, caller, tenant_id, connector_id, now)
    tokens = await grant_lists.list_live_of_connector(read, tenant_id, connector_id, now, limit=TOKENS_COUNTED)
    return connector, len(tokens)


async def look_at_group_connectors(
    read: Read,
    caller: Caller,
    tenant_id: TenantId,
    group_id: GroupId,
    *,
    chosen_id: ConnectorId | None = None,
    now: Micros,
) -> GroupConnectors:
    """The connectors of a group, for a caller who administers it. `chosen_id`: one of the choices.

    Raises what `access.require` does; NotFound("group" or "connector").
    """
    await require(read, caller, Action.GRANT_CONNECTOR_GROUP, tenant_id, group_id=group_id, now=now)
    chosen = await connectors.find(read, tenant_id, chosen_id) if chosen_id else None
    if chosen_id and chosen is None:
        raise NotFound("connector")
    return GroupConnectors(
        await grant_lists.list_reached_by_group(read, tenant_id, group_id, limit=SHOWN_GROUPS),
        await grant_lists.list_live_of_group(read, tenant_id, group_id, now, limit=TOKENS_SHOWN),
        await connector_lists.list_grantable(read, tenant_id, CHOICES),
        chosen,
        await registrant_of(read, chosen) if chosen else None,
    )
