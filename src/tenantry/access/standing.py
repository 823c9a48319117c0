"""Which roles a partner's user has in a customer, may assign there, and whose account the user may take over.

A relationship has an end, and the customer decides about the next one. So whoever acts by it may assign at most its
roles, until they end, and none whose holder could prolong the partner's access. Setting a password or a sign-in name
counts as assigning the roles of that account: whoever sets it can sign in with them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple, Protocol

from tenantry.access.actions import RULES, Action, RoleId
from tenantry.access.decision import Decision, Reason, error_of
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId
from tenantry.store.connectors import connector_roles
from tenantry.store.delegation import relationships
from tenantry.store.engine.interface import Read
from tenantry.store.users import roles
from tenantry.store.users.roles import RoleAssignment

_READS = frozenset({"read", "list", "list_all", "see", "find"})
"""The last word of the name of each action that changes nothing."""

STAYING = frozenset().union(
    *(rule.roles for rule in RULES.values() if rule.own_only),
    RULES[Action.ASSIGN_ROLE].roles,
    RULES[Action.CHANGE_ADMINISTRATOR].roles,
)
"""Roles whose holder could approve a relationship, or make or become somebody who can."""


class Standing(NamedTuple):
    """The roles of a partner's user in a customer now: `ends` has each role with its end (None: no end)."""

    ends: Mapping[str, Micros | None]

    @property
    def role_ids(self) -> tuple[str, ...]:
        """The roles, in the order of their ids."""
        return tuple(sorted(self.ends))

    @property
    def until(self) -> Micros | None:
        """When the first of the roles ends."""
        return min((end for end in self.ends.values() if end is not None), default=None)


class _Dated(Protocol):
    """A relationship, or the partner's copy of one."""

    @property
    def role_ids(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def expires_at(self) -> Micros | None: ...


def standing_of(of_pair: Iterable[_Dated], own_roles: Collection[str], now: Micros) -> Standing | None:
    """The roles that the relationships of a pair give a user with `own_roles` in the partner; None: none.

    The roles that the user holds in the partner too, or all for its Global Administrator.
    """
    given: dict[str, Micros | None] = {}
    for row in of_pair:
        if not is_live(row, now):
            continue
        for role in row.role_ids.split():
            if role in own_roles or RoleId.GLOBAL_ADMINISTRATOR in own_roles:
                given[role] = _later(given[role], row.expires_at) if role in given else row.expires_at
    return Standing(given) if given else None


def counted_elsewhere(assigned: Iterable[RoleAssignment]) -> frozenset[str]:
    """Which of the roles held at home count in customers: those that the tenant's own administrators gave. One that a
    partner gave is for this tenant alone, or the partner would reach the tenant's customers by it.
    """
    return frozenset(each.role_id for each in assigned if each.given_by is None)


def is_live(relationship: _Dated, now: Micros) -> bool:
    """Whether it was approved and has not ended."""
    return relationship.status == "active" and (relationship.expires_at is None or relationship.expires_at > now)


def _later(one: Micros | None, other: Micros | None) -> Micros | None:
    return None if one is None or other is None else max(one, other)


async def find_standing(
    read: Read, customer_id: TenantId, partner_id: TenantId, own_roles: Collection[str], now: Micros
) -> Standing | None:
    """The roles that a partner's user with `own_roles` at home has in the customer; None when the user has none, or
    none any more. 1 query.
    """
    return standing_of(await relationships.list_of_pair(read, customer_id, partner_id), own_roles, now)


def giveable(role_ids: Collection[str]) -> frozenset[str]:
    """The roles that a holder of these roles may assign to others."""
    return frozenset(role_ids) - STAYING


def covers(role_ids: Collection[str], role_id: str) -> bool:
    """Whether a holder of these roles may already do everything that `role_id` allows."""
    if role_id in role_ids:
        return True
    if role_id not in set(RoleId):
        return False
    opened = [rule.roles for rule in RULES.values() if role_id in rule.roles]
    return all(not rule.isdisjoint(role_ids) for rule in opened)


def only_reads(role_ids: Collection[str]) -> bool:
    """Whether a holder of these roles can read only."""
    opened = [action for action, rule in RULES.items() if not rule.own_only and not rule.roles.isdisjoint(role_ids)]
    return all(action.rpartition(".")[2] in _READS for action in opened if action is not Action.ACT_IN_CUSTOMER)


async def require_giveable(read: Read, caller: Caller, tenant_id: TenantId, role_id: str, now: Micros) -> Micros | None:
    """The latest end of a role that the caller assigns in the tenant; None: no limit. Raises Forbidden."""
    standing = await _standing_here(read, caller, tenant_id, now)
    if standing is None:
        return None
    if role_id not in giveable(standing.ends):
        raise error_of(_beyond(Action.ASSIGN_ROLE, standing, [role_id]))
    return standing.ends[role_id]


async def require_within(
    read: Read, caller: Caller, tenant_id: TenantId, held: Collection[str], action: Action, now: Micros
) -> None:
    """Refuse an `action` that takes over an account with roles the relationship does not give. Raises Forbidden."""
    decision = await decide_within(read, caller, tenant_id, held, action, now)
    if not decision.allowed:
        raise error_of(decision)


async def decide_within(
    read: Read, caller: Caller, tenant_id: TenantId, held: Collection[str], action: Action, now: Micros
) -> Decision:
    """As `require_within`, without raising."""
    standing = await _standing_here(read, caller, tenant_id, now) if held else None
    if standing is None:
        return Decision(action, Reason.GRANTED, ("no relationship bounds what the caller may",))
    beyond = [role for role in held if role in STAYING or not covers(standing.ends, role)]
    if beyond:
        return _beyond(action, standing, beyond)
    return Decision(action, Reason.GRANTED, ("the relationship gives what the account holds",))


async def _standing_here(read: Read, caller: Caller, tenant_id: TenantId, now: Micros) -> Standing | None:
    """None when no relationship limits the caller, who is at home or the operator."""
    if caller.tenant_id is None or caller.tenant_id == tenant_id:
        return None
    _, own_roles = await roles_at_home(read, caller, now, for_customers=True)
    return await find_standing(read, tenant_id, caller.tenant_id, own_roles, now) or Standing({})


async def roles_at_home(
    read: Read, caller: Caller, now: Micros, *, for_customers: bool = False
) -> tuple[str, set[str]]:
    """The kind of caller, in a word, and the roles that it holds in its own tenant: the user's, else those of the
    connector itself.

    A connector that a user stands behind acts in the user's roles alone. `for_customers`: only those
    `counted_elsewhere`.
    """
    if caller.tenant_id is None:
        return "caller", set()
    if caller.user_id is not None:
        assigned = await roles.list_live(read, caller.tenant_id, caller.user_id, now)
        counted = counted_elsewhere(assigned) if for_customers else {each.role_id for each in assigned}
        return "user", set(counted)
    if caller.connector_id is None:
        return "caller", set()
    found = await connector_roles.list_live(read, caller.tenant_id, caller.connector_id, now)
    return "application", {held.role_id for held in found}


def _beyond(action: Action, standing: Standing, role_ids: Collection[str]) -> Decision:
    given = ", ".join(sorted(map(role_word, standing.ends))) or "no role"
    asked = ", ".join(sorted(map(role_word, role_ids)))
    return Decision(action, Reason.BEYOND_RELATIONSHIP, (f"the relationship gives {given}; it would take {asked}",))


def role_word(role_id: str) -> str:
    """The role in a word, as in `user administrator`; the id itself for a role that is not built in."""
    try:
        return RoleId(role_id).name.lower().replace("_", " ")
    except ValueError:
        return role_id
