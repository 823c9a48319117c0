"""Which permissions a connector has, and which sensitive ones wait.

A sensitive permission comes into force when an administrator of the tenant asks for it or approves it. Until then it
waits, in a column of its own, which no consent, token, client credentials or assertion reads.

    nothing --ask--> waits --approve--> in force --remove--> nothing
                     waits --decline, withdraw--> nothing

Asking and withdrawing are `register_connector` and `change_permissions`. Each step is one conditional change of the
connector's row, which holds all of it: of two at once the second finds another row than it saw, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from tenantry.access.actions import Action, Permission
from tenantry.access.decide import decide, require
from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.connectors.ownership import connector_of, registrant_of, require_change
from tenantry.connectors.registrants import require_registrant
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import FailedPrecondition, InvalidValue, VersionMismatch
from tenantry.core.ids import ConnectorId, TenantId, UserId
from tenantry.store.connectors import connector_lists, connectors
from tenantry.store.connectors.connector_lists import WaitingConnector
from tenantry.store.connectors.connectors import Connector
from tenantry.store.engine.interface import Read, Tx
from tenantry.store.tokens import grants
from tenantry.store.users.users import User

SENSITIVE = frozenset({Permission.PARTNER_CENTER, Permission.ANDROID_ENTERPRISE, Permission.TENANT_DATA})
"""The sensitive permissions: those that reach beyond the groups of the user who gives a token."""


class Sorted(NamedTuple):
    """Permissions that somebody wants for a connector: in force at once, or waiting for an administrator."""

    at_once: frozenset[Permission]
    waiting: frozenset[Permission]


async def sort_wanted(
    read: Read, caller: Caller, tenant_id: TenantId, wanted: Collection[Permission], now: Micros
) -> Sorted:
    """Sort into in force and waiting, by whether the caller may approve. 1 decision if one is sensitive."""
    sensitive = SENSITIVE.intersection(wanted)
    if sensitive and not (await decide(read, caller, Action.APPROVE_CONNECTOR, tenant_id, now=now)).allowed:
        return Sorted(frozenset(wanted) - sensitive, sensitive)
    return Sorted(frozenset(wanted), frozenset())


def seen_of(connector: Connector) -> str:
    """A version mark of a connector's permissions, which a page shows and its form sends back."""
    return f"{connector.waiting_since or 0}:{connector.waiting_permissions}:{connector.permissions}"


async def change_permissions(
    tx: Tx,
    caller: Caller,
    tenant_id: TenantId,
    connector_id: ConnectorId,
    wanted: Collection[Permission],
    *,
    seen: str,
    now: Micros,
) -> None:
    """Let the connector have `wanted` and nothing else, at once or waiting. What waits and is still wanted goes on
    waiting, whoever asks: `approve_permissions` decides that. What is taken away opens nothing from here on.

    `seen`: see `seen_of`. Raises NotFound("connector"), VersionMismatch, InvalidValue, FailedPrecondition for a service
    account, and what `require_change` and `require_registrant` do.
    """
    connector = await require_change(tx, caller, tenant_id, connector_id, now)
    if connector.kind == "service_account":
        raise FailedPrecondition("What a service account may do is given with its kind.")
    _require_unchanged(connector, seen)
    if not wanted:
        raise InvalidValue("Choose at least one permission. An app without any can do nothing.", field="permissions")
    in_force, waiting = _words(connector.permissions), _words(connector.waiting_permissions)
    new = frozenset(wanted) - in_force - waiting
    if new:
        await require(tx, caller, Action.REGISTER_CONNECTOR, tenant_id, now=now)
        await require_registrant(tx, caller, tenant_id, now)
    added, asked = await sort_wanted(tx, caller, tenant_id, new, now)
    removed, withdrawn = in_force.difference(wanted), waiting.difference(wanted)
    if not (added or asked or removed or withdrawn):
        return
    await _settle(tx, connector, (in_force - removed) | added, (waiting - withdrawn) | asked, asked_anew=asked, now=now)
    steps = (
        (events.ConnectorPermissionsAdded, added),
        (events.ConnectorPermissionsAsked, asked),
        (events.ConnectorPermissionsRemoved, removed),
        (events.ConnectorPermissionsWithdrawn, withdrawn),
    )
    for kind, permissions in steps:
        if permissions:
            event = kind(connector_id=connector_id, permissions=sorted(permissions))
            await record(tx, tenant_id, caller, event, now)


async def approve_permissions(
    tx: Tx,
    caller: Caller,
    tenant_id: TenantId,
    connector_id: ConnectorId,
    chosen: Collection[Permission],
    *,
    seen: str | None = None,
    now: Micros,
) -> None:
    """Put some of what waits in force; the rest goes on waiting. `seen`: what it must still be, see `seen_of`.

    Raises NotFound("connector"), VersionMismatch, InvalidValue, FailedPrecondition when one of `chosen` does not wait,
    or who asked is blocked or deleted, and what `access.require` does.
    """
    connector = await _answerable(tx, caller, tenant_id, connector_id, chosen, seen, now)
    asker = connector.created_by
    if asker is None or not await grants.hold_user(tx, tenant_id, UserId(asker)):
        raise FailedPrecondition(
            "Who asked for this is blocked or deleted. Decline it; what the app shall have all the same, give it "
            "yourself under Change permissions."
        )
    in_force, waiting = _words(connector.permissions), _words(connector.waiting_permissions)
    await _settle(tx, connector, in_force.union(chosen), waiting.difference(chosen), now=now)
    event = events.ConnectorPermissionsApproved(
        connector_id=connector_id, user_id=asker, permissions=sorted(set(chosen))
    )
    await record(tx, tenant_id, caller, event, now)


async def decline_permissions(
    tx: Tx,
    caller: Caller,
    tenant_id: TenantId,
    connector_id: ConnectorId,
    chosen: Collection[Permission],
    *,
    seen: str | None = None,
    now: Micros,
) -> None:
    """Decline permissions that wait, also those that a blocked user asked for. Raises as `approve_permissions`."""
    connector = await _answerable(tx, caller, tenant_id, connector_id, chosen, seen, now)
    in_force, waiting = _words(connector.permissions), _words(connector.waiting_permissions)
    await _settle(tx, connector, in_force, waiting.difference(chosen), declined=frozenset(chosen), now=now)
    event = events.ConnectorPermissionsDeclined(
        connector_id=connector_id, user_id=connector.created_by, permissions=sorted(set(chosen))
    )
    await record(tx, tenant_id, caller, event, now)


async def list_waiting(
    read: Read, caller: Caller, tenant_id: TenantId, *, after: tuple[int, str] = (0, ""), limit: int, now: Micros
) -> list[WaitingConnector]:
    """Connectors for which permissions wait, the oldest request first. Raises what `access.require` does. 1 query."""
    await require(read, caller, Action.APPROVE_CONNECTOR, tenant_id, now=now)
    return await connector_lists.list_waiting(read, tenant_id, after=after, limit=limit)


class Asked(NamedTuple):
    """A connector, and who asked for the permissions that wait. `is_gone`: that user is disabled or deleted, so that
    nothing can be approved.
    """

    connector: Connector
    asker: User | None
    is_gone: bool


async def look_at_waiting(
    read: Read, caller: Caller, tenant_id: TenantId, connector_id: ConnectorId, now: Micros
) -> Asked:
    """The connector, for a caller who may answer. Raises NotFound("connector"), and what `access.require` does. 2
    queries.
    """
    await require(read, caller, Action.APPROVE_CONNECTOR, tenant_id, now=now)
    connector = await connector_of(read, tenant_id, connector_id)
    asker = await registrant_of(read, connector)
    is_gone = asker is None or asker.deleted_at is not None or asker.disabled_at is not None
    return Asked(connector, asker, is_gone)


async def _answerable(
    tx: Tx,
    caller: Caller,
    tenant_id: TenantId,
    connector_id: ConnectorId,
    chosen: Collection[Permission],
    seen: str | None,
    now: Micros,
) -> Connector:
    await require(tx, caller, Action.APPROVE_CONNECTOR, tenant_id, now=now)
    connector = await connector_of(tx, tenant_id, connector_id)
    if seen is not None:
        _require_unchanged(connector, seen)
    if not chosen:
        raise InvalidValue("Choose at least one permission.", field="permissions")
    strange = frozenset(chosen) - _words(connector.waiting_permissions)
    if strange:
        raise FailedPrecondition(f"The connector does not wait for {', '.join(sorted(strange))}.")
    return connector


def _require_unchanged(connector: Connector, seen: str) -> None:
    if seen != seen_of(connector):
        raise VersionMismatch(
            "What the app has or asks for has changed since the page was shown. Nothing was done. Look at it again."
        )


async def _settle(
    tx: Tx,
    seen: Connector,
    in_force: frozenset[Permission],
    waiting: frozenset[Permission],
    *,
    asked_anew: frozenset[Permission] = frozenset(),
    declined: frozenset[Permission] = frozenset(),
    now: Micros,
) -> None:
    """The one write of every step. A permission in force or asked for again is no longer noted as declined."""
    stays_declined = _words(seen.declined_permissions).union(declined) - in_force - waiting
    if not await connectors.set_permissions(
        tx,
        seen,
        permissions=" ".join(sorted(in_force)),
        waiting_permissions=" ".join(sorted(waiting)),
        waiting_since=now if asked_anew else seen.waiting_since if waiting else None,
        declined_permissions=" ".join(sorted(stays_declined)),
        declined_at=now if declined else seen.declined_at if stays_declined else None,
    ):
        await connector_of(tx, seen.tenant_id, seen.id)
        raise VersionMismatch


def _words(permissions: str) -> frozenset[Permission]:
    return frozenset(map(Permission, permissions.split()))
