"""One user as administrators look at it: with all that belongs to it, and before something is done to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from tenantry.access.actions import Action
from tenantry.access.decide import decide, require
from tenantry.access.trail import names_in
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import NotFound
from tenantry.core.ids import TenantId, UserId
from tenantry.directory.blocking import get_user_to_block
from tenantry.directory.enrolment import must_enrol
from tenantry.directory.proofs import counts_from
from tenantry.directory.roles import is_within_reach, require_over
from tenantry.directory.second_factors import Method, find_factors, methods_of
from tenantry.directory.user_search import find_any_user
from tenantry.store.engine.interface import Read
from tenantry.store.sign_in import phones
from tenantry.store.sign_in.phones import OwnPhone
from tenantry.store.trail import audit_search
from tenantry.store.trail.audit_search import FoundEvent
from tenantry.store.users import roles, user_facts, users
from tenantry.store.users.roles import RoleAssignment
from tenantry.store.users.user_facts import GivenToken, WorkAccount
from tenantry.store.users.users import User

TOKENS_COUNTED = 1000

_OVER = frozenset(
    {
        Action.RESET_PASSWORD,
        Action.CHANGE_SIGN_IN_METHODS,
        Action.BLOCK_USER,
        Action.DELETE_USER,
        Action.RESTORE_USER,
    }
)
"""Actions on a user that are refused to callers with lesser roles than the user holds."""
_OFFERED = (*_OVER, Action.UPDATE_USER, Action.ASSIGN_ROLE, Action.READ_AUDIT)


class UserPicture(NamedTuple):
    """A user with what belongs to it. `may`: what the caller may do to it.

    Only a caller who may change `methods` and `must_enrol` is told them, and only one who may read the trail is told
    `done`. Lists are at most as long as was asked for; that of tokens has one more.
    """

    user: User
    may: frozenset[Action]
    roles: list[RoleAssignment]
    last_sign_in: Micros | None
    numbers: list[OwnPhone]
    methods: list[Method]
    must_enrol: bool
    waits_until: Micros | None
    """When the methods count, if they do not yet. It is told to the same callers as the methods."""
    tokens: list[GivenToken]
    accounts: list[WorkAccount]
    done: list[FoundEvent]
    names: Mapping[str, str]
    """The names of the things that `done` is about, by their ids."""


async def look_at_user(
    read: Read, caller: Caller, tenant_id: TenantId, user_id: UserId, *, limit: int, now: Micros
) -> UserPicture:
    """A user, deleted ones included as long as they can be restored. Raises what `access.require` does; NotFound."""
    user = await find_any_user(read, caller, tenant_id, user_id, now)
    is_reached = await is_within_reach(read, caller, tenant_id, user_id, now)
    may = {
        action
        for action in _OFFERED
        if (is_reached or action not in _OVER) and (await decide(read, caller, action, tenant_id, now=now)).allowed
    }
    methods: list[Method] = []
    owes_factor, waits_until = False, None
    if Action.CHANGE_SIGN_IN_METHODS in may:
        methods = methods_of(await find_factors(read, tenant_id, user_id))
        waits_until = await counts_from(read, tenant_id, user_id, now) if methods else None
        owes_factor = not methods and await must_enrol(read, tenant_id, user_id, now)
    done: list[FoundEvent] = []
    if Action.READ_AUDIT in may:
        first, last = audit_search.FIRST, audit_search.LAST
        done = await audit_search.of_actor(
            read, tenant_id, f"user:{user_id}", type=None, since=first, before=last, limit=limit
        )
    return UserPicture(
        user,
        frozenset(may),
        await roles.list_live(read, tenant_id, user_id, now),
        await users.find_last_sign_in(read, tenant_id, user_id),
        await phones.list_of_user(read, tenant_id, user_id),
        methods,
        owes_factor,
        waits_until,
        await user_facts.list_tokens(read, tenant_id, user_id, now, limit=limit + 1),
        await user_facts.list_accounts(read, tenant_id, user_id, limit=limit),
        done,
        await names_in(read, tenant_id, done),
    )


async def get_user_to(
    read: Read, caller: Caller, action: Action, tenant_id: TenantId, user_id: UserId, now: Micros
) -> User:
    """The user to whom the caller may do `action`; a deleted one only to restore it. Raises what `access.require` and
    `require_over` do; NotFound.
    """
    await require(read, caller, action, tenant_id, now=now)
    if action in _OVER:
        await require_over(read, caller, tenant_id, user_id, now)
    user = await users.find(read, tenant_id, user_id)
    if user is None or (user.deleted_at is not None and action is not Action.RESTORE_USER):
        raise NotFound("user")
    return user


async def look_at_deletion(
    read: Read, caller: Caller, tenant_id: TenantId, user_id: UserId, now: Micros
) -> tuple[User, int]:
    """The user, and how many tokens end with it, counted up to TOKENS_COUNTED. Raises as `get_user_to`."""
    user = await get_user_to(read, caller, Action.DELETE_USER, tenant_id, user_id, now)
    return user, len(await user_facts.list_tokens(read, tenant_id, user_id, now, limit=TOKENS_COUNTED))


async def look_at_block(
    read: Read, caller: Caller, tenant_id: TenantId, user_id: UserId, now: Micros
) -> tuple[User, int]:
    """The user, and how many tokens a block revokes, counted up to TOKENS_COUNTED. Raises as `get_user_to_block`."""
    user = await get_user_to_block(read, caller, tenant_id, user_id, now)
    return user, len(await user_facts.list_tokens(read, tenant_id, user_id, now, limit=TOKENS_COUNTED))
