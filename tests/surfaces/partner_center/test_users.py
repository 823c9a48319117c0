"""Get, change, reset, delete, restore; and what no route answers to a stranger."""

from __future__ import annotations

from typing import Any

import pytest

from tenantry.access.actions import RoleId
from tenantry.core import errors as domain_errors
from tenantry.core.errors import InvalidToken, StoreBusy, StoreUnavailable, VersionMismatch
from tenantry.core.ids import UserId
from tenantry.directory.tenants import add_domain
from tenantry.directory.users import delete_user
from tenantry.store.sign_in import passwords
from tenantry.store.users import users as user_rows
from tenantry.surfaces.partner_center import errors
from tests.support.builders import OPERATOR, a_connector, a_user
from tests.support.clock import NOON
from tests.support.partner_center import Stage, a_stage, a_token

WITHIN_REACH = {
    RoleId.DIRECTORY_READERS,
    RoleId.USER_ADMINISTRATOR,
    RoleId.HELPDESK_ADMINISTRATOR,
    RoleId.PASSWORD_ADMINISTRATOR,
}
"""What a partner's User Administrator may take in hand: all that these may, the relationship gives too."""


async def test_a_user_is_shown_without_the_keys_that_have_no_value(stage: Stage) -> None:
    created = await stage.create("ann", firstName=None, immutableId=None, phoneNumber="+1 206 555 0100")
    shown = (await stage.call("GET", f"{stage.users}/{created['id']}")).json()
    assert shown == {
        "usageLocation": "US",
        "id": created["id"],
        "userPrincipalName": f"ann@{stage.customer.domain}",
        "lastName": "Last",
        "displayName": "Ann",
        "phoneNumber": "+1 206 555 0100",
        "userDomainType": "none",
        "state": "active",
        "links": {
            "self": {
                "uri": f"customers/{stage.customer.id}/users/{created['id']}",
                "method": "GET",
                "headers": [],
            }
        },
        "attributes": {"objectType": "CustomerUser"},
    }


async def test_a_patch_changes_what_it_names(stage: Stage) -> None:
    created = await stage.create("ann")
    url = f"{stage.users}/{created['id']}"
    before = (await stage.call("GET", url)).json()
    answer = await stage.call("PATCH", url, json={"LastName": "Else", "firstName": "", "usageLocation": None})
    after = {**before, "lastName": "Else"}
    del after["firstName"]
    assert (answer.status_code, answer.json()) == (200, after)
    assert (await stage.call("GET", url)).json() == after


async def test_a_client_may_send_back_the_whole_user_it_got(stage: Stage) -> None:
    created = await stage.create("ann")
    url = f"{stage.users}/{created['id']}"
    whole = (await stage.call("GET", url)).json()
    answer = await stage.call("PATCH", url, json={**whole, "displayName": "Else", "lastDirectorySyncTime": None})
    assert answer.json() == {**whole, "displayName": "Else"}


DOTNET: dict[str, Any] = {
    "UsageLocation": None,
    "Id": None,
    "UserPrincipalName": None,
    "FirstName": None,
    "LastName": None,
    "DisplayName": None,
    "PasswordProfile": None,
    "LastDirectorySyncTime": None,
    "UserDomainType": "none",
    "State": "active",
    "SoftDeletionTime": None,
    "Links": None,
    "Attributes": {"ObjectType": "CustomerUser"},
}


async def test_what_dotnet_sends_leaves_a_live_user_alone_and_restores_a_deleted_one(stage: Stage) -> None:
    created = await stage.create("ann")
    url = f"{stage.users}/{created['id']}"
    before = (await stage.call("GET", url)).json()
    assert (await stage.call("PATCH", url, json=DOTNET)).json() == before
    assert (await stage.call("DELETE", url)).status_code == 204
    answer = await stage.call("PATCH", url, json={**DOTNET, "DisplayName": "Back"})
    assert (answer.status_code, answer.json()) == (200, {**before, "displayName": "Back"})


@pytest.mark.parametrize("suffix", ["", "/resetpassword", "/ResetPassword/"])
async def test_a_password_is_reset_and_not_shown(stage: Stage, suffix: str) -> None:
    created = await stage.create("ann")
    profile = {"password": "wuLF74+z", "forceChangePassword": False}
    answer = await stage.call("PATCH", f"{stage.users}/{created['id']}{suffix}", json={"passwordProfile": profile})
    assert answer.status_code == 200
    assert answer.json()["passwordProfile"] == {"forceChangePassword": False}
    async with stage.store.read() as read:
        credential = await passwords.find_credential(read, stage.customer.id, UserId(created["id"]))
    assert credential is not None
    assert credential.must_change == 0
    assert await stage.app.deps.passwords.verify(credential.password_hash, "wuLF74+z")


async def test_the_reset_address_needs_a_password(stage: Stage) -> None:
    created = await stage.create("ann")
    answer = await stage.call("PATCH", f"{stage.users}/{created['id']}/resetpassword", json={"displayName": "X"})
    assert (answer.status_code, answer.json()["data"]) == (400, ["passwordProfile.password"])


@pytest.mark.parametrize(
    "role",
    [RoleId.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR, RoleId.HELPDESK_ADMINISTRATOR, RoleId.PASSWORD_ADMINISTRATOR],
)
async def test_each_part_of_a_patch_needs_its_own_role(stage: Stage, role: RoleId) -> None:
    resetter = await a_stage(stage.store, roles=[role])
    victim = await a_user(stage.store, resetter.customer)
    url = f"{resetter.users}/{victim.id}"
    profile = {"password": "wuLF74+z"}
    reset = await resetter.call("PATCH", url, json={"passwordProfile": profile, "State": "active", "FirstName": None})
    assert reset.status_code == 200
    for body in ({"displayName": "X"}, {"displayName": "X", "passwordProfile": profile}, {"state": "active"}, {}):
        refused = await resetter.call("PATCH", url, json=body)
        assert (refused.status_code, refused.json()["code"]) == (403, 900150)
    boss = await a_user(stage.store, resetter.customer, roles=[RoleId.USER_ADMINISTRATOR])
    over = await resetter.call("PATCH", f"{resetter.users}/{boss.id}", json={"passwordProfile": profile})
    assert over.status_code == 403  # that the relationship does not give
    writer = await a_stage(stage.store, roles=[RoleId.DIRECTORY_WRITERS])
    victim = await a_user(stage.store, writer.customer)
    attempts: list[tuple[str, Any]] = [("PATCH", {"passwordProfile": profile}), ("DELETE", None)]
    for method, attempt in attempts:
        refused = await writer.call(method, f"{writer.users}/{victim.id}", json=attempt)
        assert (refused.status_code, refused.json()["code"]) == (403, 900150)
    await resetter.client.aclose()
    await writer.client.aclose()


@pytest.mark.parametrize("role", list(RoleId))
async def test_who_administers_more_is_out_of_a_partners_reach(stage: Stage, role: RoleId) -> None:
    """Neither a password, nor another name, nor a deletion or a restoration leads to the roles of the account."""
    victim = await a_user(stage.store, stage.customer, roles=[role])
    gone = await a_user(stage.store, stage.customer, roles=[role])
    async with stage.store.write() as tx:
        await delete_user(tx, OPERATOR, stage.customer.id, gone.id, NOON)
    url = f"{stage.users}/{victim.id}"
    attempts: list[tuple[str, str, Any]] = [
        ("PATCH", f"{stage.users}/{gone.id}", {"state": "active"}),
        ("PATCH", url, {"passwordProfile": {"password": "wuLF74+z"}}),
        ("PATCH", url, {"displayName": "X", "userPrincipalName": f"else{role}@{stage.customer.domain}"}),
        ("DELETE", url, None),
    ]
    for method, address, body in attempts:
        answer = await stage.call(method, address, json=body)
        if role in WITHIN_REACH:
            assert answer.status_code in (200, 204)
        else:
            assert (answer.status_code, answer.json()["code"]) == (403, 900150), (method, body)
    if role not in WITHIN_REACH:
        assert (await stage.call("PATCH", url, json={"displayName": "New"})).status_code == 200
        async with stage.store.read() as read:
            kept = await user_rows.find(read, stage.customer.id, victim.id)
        assert kept is not None
        assert kept.user_principal_name == victim.user_principal_name


async def test_an_administrator_of_the_customer_is_changed_by_no_partner_but_by_its_own(stage: Stage) -> None:
    """A new password of somebody who approves relationships would be one for good."""
    resetter = await a_stage(
        stage.store, roles=[RoleId.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR, RoleId.USER_ADMINISTRATOR]
    )
    victim = await a_user(stage.store, resetter.customer, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    url = f"{resetter.users}/{victim.id}"
    own = await a_user(stage.store, resetter.customer, roles=[RoleId.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR])
    connector = await a_connector(stage.store, resetter.customer)
    token = await a_token(stage.app, stage.store, connector, own)
    for asked, answer in (({"passwordProfile": {"password": "wuLF74+z"}}, 403), ({"state": "active"}, 200)):
        assert (await resetter.call("PATCH", url, json=asked)).status_code == answer
    assert (await resetter.call("DELETE", url)).status_code == 403
    profile = {"passwordProfile": {"password": "wuLF74+z"}}
    assert (await resetter.call("PATCH", url, json=profile, token=token)).status_code == 200
    await resetter.client.aclose()


async def test_a_deleted_user_is_gone_until_it_is_restored(stage: Stage) -> None:
    created = await stage.create("ann")
    url = f"{stage.users}/{created['id']}"
    before = (await stage.call("GET", url)).json()
    deleted = await stage.call("DELETE", url)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert deleted.headers["MS-RequestId"]
    for method, body in (("GET", None), ("DELETE", None), ("PATCH", {"displayName": "X"}), ("PATCH", {})):
        absent = await stage.call(method, url, json=body)
        assert (absent.status_code, absent.json()["code"]) == (404, 60002)
    assert (await stage.call("PATCH", url, json={"State": "Active"})).json() == before


async def test_a_restoration_conflicts_with_a_name_taken_meanwhile(stage: Stage) -> None:
    first = await stage.create("ann")
    await stage.call("DELETE", f"{stage.users}/{first['id']}")
    second = await stage.create("ann")
    answer = await stage.call("PATCH", f"{stage.users}/{first['id']}", json={"state": "active"})
    assert (answer.status_code, answer.json()["code"]) == (409, 3000)
    await stage.call("DELETE", f"{stage.users}/{second['id']}")
    assert (await stage.call("PATCH", f"{stage.users}/{first['id']}", json={"state": "active"})).status_code == 200


async def test_a_partners_own_user_dies_with_its_account(stage: Stage) -> None:
    """The token of a deleted user is dead at once: its grant is looked up with the user it belongs to."""
    victim = await a_user(stage.store, stage.customer, roles=[RoleId.USER_ADMINISTRATOR])
    connector = await a_connector(stage.store, stage.customer)
    token = await a_token(stage.app, stage.store, connector, victim)
    assert (await stage.call("GET", stage.users, token=token)).status_code == 200
    assert (await stage.call("DELETE", f"{stage.users}/{victim.id}")).status_code == 204
    assert (await stage.call("GET", stage.users, token=token)).status_code == 401


@pytest.mark.parametrize(
    ("method", "suffix"),
    [
        ("GET", ""),
        ("POST", ""),
        ("GET", "/{user}"),
        ("PATCH", "/{user}"),
        ("PATCH", "/{user}/resetpassword"),
        ("DELETE", "/{user}"),
    ],
)
async def test_a_stranger_finds_no_customer_and_a_neighbour_no_user(stage: Stage, method: str, suffix: str) -> None:
    victim = await stage.create("ann")
    stranger = await a_stage(stage.store)
    body = {
        "displayName": "Owned",
        "userPrincipalName": f"owned@{stage.customer.domain}",
        "passwordProfile": {"password": "wuLF74+z"},
        "state": "active",
    }
    async with stage.store.read() as read:
        before = await read.all(tuple_of, "SELECT tenant_id, id, updated_at, deleted_at FROM users ORDER BY id")
    there = await stranger.call(method, stage.users + suffix.format(user=victim["id"]), json=body)
    assert (there.status_code, there.json()["code"]) == (404, 60003)
    if suffix:
        here = await stranger.call(method, stranger.users + suffix.format(user=victim["id"]), json=body)
        assert (here.status_code, here.json()["code"]) in ((404, 60002), (400, 3000))
    async with stage.store.read() as read:
        after = await read.all(tuple_of, "SELECT tenant_id, id, updated_at, deleted_at FROM users ORDER BY id")
    assert after == before
    await stranger.client.aclose()


def tuple_of(*columns: object) -> tuple[object, ...]:
    return columns


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_ids_that_are_no_guids_are_malformed(stage: Stage, method: str) -> None:
    answer = await stage.call(method, f"{stage.users}/nobody", json={})
    assert (answer.status_code, answer.json()["code"], answer.json()["data"]) == (400, 2000, ["user-id"])


@pytest.mark.parametrize(
    ("method", "suffix"),
    [("PATCH", ""), ("DELETE", ""), ("PUT", ""), ("POST", "/0a1b2c3d-0000-4000-8000-fedcba987654")],
)
async def test_a_method_that_is_not_there_is_refused_in_the_surfaces_body(
    stage: Stage, method: str, suffix: str
) -> None:
    answer = await stage.call(method, stage.users + suffix, json={})
    assert answer.status_code == 405
    assert answer.headers["Allow"]
    assert set(answer.json()) == {"code", "description", "data", "source"}
    assert answer.headers["MS-RequestId"]


@pytest.mark.parametrize("path", ["/partnercenter", "/partnercenter/v1/nothing", "/partnercenter/v2/customers"])
async def test_an_address_that_is_not_there_is_refused_in_the_surfaces_body(stage: Stage, path: str) -> None:
    answer = await stage.call("GET", path)
    assert (answer.status_code, answer.json()["code"]) == (404, 1000)
    assert answer.headers["MS-CorrelationId"]


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"userPrincipalName": "x@nobody.example"}, "userPrincipalName"),
        ({"userPrincipalName": ""}, "userPrincipalName"),
        ({"userPrincipalName": "x@sso.example"}, "userPrincipalName"),
        ({"displayName": " "}, "displayName"),
        ({"usageLocation": "xx"}, "usageLocation"),
        ({"passwordProfile": {"password": "weak"}}, "passwordProfile.password"),
        ({"passwordProfile": []}, "passwordProfile"),
        ({"state": "inactive"}, "state"),
        ({"state": 1}, "state"),
    ],
)
async def test_a_bad_patch_names_the_property_and_changes_nothing(
    stage: Stage, change: dict[str, Any], name: str
) -> None:
    async with stage.store.write() as tx:
        await add_domain(tx, OPERATOR, tenant_id=stage.customer.id, name="sso.example", is_federated=True, now=NOON)
    created = await stage.create("ann")
    url = f"{stage.users}/{created['id']}"
    before = (await stage.call("GET", url)).json()
    answer = await stage.call("PATCH", url, json={"firstName": "Else", **change})
    assert (answer.status_code, answer.json()["data"]) == (400, [name])
    assert (await stage.call("GET", url)).json() == before


async def test_a_taken_name_cannot_be_patched_in(stage: Stage) -> None:
    await stage.create("ann")
    bob = await stage.create("bob")
    answer = await stage.call(
        "PATCH", f"{stage.users}/{bob['id']}", json={"userPrincipalName": f"Ann@{stage.customer.domain}"}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, 3000)


@pytest.mark.parametrize("kind", domain_errors.all_kinds())
def test_every_error_has_a_line(kind: type[domain_errors.DomainError]) -> None:
    assert kind in errors.TABLE


class _Broken:
    """A store that fails as told."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def read(self) -> None:
        raise self._error

    write = read


@pytest.mark.parametrize(
    ("error", "status", "retry_after"),
    [
        (StoreBusy(internal="secret detail"), 503, "1"),
        (StoreUnavailable(internal="secret detail"), 503, "5"),
        (VersionMismatch(internal="secret detail"), 500, None),
        (RuntimeError("secret detail"), 500, None),
    ],
)
async def test_an_outage_is_no_refusal_and_a_bug_shows_its_id_only(
    stage: Stage, error: Exception, status: int, retry_after: str | None
) -> None:
    object.__setattr__(stage.app.deps, "store", _Broken(error))
    answer = await stage.call("GET", stage.users, headers={"MS-CorrelationId": "c-1"})
    object.__setattr__(stage.app.deps, "store", stage.store)
    assert (answer.status_code, answer.json()["code"]) == (status, 800003)
    assert answer.headers.get("Retry-After") == retry_after
    assert answer.headers["MS-CorrelationId"] == "c-1"
    assert "secret" not in answer.text
    assert status == 503 or "c-1" in answer.json()["description"]


def test_the_public_answer_to_bad_tokens_does_not_depend_on_the_reason() -> None:
    answers = {errors.answer_of(InvalidToken(reason)) for reason in ("expired", "revoked", "signature")}
    assert len(answers) == 1


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("displayName", "\u202enimda", "right-to-left override (U+202E) at character 1"),
        ("displayName", "\u3164", "hangul filler"),
        ("firstName", "a\u0085b", "a control character (U+0085) at character 2"),
        ("phoneNumber", "1.42556E+10", "damaged by a spreadsheet"),
        ("phoneNumber", "#NAME?", "damaged by a spreadsheet"),
        ("phoneNumber", "+1 206 555 0100 x5", "extension"),
        ("phoneNumber", "+19005550100", "premium"),
        ("phoneNumber", "abc", "such as +14255550100"),
    ],
)
async def test_a_name_that_shows_nothing_and_a_number_nobody_can_dial_are_refused_by_their_field(
    stage: Stage, field: str, value: str, says: str
) -> None:
    created = await stage.create("ann")
    before = (await stage.call("GET", f"{stage.users}/{created['id']}")).json()
    answer = await stage.call("PATCH", f"{stage.users}/{created['id']}", json={field: value})
    assert answer.status_code == 400
    assert says in answer.json()["description"]
    after = (await stage.call("GET", f"{stage.users}/{created['id']}")).json()
    assert after.get(field) == before.get(field)
