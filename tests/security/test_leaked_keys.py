"""What has leaked can be ended: a signing key, a service account's key."""

from __future__ import annotations

import asyncio
import json

import pytest

from tenantry.app import App
from tenantry.audit.events import SYSTEM_TENANT
from tenantry.connectors.service_accounts import add_service_account_key, list_service_account_keys
from tenantry.core.caller import Audience
from tenantry.core.clock import MINUTE
from tenantry.core.errors import Forbidden, InvalidToken, NotFound
from tenantry.store import Store
from tenantry.tokens.callers import authenticate
from tenantry.tokens.keys.signing_keys import KeyRing, revoke_signing_key, rotate_signing_key
from tests.support.app import an_app, client_for
from tests.support.builders import OPERATOR, a_service_account, a_tenant, a_user, an_access_token, as_user
from tests.support.clock import NOON
from tests.support.portal import a_portal
from tests.support.trail import types_of


async def _bearer(app: App, token: str) -> None:
    async with app.deps.store.read() as read:
        await authenticate(
            read,
            app.deps.keys,
            token,
            issuer=app.deps.settings.issuer,
            audience=Audience.ANDROID_ENTERPRISE,
            origin=OPERATOR.origin,
            now=NOON,
            leeway=MINUTE,
        )


async def test_a_token_of_a_revoked_signing_key_is_refused_by_every_process_that_has_read_the_keys(
    store: Store,
) -> None:
    first, second = await an_app(store), await an_app(store)
    account = await a_service_account(store, await a_tenant(store))
    token = an_access_token(first, account, Audience.ANDROID_ENTERPRISE)
    for app in (first, second):
        await _bearer(app, token)  # its signature is remembered as proven now
    leaked = first.deps.keys.signer(NOON).kid
    async with store.write() as tx:
        new = await revoke_signing_key(tx, first.deps.master_key, OPERATOR, leaked, NOON)
    for app in (first, second):
        await app.deps.keys.refresh()
        with pytest.raises(InvalidToken):
            await _bearer(app, token)
        assert app.deps.keys.signer(NOON).kid == new
        await _bearer(app, an_access_token(app, account, Audience.ANDROID_ENTERPRISE))
    async with client_for(second) as http:
        published = (await http.get("/.well-known/jwks.json")).json()
    assert [key["kid"] for key in published["keys"]] == [new]
    assert (await types_of(store, SYSTEM_TENANT))[-2:] == ["signing_key.revoked", "signing_key.rotated"]
    for app in (first, second):
        await app.close()


async def test_a_signing_key_is_revoked_once_and_none_is_made_while_another_signs(store: Store) -> None:
    app = await an_app(store)
    master_key, old = app.deps.master_key, app.deps.keys.signer(NOON).kid
    async with store.write() as tx:
        new = await rotate_signing_key(tx, master_key, OPERATOR, NOON, overlap=MINUTE, verify_for=MINUTE)

    async def revoke() -> str | None:
        async with store.write() as tx:
            return await revoke_signing_key(tx, master_key, OPERATOR, old, NOON)

    done = await asyncio.gather(*[revoke() for _ in range(4)], return_exceptions=True)
    assert done.count(None) == 1
    assert sum(isinstance(one, NotFound) for one in done) == 3
    await app.deps.keys.refresh()
    assert app.deps.keys.signer(NOON).kid == new
    await app.close()
    again = await KeyRing.load(store, master_key, lambda: NOON)
    assert [key["kid"] for key in json.loads(again.jwks(NOON))["keys"]] == [new]


async def test_a_service_accounts_key_is_revoked_on_a_page_that_says_what_it_ends_and_by_nobody_else(
    store: Store,
) -> None:
    app = await an_app(store)
    portal = await a_portal(app)
    account = await a_service_account(store, portal.tenant, key_id="leaked-1")
    path = f"/connectors/{account.id}/keys/leaked-1/revoke"
    for somebody, status in ((portal.mia, 403), (portal.otto, 404)):
        visitor = await portal.visit(somebody)
        assert (await visitor.open(path)).status_code == status
        await visitor.open("/phones")
        assert (await visitor.send(path, form_id="1")).status_code == status
    async with store.read() as read:
        [key] = await list_service_account_keys(read, OPERATOR, portal.tenant.id, account.id, NOON)
    assert key.revoked_at is None
    dana = await portal.visit(portal.dana)
    assert path in (await dana.open(f"/connectors/{account.id}")).text
    await dana.open(path)
    assert "gets no access tokens any more" in dana.text
    assert (await dana.send(path)).status_code == 303
    async with store.read() as read:
        [key] = await list_service_account_keys(read, OPERATOR, portal.tenant.id, account.id, NOON)
    assert key.revoked_at is not None
    assert (await types_of(store, portal.tenant.id))[-1] == "service_account_key.revoked"
    assert path not in (await dana.open(f"/connectors/{account.id}")).text
    for gone in (path, path.replace("leaked-1", "%00"), path.replace("leaked-1", "other")):
        assert (await dana.open(gone)).status_code == 404
    for http in portal.visitors:
        await http.aclose()
    await app.close()


async def test_a_member_cannot_give_a_service_account_a_key(store: Store) -> None:
    tenant = await a_tenant(store)
    member, account = await a_user(store, tenant), await a_service_account(store, tenant)
    async with store.write() as tx:
        with pytest.raises(Forbidden):
            await add_service_account_key(tx, as_user(member), tenant.id, account.id, "key-2", "", NOON)
