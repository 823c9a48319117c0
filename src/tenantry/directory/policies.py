"""A tenant's policies: who must have a second factor, who may sign in by phone, who may register connectors. Each
allows everything until an administrator restricts it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from tenantry.access.actions import Action, RoleId
from tenantry.access.decide import require
from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Caller, CallerKind
from tenantry.core.clock import Micros
from tenantry.core.errors import FailedPrecondition
from tenantry.core.ids import TenantId, UserId
from tenantry.directory.roles import action_over
from tenantry.store.engine.interface import Read, Tx
from tenantry.store.tenants import tenant_policies
from tenantry.store.users import roles


class Whom(StrEnum):
    """Which users a policy is about. An administrator is a user who holds a role that allows to change something. The
    words are stored.
    """

    NOBODY = "nobody"
    ADMINISTRATORS = "administrators"
    NOT_ADMINISTRATORS = "not_administrators"
    EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True)
class Policies:
    """The policies of a tenant. `second_factor`: who must have one, from `second_factor_from` on (None: at once).
    `phone_sign_in`: whom connectors may sign in by a PIN alone. `connector_registration`: who may register connectors.
    """

    second_factor: Whom = Whom.NOBODY
    phone_sign_in: Whom = Whom.EVERYBODY
    connector_registration: Whom = Whom.EVERYBODY
    second_factor_from: Micros | None = None


LOOKED_AT = 2000
SHOWN = 20
CHOICES: dict[str, tuple[Whom, ...]] = {
    "second_factor": (Whom.NOBODY, Whom.ADMINISTRATORS, Whom.EVERYBODY),
    "phone_sign_in": (Whom.EVERYBODY, Whom.NOT_ADMINISTRATORS, Whom.NOBODY),
    "connector_registration": (Whom.EVERYBODY, Whom.ADMINISTRATORS),
}
"""For each policy the words that it may have, the default first."""


async def find_policies(read: Read, tenant_id: TenantId) -> Policies:
    """The tenant's present policies. 1 query."""
    row = await tenant_policies.find(read, tenant_id)
    if row is None:
        return Policies()
    return Policies(
        Whom(row.second_factor), Whom(row.phone_sign_in), Whom(row.connector_registration), row.second_factor_from
    )


async def change_policies(tx: Tx, caller: Caller, tenant_id: TenantId, policies: Policies, now: Micros) -> None:
    """Set the policies. Raises what `access.require` does; FailedPrecondition when the caller would be shut out
    by it.
    """
    await require(tx, caller, Action.CHANGE_TENANT, tenant_id, now=now)
    if policies.second_factor is Whom.NOBODY:
        policies = replace(policies, second_factor_from=None)
    before = await find_policies(tx, tenant_id)
    if before == policies:
        return
    is_newly_required = policies.second_factor not in (Whom.NOBODY, before.second_factor)
    if is_newly_required and caller.kind is not CallerKind.OPERATOR and "mfa" not in caller.amr:
        raise FailedPrecondition("Set up your own second factor and sign in with it first.")
    await tenant_policies.upsert(tx, tenant_id, **asdict(policies), now=now)
    await record(tx, tenant_id, caller, events.PoliciesChanged(**asdict(policies)), now)


async def is_to_have_one(read: Read, tenant_id: TenantId, user_id: UserId, now: Micros) -> bool:
    """Whether the tenant requires a second factor of the user, now or from a later day on."""
    return await is_met(read, tenant_id, user_id, (await find_policies(read, tenant_id)).second_factor, now)


async def asks_second_factor(read: Read, tenant_id: TenantId, user_id: UserId, now: Micros) -> bool:
    """Whether the tenant requires a second factor of the user now."""
    policies = await find_policies(read, tenant_id)
    if policies.second_factor_from is not None and policies.second_factor_from > now:
        return False
    return await is_met(read, tenant_id, user_id, policies.second_factor, now)


class Unguarded(NamedTuple):
    """Whom a policy would affect: members without a second factor among the first LOOKED_AT, of whom SHOWN are
    named.
    """

    without: int
    looked_at: int
    shown: list[tuple[UserId, str]]


class PolicyPicture(NamedTuple):
    """The policies as they stand; and which administrators, and which users, have no second factor."""

    policies: Policies
    administrators: Unguarded
    everybody: Unguarded


async def look_at_policies(read: Read, caller: Caller, tenant_id: TenantId, now: Micros) -> PolicyPicture:
    """The policies, for a caller who may change them. Raises what `access.require` does. 3 queries."""
    await require(read, caller, Action.CHANGE_TENANT, tenant_id, now=now)
    policies = await find_policies(read, tenant_id)
    powerless = RoleId.DIRECTORY_READERS
    administrators = await tenant_policies.list_administrators(read, tenant_id, powerless, now, LOOKED_AT)
    everybody = await tenant_policies.list_members(read, tenant_id, LOOKED_AT)
    return PolicyPicture(policies, _unguarded(administrators), _unguarded(everybody))


def _unguarded(members: list[tenant_policies.Guarded]) -> Unguarded:
    bare = [(member.id, member.display_name) for member in members if not member.factors]
    return Unguarded(len(bare), len(members), bare[:SHOWN])


async def is_met(read: Read, tenant_id: TenantId, user_id: UserId, whom: Whom, now: Micros) -> bool:
    """Whether the user is among those that `whom` means."""
    if whom in (Whom.NOBODY, Whom.EVERYBODY):
        return whom is Whom.EVERYBODY
    held = await roles.list_unexpired(read, tenant_id, user_id, now)
    return (action_over(held) is not None) == (whom is Whom.ADMINISTRATORS)
