"""`/{tenant}/oauth2/token` and `/v2.0/token` as AAD's clients use them."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tenantry.access.actions import Permission
from tenantry.connectors.connectors import deactivate_connector, delete_connector
from tenantry.core.clock import DAY, MINUTE
from tenantry.core.ids import new_guid
from tenantry.directory.tenants import delete_tenant
from tenantry.directory.user_properties import UserChanges
from tenantry.directory.users import update_user
from tenantry.store.engine.interface import Store
from tenantry.store.trail import audit_events
from tenantry.tokens.authorization_codes import CodeTerms, issue_code
from tenantry.tokens.id_tokens import SignIn
from tests.support.builders import HASHER, OPERATOR, a_connector, a_grant, a_tenant, a_user, as_user
from tests.surfaces.oauth.conftest import REDIRECT_URI, World, a_world

UNKNOWN_TENANT = "00000000-0000-0000-0000-000000000009"


async def claims_of(world: World, raw: str) -> dict[str, object]:
    keys = KeySet.import_key_set((await world.client.get("/.well-known/jwks.json")).json())
    return jwt.decode(raw, keys, algorithms=["ES256"]).claims


async def test_v1_answers_the_keys_of_the_contract_with_numbers_as_strings(world: World) -> None:
    answer = await world.post(world.tenant.id, world.refresh_form)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    noon = 1_767_268_800
    assert {name: value for name, value in body.items() if name != "access_token"} == {
        "token_type": "Bearer",
        "scope": "user_impersonation",
        "expires_in": "3600",
        "ext_expires_in": "3600",
        "expires_on": str(noon + 3600),
        "not_before": str(noon),
        "resource": "https://api.partnercenter.microsoft.com",
        "refresh_token": world.grant.refresh_token,
    }
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    claims = await claims_of(world, body["access_token"])
    assert claims["aud"] == "http://tenantry.test/partnercenter"
    assert (claims["sub"], claims["tid"], claims["client_id"]) == (world.user.id, world.tenant.id, world.connector.id)
    assert set(claims["amr"]) == {"pwd", "mfa"}  # type: ignore[call-overload]


async def test_v2_answers_numbers_and_the_scope_that_was_asked(world: World) -> None:
    scope = "https://api.partnercenter.microsoft.com/user_impersonation"
    form = {**world.refresh_form, "scope": f"{scope} openid offline_access"}
    del form["resource"]
    body = (await world.post(world.tenant.id, form, version="v2.0/")).json()
    assert body.pop("access_token")
    assert body == {
        "token_type": "Bearer",
        "scope": scope,
        "expires_in": 3600,
        "ext_expires_in": 3600,
        "refresh_token": world.grant.refresh_token,
    }


async def test_near_its_end_the_refresh_token_is_answered_anew_and_the_old_one_stays_good(world: World) -> None:
    world.clock.advance(330 * DAY)
    renewed = (await world.post(world.tenant.id, world.refresh_form)).json()["refresh_token"]
    assert renewed != world.grant.refresh_token
    for token in (renewed, world.grant.refresh_token):
        answer = await world.post(world.tenant.id, {**world.refresh_form, "refresh_token": token})
        assert answer.status_code == 200


async def test_the_tenant_is_named_by_guid_or_domain_or_found_by_the_secret(world: World) -> None:
    for name in (world.tenant.id, world.tenant.id.upper(), world.tenant.domain, "common", "organizations"):
        app_only = {**world.refresh_form, "grant_type": "client_credentials"}
        for answer in (await world.post(name, world.refresh_form), await world.post(name, app_only, version="v2.0/")):
            assert (await claims_of(world, answer.json()["access_token"]))["tid"] == world.tenant.id


async def test_resource_and_scope_lead_to_one_audience(world: World) -> None:
    for resource, scope, audience in [
        (None, None, "partnercenter"),
        (None, "openid", "partnercenter"),
        (None, "openid profile phone groups", "partnercenter"),
        (None, "user_impersonation", "partnercenter"),
        ("https://api.partnercenter.microsoft.com/", None, "partnercenter"),
        ("http://tenantry.test", None, "partnercenter"),
        (None, "https://api.partnercenter.microsoft.com/.default", "partnercenter"),
        (None, "http://tenantry.test/partnercenter/.default", "partnercenter"),
        ("https://graph.windows.net", "openid", "graph"),
        (None, "https://graph.windows.net/.default", "graph"),
        (None, "https://graph.microsoft.com//.default offline_access", "graph"),
        (None, "https://graph.microsoft.com/User.Read openid profile", "graph"),
        (None, "User.Read Directory.AccessAsUser.All offline_access", "graph"),
    ]:
        form = {
            **world.refresh_form,
            "grant_type": "client_credentials",
            "resource": resource or "",
            "scope": scope or "",
        }
        answer = await world.post(world.tenant.id, form)
        assert answer.status_code == 200, answer.text
        claims = await claims_of(world, answer.json()["access_token"])
        assert claims["aud"] == f"http://tenantry.test/{audience}"
        assert "scope" not in answer.json()
        assert "refresh_token" not in answer.json()


async def test_an_unknown_resource_is_refused_by_its_name(world: World) -> None:
    for values, error in [
        ({"resource": "https://management.azure.com"}, "invalid_resource"),
        ({"resource": "", "scope": "https://management.azure.com/.default"}, "invalid_scope"),
        ({"resource": "", "scope": "everything"}, "invalid_scope"),
        ({"resource": "", "scope": "openid https://management.azure.com/.default"}, "invalid_scope"),
        ({"resource": "", "scope": "https://management.azure.com/User.Read"}, "invalid_scope"),
        ({"resource": "", "scope": "User.Read user_impersonation"}, "invalid_scope"),
        ({"resource": "", "scope": "User..Read"}, "invalid_scope"),
        (
            {"resource": "", "scope": "https://graph.windows.net/.default http://tenantry.test/.default"},
            "invalid_scope",
        ),
    ]:
        answer = await world.post(world.tenant.id, {**world.refresh_form, **values})
        assert (answer.status_code, answer.json()["error"]) == (400, error)
        assert answer.json()["error_description"].startswith("AADSTS500011: ")


async def test_a_client_may_prove_itself_by_basic_but_not_twice(world: World) -> None:
    basic = (world.connector.id, world.connector.secret)
    form = {**world.refresh_form}
    del form["client_secret"]
    assert (await world.post(world.tenant.id, form, auth=basic)).status_code == 200
    del form["client_id"]
    assert (await world.post(world.tenant.id, form, auth=basic)).status_code == 200
    both = await world.post(world.tenant.id, world.refresh_form, auth=basic)
    assert (both.status_code, both.json()["error"]) == (400, "invalid_request")
    for broken in ("!", base64.b64encode(b"no colon").decode(), base64.b64encode(b"\xff:x").decode()):
        answer = await world.post(world.tenant.id, form, headers={"authorization": f"Basic {broken}"})
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert answer.headers["www-authenticate"].startswith("Basic ")


async def _a_code(world: World, **values: object) -> str:
    given: dict[str, Any] = {
        "tenant_id": world.tenant.id,
        "connector_id": world.connector.id,
        "user_id": world.user.id,
        "redirect_uri": REDIRECT_URI,
        "permissions": [Permission.PARTNER_CENTER],
        "amr": ["pwd", "mfa"],
        "nonce": None,
        "code_challenge": None,
        "lifetime": 5 * 60_000_000,
        "now": world.clock(),
        **values,
    }
    terms = CodeTerms(**{name: given.pop(name) for name in CodeTerms._fields if name in given})
    async with world.store.write() as tx:
        return await issue_code(tx, HASHER, as_user(world.user), terms=terms, **given)


async def test_a_code_is_redeemed_once_and_its_second_use_ends_what_the_first_made(world: World) -> None:
    form = {**world.refresh_form, "grant_type": "authorization_code", "redirect_uri": REDIRECT_URI}
    form["code"] = await _a_code(world)
    first = await world.post("common", form)
    assert first.status_code == 200, first.text
    made = {**world.refresh_form, "refresh_token": first.json()["refresh_token"]}
    assert (await world.post(world.tenant.id, made)).status_code == 200
    again = await world.post("common", form)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert (await world.post(world.tenant.id, made)).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("version", ["", "v2.0/"])
async def test_an_id_token_stands_beside_the_access_token_of_a_code(world: World, version: str) -> None:
    form = {**world.refresh_form, "grant_type": "authorization_code", "redirect_uri": REDIRECT_URI}
    path = f"/{world.tenant.id}/oauth2/{version}token"
    without = await world.client.post(path, data={**form, "code": await _a_code(world)})
    assert without.status_code == 200, without.text
    assert "id_token" not in without.json()
    async with world.store.write() as tx:
        names = UserChanges(given_name="Nora", family_name="Nilsen")
        await update_user(tx, OPERATOR, world.tenant.id, world.user.id, names, world.clock())
    code = await _a_code(world, sign_in=SignIn(world.clock(), "openid profile"), nonce="n")
    answer = await world.client.post(path, data={**form, "code": code})
    claims = await claims_of(world, answer.json()["id_token"])
    document = (await world.client.get("/common/.well-known/openid-configuration")).json()
    assert set(claims) == set(document["claims_supported"])
    assert {"openid", "profile"} <= set(document["scopes_supported"])
    assert (claims["aud"], claims["nonce"], claims["auth_time"]) == (
        world.connector.id,
        "n",
        world.clock() // 1_000_000,
    )


@pytest.mark.parametrize("version", ["", "v2.0/"])
async def test_a_refresh_answers_an_id_token_where_openid_was_granted_and_is_still_asked_for(
    world: World, version: str
) -> None:
    """OpenID Connect Core §12.2; RFC 6749 §6: without a scope, what was granted is asked for."""
    form = {**world.refresh_form, "grant_type": "authorization_code", "redirect_uri": REDIRECT_URI}
    path = f"/{world.tenant.id}/oauth2/{version}token"
    code = await _a_code(world, sign_in=SignIn(world.clock(), "openid profile"), nonce="n")
    first = (await world.client.post(path, data={**form, "code": code})).json()
    resource = "https://api.partnercenter.microsoft.com/user_impersonation"
    for scope, is_told in ((None, True), (f"{resource} openid profile offline_access", True), (resource, False)):
        for token, was_granted in ((first["refresh_token"], True), (world.refresh_form["refresh_token"], False)):
            asked = {**world.refresh_form, "refresh_token": token} | ({"scope": scope} if scope else {})
            answer = await world.client.post(path, data=asked)
            assert answer.status_code == 200, answer.text
            assert ("id_token" in answer.json()) is (is_told and was_granted), scope
            if "id_token" in answer.json():
                claims = await claims_of(world, answer.json()["id_token"])
                assert claims["preferred_username"] == world.user.user_principal_name


async def test_a_code_needs_the_redirect_uri_it_was_sent_to(world: World) -> None:
    """RFC 6749 §4.1.3. A refused attempt spends nothing."""
    form = {**world.refresh_form, "grant_type": "authorization_code", "code": await _a_code(world)}
    missing = await world.post("common", form)
    assert (missing.status_code, missing.json()["error"]) == (400, "invalid_request")
    assert "redirect_uri" in missing.json()["error_description"]
    wrong = await world.post("common", {**form, "redirect_uri": f"{REDIRECT_URI}/else"})
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_grant")
    assert (await world.post("common", {**form, "redirect_uri": REDIRECT_URI})).status_code == 200


async def test_a_code_or_refresh_token_of_one_tenant_is_refused_at_another_and_the_trail_says_so(world: World) -> None:
    other = await a_tenant(world.store)
    code = {**world.refresh_form, "grant_type": "authorization_code", "redirect_uri": REDIRECT_URI}
    code["code"] = await _a_code(world)
    for tenant in (other.id, other.domain, UNKNOWN_TENANT):
        for form in (world.refresh_form, code):
            answer = await world.post(tenant, form)
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert len([reason for reason in await world.reasons(world.tenant) if "wrong_tenant" in reason]) == 6
    app_only = {**world.refresh_form, "grant_type": "client_credentials"}
    answer = await world.post(other.id, app_only)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert (await world.post(world.tenant.id, code)).status_code == 200  # a refused one is not spent


async def test_another_tenants_connector_cannot_use_this_tenants_refresh_token(world: World) -> None:
    other = await a_tenant(world.store)
    connector = await a_connector(world.store, other)
    form = {**world.refresh_form, "client_id": connector.id, "client_secret": connector.secret}
    answer = await world.post("common", form)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert any("wrong_connector" in reason for reason in await world.reasons(world.tenant))


async def test_every_bad_secret_of_a_kind_gets_one_answer_and_the_trail_its_reason(world: World) -> None:
    good = world.grant.refresh_token
    elsewhere = await a_connector(world.store, world.tenant)
    dead = await a_grant(world.store, elsewhere, world.user, lifetime=1)
    bad_tokens = ["garbage", good[:-1], good[:-3] + "000", "x" * 15_000, world.connector.secret, dead.refresh_token]
    answers = [await world.post(world.tenant.id, {**world.refresh_form, "refresh_token": bad}) for bad in bad_tokens]
    assert {answer.status_code for answer in answers} == {400}
    assert len({_without_ids(answer.json()) for answer in answers}) == 1
    bad_clients: list[dict[str, str]] = [
        {"client_secret": "garbage"},
        {"client_secret": elsewhere.secret},
        {"client_id": elsewhere.id},
        {"client_id": UNKNOWN_TENANT},
        {"client_id": "not a guid"},
        {"client_secret": good},
    ]
    answers = [await world.post(world.tenant.id, {**world.refresh_form, **bad}) for bad in bad_clients]
    assert {answer.status_code for answer in answers} == {401}
    assert len({_without_ids(answer.json()) for answer in answers}) == 1
    assert len(await world.reasons(world.tenant)) >= 3


def _without_ids(body: dict[str, object]) -> str:
    assert set(body) == {"error", "error_description", "error_codes", "timestamp", "trace_id", "correlation_id"}
    text = str(body["error_description"]).split(" Trace ID:")[0]
    return json.dumps([body["error"], text, body["error_codes"], body["timestamp"]])


async def test_whatever_a_token_stands_on_it_falls_with_it(world: World) -> None:
    app_only = {**world.refresh_form, "grant_type": "client_credentials"}
    async with world.store.write() as tx:
        await deactivate_connector(tx, OPERATOR, world.tenant.id, world.connector.id, world.clock())
    assert (await world.post(world.tenant.id, world.refresh_form)).status_code == 200
    assert (await world.post(world.tenant.id, app_only)).status_code == 401
    async with world.store.write() as tx:
        await delete_connector(tx, OPERATOR, world.tenant.id, world.connector.id, world.clock())
    assert (await world.post(world.tenant.id, world.refresh_form)).json()["error"] == "invalid_client"


async def test_of_a_deleted_tenant_nothing_is_exchanged(world: World) -> None:
    async with world.store.write() as tx:
        await delete_tenant(tx, OPERATOR, world.tenant.id, world.clock())
    assert (await world.post(world.tenant.id, world.refresh_form)).status_code in (400, 401)
    app_only = {**world.refresh_form, "grant_type": "client_credentials"}
    assert (await world.post("common", app_only)).json()["error"] == "invalid_client"
    unknown = await world.post(world.tenant.domain, world.refresh_form)
    assert (unknown.status_code, unknown.json()["error_codes"]) == (400, [90002])


async def test_other_grant_types_are_refused_as_aad_does(world: World) -> None:
    for grant_type in ["password", "urn:ietf:params:oauth:grant-type:device_code", "x" * 500, "\u00fc"]:
        form = {**world.refresh_form, "grant_type": grant_type, "username": "ada", "password": "secret-of-ada"}
        answer = await world.post(world.tenant.id, form)
        assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")
        assert answer.json()["error_codes"] == [70003]
        assert "secret-of-ada" not in answer.text


async def test_what_is_missing_is_named(world: World) -> None:
    for missing in ["grant_type", "client_id", "refresh_token"]:
        for form in (
            {name: value for name, value in world.refresh_form.items() if name != missing},
            {**world.refresh_form, missing: ""},
        ):
            answer = await world.post(world.tenant.id, form)
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
            assert missing in answer.json()["error_description"]


async def test_a_body_that_is_no_form_is_refused_in_aads_form(world: World) -> None:
    for body, status in [
        (b"", 400),
        (b"{}", 400),
        (b"\xff\xfe", 400),
        (b"grant_type=%ff", 400),
        (b"grant_type=refresh_token&grant_type=refresh_token", 400),
        (b"grant_type=refresh_token&client_id=a%00b", 400),
        (b"&".join(b"a%d=1" % number for number in range(60)), 400),
        (b"a=" + b"x" * 5_000_000, 413),
        (b"a=" + b"%41" * 10_000, 413),
        (b"[" * 200 + b"]" * 200, 400),
    ]:
        answer = await world.client.post(f"/{world.tenant.id}/oauth2/token", content=body)
        assert (answer.status_code, answer.json()["error"]) == (status, "invalid_request")
        assert answer.json()["error_codes"] == [90100]
        assert answer.headers["cache-control"] == "no-store"


async def test_the_error_carries_the_id_the_client_sent(world: World) -> None:
    answer = await world.post(world.tenant.id, {}, headers={"x-correlation-id": "abc-123"})
    body = answer.json()
    assert body["correlation_id"] == "abc-123"
    assert answer.headers["x-ms-request-id"] == "abc-123"
    assert "Correlation ID: abc-123 Timestamp: 2026-01-01T12:00:00Z" in body["error_description"]
    assert body["timestamp"] == "2026-01-01 12:00:00Z"


async def test_who_fails_too_often_waits_and_others_do_not(limited_world: World) -> None:
    world = limited_world
    wrong = {**world.refresh_form, "refresh_token": "garbage"}
    for _ in range(3):
        assert (await world.post(world.tenant.id, wrong)).status_code == 400
    for form in (wrong, world.refresh_form):
        answer = await world.post(world.tenant.id, form)
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) >= 1
    other = await a_connector(world.store, world.tenant)
    user = await a_user(world.store, world.tenant)
    grant = await a_grant(world.store, other, user)
    form = {"client_id": other.id, "client_secret": other.secret, "refresh_token": grant.refresh_token}
    assert (await world.post(world.tenant.id, {**world.refresh_form, **form})).status_code == 200
    world.clock.advance(60_000_000)
    assert (await world.post(world.tenant.id, world.refresh_form)).status_code == 200


async def test_an_address_that_fails_too_often_waits_whatever_client_it_names(store: Store) -> None:
    world = await a_world(store, rate_limits="on", refusals_per_address_per_minute=3)
    for number in range(3):
        wrong = {**world.refresh_form, "client_id": new_guid(), "refresh_token": str(number)}
        assert (await world.post(world.tenant.id, wrong)).status_code in (400, 401)
    assert (await world.post(world.tenant.id, world.refresh_form)).status_code == 429
    world.clock.advance(MINUTE)
    assert (await world.post(world.tenant.id, world.refresh_form)).status_code == 200
    await world.client.aclose()
    await world.app.close()


async def test_each_issued_token_is_in_the_trail(world: World) -> None:
    body = (await world.post(world.tenant.id, world.refresh_form)).json()
    claims = await claims_of(world, body["access_token"])
    async with world.store.read() as read:
        trail = await audit_events.list_latest(read, world.tenant.id, 100)
    [issued] = [event for event in trail if event.type == "access_token.issued"]
    assert str(claims["jti"]) in issued.data
    assert not any(secret in event.data for event in trail for secret in (body["access_token"], body["refresh_token"]))


async def test_another_method_is_told_which_one_to_use(world: World) -> None:
    answer = await world.client.get(f"/{world.tenant.id}/oauth2/token")
    assert (answer.status_code, answer.headers["allow"]) == (405, "OPTIONS, POST")
    assert (await world.client.post("/.well-known/jwks.json")).status_code == 405
    assert (await world.client.get("/token")).headers["allow"] == "OPTIONS, POST"
    assert (await world.client.get(f"/{world.tenant.id}/oauth2/nothing")).status_code == 404


async def test_two_instances_of_an_application_sign_in_and_both_stay_signed_in(world: World) -> None:
    first, second = await code_answer(world), await code_answer(world)
    assert first["refresh_token"] != second["refresh_token"]
    for answer in (first, second):
        form = {**world.refresh_form, "refresh_token": answer["refresh_token"]}
        assert (await world.post(world.tenant.id, form)).status_code == 200
    assert (await world.post(world.tenant.id, world.refresh_form)).status_code == 200


async def code_answer(world: World) -> dict[str, str]:
    """What an application gets for a code of the world's user."""
    async with world.store.write() as tx:
        code = await issue_code(
            tx,
            HASHER,
            as_user(world.user),
            tenant_id=world.tenant.id,
            terms=CodeTerms(
                connector_id=world.connector.id, redirect_uri=REDIRECT_URI, permissions=[Permission.PARTNER_CENTER]
            ),
            user_id=world.user.id,
            amr=["pwd", "mfa"],
            lifetime=5 * MINUTE,
            now=world.clock(),
        )
    form = {**world.refresh_form, "grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI}
    answer = await world.post(world.tenant.id, form)
    assert answer.status_code == 200, answer.text
    body: dict[str, str] = answer.json()
    return body
