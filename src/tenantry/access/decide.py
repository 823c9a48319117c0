"""Hot path: decide whether a caller may (1 read, 2 for a group token or a customer, none if the token refuses).

In this order, and the first that fails decides:
1. the door (access/doors.py): it serves the action; the connector has the permission and the grant includes it; where
   the door asks for a user or a second factor, there is one;
2. the tenant: the caller's own, one that lets the caller's tenant act in it, or one whose devices it manages;
3. roles: in the directory, by an active relationship, or in the group, within the grant's reach; in person, people may
   also do what they like with their own.

Source: docs/permissions.md; Kaizala contract §1, §6 #30; Partner Center contract §1.3-1.4, §3.5; Play EMM contract §4.
"""

from __future__ import annotations

from typing import NamedTuple

from tenantry.access.actions import PUBLIC, RULES, Action, GroupRole, RoleId, Rule, Thing
from tenantry.access.decision import Decision, Reason, error_of
from tenantry.access.doors import entered_by, fault_at_door
from tenantry.access.standing import is_live, role_word, roles_at_home
from tenantry.core.caller import Caller, CallerKind, Reach
from tenantry.core.clock import Micros, to_iso
from tenantry.core.ids import GroupId, TenantId, UserId
from tenantry.store import access
from tenantry.store.delegation import relationships
from tenantry.store.delegation.relationships import DelegatedRelationship
from tenantry.store.devices.enterprises import Enterprise
from tenantry.store.engine.interface import Read
from tenantry.store.tenants import tenants

_RANK = {GroupRole.SUBSCRIBER: 1, GroupRole.MEMBER: 2, GroupRole.ADMIN: 3}

_Verdict = tuple[Reason, str]


async def require(
    read: Read,
    caller: Caller,
    action: Action,
    tenant_id: TenantId,
    *,
    group_id: GroupId | None = None,
    enterprise: Enterprise | None = None,
    owner_id: UserId | None = None,
    now: Micros,
) -> Decision:
    """`decide`, or raise: AppOnlyRefused, MfaRequired, NotFound where existence must not show, else Forbidden.

    The error's `decision` says why.
    """
    decision = await decide(
        read, caller, action, tenant_id, group_id=group_id, enterprise=enterprise, owner_id=owner_id, now=now
    )
    if not decision.allowed:
        raise error_of(decision)
    return decision


class Permit(NamedTuple):
    """A decision that allowed, made at the start of a request and passed on into the transaction.

    It is not made again after a slow step, such as a password hash: the request is carried out as of `now`, when its
    caller was authenticated, and its events have that time.
    """

    caller: Caller
    action: Action
    tenant_id: TenantId
    now: Micros


async def permit(read: Read, caller: Caller, action: Action, tenant_id: TenantId, now: Micros) -> Permit:
    """`require`, and return the decision as a Permit."""
    await require(read, caller, action, tenant_id, now=now)
    return Permit(caller, action, tenant_id, now)


async def require_permit(
    read: Read, permitted: Permit | None, caller: Caller, action: Action, tenant_id: TenantId, now: Micros
) -> None:
    """`require`, unless `permitted` already allows this caller this action in this tenant."""
    if permitted != Permit(caller, action, tenant_id, now):
        await require(read, caller, action, tenant_id, now=now)


async def decide(
    read: Read,
    caller: Caller,
    action: Action,
    tenant_id: TenantId,
    *,
    group_id: GroupId | None = None,
    enterprise: Enterprise | None = None,
    owner_id: UserId | None = None,
    now: Micros,
) -> Decision:
    """Whether `caller` may do `action` in `tenant_id`. Raises nothing of its own.

    `owner_id` is the user of `tenant_id` who owns the thing; ownership counts for people in person, not for connectors.
    """
    if action in PUBLIC:
        return Decision(action, Reason.PUBLIC, ("the action is open to everyone",))
    if caller.kind is CallerKind.OPERATOR:
        return Decision(action, Reason.OPERATOR, ("the caller operates the server",))
    rule = RULES[action]
    shown = (f"the caller is {caller.subject} of tenant {caller.tenant_id}",)
    fault = fault_at_door(caller, action)
    if fault is not None:
        return Decision(action, fault[0], (*shown, fault[1]))
    reason, fact = await _decide_act(read, caller, rule, tenant_id, group_id, enterprise, owner_id, now)
    return Decision(action, reason, (*shown, entered_by(caller, action), fact))


async def _decide_act(
    read: Read,
    caller: Caller,
    rule: Rule,
    tenant_id: TenantId,
    group_id: GroupId | None,
    enterprise: Enterprise | None,
    owner_id: UserId | None,
    now: Micros,
) -> _Verdict:
    """Apply the action's rule. A connector acts on groups within its grant's reach and on enterprises bound to it."""
    if rule.thing is Thing.GROUP and caller.reach is not None:
        return await _decide_group(read, caller, rule, tenant_id, group_id)
    if rule.thing is Thing.ENTERPRISE and not caller.is_in_person:
        return await _decide_enterprise(read, caller, tenant_id, enterprise)
    if caller.tenant_id != tenant_id:
        return await _decide_as_partner(read, caller, rule, tenant_id, group_id, now)
    if owner_id is not None and caller.is_in_person and owner_id == caller.user_id:
        return Reason.GRANTED, "it is the user's own"
    standing = None if group_id is None else await _compare_standing(read, caller, rule, tenant_id, group_id)
    if standing is not None and standing[0] is not Reason.GROUP_ROLE_MISSING:
        return standing
    return await _decide_own_tenant(read, caller, rule, now)


async def _decide_as_partner(
    read: Read, caller: Caller, rule: Rule, tenant_id: TenantId, group_id: GroupId | None, now: Micros
) -> _Verdict:
    """Decide for a partner: a relationship must allow it, a person needs a second factor, and a group must exist."""
    verdict = await _decide_customer(read, caller, rule, tenant_id, now)
    if verdict[0] is not Reason.GRANTED:
        return verdict
    if caller.user_id is not None and "mfa" not in caller.amr:
        return Reason.MFA_MISSING, f"the sign-in had no second factor; methods: {' '.join(sorted(caller.amr))}"
    if group_id is not None and await access.find_group_standing(read, tenant_id, group_id, None) is None:
        return Reason.GROUP_UNKNOWN, f"tenant {tenant_id} has no group {group_id}"
    return verdict


async def _compare_standing(read: Read, caller: Caller, rule: Rule, tenant_id: TenantId, group_id: GroupId) -> _Verdict:
    standing = await access.find_group_standing(read, tenant_id, group_id, caller.user_id)
    if standing is None:
        return Reason.GROUP_UNKNOWN, f"tenant {tenant_id} has no group {group_id}"
    return _compare_group_roles(standing, rule.group_role)


async def _decide_group(
    read: Read, caller: Caller, rule: Rule, tenant_id: TenantId, group_id: GroupId | None
) -> _Verdict:
    """Decide for a connector on a group: only inside its own tenant, and only inside the grant's reach."""
    if caller.tenant_id != tenant_id:
        return Reason.OTHER_TENANT, f"tenant {tenant_id} is not the caller's"
    if group_id is None:
        return Reason.GRANTED, f"the grant reaches {_reach_in_words(caller)}"
    standing = await access.find_group_standing(read, tenant_id, group_id, caller.user_id)
    if standing is None:
        return Reason.GROUP_UNKNOWN, f"tenant {tenant_id} has no group {group_id}"
    match caller.reach:
        case Reach.TENANT:
            return Reason.GRANTED, "the grant reaches every group of the organisation"
        case Reach.GROUP:
            return await _compare_groups(read, caller, tenant_id, group_id)
        case _:
            return _compare_group_roles(standing, rule.group_role)


async def _compare_groups(read: Read, caller: Caller, tenant_id: TenantId, group_id: GroupId) -> _Verdict:
    """A group token acts as admin in its group and below, and nowhere else.

    Whether the user who gave the grant is still an admin of the group is not checked: such a grant belongs to the
    group, and lasts until it is revoked, or that user or the group is deleted or disabled (Kaizala contract §1).
    """
    root_id = caller.group_id
    if root_id is not None and await access.is_within_group(read, tenant_id, group_id, root_id):
        return Reason.GRANTED, f"group {group_id} is within the grant's group {root_id}"
    return Reason.OUTSIDE_REACH, f"group {group_id} is not within the grant's group {root_id}"


def _compare_group_roles(standing: access.GroupStanding, needed: GroupRole | None) -> _Verdict:
    held = None if standing.role is None else GroupRole(standing.role)
    least = needed or GroupRole.SUBSCRIBER
    if held is not None and _RANK[held] >= _RANK[least]:
        return Reason.GRANTED, f"the user is {held} of group {standing.group_id}"
    return (
        Reason.GROUP_ROLE_MISSING,
        f"the user is {held or 'not a member'} of group {standing.group_id}; needed: {least}",
    )


async def _decide_own_tenant(read: Read, caller: Caller, rule: Rule, now: Micros) -> _Verdict:
    """Decide in the caller's own tenant: the directory roles there, where the action asks for one."""
    if not rule.roles:
        return Reason.GRANTED, "whoever belongs to the tenant may"
    who, held = await roles_at_home(read, caller, now)
    found = _first_common(held, rule.roles)
    if found is not None:
        return Reason.GRANTED, f"the {who} holds the directory role {found}"
    return Reason.ROLE_MISSING, f"the {who} holds {_listed(held)}; needed: one of {_listed(rule.roles)}"


async def _decide_customer(read: Read, caller: Caller, rule: Rule, tenant_id: TenantId, now: Micros) -> _Verdict:
    """Decide for a partner in a customer: any relationship lets it know that the customer exists; an active one with
    the role allows.

    A relationship is given to a tenant as a whole. The partner's own directory says which of its users it is for: those
    who hold the same role there, or Global Administrator.
    """
    partner = caller.tenant_id
    if partner is None:
        return Reason.NO_RELATION, f"there is no customer {tenant_id}"
    delegated = await relationships.list_of_live_pair(read, tenant_id, partner)
    if not delegated and await tenants.find_live(read, tenant_id) is None:
        return Reason.NO_RELATION, f"there is no customer {tenant_id}"
    given = {
        role: relationship
        for relationship in delegated
        if is_live(relationship, now)
        for role in relationship.role_ids.split()
        if role in rule.roles
    }
    if given and rule.own_only:
        return Reason.BEYOND_RELATIONSHIP, "only the tenant's own administrators may, no partner's"
    if given:
        return await _decide_partners_user(read, caller, given, now)
    reseller = await relationships.has_open_reseller(read, tenant_id, partner)
    if not delegated and not reseller:
        return Reason.NO_RELATION, f"customer {tenant_id} has no relationship with tenant {partner}"
    words = [_in_words(relationship, now) for relationship in delegated] or ["no delegated relationship exists"]
    return Reason.ROLE_MISSING, f"{'; '.join(words)}; needed: one of {_listed(rule.roles)}"


async def _decide_partners_user(
    read: Read, caller: Caller, given: dict[str, DelegatedRelationship], now: Micros
) -> _Verdict:
    """Whether the partner's user or connector may use one of the delegated roles `given`, which is never empty."""
    who, held = await roles_at_home(read, caller, now, for_customers=True)
    usable = set(given) if RoleId.GLOBAL_ADMINISTRATOR in held else held & given.keys()
    if usable:
        role = min(usable)
        return Reason.GRANTED, f"relationship {given[role].id} gives the role {role_word(role)}"
    return Reason.ROLE_MISSING, (
        f"the customer gives the partner {_listed(set(given))}, but in the partner's own tenant the {who} holds "
        f"{_listed(held)}; needed there: the same role, or global administrator"
    )


async def _decide_enterprise(
    read: Read, caller: Caller, tenant_id: TenantId, enterprise: Enterprise | None
) -> _Verdict:
    """Decide for a connector: the enterprise must be bound to it, or enrolled by its EMM. Without an enterprise, one
    such must exist.
    """
    if enterprise is None:
        found = await access.find_bound_enterprise(
            read, tenant_id, connector_id=caller.connector_id, emm_tenant_id=caller.tenant_id
        )
    else:
        found = enterprise.id if enterprise.tenant_id == tenant_id and _is_bound(enterprise, caller) else None
    if found is None:
        named = "an enterprise" if enterprise is None else f"enterprise {enterprise.id}"
        return Reason.ENTERPRISE_UNKNOWN, f"tenant {tenant_id} has not bound {named} to the caller"
    return Reason.GRANTED, f"enterprise {found} is bound to the caller or its tenant"


def _is_bound(enterprise: Enterprise, caller: Caller) -> bool:
    is_its_own = caller.connector_id is not None and caller.connector_id == enterprise.service_account_id
    return is_its_own or caller.tenant_id == enterprise.emm_tenant_id


def _in_words(relationship: DelegatedRelationship, now: Micros) -> str:
    """The relationship in words, as in `relationship 12... ended 2026-01-02T00:00:00Z`."""
    name = f"relationship {relationship.id}"
    if relationship.ended_at is not None:
        return f"{name} ended {to_iso(relationship.ended_at)}"
    if relationship.expires_at is not None and relationship.expires_at <= now:
        return f"{name} expired {to_iso(relationship.expires_at)}"
    if not is_live(relationship, now):
        return f"{name} is {relationship.status}"
    return f"{name} gives {_listed(relationship.role_ids.split())}"


def _reach_in_words(caller: Caller) -> str:
    match caller.reach:
        case Reach.TENANT:
            return "every group of the organisation"
        case Reach.GROUP:
            return f"group {caller.group_id} and what is below it"
        case _:
            return "the groups of the user"


def _first_common(held: set[str] | list[str], needed: frozenset[RoleId]) -> str | None:
    return next((role_word(role) for role in sorted(held) if role in needed), None)


def _listed(role_ids: set[str] | list[str] | frozenset[RoleId]) -> str:
    return ", ".join(sorted(role_word(role) for role in role_ids)) or "no role"
