"""Directory roles: their names, and who holds them in a tenant.

Source: Partner Center contract §3.5 (template ids) and §3.3 (the wire keeps the older name of User Administrator).
"""

from __future__ import annotations

from collections.abc import Collection

from tenantry.access.actions import Action, RoleId
from tenantry.access.decide import decide, require
from tenantry.access.standing import decide_within, find_standing, require_giveable, require_within
from tenantry.audit import events
from tenantry.audit.record import record, record_each
from tenantry.core.caller import Caller, CallerKind
from tenantry.core.clock import Micros
from tenantry.core.errors import FailedPrecondition, InvalidValue, NotFound
from tenantry.core.ids import TenantId, UserId
from tenantry.store.delegation import relationships
from tenantry.store.engine.interface import Read, Tx
from tenantry.store.users import roles

ROLE_NAMES: dict[RoleId, str] = {
    RoleId.GLOBAL_ADMINISTRATOR: "Global Administrator",
    RoleId.GLOBAL_READER: "Global Reader",
    RoleId.USER_ADMINISTRATOR: "User Administrator",
    RoleId.HELPDESK_ADMINISTRATOR: "Helpdesk Administrator",
    RoleId.PRIVILEGED_ROLE_ADMINISTRATOR: "Privileged Role Administrator",
    RoleId.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR: "Privileged Authentication Administrator",
    RoleId.DIRECTORY_READERS: "Directory Readers",
    RoleId.DIRECTORY_WRITERS: "Directory Writers",
    RoleId.LICENSE_ADMINISTRATOR: "License Administrator",
    RoleId.PASSWORD_ADMINISTRATOR: "Password Administrator",
    RoleId.SERVICE_SUPPORT_ADMINISTRATOR: "Service Support Administrator",
    RoleId.GROUPS_ADMINISTRATOR: "Groups Administrator",
}

_POWERLESS = frozenset({RoleId.DIRECTORY_READERS})
_LESSER = frozenset(
    {
        RoleId.USER_ADMINISTRATOR,
        RoleId.HELPDESK_ADMINISTRATOR,
        RoleId.PASSWORD_ADMINISTRATOR,
        RoleId.GROUPS_ADMINISTRATOR,
    }
)
"""Roles whose holders a User Administrator may change."""


def action_over(held: Collection[str]) -> Action | None:
    """The further action that a caller must be allowed in order to change an account with these roles; None when there
    is none.

    Otherwise a new password, another name, a deletion or a restoration would lead a lesser administrator to those
    roles. Source: Entra's tables "Who can reset passwords" and "Who can perform sensitive actions".
    """
    if not _POWERLESS.issuperset(held):
        lesser = (_POWERLESS | _LESSER).issuperset(held)
        return Action.CHANGE_LESSER_ADMINISTRATOR if lesser else Action.CHANGE_ADMINISTRATOR
    return None


async def require_over(read: Read, caller: Caller, tenant_id: TenantId, user_id: UserId, now: Micros) -> None:
    """Raise Forbidden when the user holds roles that the caller may not touch: a caller with lesser roles could sign in
    as the user by setting a new password. A caller who acts by a relationship may not touch holders of roles that it
    does not give, or that could prolong it.
    """
    held = await roles.list_unexpired(read, tenant_id, user_id, now)
    action = action_over(held)
    if action is not None:
        await require(read, caller, action, tenant_id, now=now)
    await require_within(read, caller, tenant_id, held, action or Action.UPDATE_USER, now)


async def require_another_administrator(
    tx: Tx, caller: Caller, tenant_id: TenantId, user_id: UserId, now: Micros, *, at: Micros | None = None
) -> None:
    """Raise FailedPrecondition when the user is the only Global Administrator who can still sign in, now or at the
    later time `at`, when the user's own role ends.

    The operator may take the last one, since nobody else could give the role back. Two such transactions take turns, so
    that two administrators cannot shut each other out.
    """
    if caller.kind is CallerKind.OPERATOR:
        return
    role_id = RoleId.GLOBAL_ADMINISTRATOR
    if role_id not in await roles.list_unexpired(tx, tenant_id, user_id, now):
        return
    await roles.hold(tx, tenant_id, role_id)
    if not await roles.is_held_by_another(tx, tenant_id, role_id, user_id, at or now):
        raise FailedPrecondition(
            "This is the organisation's last Global Administrator. Give the role to somebody else first."
        )


async def is_within_reach(read: Read, caller: Caller, tenant_id: TenantId, user_id: UserId, now: Micros) -> bool:
    """Whether `require_over` would let the caller pass: for what pages offer."""
    held = await roles.list_unexpired(read, tenant_id, user_id, now)
    action = action_over(held)
    if action is not None and not (await decide(read, caller, action, tenant_id, now=now)).allowed:
        return False
    return (await decide_within(read, caller, tenant_id, held, action or Action.UPDATE_USER, now)).allowed


async def assign_role(
    tx: Tx,
    caller: Caller,
    tenant_id: TenantId,
    user_id: UserId,
    role_id: RoleId,
    expires_at: Micros | None,
    now: Micros,
) -> None:
    """Let the user hold the role until `expires_at` (None: for good). For a role that the user holds already, this
    moves the end. A role that was given by a relationship ends with it at the latest, also when it is ended early
    (`end_roles_given_by`).

    Raises what `access.require` and `require_giveable` do; NotFound("user"), InvalidValue for an end in the past,
    FailedPrecondition for an end of the last Global Administrator.
    """
    partner = _partner_of(caller, tenant_id)
    if partner is not None:
        await relationships.hold_pair(tx, tenant_id, partner)
    await require(tx, caller, Action.ASSIGN_ROLE, tenant_id, now=now)
    latest = await require_giveable(tx, caller, tenant_id, role_id, now)
    if latest is not None:
        expires_at = latest if expires_at is None else min(expires_at, latest)
    if expires_at is not None and expires_at <= now:
        raise InvalidValue("The end of a role assignment must be in the future.", field="expires_at")
    if role_id is RoleId.GLOBAL_ADMINISTRATOR and expires_at is not None:
        await require_another_administrator(tx, caller, tenant_id, user_id, now, at=expires_at)
    if not await roles.upsert(
        tx, tenant_id, user_id, role_id=role_id, expires_at=expires_at, given_by=partner, now=now
    ):
        raise NotFound("user")
    event = events.RoleAssigned(user_id=user_id, role_id=role_id, expires_at=expires_at)
    await record(tx, tenant_id, caller, event, now)


async def remove_role(
    tx: Tx, caller: Caller, tenant_id: TenantId, user_id: UserId, role_id: RoleId, now: Micros
) -> None:
    """Take the role from the user. A caller who acts by a relationship can take only what it could give.

    Raises what `access.require` and `require_giveable` do; NotFound("role assignment"); FailedPrecondition for the last
    Global Administrator.
    """
    await require(tx, caller, Action.ASSIGN_ROLE, tenant_id, now=now)
    await require_giveable(tx, caller, tenant_id, role_id, now)
    if role_id is RoleId.GLOBAL_ADMINISTRATOR:
        await require_another_administrator(tx, caller, tenant_id, user_id, now)
    if not await roles.delete(tx, tenant_id, user_id, role_id):
        raise NotFound("role assignment")
    await record(tx, tenant_id, caller, events.RoleRemoved(user_id=user_id, role_id=role_id), now)


async def end_roles_given_by(
    tx: Tx, caller: Caller, tenant_id: TenantId, partner_id: TenantId, role_ids: Collection[str], now: Micros
) -> None:
    """End the roles that a partner's users gave by a relationship that has ended, unless another relationship of the
    two gives them: then they last as long as that. It is called in the transaction that ended it, which holds the rows
    of the two.
    """
    every = await find_standing(tx, tenant_id, partner_id, {RoleId.GLOBAL_ADMINISTRATOR}, now)
    ends = every.ends if every is not None else {}
    for role_id in role_ids:
        if role_id not in ends:
            removed = await roles.end_given_by(tx, tenant_id, partner_id, role_id)
            await _record_removed(tx, caller, tenant_id, role_id, removed, now)
            continue
        latest = ends[role_id]
        if latest is not None:
            shortened = await roles.shorten_given_by(tx, tenant_id, partner_id, role_id, latest)
            await _record_shortened(tx, caller, tenant_id, role_id, shortened, latest, now)


async def _record_removed(
    tx: Tx, caller: Caller, tenant_id: TenantId, role_id: str, user_ids: list[UserId], now: Micros
) -> None:
    def one(user_id: str) -> events.Event:
        return events.RoleRemoved(user_id=user_id, role_id=role_id)

    def together(users: list[str]) -> events.Event:
        return events.RolesRemoved(role_id=role_id, users=users)

    await record_each(tx, tenant_id, caller, user_ids, one, together, now)


async def _record_shortened(
    tx: Tx, caller: Caller, tenant_id: TenantId, role_id: str, user_ids: list[UserId], latest: Micros, now: Micros
) -> None:
    def one(user_id: str) -> events.Event:
        return events.RoleAssigned(user_id=user_id, role_id=role_id, expires_at=latest)

    def together(users: list[str]) -> events.Event:
        return events.RolesShortened(role_id=role_id, users=users, expires_at=latest)

    await record_each(tx, tenant_id, caller, user_ids, one, together, now)


def _partner_of(caller: Caller, tenant_id: TenantId) -> TenantId | None:
    """The partner whose user acts here by a relationship; None when the caller is the tenant's own, or the operator."""
    if caller.kind is CallerKind.OPERATOR or caller.tenant_id == tenant_id:
        return None
    return caller.tenant_id


async def list_role_assignments(
    read: Read, caller: Caller, tenant_id: TenantId, user_id: UserId, now: Micros
) -> list[roles.RoleAssignment]:
    """The role assignments of the user at `now`. Everybody may see the own ones. Raises what `access.require` does."""
    await require(read, caller, Action.READ_USER, tenant_id, owner_id=user_id, now=now)
    return await roles.list_live(read, tenant_id, user_id, now)
