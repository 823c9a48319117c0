"""`/token` for service accounts, and `/partnercenter/generatetoken` for old Partner Center clients."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from tenantry.core.caller import Audience, CallerKind, Origin
from tenantry.core.clock import MINUTE, SECOND
from tenantry.core.errors import InvalidToken
from tenantry.core.ids import CorrelationId, GrantId
from tenantry.tokens import base64url
from tenantry.tokens.callers import authenticate
from tenantry.tokens.grants import revoke_grant
from tests.support.builders import OPERATOR, SomeServiceAccount, a_service_account
from tests.support.clock import NOON
from tests.surfaces.oauth.conftest import World

SCOPE = "https://www.googleapis.com/auth/androidenterprise"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
DEEP = base64url.encode(b'{"a":' * 1000).decode() + ".e30.AAAA"


async def caller_of(world: World, raw: str, audience: Audience) -> Any:
    deps = world.app.deps
    async with world.store.read() as read:
        return await authenticate(
            read,
            deps.keys,
            raw,
            issuer=deps.settings.issuer,
            audience=audience,
            origin=Origin(CorrelationId("test"), ""),
            now=world.clock(),
            leeway=0,
        )


def assertion_of(account: SomeServiceAccount, **claims: Any) -> str:
    now = NOON // SECOND
    whole = {
        "iss": account.email,
        "aud": "https://oauth2.googleapis.com/token",
        "iat": now,
        "exp": now + 3600,
        "scope": SCOPE,
        **claims,
    }
    key = RSAKey.import_key(account.private_pem)
    return jwt.encode({"alg": "RS256", "typ": "JWT", "kid": account.key_id}, whole, key)


@pytest.mark.parametrize("audience", ["https://oauth2.googleapis.com/token", "http://tenantry.test/token"])
async def test_an_assertion_becomes_a_token_of_the_service_account(world: World, audience: str) -> None:
    account = await a_service_account(world.store, world.tenant)
    form = {"grant_type": GRANT, "assertion": assertion_of(account, aud=audience)}
    answer = await world.client.post("/token", data=form)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["token_type"], set(body)) == ("Bearer", {"token_type", "access_token", "expires_in"})
    assert 300 <= body["expires_in"] <= 3600
    caller = await caller_of(world, body["access_token"], Audience.ANDROID_ENTERPRISE)
    assert (caller.kind, caller.connector_id) == (CallerKind.SERVICE_ACCOUNT, account.id)


@pytest.mark.parametrize(
    ("path", "audience"),
    [
        ("/oauth2/v4/token", "https://www.googleapis.com/oauth2/v4/token"),
        ("/oauth2/v3/token", "https://www.googleapis.com/oauth2/v3/token"),
        ("/o/oauth2/token", "https://accounts.google.com/o/oauth2/token"),
    ],
)
async def test_older_token_addresses_take_their_assertions_and_those_of_today(
    world: World, path: str, audience: str
) -> None:
    account = await a_service_account(world.store, world.tenant)
    for aud in (audience, f"http://tenantry.test{path}", "https://oauth2.googleapis.com/token"):
        form = {"grant_type": GRANT, "assertion": assertion_of(account, aud=aud)}
        answer = await world.client.post(path, data=form)
        assert answer.status_code == 200, answer.text
    form = {"grant_type": GRANT, "assertion": assertion_of(account, aud=f"https://elsewhere.example{path}")}
    answer = await world.client.post(path, data=form)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


async def test_what_is_no_assertion_is_refused_in_plain_oauth(world: World) -> None:
    for form, error in [
        ({}, "invalid_request"),
        ({"grant_type": GRANT}, "invalid_request"),
        ({"grant_type": "refresh_token", "assertion": "x"}, "unsupported_grant_type"),
        ({"grant_type": GRANT, "assertion": "garbage"}, "invalid_grant"),
        ({"grant_type": GRANT, "assertion": "a.b.c"}, "invalid_grant"),
        ({"grant_type": GRANT, "assertion": "x" * 15_000}, "invalid_grant"),
        ({"grant_type": GRANT, "assertion": DEEP}, "invalid_grant"),
    ]:
        answer = await world.client.post("/token", data=form)
        assert (answer.status_code, answer.json()["error"]) == (400, error)
        assert set(answer.json()) == {"error", "error_description"}
        assert answer.headers["cache-control"] == "no-store"


async def test_an_assertion_that_claims_too_much_is_refused(world: World) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"aud": "https://elsewhere.example/token"}, "invalid_grant"),
        ({"exp": NOON // SECOND - 3600}, "invalid_grant"),
        ({"exp": NOON // SECOND + 86_400}, "invalid_grant"),
        ({"iss": "nobody@accounts.example"}, "invalid_grant"),
        ({"scope": "https://www.googleapis.com/auth/drive"}, "invalid_scope"),
    ]
    for claims, error in cases:
        account = await a_service_account(world.store, world.tenant)
        answer = await world.client.post(
            "/token", data={"grant_type": GRANT, "assertion": assertion_of(account, **claims)}
        )
        assert (answer.status_code, answer.json()["error"]) == (400, error)


async def _token(world: World, resource: str, grant_type: str = "refresh_token") -> str:
    form = {**world.refresh_form, "grant_type": grant_type, "resource": resource}
    answer = await world.post(world.tenant.id, form)
    return str(answer.json()["access_token"])


GRAPH = "https://graph.windows.net"
PARTNER_CENTER = "https://api.partnercenter.microsoft.com"


@pytest.mark.parametrize(
    "body", [{"data": {"grant_type": "jwt_token"}}, {"json": {"grant_type": "jwt_token"}}, {"json": "jwt_token"}]
)
@pytest.mark.parametrize("resource", [GRAPH, PARTNER_CENTER])
async def test_a_directory_token_is_exchanged_for_one_of_the_same_subject_and_methods(
    world: World, body: dict[str, Any], resource: str
) -> None:
    raw = await _token(world, resource)
    world.clock.advance(10 * MINUTE)
    answer = await world.client.post("/partnercenter/generatetoken", headers={"authorization": f"Bearer {raw}"}, **body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["expires_in"] == "3000"  # no longer life than the token that was exchanged
    caller = await caller_of(world, answer.json()["access_token"], Audience.PARTNER_CENTER)
    assert (caller.user_id, caller.grant_id) == (world.user.id, world.grant.id)
    assert caller.amr == {"pwd", "mfa"}


async def test_v3_wants_an_application_to_come_with_a_partner_center_token(world: World) -> None:
    for path, resource, status in (
        ("/partnercenter/generatetoken", GRAPH, 200),
        ("/partnercenter/v3/generatetoken", GRAPH, 401),
        ("/partnercenter/v3/generatetoken", PARTNER_CENTER, 200),
    ):
        raw = await _token(world, resource, "client_credentials")
        answer = await world.client.post(
            path, headers={"authorization": f"Bearer {raw}"}, data={"grant_type": "jwt_token"}
        )
        assert answer.status_code == status, (path, resource, answer.text)


async def test_a_token_whose_grant_was_revoked_is_not_exchanged(world: World) -> None:
    raw = await _token(world, GRAPH)
    async with world.store.write() as tx:
        await revoke_grant(tx, OPERATOR, world.tenant.id, GrantId(world.grant.id), "test", world.clock())
    answer = await world.client.post(
        "/partnercenter/generatetoken", headers={"authorization": f"Bearer {raw}"}, data={"grant_type": "jwt_token"}
    )
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    with pytest.raises(InvalidToken):
        await caller_of(world, raw, Audience.DIRECTORY_GRAPH)


async def test_a_bad_request_for_an_exchange_is_refused(world: World) -> None:
    for content, status, error in [
        (b"", 400, "invalid_request"),
        (b"{", 400, "invalid_request"),
        (b'{"grant_type": 5}', 400, "invalid_request"),
        (b'{"grant_type": "jwt\\u0000token"}', 400, "invalid_request"),
        (b'"' + b"[" * 200, 400, "invalid_request"),
        (b'{"a":' * 200 + b"1" + b"}" * 200, 400, "invalid_request"),
        (b"x" * 5_000_000, 413, "invalid_request"),
        (b"[" + b"1," * 10_000 + b"1]", 413, "invalid_request"),
        (b'"password"', 400, "unsupported_grant_type"),
        (b"grant_type=password", 400, "unsupported_grant_type"),
        (b"grant_type=jwt_token", 401, "invalid_token"),
    ]:
        answer = await world.client.post("/partnercenter/v3/generatetoken", content=content)
        assert (answer.status_code, answer.json()["error"]) == (status, error)


async def test_a_token_that_is_none_is_not_exchanged(world: World) -> None:
    for raw in ["garbage", "a.b.c", "e30.e30.e30", "x" * 8_000, DEEP]:
        answer = await world.client.post(
            "/partnercenter/generatetoken", headers={"authorization": f"Bearer {raw}"}, data={"grant_type": "jwt_token"}
        )
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
        assert answer.headers["www-authenticate"].startswith("Bearer ")
