"""The users of a customer: create, list, get, change, reset the password, delete, restore.

1. The runner authenticates the caller, and then reads the body.
2. `wire.py` turns identifiers and body into shapes of the domain, which refuse values that are not valid.
3. An operation makes slow hashes outside the transaction; one domain function decides, writes and records.

All operations need a signed-in user with a second factor (Partner Center contract §1.4). A creation is carried out once
for one `MS-RequestId` and body. Its repetition is answered as before, without a password that was generated. Departs: a
PATCH or DELETE is carried out each time. Repeating one does no harm, whereas an answer from memory would be wrong for
clients that use one id for all their calls (Partner Center contract §2.3).
"""

from __future__ import annotations

from dataclasses import asdict

from tenantry.access.actions import Action
from tenantry.access.decide import permit
from tenantry.core.errors import InvalidValue
from tenantry.core.ids import TenantId, UserId
from tenantry.directory import users
from tenantry.directory.passwords import check_first_password, check_reset_password, generate_password, names_of_tenant
from tenantry.directory.user_properties import NewPassword
from tenantry.surfaces.operation import Ask, operations
from tenantry.surfaces.partner_center import paging, wire
from tenantry.surfaces.partner_center.coat import PARTNER_CENTER, ROOT
from tenantry.surfaces.shared.answers import header

_SOURCE = "Partner Center contract §3.2"

op = operations(PARTNER_CENTER, f"{ROOT}/customers/{{customer}}/users")


@op("Create user accounts for a customer", "POST", "", Action.CREATE_USER, source=_SOURCE, once=True)
async def create_user(ask: Ask, customer: TenantId, body: wire.SentUser) -> wire.CreatedUser:
    """Create a user. The answer has the password, and no later answer does: the caller's own, or the one that was
    generated because none was sent.

    A repeated request stores no password: its answer has the caller's own again, but not a generated one. Source:
    "Create user accounts for a customer", whose sample answers 200.
    """
    deps = ask.deps
    async with deps.store.read() as read:
        permitted = await permit(read, ask.caller, Action.CREATE_USER, customer, ask.now)
        own = await names_of_tenant(read, permitted)
    new_user, sent_password, must_change = wire.read_creation(body)
    if sent_password is not None:
        names = [text for text in asdict(new_user).values() if isinstance(text, str)]
        check_first_password(sent_password, [*own, *names], must_change=must_change)
    await ask.look_back()
    password = sent_password or generate_password()
    password_hash = await deps.passwords.hash(password, ask.caller.tenant_id)
    async with ask.writing() as tx:
        user = await users.create_user(
            tx, ask.caller, customer, new_user, password_hash, must_change, ask.now, permitted=permitted
        )
    return wire.created(user, wire.ShownPassword(must_change, password))


@op("Get a list of all user accounts for a customer", "GET", "", Action.LIST_USERS, source=_SOURCE)
async def list_users(ask: Ask, customer: TenantId, query: paging.Wishes) -> wire.UserPage:
    """List a page of users that are not deleted, or of those that can be restored."""
    token = header(ask.scope, b"ms-continuationtoken")
    listing = paging.read_listing(query, token, customer, ask.deps.hasher)
    async with ask.deps.store.read() as read:
        found, position = await users.list_users(
            read,
            ask.caller,
            customer,
            deleted=listing.deleted,
            order=listing.order,
            downwards=listing.downwards,
            after=listing.after,
            limit=listing.size,
            now=ask.now,
        )
    return paging.page(listing, found, position, ask.scope["query_string"].decode("latin-1"), ask.deps.hasher)


@op("Get a user account by ID", "GET", "/{user}", Action.READ_USER, source=_SOURCE)
async def get_user(ask: Ask, customer: TenantId, user: UserId) -> wire.CustomerUser:
    """Read one user; a deleted one is absent."""
    async with ask.deps.store.read() as read:
        return wire.shown(await users.get_user(read, ask.caller, customer, user, ask.now))


@op("Update user accounts for a customer", "PATCH", "/{user}", Action.UPDATE_USER, source=_SOURCE)
async def update_user(ask: Ask, customer: TenantId, user: UserId, body: wire.SentUser) -> wire.CustomerUser:
    """Change properties, set a password, restore: what the body says, all or nothing.

    .NET sends every unset property as null and `State: active` (Partner Center contract §0 #4), so each of its PATCHes
    of a deleted user restores the user.
    """
    return await _patch(ask, customer, user, wire.read_patch(body))


@op(
    "Reset user password for a customer",
    "PATCH",
    "/{user}/resetpassword",
    Action.RESET_PASSWORD,
    source=_SOURCE,
)
async def reset_password(ask: Ask, customer: TenantId, user: UserId, body: wire.SentUser) -> wire.CustomerUser:
    """Set another password, and what else the body says."""
    patch = wire.read_patch(body)
    if patch.password is None:
        raise InvalidValue("It is required. Send the new password.", field="password")
    return await _patch(ask, customer, user, patch)


async def _patch(ask: Ask, customer: TenantId, user: UserId, patch: wire.Patch) -> wire.CustomerUser:
    password, permitted = None, None
    if patch.password is not None:
        # Decided before the hash, which costs too much to make it for anybody.
        async with ask.deps.store.read() as read:
            permitted = await permit(read, ask.caller, Action.RESET_PASSWORD, customer, ask.now)
            await check_reset_password(read, permitted, user, patch.password, must_change=patch.must_change)
        password = NewPassword(await ask.deps.passwords.hash(patch.password, ask.caller.tenant_id), patch.must_change)
    async with ask.writing() as tx:
        changed = await users.update_user(
            tx,
            ask.caller,
            customer,
            user,
            patch.changes,
            ask.now,
            password=password,
            restore=patch.restore,
            permitted=permitted,
        )
    return wire.shown(changed, None if password is None else wire.ShownPassword(password.must_change))


@op("Delete a user account for a customer", "DELETE", "/{user}", Action.DELETE_USER, source=_SOURCE, status=204)
async def delete_user(ask: Ask, customer: TenantId, user: UserId) -> None:
    """Delete a user, which can be restored for 30 days; a second deletion finds none."""
    async with ask.writing() as tx:
        await users.delete_user(tx, ask.caller, customer, user, ask.now)
