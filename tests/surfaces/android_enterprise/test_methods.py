"""The methods over HTTP: what they answer, to whom, and what they say to bad input."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tenantry.access.actions import Permission
from tenantry.core.caller import Audience
from tenantry.core.clock import MINUTE
from tenantry.core.errors import all_kinds
from tenantry.devices import devices
from tenantry.surfaces.android_enterprise import errors
from tenantry.tokens import base64url
from tests.support.builders import (
    a_managed_account,
    a_tenant,
    an_android_id,
    an_enterprise,
    device_count,
)
from tests.support.trail import types_of
from tests.surfaces.android_enterprise.conftest import Emm

POLICY = {
    "policyId": "p1",
    "productAvailabilityPolicy": "whitelist",
    "maintenanceWindow": {"startTimeAfterMidnightMs": "3600000", "durationMs": "7200000"},
    "productPolicy": [
        {
            "productId": "app:com.example",
            "autoInstallPolicy": {"autoInstallMode": "forceAutoInstall", "minimumVersionCode": 7},
            "managedConfiguration": {"managedProperty": [{"key": "k", "valueString": "v"}]},
        }
    ],
}


def reason(answer: Any) -> tuple[int, str]:
    error = answer.json()["error"]
    assert error["code"] == answer.status_code
    assert set(error) == {"code", "message", "errors", "status"}
    return answer.status_code, error["errors"][0]["reason"]


def test_every_error_has_a_line() -> None:
    assert set(errors.TABLE) == set(all_kinds())


async def test_a_token_is_answered_with_its_kind_and_kept_from_caches(emm: Emm) -> None:
    answer = await emm.call("POST", f"{emm.user}/authenticationToken", headers={"content-length": "0"})
    assert answer.status_code == 200
    assert set(answer.json()) == {"kind", "token"}
    assert answer.json()["kind"] == "androidenterprise#authenticationToken"
    assert answer.headers["cache-control"] == "no-store"
    assert "device_token.issued" in await types_of(emm.store, emm.enterprise.tenant_id)
    chosen = await emm.call("POST", f"{emm.user}/authenticationToken", params={"fields": "token"})
    assert set(chosen.json()) == {"token"}


async def test_an_emm_finds_its_enterprise_by_a_domain_of_the_customer_and_nobody_elses(emm: Emm) -> None:
    customer, another = await a_tenant(emm.store), await a_tenant(emm.store)
    enterprise, _ = await an_enterprise(emm.store, customer), await an_enterprise(emm.store, another)
    for domain, found in [(customer.domain.upper(), [enterprise.id]), (another.domain, []), ("none.example", [])]:
        path = f"/androidenterprise/v1/enterprises?domain={domain}"
        answer = await emm.call("GET", path, emm.token(enterprise))
        assert [each["id"] for each in answer.json().get("enterprise", [])] == found
        assert (await emm.call("GET", path)).json() == {"kind": "androidenterprise#enterprisesListResponse"}
        refused = await emm.call("GET", path, emm.token(enterprise, scope=Permission.REACTIONS))
        assert reason(refused) == (403, "forbidden")


async def test_a_full_user_gets_no_token_and_the_client_will_not_retry(emm: Emm) -> None:
    for number in range(10):
        assert (await emm.provision(an_android_id(number))).status_code == 200
    refused = await emm.call("POST", f"{emm.user}/authenticationToken")
    assert reason(refused) == (403, "deviceLimitExceeded")
    assert refused.json()["error"]["status"] == "FAILED_PRECONDITION"


async def test_google_managed_users_are_read_and_never_changed(emm: Emm) -> None:
    google_managed = f"{emm.root}/users/{emm.google_managed_id}"
    assert (await emm.call("GET", google_managed)).json()["primaryEmail"] == "ann@customer.example.com"
    for method, path, body in (
        ("POST", f"{google_managed}/authenticationToken", None),
        ("PUT", google_managed, {"displayName": "x"}),
        ("DELETE", f"{google_managed}/deviceAccess", None),
        ("DELETE", google_managed, None),
    ):
        refused = await emm.call(method, path, json=body)
        assert reason(refused) == (400, "invalid"), path
        assert refused.json()["error"]["status"] == "FAILED_PRECONDITION"
    found = await emm.call("GET", f"{emm.root}/users", params={"email": "ANN@customer.example.com"})
    assert [user["id"] for user in found.json()["user"]] == [emm.google_managed_id]


async def test_an_identifier_belongs_to_one_user_and_keeps_its_account_type(emm: Emm) -> None:
    body = {"accountIdentifier": "Asset#1", "accountType": "deviceAccount"}
    first = (await emm.call("POST", f"{emm.root}/users", json=body)).json()
    assert first["id"].isdecimal()
    assert len(first["id"]) <= 19
    again = (await emm.call("POST", f"{emm.root}/users", json={**body, "displayName": "One"})).json()
    assert (again["id"], again["displayName"]) == (first["id"], "One")
    kept = (await emm.call("POST", f"{emm.root}/users", json=body)).json()
    assert kept["displayName"] == "One"
    other_case = (await emm.call("POST", f"{emm.root}/users", json={**body, "accountIdentifier": "asset#1"})).json()
    assert other_case["id"] != first["id"]
    clash = await emm.call("POST", f"{emm.root}/users", json={**body, "accountType": "userAccount"})
    assert reason(clash) == (409, "conflict")


async def test_an_update_changes_the_display_name_and_refuses_other_changes(emm: Emm) -> None:
    present = (await emm.call("GET", emm.user)).json()
    updated = await emm.call("PUT", emm.user, json={**present, "displayName": "New"})
    assert updated.json() == {**present, "displayName": "New"}
    for field, value in (
        ("accountIdentifier", "other"),
        ("accountType", "deviceAccount"),
        ("managementType", "googleManaged"),
        ("primaryEmail", "x@example.com"),
        ("id", "7"),
    ):
        refused = await emm.call("PUT", emm.user, json={"displayName": "x", field: value})
        assert reason(refused) == (400, "invalid")
        assert refused.json()["error"]["errors"][0]["location"] == field
    assert (await emm.call("GET", emm.user)).json()["displayName"] == "New"


async def test_a_policy_has_a_size_that_is_said(emm: Emm) -> None:
    products = [{"productId": f"app:com.example.app{number:04}", "trackIds": ["x" * 40]} for number in range(900)]
    refused = await emm.call("PUT", f"{emm.user}/devices/00aa", json={"policy": {"productPolicy": products}})
    assert refused.status_code == 400
    assert refused.json()["error"]["errors"][0]["location"] == "policy"
    assert "64 KiB" in refused.json()["error"]["message"]
    fits = {"policy": {"productPolicy": products[:400]}}
    assert (await emm.call("PUT", f"{emm.user}/devices/00aa", json=fits)).status_code == 200


async def test_policies_for_devices_that_never_come_are_bounded(emm: Emm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "MAX_WAITING", 3)
    await emm.provision("00dd")
    for number in range(3):
        assert (await emm.call("PUT", f"{emm.user}/devices/00a{number}", json={"policy": POLICY})).status_code == 200
    refused = await emm.call("PUT", f"{emm.user}/devices/00a3", json={"policy": POLICY})
    assert refused.status_code == 400
    assert "never been there" in refused.json()["error"]["message"]
    for known in ("00a0", "00dd"):
        assert (await emm.call("PUT", f"{emm.user}/devices/{known}", json={"policy": POLICY})).status_code == 200


async def test_a_policy_waits_for_its_device_and_a_mask_changes_one_field(emm: Emm) -> None:
    device = f"{emm.user}/devices/00aa"
    early = await emm.call("PUT", device, json={"policy": POLICY})
    assert early.json() == {"kind": "androidenterprise#device", "androidId": "00aa", "policy": POLICY}
    assert reason(await emm.call("GET", device)) == (404, "notFound")
    assert (await emm.call("GET", f"{emm.user}/devices")).json() == {"kind": "androidenterprise#devicesListResponse"}

    assert (await emm.provision("00AA", managementType="managedProfile")).status_code == 200
    live = (await emm.call("GET", device)).json()
    assert (live["managementType"], live["policy"]) == ("managedProfile", POLICY)

    masked = {"policy": {"policyId": "p2", "productAvailabilityPolicy": "all"}}
    changed = await emm.call(
        "PUT", device, json=masked, params={"updateMask": "policy.policyId,policy.maintenanceWindow"}
    )
    expected = {name: value for name, value in POLICY.items() if name != "maintenanceWindow"} | {"policyId": "p2"}
    assert changed.json()["policy"] == expected
    assert (await emm.call("PUT", device, json={"androidId": "00aa"})).json()["policy"] == expected
    assert reason(await emm.call("PUT", device, json=masked, params={"updateMask": "model"})) == (400, "invalid")
    assert reason(await emm.call("PUT", device, json={"androidId": "00bb"})) == (400, "invalid")
    assert reason(await emm.call("PUT", f"{emm.user}/devices/-xyz", json=masked)) == (400, "invalid")


async def test_the_state_is_kept_for_live_devices_only(emm: Emm) -> None:
    state = f"{emm.user}/devices/00aa/state"
    assert reason(await emm.call("PUT", state, json={"accountState": "enabled"})) == (404, "notFound")
    await emm.provision()
    assert (await emm.call("GET", state)).json() == {
        "kind": "androidenterprise#deviceState",
        "accountState": "disabled",
    }
    assert (await emm.call("PUT", state, json={"accountState": "enabled"})).json()["accountState"] == "enabled"
    assert (await emm.call("GET", state)).json()["accountState"] == "enabled"


async def test_a_report_can_be_asked_for_three_times_a_day(emm: Emm) -> None:
    await emm.provision()
    upload = f"{emm.user}/devices/00aa/forceReportUpload"
    assert [(await emm.call("POST", upload)).status_code for _ in range(3)] == [204, 204, 204]
    refused = await emm.call("POST", upload)
    assert reason(refused) == (429, "rateLimitExceeded")
    assert int(refused.headers["retry-after"]) > 0
    emm.clock.advance(24 * 60 * MINUTE)
    assert (await emm.call("POST", upload)).status_code == 204
    assert (await types_of(emm.store, emm.enterprise.tenant_id)).count("device.report_requested") == 4


async def test_access_is_revoked_again_and_again_and_a_user_is_deleted_once(emm: Emm) -> None:
    await emm.provision()
    for _ in range(2):
        answer = await emm.call("DELETE", f"{emm.user}/deviceAccess")
        assert (answer.status_code, answer.content) == (204, b"")
    assert await device_count(emm.store, emm.enterprise, emm.user_id) == 0
    assert (await emm.call("DELETE", emm.user)).status_code == 204
    assert reason(await emm.call("DELETE", emm.user)) == (404, "notFound")
    assert reason(await emm.call("GET", emm.user)) == (404, "notFound")


ROUTES = [
    ("GET", "", None),
    ("POST", "/users", {"accountIdentifier": "a", "accountType": "userAccount"}),
    ("GET", "/users?email=a@example.com", None),
    ("GET", "/users/{user}", None),
    ("PUT", "/users/{user}", {"displayName": "x"}),
    ("DELETE", "/users/{user}", None),
    ("POST", "/users/{user}/authenticationToken", None),
    ("DELETE", "/users/{user}/deviceAccess", None),
    ("GET", "/users/{user}/devices", None),
    ("GET", "/users/{user}/devices/00aa", None),
    ("PUT", "/users/{user}/devices/00aa", {"policy": {"policyId": "p"}}),
    ("GET", "/users/{user}/devices/00aa/state", None),
    ("PUT", "/users/{user}/devices/00aa/state", {"accountState": "enabled"}),
    ("POST", "/users/{user}/devices/00aa/forceReportUpload", None),
]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_another_emm_sees_what_an_unknown_enterprise_shows_and_changes_nothing(
    emm: Emm, method: str, path: str, body: Any
) -> None:
    await emm.provision()
    other = await an_enterprise(emm.store)
    before = sorted(await types_of(emm.store, emm.enterprise.tenant_id))
    there = emm.root + path.format(user=emm.user_id)
    nowhere = f"/androidenterprise/v1/enterprises/LC00{path.format(user=emm.user_id)}"
    foreign = await emm.call(method, there, emm.token(other), json=body)
    unknown = await emm.call(method, nowhere, emm.token(other), json=body)
    assert reason(foreign) == (404, "notFound")
    assert foreign.content == unknown.content
    assert sorted(await types_of(emm.store, emm.enterprise.tenant_id)) == before
    # One's own enterprise does not open another tenant's users either.
    if "{user}" in path:
        own = f"/androidenterprise/v1/enterprises/{other.id}{path.format(user=emm.user_id)}"
        assert reason(await emm.call(method, own, emm.token(other), json=body)) == (404, "notFound")
        assert sorted(await types_of(emm.store, emm.enterprise.tenant_id)) == before


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_without_a_good_token_or_the_permission_nothing_is_answered(
    emm: Emm, method: str, path: str, body: Any
) -> None:
    there = emm.root + path.format(user=emm.user_id)
    bare = await emm.http.request(method, there, json=body)
    assert reason(bare) == (401, "authError")
    assert bare.headers["www-authenticate"].startswith("Bearer ")
    deep = base64url.encode(b'{"a":' * 1000).decode() + ".e30.AAAA"
    for token in ("garbage", "a.b.c", deep, "\u00e4", emm.token()[:-4] + "AAAA", emm.token(audience=Audience.KAIZALA)):
        refused = await emm.http.request(
            method, there, json=body, headers={b"authorization": f"Bearer {token}".encode("latin-1")}
        )
        assert reason(refused) == (401, "authError")
    other_scope = emm.token(scope=Permission.GROUP_INFORMATION)
    assert reason(await emm.call(method, there, other_scope, json=body)) == (403, "forbidden")


async def test_a_denial_leaves_its_facts_in_the_trail_of_the_caller(emm: Emm) -> None:
    other = await an_enterprise(emm.store)
    await emm.call("GET", emm.root, emm.token(other))
    assert "access.denied" in await types_of(emm.store, other.service_account.tenant_id)


BAD_USERS = [
    (b"", "body"),
    (b"{", "body"),
    (b"[]", "body"),
    (b"[" * 200 + b"]" * 200, "body"),
    (b'"text"', "body"),
    (b"{}", "accountIdentifier"),
    (b'{"accountIdentifier": "a"}', "accountType"),
    (b'{"accountIdentifier": "a", "accountType": "robot"}', "accountType"),
    (b'{"accountIdentifier": "", "accountType": "userAccount"}', "accountIdentifier"),
    (b'{"accountIdentifier": " ", "accountType": "userAccount"}', "accountIdentifier"),
    (b'{"accountIdentifier": "a\\u200e", "accountType": "userAccount"}', "accountIdentifier"),
    (b'{"accountIdentifier": 7, "accountType": "userAccount"}', "accountIdentifier"),
    (b'{"accountIdentifier": "a\\u0000b", "accountType": "userAccount"}', "accountIdentifier"),
    (b'{"accountIdentifier": "a\\ud800b", "accountType": "userAccount"}', "accountIdentifier"),
    (b'{"accountIdentifier": "a\\nb", "accountType": "userAccount"}', "accountIdentifier"),
    (b'{"accountIdentifier": "\xff", "accountType": "userAccount"}', "body"),
    (json.dumps({"accountIdentifier": "a" * 1025, "accountType": "userAccount"}).encode(), "accountIdentifier"),
    (b'{"accountIdentifier": "a", "accountType": "userAccount", "displayName": {"x": 1}}', "displayName"),
]


@pytest.mark.parametrize(("body", "field"), BAD_USERS)
async def test_a_bad_body_is_refused_by_the_name_of_its_field(emm: Emm, body: bytes, field: str) -> None:
    before = sorted(await types_of(emm.store, emm.enterprise.tenant_id))
    refused = await emm.call("POST", f"{emm.root}/users", content=body)
    assert reason(refused) == (400, "invalid")
    error = refused.json()["error"]
    assert error["errors"][0]["location"] == field
    assert field in error["message"] or field == "body"
    assert sorted(await types_of(emm.store, emm.enterprise.tenant_id)) == before


async def test_other_bad_input_gets_the_surfaces_own_4xx(emm: Emm) -> None:
    large = await emm.call("POST", f"{emm.root}/users", content=b'{"a": "' + b"x" * 5_000_000 + b'"}')
    assert reason(large) == (413, "requestTooLarge")
    device = f"{emm.user}/devices/00aa"
    for method, path, body, field in (
        ("GET", f"{emm.root}/users", None, "email"),
        ("GET", f"{emm.root}/users?email=a%00b", None, "email"),
        ("GET", f"{emm.user}?fields=id,(", None, "fields"),
        ("GET", f"{emm.user}?fields={'a(' * 100}", None, "fields"),
        ("PUT", device, {"policy": {"autoUpdatePolicy": "sometimes"}}, "policy.autoUpdatePolicy"),
        (
            "PUT",
            device,
            {"policy": {"productPolicy": [{"tracks": ["gamma"]}]}},
            "policy.productPolicy[0].tracks[0]",
        ),
        ("PUT", device, {"policy": {"maintenanceWindow": {"durationMs": "x"}}}, "policy.maintenanceWindow.durationMs"),
        ("PUT", device, {"policy": []}, "policy"),
        ("PUT", f"{device}/state", {"accountState": "off"}, "accountState"),
        ("PUT", f"{device}/state", {}, "accountState"),
    ):
        refused = await emm.call(method, path, json=body)
        assert reason(refused) == (400, "invalid"), path
        assert refused.json()["error"]["errors"][0]["location"] == field


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/enroll"),
        ("GET", "/LC1/storelayouts"),
        ("GET", "/LC1/users/1/"),
        ("GET", "/LC1/users/1%2Fdevices"),
        ("GET", "/LC1%2Fusers%2F1"),
        ("GET", "/LC1%00"),
        ("GET", "/%FF%FE"),
        ("GET", "/" + "L" * 5000),
        ("GET", "/LC1/users/" + "9" * 5000),
        ("GET", "/LC1/users/not-a-number"),
        ("POST", "/LC1/users/1%00/authenticationToken"),
    ],
)
async def test_what_is_not_served_or_named_is_not_found(emm: Emm, method: str, path: str) -> None:
    assert reason(await emm.call(method, f"/androidenterprise/v1/enterprises{path}")) == (404, "notFound")


async def test_a_long_get_comes_as_post_with_its_query_as_form(emm: Emm) -> None:
    answer = await emm.call(
        "POST",
        f"{emm.root}/users",
        headers={"x-http-method-override": "GET", "content-type": "application/x-www-form-urlencoded"},
        content=b"email=ann%40customer.example.com&alt=json&filler=" + b"x" * 3000,
    )
    assert answer.json()["user"][0]["id"] == emm.google_managed_id
    hidden = await emm.call("POST", f"{emm.user}/authenticationToken", headers={"x-http-method-override": "GET"})
    assert reason(hidden) == (404, "notFound")


async def test_unknown_parameters_are_ignored_and_fields_select(emm: Emm) -> None:
    await emm.provision("00aa", device={"model": "Pixel"})
    params = {"alt": "json", "prettyPrint": "false", "quotaUser": "me", "$.xgafv": "2", "key": "k", "callback": "c"}
    assert (await emm.call("GET", emm.user, params=params)).json()["id"] == emm.user_id
    devices = f"{emm.user}/devices"
    await emm.call("PUT", f"{devices}/00aa", json={"policy": POLICY})
    for fields, expected in (
        ("device(androidId,model)", {"device": [{"androidId": "00aa", "model": "Pixel"}]}),
        ("device/policy/policyId", {"device": [{"policy": {"policyId": "p1"}}]}),
        ("kind,nothing", {"kind": "androidenterprise#devicesListResponse"}),
        ("*/androidId", {"device": [{"androidId": "00aa"}]}),
    ):
        selected = (await emm.call("GET", devices, params={"fields": fields})).json()
        assert selected == expected or (fields.startswith("*") and selected["device"] == expected["device"])


async def test_the_discovery_document_names_every_method_and_says_which_are_not_offered(emm: Emm) -> None:
    document = (await emm.http.get("/discovery/v1/apis/androidenterprise/v1/rest")).json()
    assert (await emm.http.get("/$discovery/rest?version=v1")).json() == document
    assert (await emm.http.get("/$discovery/rest?version=v2")).status_code == 404
    assert (document["rootUrl"], document["batchPath"]) == ("http://tenantry.test/", "batch")
    assert "mtlsRootUrl" not in document
    named = {
        (method["httpMethod"], "/" + method["path"].replace("{enterpriseId}", "E").replace("{userId}", "1"))
        for resource in document["resources"].values()
        for method in resource["methods"].values()
        if not method["description"]
    }
    served = {(method, f"/androidenterprise/v1/enterprises/E{path.partition('?')[0]}") for method, path, _ in ROUTES}
    assert named - {("GET", "/androidenterprise/v1/enterprises")} == {
        (method, path.replace("{user}", "1").replace("/devices/00aa", "/devices/{deviceId}")) for method, path in served
    }


async def test_older_clients_may_patch_what_is_updated_today(emm: Emm) -> None:
    patched = await emm.call("PATCH", emm.user, json={"displayName": "Patched"})
    assert (patched.status_code, patched.json()["displayName"]) == (200, "Patched")


async def test_a_user_of_another_enterprise_of_the_same_tenant_is_not_there(emm: Emm) -> None:
    other = await an_enterprise(emm.store)
    foreign = await a_managed_account(emm.store, other)
    assert reason(await emm.call("GET", f"{emm.root}/users/{foreign}")) == (404, "notFound")
