"""POST /partnercenter/v1/customers/{customer-tenant-id}/users, as the vendor's page has it."""

from __future__ import annotations

import asyncio
import base64
import re
from typing import Any

import pytest

from tenantry.access.actions import Permission, RoleId
from tenantry.core.caller import Audience
from tenantry.core.clock import DAY, HOUR
from tenantry.core.ids import TenantId, UserId, new_guid, parse_guid
from tenantry.directory.tenants import add_domain
from tenantry.directory.users import delete_user
from tenantry.store.sign_in import passwords
from tenantry.store.trail import audit_events
from tenantry.store.users import user_lists
from tests.support.builders import OPERATOR, a_connector, a_relationship, a_tenant, a_user
from tests.support.clock import NOON, FakeClock
from tests.support.partner_center import Stage, a_body, a_stage, a_token


async def _names(stage: Stage) -> list[str]:
    async with stage.store.read() as read:
        found = await user_lists.list_members(
            read, stage.customer.id, user_lists.Order.NAME, deleted_after=None, after=None, limit=100
        )
    return [user.user_principal_name for user in found]


async def test_the_answer_is_that_of_the_page(stage: Stage) -> None:
    body = a_body(stage.customer, "ann")
    request_id, correlation_id = "b1317092-f087-471e-a637-f66523b2b94c", "aaaa0000-bb11-2222-33cc-444444dddddd"
    headers = {"MS-RequestId": request_id, "MS-CorrelationId": correlation_id, "Accept": "application/json"}
    answer = await stage.call("POST", stage.users, json=body, headers=headers)
    shown = answer.json()
    assert answer.status_code == 200
    assert parse_guid(shown["id"]) == shown["id"]
    assert list(shown.items()) == [
        ("usageLocation", "US"),
        ("id", shown["id"]),
        ("userPrincipalName", f"ann@{stage.customer.domain}"),
        ("firstName", "First"),
        ("lastName", "Last"),
        ("displayName", "Ann"),
        ("immutableId", "Some unique ID"),
        ("passwordProfile", {"forceChangePassword": True, "password": "teRN58*q"}),
        ("lastDirectorySyncTime", None),
        ("userDomainType", "none"),
        ("state", "active"),
        ("softDeletionTime", None),
        ("attributes", {"objectType": "CustomerUser"}),
    ]
    assert answer.headers["MS-RequestId"] == request_id
    assert answer.headers["MS-CorrelationId"] == correlation_id
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert re.fullmatch(r"[A-Za-z0-9+/]{16}\.0", answer.headers["MS-CV"])
    assert answer.headers["MS-ServerId"].isdigit()


async def test_the_password_signs_in_and_is_nowhere_in_clear(stage: Stage) -> None:
    shown = await stage.create("ann")
    async with stage.store.read() as read:
        credential = await passwords.find_credential(read, stage.customer.id, UserId(shown["id"]))
        trail = await audit_events.list_after(read, stage.customer.id, "", 100)
    assert credential is not None
    assert credential.must_change == 1
    assert await stage.app.deps.passwords.verify(credential.password_hash, "teRN58*q")
    assert "teRN58*q" not in str(trail)
    created = next(event for event in trail if event.type == "user.created")
    assert created.partner_tenant_id == stage.partner.id
    assert created.actor == f"user:{stage.user.id}"


async def test_no_later_answer_shows_a_password(stage: Stage) -> None:
    shown = await stage.create("ann")
    for answer in (
        await stage.call("GET", stage.users),
        await stage.call("GET", f"{stage.users}/{shown['id']}"),
        await stage.call("PATCH", f"{stage.users}/{shown['id']}", json={"displayName": "Else"}),
        await stage.call("PATCH", f"{stage.users}/{shown['id']}", json={"passwordProfile": {"password": "wuLF74+z"}}),
    ):
        assert answer.status_code == 200
        assert "teRN58*q" not in answer.text
        assert "wuLF74+z" not in answer.text


@pytest.mark.parametrize("profile", [None, {}, {"password": None, "forceChangePassword": False}, {"password": {}}])
async def test_a_missing_password_is_generated_and_shown_once(stage: Stage, profile: Any) -> None:
    body = a_body(stage.customer, "ann", passwordProfile=profile)
    headers = {"MS-RequestId": new_guid()}
    answer = await stage.call("POST", stage.users, json=body, headers=headers)
    shown = answer.json()
    password = shown["passwordProfile"]["password"]
    async with stage.store.read() as read:
        credential = await passwords.find_credential(read, stage.customer.id, UserId(shown["id"]))
    assert credential is not None
    assert await stage.app.deps.passwords.verify(credential.password_hash, password)
    again = await stage.call("POST", stage.users, json=body, headers=headers)
    assert again.json()["id"] == shown["id"]
    assert password not in again.text


@pytest.mark.parametrize(
    "path",
    [
        "/partnercenter/v1/customers/{}/users/",
        "/partnercenter/v1.0/customers/{}/users",
        "/partnercenter/v1//customers/{}/users",
        "//partnercenter/V1//Customers/{}//USERS//",
        "/partnercenter/v1/customers/%20{}%20/users",
    ],
)
async def test_every_spelling_of_the_path_leads_there(stage: Stage, path: str) -> None:
    url = f"http://tenantry.test{path.format(stage.customer.id.upper())}"
    answer = await stage.call("POST", url, json=a_body(stage.customer, "ann"))
    assert answer.json()["userPrincipalName"] == f"ann@{stage.customer.domain}"


async def test_keys_come_in_any_letter_case_and_of_two_the_last_counts(stage: Stage) -> None:
    raw = f"""{{
        "UserPrincipalName": "ann@{stage.customer.domain}", "DisplayName": "First", "displayName": "Last",
        "USAGELOCATION": "de", "unknown": {{"deep": [1]}}, "Id": "ignored", "SoftDeletionTime": null,
        "PasswordProfile": {{"ForceChangePassword": true, "forceChangePassword": false,
                             "Password": "wrong", "password": "teRN58*q"}},
        "State": "active", "UserDomainType": "none", "LastDirectorySyncTime": null, "FirstName": null,
        "Attributes": {{"ObjectType": "CustomerUser"}}}}"""
    shown = (await stage.call("POST", stage.users, content=raw)).json()
    assert shown["displayName"] == "Last"
    assert shown["usageLocation"] == "DE"
    assert shown["firstName"] is None
    assert shown["passwordProfile"] == {"forceChangePassword": False, "password": "teRN58*q"}


async def test_the_unquoted_keys_of_the_page_are_taken(stage: Stage) -> None:
    raw = f"""{{
        "usageLocation": "US", "userPrincipalName": "ann@{stage.customer.domain}", "displayName": "User name",
        "passwordProfile":{{ password: "teRN58*q", forceChangePassword: true }},
        "attributes": {{ "objectType": "CustomerUser" }} }}"""
    shown = (await stage.call("POST", stage.users, content=raw)).json()
    assert shown["passwordProfile"] == {"forceChangePassword": True, "password": "teRN58*q"}


async def test_the_same_request_again_gets_the_same_answer_and_no_second_user(stage: Stage) -> None:
    body, headers = a_body(stage.customer, "ann"), {"MS-RequestId": new_guid()}
    first = await stage.call("POST", stage.users, json=body, headers=headers)
    other_spelling = {key.title(): value for key, value in body.items() if key == "displayName"}
    second = await stage.call("POST", stage.users + "/", json={**body, **other_spelling}, headers=headers)
    assert second.status_code == 200
    assert second.headers["MS-RequestId"] == headers["MS-RequestId"]
    assert await _names(stage) == [f"ann@{stage.customer.domain}"]
    third = await stage.call("POST", stage.users, json=body, headers={"MS-RequestId": headers["MS-RequestId"].upper()})
    assert third.json() == first.json()


async def test_the_stored_answer_holds_no_password(stage: Stage) -> None:
    await stage.call("POST", stage.users, json=a_body(stage.customer, "ann"), headers={"MS-RequestId": new_guid()})
    async with stage.store.read() as read:
        stored = await read.all(str, "SELECT response FROM idempotency_keys")
    assert len(stored) == 1
    assert "teRN58*q" not in stored[0]
    assert base64.b64encode(b"teRN58*q").decode() not in stored[0]


async def test_another_body_under_the_same_id_is_another_request(stage: Stage) -> None:
    headers = {"MS-RequestId": new_guid()}
    for name in ("ann", "bob", "ann"):
        answer = await stage.call("POST", stage.users, json=a_body(stage.customer, name), headers=headers)
        assert answer.status_code == 200
    changed = a_body(stage.customer, "ann", passwordProfile={"password": "wuLF74+z"})
    assert (await stage.call("POST", stage.users, json=changed, headers=headers)).status_code == 409
    assert len(await _names(stage)) == 2


async def test_another_caller_with_the_same_id_is_another_request(stage: Stage) -> None:
    body, headers = a_body(stage.customer, "ann"), {"MS-RequestId": new_guid()}
    colleague = await a_user(stage.store, stage.partner, roles=[RoleId.USER_ADMINISTRATOR])
    token = await a_token(stage.app, stage.store, stage.connector, colleague)
    assert (await stage.call("POST", stage.users, json=body, headers=headers)).status_code == 200
    assert (await stage.call("POST", stage.users, json=body, headers=headers, token=token)).status_code == 409


async def test_a_refusal_is_repeated_too_for_a_day(stage: Stage) -> None:
    taken = await stage.create("ann")
    body, headers = a_body(stage.customer, "ann"), {"MS-RequestId": new_guid()}
    first = await stage.call("POST", stage.users, json=body, headers=headers)
    async with stage.store.write() as tx:
        await delete_user(tx, OPERATOR, stage.customer.id, UserId(taken["id"]), NOON)
    second = await stage.call("POST", stage.users, json=body, headers=headers)
    assert (first.status_code, second.status_code) == (409, 409)
    assert second.json() == first.json()
    clock = stage.app.deps.clock
    assert isinstance(clock, FakeClock)
    clock.advance(DAY)
    token = await a_token(stage.app, stage.store, stage.connector, stage.user)
    assert (await stage.call("POST", stage.users, json=body, headers=headers, token=token)).status_code == 200


async def test_a_stored_answer_is_not_for_one_who_may_no_longer(stage: Stage) -> None:
    body, headers = a_body(stage.customer, "ann"), {"MS-RequestId": new_guid()}
    await stage.call("POST", stage.users, json=body, headers=headers)
    async with stage.store.write() as tx:
        await tx.run(
            "UPDATE delegated_relationships SET status = 'terminated' WHERE tenant_id = :t", t=stage.customer.id
        )
    assert (await stage.call("POST", stage.users, json=body, headers=headers)).status_code == 403


async def test_sixteen_twins_make_one_user_and_all_get_its_answer(stage: Stage) -> None:
    body, headers = a_body(stage.customer, "ann"), {"MS-RequestId": new_guid()}
    answers = await asyncio.gather(*(stage.call("POST", stage.users, json=body, headers=headers) for _ in range(16)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert len(await _names(stage)) == 1


async def test_sixteen_requests_of_their_own_make_one_user_and_fifteen_conflicts(stage: Stage) -> None:
    body = a_body(stage.customer, "ann")
    answers = await asyncio.gather(*(stage.call("POST", stage.users, json=body) for _ in range(16)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 15


async def test_expired_answers_are_swept_away(stage: Stage) -> None:
    body = a_body(stage.customer, "ann")
    for _ in range(40):
        await stage.call("POST", stage.users, json=body, headers={"MS-RequestId": new_guid()})
    clock = stage.app.deps.clock
    assert isinstance(clock, FakeClock)
    clock.advance(2 * DAY)
    token = await a_token(stage.app, stage.store, stage.connector, stage.user)
    async with stage.store.read() as read:
        for number in range(200):
            if number % 20 == 0:
                left = await read.all(int, "SELECT expires_at FROM idempotency_keys ORDER BY expires_at")
                if left[0] > clock():
                    return
            named = a_body(stage.customer, f"user{number}", passwordProfile=None)
            await stage.call("POST", stage.users, json=named, headers={"MS-RequestId": new_guid()}, token=token)
    pytest.fail("no request of 200 swept")


@pytest.mark.parametrize("audience", [Audience.PARTNER_CENTER, Audience.DIRECTORY_GRAPH])
async def test_an_application_alone_is_refused(stage: Stage, audience: Audience) -> None:
    token = await a_token(stage.app, stage.store, stage.connector, None, audience=audience)
    answer = await stage.call("POST", stage.users, json=a_body(stage.customer, "ann"), token=token)
    assert (answer.status_code, answer.json()["code"]) == (403, 2032)


async def test_a_users_token_for_the_directory_graph_opens_nothing_here(stage: Stage) -> None:
    token = await a_token(stage.app, stage.store, stage.connector, stage.user, audience=Audience.DIRECTORY_GRAPH)
    answer = await stage.call("POST", stage.users, json=a_body(stage.customer, "ann"), token=token)
    assert (answer.status_code, answer.json()["code"]) == (401, 400)
    assert await _names(stage) == []


async def test_a_user_without_a_second_factor_is_refused(stage: Stage) -> None:
    token = await a_token(stage.app, stage.store, stage.connector, stage.user, amr=("pwd",))
    answer = await stage.call("POST", stage.users, json=a_body(stage.customer, "ann"), token=token)
    assert answer.status_code == 401
    assert answer.json()["message"] == "Authentication failed. MFA required. (10001)"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    assert await _names(stage) == []


async def test_a_missing_role_is_refused_and_noted(stage: Stage) -> None:
    other = await a_stage(stage.store, roles=[RoleId.DIRECTORY_READERS])
    answer = await other.call("POST", other.users, json=a_body(other.customer, "ann"))
    assert (answer.status_code, answer.json()["code"]) == (403, 900150)
    async with stage.store.read() as read:
        trail = await audit_events.list_latest(read, other.partner.id, 100)
    denied = next(event for event in trail if event.type == "access.denied")
    assert "role_missing" in denied.data
    assert denied.correlation_id == answer.headers["MS-CorrelationId"]
    await other.client.aclose()


async def test_a_partners_user_without_a_role_at_home_has_none_at_the_customer(stage: Stage) -> None:
    token = await a_token(stage.app, stage.store, stage.connector, await a_user(stage.store, stage.partner))
    answer = await stage.call("POST", stage.users, token=token, json=a_body(stage.customer, "ann"))
    assert (answer.status_code, answer.json()["code"]) == (403, 900150)


async def test_a_relationship_that_is_not_approved_gives_nothing(stage: Stage) -> None:
    customer = await a_tenant(stage.store)
    await a_relationship(stage.store, stage.partner, customer, approved=False)
    answer = await stage.call("POST", f"/partnercenter/v1/customers/{customer.id}/users", json=a_body(customer, "ann"))
    assert (answer.status_code, answer.json()["code"]) == (403, 900150)


async def test_an_unknown_customer_and_somebody_elses_look_alike(stage: Stage) -> None:
    unrelated = await a_tenant(stage.store)
    answers = []
    for tenant_id in (unrelated.id, TenantId(new_guid())):
        url = f"/partnercenter/v1/customers/{tenant_id}/users"
        answer = await stage.call("POST", url, json=a_body(unrelated, "ann"), headers={"MS-CorrelationId": "c"})
        answers.append((answer.status_code, answer.text))
    assert answers[0] == answers[1]
    assert answers[0][0] == 404
    assert '"code":60003' in answers[0][1]


async def test_bad_tokens_get_one_answer(stage: Stage) -> None:
    body = a_body(stage.customer, "ann")
    wrong_audience = await a_token(stage.app, stage.store, stage.connector, stage.user, audience=Audience.KAIZALA)
    good = await a_token(stage.app, stage.store, stage.connector, stage.user)
    texts = set()
    for token in ("garbage", good[:-4], good + "A", wrong_audience, "a.b.c"):
        answer = await stage.call("POST", stage.users, json=body, token=token)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
        texts.add(answer.text)
    assert len(texts) == 1
    assert '"code":400' in texts.pop()
    nothing = await stage.client.post(stage.users, json=body)
    assert (nothing.status_code, nothing.json()["code"]) == (401, 800001)
    assert nothing.headers["MS-RequestId"]


async def test_a_connector_without_the_permission_is_refused(stage: Stage) -> None:
    connector = await a_connector(stage.store, stage.partner, permissions=[Permission.GROUP_MEMBERS])
    token = await a_token(stage.app, stage.store, connector, stage.user, permissions=[Permission.GROUP_MEMBERS])
    answer = await stage.call("POST", stage.users, json=a_body(stage.customer, "ann"), token=token)
    assert (answer.status_code, answer.json()["code"]) == (403, 2032)


@pytest.mark.parametrize(
    ("change", "status", "code", "name"),
    [
        ({"userPrincipalName": None}, 400, 3000, "userPrincipalName"),
        ({"userPrincipalName": "x@nobody.example"}, 400, 3000, "userPrincipalName"),
        ({"userPrincipalName": "x"}, 400, 3000, "userPrincipalName"),
        ({"userPrincipalName": ["x"]}, 400, 3000, "userPrincipalName"),
        ({"userPrincipalName": "x" * 2000}, 400, 3000, "userPrincipalName"),
        ({"displayName": ""}, 400, 3000, "displayName"),
        ({"displayName": 7}, 400, 3000, "displayName"),
        ({"displayName": "nul\0"}, 400, 3000, "displayName"),
        ({"firstName": "x" * 65}, 400, 3000, "firstName"),
        ({"lastName": {"a": 1}}, 400, 3000, "lastName"),
        ({"usageLocation": "XX"}, 400, 3000, "usageLocation"),
        ({"usageLocation": "country/region code"}, 400, 3000, "usageLocation"),
        ({"immutableId": True}, 400, 3000, "immutableId"),
        ({"passwordProfile": "teRN58*q"}, 400, 3000, "passwordProfile"),
        ({"passwordProfile": {"password": "weak"}}, 400, 3000, "passwordProfile.password"),
        ({"passwordProfile": {"password": ""}}, 400, 3000, "passwordProfile.password"),
        ({"passwordProfile": {"password": 12345678}}, 400, 3000, "passwordProfile.password"),
        (
            {"passwordProfile": {"password": "teRN58*q", "forceChangePassword": "perhaps"}},
            400,
            3000,
            "passwordProfile.forceChangePassword",
        ),
        ({"state": "inactive"}, 400, 900126, "state"),
        ({"state": "gone"}, 400, 900126, "state"),
    ],
)
async def test_bad_values_are_named_with_their_remedy(
    stage: Stage, change: dict[str, Any], status: int, code: int, name: str
) -> None:
    answer = await stage.call("POST", stage.users, json=a_body(stage.customer, "ann", **change))
    shown = answer.json()
    assert (answer.status_code, shown["code"], shown["data"]) == (status, code, [name])
    assert shown["description"].startswith(name)
    assert set(shown) == {"code", "description", "data", "source"}
    assert await _names(stage) == []


async def test_a_federated_domain_is_refused(stage: Stage) -> None:
    async with stage.store.write() as tx:
        await add_domain(tx, OPERATOR, tenant_id=stage.customer.id, name="sso.example", is_federated=True, now=NOON)
    body = a_body(stage.customer, "ann", userPrincipalName="ann@sso.example")
    answer = await stage.call("POST", stage.users, json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, 3000)


async def test_a_taken_name_is_a_conflict_that_names_it(stage: Stage) -> None:
    await stage.create("ann")
    answer = await stage.call("POST", stage.users, json=a_body(stage.customer, "ANN"))
    assert (answer.status_code, answer.json()["code"]) == (409, 3000)
    assert answer.json()["data"] == [f"ANN@{stage.customer.domain}"]


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"", 400),
        (b"not json", 400),
        (b"[]", 400),
        (b'"text"', 400),
        (b"null", 400),
        (b"\xff\xfe", 400),
        (b'{"a":' * 200 + b"1" + b"}" * 200, 400),
        (b"[" * 200_000, 400),
        (b'{"displayName": "\\ud800"}', 400),
        (b'{"displayName": NaN}', 400),
        (b" " * 5_000_000, 413),
        (b'{"displayName":"' + b"x" * 5_000_000 + b'"}', 413),
    ],
)
async def test_bad_bodies_get_the_surfaces_own_error(stage: Stage, raw: bytes, status: int) -> None:
    answer = await stage.call("POST", stage.users, content=raw)
    assert answer.status_code == status
    assert set(answer.json()) == {"code", "description", "data", "source"}
    assert isinstance(answer.json()["code"], int)
    assert len(answer.json()["data"]) == 1


async def test_an_id_that_is_no_guid_is_malformed(stage: Stage) -> None:
    answer = await stage.call("POST", "/partnercenter/v1/customers/me/users", json={})
    assert (answer.status_code, answer.json()["code"]) == (400, 2000)


@pytest.mark.parametrize("sent", [{}, {"MS-RequestId": "x y;z", "MS-CorrelationId": "<script>"}])
async def test_ids_that_are_missing_or_unfit_are_made_anew(stage: Stage, sent: dict[str, str]) -> None:
    answer = await stage.call("GET", stage.users, headers=sent)
    assert parse_guid(answer.headers["MS-RequestId"])
    assert parse_guid(answer.headers["MS-CorrelationId"])


async def test_an_expired_token_is_refused(stage: Stage) -> None:
    clock = stage.app.deps.clock
    assert isinstance(clock, FakeClock)
    clock.advance(2 * HOUR)
    assert (await stage.call("GET", stage.users)).status_code == 401
