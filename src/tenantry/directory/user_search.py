"""Searches users by the beginning of their display name or sign-in name, a page at a time, with at most 3 queries a
page.
"""

from __future__ import annotations

from typing import NamedTuple

from tenantry.access.actions import Action, RoleId
from tenantry.access.decide import require
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import NotFound
from tenantry.core.ids import TenantId, UserId
from tenantry.core.normal_form import name_key
from tenantry.directory.users import RESTORABLE
from tenantry.store.engine.interface import Read
from tenantry.store.users import user_search, users
from tenantry.store.users.user_search import ListedUser
from tenantry.store.users.users import User


class Place(NamedTuple):
    """Where a page ends and the next one begins. Users who are found by their sign-in name come after all others."""

    by_sign_in_name: bool
    key: str
    id: str


class FoundUsers(NamedTuple):
    """A page of users. `next` is None on the last page."""

    users: list[ListedUser]
    next: Place | None


async def search_users(
    read: Read,
    caller: Caller,
    tenant_id: TenantId,
    *,
    text: str = "",
    deleted: bool = False,
    blocked: bool = False,
    role_id: RoleId | None = None,
    after: Place | None = None,
    limit: int,
    now: Micros,
) -> FoundUsers:
    """Members whose display name begins with `text`, then those whose sign-in name does; all members when it is empty.

    `deleted`: only those that can be restored; `blocked`: only blocked ones; both are found by display name only.
    `role_id`: only those who hold the directory role, who are found by either name, in one list. Raises what
    `access.require` does.
    """
    await require(read, caller, Action.LIST_USERS, tenant_id, now=now)
    prefix = name_key(text)
    wanted = limit + 1
    found: list[ListedUser] = []
    place = None if after is None else (after.key, after.id)
    if deleted:
        found = await user_search.deleted_by_display_name(
            read, tenant_id, now, deleted_after=now - RESTORABLE, prefix=prefix, after=place, limit=wanted
        )
        return _page(found, limit, len(found))
    if blocked:
        found = await user_search.blocked_by_display_name(
            read, tenant_id, now, prefix=prefix, after=place, limit=wanted
        )
        return _page(found, limit, len(found))
    if role_id is not None:
        found = await user_search.holders_by_display_name(
            read, tenant_id, now, role_id=role_id, prefix=prefix, after=place, limit=wanted
        )
        return _page(found, limit, len(found))
    if after is None or not after.by_sign_in_name:
        found = await user_search.by_display_name(read, tenant_id, now, prefix=prefix, after=place, limit=wanted)
        place = None
    by_display_name = len(found)
    if prefix and by_display_name < wanted:
        found += await user_search.by_sign_in_name(
            read, tenant_id, now, prefix=prefix, after=place, limit=wanted - by_display_name
        )
    return _page(found, limit, by_display_name)


async def find_any_user(read: Read, caller: Caller, tenant_id: TenantId, user_id: UserId, now: Micros) -> User:
    """A user, deleted ones included as long as they can be restored. Raises what `access.require` does; NotFound."""
    await require(read, caller, Action.READ_USER, tenant_id, now=now)
    user = await users.find(read, tenant_id, user_id)
    if user is None or (user.deleted_at is not None and user.deleted_at <= now - RESTORABLE):
        raise NotFound("user")
    return user


def _page(found: list[ListedUser], limit: int, by_display_name: int) -> FoundUsers:
    if len(found) <= limit:
        return FoundUsers(found, None)
    last = found[limit - 1]
    is_second = limit > by_display_name
    return FoundUsers(found[:limit], Place(is_second, last.upn_key if is_second else last.display_key, last.id))
