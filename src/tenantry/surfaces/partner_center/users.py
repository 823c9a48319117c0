"""The users of a customer: create, list, get, change, reset, delete, restore.

1. The caller is proven first; the body is read after that.
2. Identifiers and body are read into the domain's words, which refuse what is not valid.
3. Slow hashes are made outside the transaction. One domain function decides, writes and records.

Everything below needs a signed-in user with a second factor (contract §1.4). Creations are carried out once for one
`MS-RequestId` and body. Departs: only they are; repeating a PATCH or DELETE is harmless, while answering it from memory
would lie to clients that use one id for all calls (contract §2.3).
"""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from tenantry.access.actions import Action
from tenantry.access.decide import permit
from tenantry.core.caller import Caller
from tenantry.core.errors import AlreadyExists, DomainError, InvalidValue
from tenantry.directory import users
from tenantry.directory.passwords import check_new_password, generate_password, names_of
from tenantry.directory.user_properties import NewPassword
from tenantry.store.engine import Tx
from tenantry.surfaces.partner_center import errors, paging, wire
from tenantry.surfaces.partner_center.callers import caller_of
from tenantry.surfaces.partner_center.protocol import sent_request_id
from tenantry.surfaces.shared.body import parse_json, read_body
from tenantry.surfaces.shared.deps import Deps
from tenantry.surfaces.shared.idempotency import Answer, answer_once, find_answer, request_key
from tenantry.surfaces.shared.routing import performs

router = APIRouter()

_USERS = "/customers/{customer}/users"
_USER = "/customers/{customer}/users/{user}"


@router.post(_USERS)
@performs(Action.CREATE_USER)
async def create_user(request: Request, customer: str) -> Response:
    """200 with the user and, only here, the password: the caller's own, or the one generated for want of it.

    A repetition stores no password: it shows the caller's own again, a generated one not.
    Source: "Create user accounts for a customer", whose sample answers 200.
    """
    deps, caller = await caller_of(request)
    tenant_id = wire.read_customer(customer)
    now = deps.clock()
    async with deps.store.read() as read:
        permitted = await permit(read, caller, Action.CREATE_USER, tenant_id, now)
        own = await names_of(read, tenant_id, None)
    new_user, sent_password, must_change = creation = wire.read_creation(await _read_json(request, deps))
    if sent_password is not None:
        check_new_password(sent_password, own)
    key = _key_of(request, deps, caller, creation)
    answer = None if key is None else await find_answer(deps.store, tenant_id, key, now)
    password = sent_password
    if answer is None:
        password = sent_password or generate_password()
        password_hash = await deps.passwords.hash(password)

        async def create(tx: Tx) -> Answer:
            user = await users.create_user(
                tx, caller, tenant_id, new_user, password_hash, must_change, now, permitted=permitted
            )
            return Answer(200, msgspec.json.encode(wire.created(user, must_change=must_change)).decode())

        answer = await answer_once(deps.store, tenant_id, key, now, create, _refusal_to_keep)
    return _with_password(answer, sent_password if answer.again else password)


def _key_of(request: Request, deps: Deps, caller: Caller, creation: wire.Creation) -> bytes | None:
    """What was understood counts as the body, so that another spelling of it is the same request."""
    request_id = sent_request_id(request.scope)
    if request_id is None:
        return None
    return request_key(deps.hasher, caller, request_id, request.method, request.url.path, msgspec.to_builtins(creation))


def _refusal_to_keep(error: DomainError) -> Answer | None:
    """Departs: denials are decided anew each time, so that a role given meanwhile counts at once."""
    return errors.answer_of(error) if isinstance(error, InvalidValue | AlreadyExists) else None


def _with_password(answer: Answer, password: str | None) -> Response:
    if answer.status != 200 or password is None:
        return Response(answer.body, answer.status, media_type=errors.JSON)
    shown = msgspec.json.decode(answer.body)
    shown["passwordProfile"]["password"] = password
    return _json(shown)


@router.get(_USERS)
@performs(Action.LIST_USERS)
async def list_users(request: Request, customer: str) -> Response:
    """A page of users that are not deleted, or of those that can be restored. Source: contract §2.5 and §3.2."""
    deps, caller = await caller_of(request)
    tenant_id = wire.read_customer(customer)
    token = request.headers.get("ms-continuationtoken")
    listing = paging.read_listing(request.query_params, token, tenant_id, deps.hasher)
    async with deps.store.read() as read:
        found, position = await users.list_users(
            read,
            caller,
            tenant_id,
            deleted=listing.deleted,
            order=listing.order,
            downwards=listing.downwards,
            after=listing.after,
            limit=listing.size,
            now=deps.clock(),
        )
    return _json(paging.page(listing, found, position, request.url.query, deps.hasher))


@router.get(_USER)
@performs(Action.READ_USER)
async def get_user(request: Request, customer: str, user: str) -> Response:
    """One user; a deleted one is absent."""
    deps, caller = await caller_of(request)
    tenant_id, user_id = wire.read_customer(customer), wire.read_user(user)
    async with deps.store.read() as read:
        return _json(wire.shown(await users.get_user(read, caller, tenant_id, user_id, deps.clock())))


@router.patch(_USER)
@performs(Action.UPDATE_USER)
async def update_user(request: Request, customer: str, user: str) -> Response:
    """Change properties, reset the password, restore: what the body says, all or nothing. 200 with the user.

    .NET sends every unset property as null and `State: active` (contract §0 #4), so that its every PATCH of a deleted
    user restores it.
    """
    return await _patch(request, customer, user, needs_password=False)


@router.patch(_USER + "/resetpassword")
@performs(Action.RESET_PASSWORD)
async def reset_password(request: Request, customer: str, user: str) -> Response:
    """The same body; one client has this address (contract §3.2)."""
    return await _patch(request, customer, user, needs_password=True)


async def _patch(request: Request, customer: str, user: str, *, needs_password: bool) -> Response:
    deps, caller = await caller_of(request)
    tenant_id, user_id = wire.read_customer(customer), wire.read_user(user)
    patch = wire.read_patch(await _read_json(request, deps))
    if needs_password and patch.password is None:
        raise InvalidValue("It is required. Send the new password.", field="password")
    now = deps.clock()
    password, permitted = None, None
    if patch.password is not None:
        async with deps.store.read() as read:  # a hash costs too much to make it for everybody
            permitted = await permit(read, caller, Action.RESET_PASSWORD, tenant_id, now)
            own = await names_of(read, tenant_id, user_id)
        check_new_password(patch.password, own)
        password = NewPassword(await deps.passwords.hash(patch.password), patch.must_change)
    async with deps.store.write() as tx:
        changed = await users.update_user(
            tx,
            caller,
            tenant_id,
            user_id,
            patch.changes,
            now,
            password=password,
            restore=patch.restore,
            permitted=permitted,
        )
    shown = wire.shown(changed)
    if password is not None:
        shown["passwordProfile"] = {"forceChangePassword": password.must_change}
    return _json(shown)


@router.delete(_USER)
@performs(Action.DELETE_USER)
async def delete_user(request: Request, customer: str, user: str) -> Response:
    """204. The user can be restored for 30 days; a second delete finds none."""
    deps, caller = await caller_of(request)
    tenant_id, user_id = wire.read_customer(customer), wire.read_user(user)
    async with deps.store.write() as tx:
        await users.delete_user(tx, caller, tenant_id, user_id, deps.clock())
    return Response(status_code=204)


async def _read_json(request: Request, deps: Deps) -> Any:
    """Also JSON with unquoted keys, as the vendor's own sample has it."""
    raw = await read_body(request, deps.settings.body_limit_bytes)
    return parse_json(raw, depth_limit=deps.settings.json_depth_limit, lenient=True)


def _json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), media_type=errors.JSON)
