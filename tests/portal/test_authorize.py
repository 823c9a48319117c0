"""The authorization endpoint: who is asked, what is shown, where people are sent and where never."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from httpx import Response

from tenantry.access.actions import Permission
from tenantry.connectors.connectors import deactivate_connector, register_connector
from tenantry.core.clock import MINUTE, to_seconds
from tenantry.core.ids import ConnectorId
from tenantry.store.engine.interface import Store
from tests.support.app import BASE_URL
from tests.support.builders import HASHER, OPERATOR, PASSWORD, SomeConnector, SomeTenant, a_connector
from tests.support.clock import NOON
from tests.support.portal import Portal, Visitor

CALLBACK = "https://app.example/cb?mine=1"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
GROUPS = (Permission.GROUP_INFORMATION, Permission.GROUP_MEMBERS)


async def an_app_of(
    portal: Portal, permissions: Sequence[Permission] = GROUPS, *redirect_uris: str, name: str = "Shift bot"
) -> SomeConnector:
    uris = redirect_uris or (CALLBACK,)
    return await a_connector(
        portal.app.deps.store, portal.tenant, permissions=permissions, redirect_uris=uris, name=name
    )


async def a_public_app(store: Store, tenant: SomeTenant) -> ConnectorId:
    async with store.write() as tx:
        made = await register_connector(
            tx,
            OPERATOR,
            HASHER,
            tenant_id=tenant.id,
            name="Phone app",
            permissions=GROUPS,
            redirect_uris=["com.example.app:/cb"],
            kind="public",
            now=NOON,
        )
    return made.connector_id


def address(client_id: str, path: str = "/common/oauth2/v2.0/authorize", /, **more: str | None) -> str:
    asked: dict[str, str | None] = {
        "client_id": client_id,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "state": "a&b=c",
        **more,
    }
    return f"{path}?{urlencode({name: value for name, value in asked.items() if value is not None})}"


@dataclass
class Back:
    """What the application receives."""

    target: str
    values: dict[str, str]


def sent_back(answer: Response) -> Back:
    assert answer.status_code == 303, answer.text
    parts = urlsplit(answer.headers["location"])
    values = {name: each[0] for name, each in parse_qs(parts.query).items()}
    return Back(f"{parts.scheme}://{parts.netloc}{parts.path}", values)


async def allow(visitor: Visitor, path: str, decision: str = "allow") -> Response:
    page = await visitor.open(path)
    assert page.status_code == 200, visitor.text
    return await visitor.send(path, decision=decision)


async def test_a_signed_out_person_signs_in_consents_and_the_app_gets_a_token(portal: Portal) -> None:
    app = await an_app_of(portal)
    visitor = await portal.visit(None)
    path = address(app.id, "/kaizala/api/Oauth/Authorize", response_type=None, state="s")
    asked = await visitor.open(path)
    assert asked.status_code == 303
    sign_in = asked.headers["location"]
    assert sign_in == f"/sign-in?next={quote(path, safe='')}"
    await visitor.open(sign_in)
    back = await visitor.send(sign_in, name=portal.mia.user_principal_name, password=PASSWORD)
    assert back.headers["location"] == path
    page = await visitor.open(path)
    assert "Allow Shift bot?" in visitor.text
    assert "Group Member List" in visitor.text
    assert "1 group you are in" in visitor.text
    assert "app.example" in visitor.text
    assert "form-action 'self' https://app.example;" in page.headers["content-security-policy"]
    answer = sent_back(await visitor.send(path, decision="allow"))
    assert answer.target == "https://app.example/cb"
    assert answer.values.keys() == {"mine", "code", "state", "iss"}
    assert (answer.values["state"], answer.values["iss"]) == ("s", BASE_URL)
    data = {"client_id": app.id, "client_secret": app.secret, "code": answer.values["code"]}
    token = await visitor.http.post("/kaizala/api/oauth/token", data=data)
    assert token.status_code == 200, token.text
    assert token.json()["endpointUrl"] == f"{BASE_URL}/kaizala/"
    groups = await visitor.http.get("/kaizala/v1/groups", headers={"accessToken": token.json()["accessToken"]})
    assert [group["groupName"] for group in groups.json()["groups"]] == ["Night shift"]
    exchanged = await visitor.http.get(
        "/kaizala/v1/accessToken",
        headers={
            "applicationId": app.id,
            "applicationSecret": app.secret,
            "refreshToken": token.json()["refreshToken"],
        },
    )
    assert exchanged.status_code == 200
    assert (await visitor.http.post("/kaizala/api/oauth/token", data=data)).status_code == 401


async def test_the_code_is_good_at_the_token_endpoint_with_its_verifier_only(portal: Portal) -> None:
    client_id = await a_public_app(portal.app.deps.store, portal.tenant)
    visitor = await portal.visit(portal.mia)
    path = address(client_id, "/oauth2/authorize", redirect_uri="com.example.app:/cb", **PKCE)
    page = await visitor.open(path)
    assert "form-action 'self' com.example.app:;" in page.headers["content-security-policy"]
    answers = [await allow(visitor, path) for _ in range(2)]
    assert all(answer.headers["location"].startswith("com.example.app:/cb?") for answer in answers)
    codes = [sent_back(answer).values["code"] for answer in answers]
    for code, verifier, status in ((codes[0], "w" * 43, 401), (codes[1], VERIFIER, 200)):
        data = {"client_id": client_id, "code": code, "code_verifier": verifier}
        token = await visitor.http.post("/kaizala/api/oauth/token", data=data)
        assert token.status_code == status, token.text


async def test_partner_center_gets_app_and_user_credentials_with_a_second_factor(portal: Portal) -> None:
    app = await an_app_of(portal, [Permission.PARTNER_CENTER])
    path = address(app.id, f"/{portal.tenant.id}/oauth2/authorize", resource="https://api.partnercenter.microsoft.com")
    without = await portal.visit(portal.dana, "pwd")
    assert (await without.open(path)).headers["location"].startswith("/second-factor?next=")
    visitor = await portal.visit(portal.dana, "pwd", "otp", "mfa")
    answer = sent_back(await allow(visitor, path))
    token = await visitor.http.post(
        f"/{portal.tenant.id}/oauth2/token",
        data={
            "grant_type": "authorization_code",
            "client_id": app.id,
            "client_secret": app.secret,
            "code": answer.values["code"],
            "redirect_uri": CALLBACK,
            "resource": "https://api.partnercenter.microsoft.com",
        },
    )
    assert token.status_code == 200, token.text
    payload = token.json()["access_token"].split(".")[1]
    claims = base64.urlsafe_b64decode(payload + "==").decode()
    assert '"amr":["mfa","otp","pwd"]' in claims.replace(" ", "")


async def test_a_code_with_partner_center_needs_the_second_factor_also_when_the_page_was_open(portal: Portal) -> None:
    app = await an_app_of(portal, [Permission.PARTNER_CENTER])
    path = address(app.id)
    visitor = await portal.visit(portal.dana, "pwd")
    await visitor.open("/phones")
    refused = await visitor.send(path, decision="allow")
    assert refused.headers["location"].startswith("/second-factor")
    assert "code=" not in refused.headers["location"]
    async with portal.app.deps.store.read() as read:
        assert (
            await read.all(bytes, "SELECT code_hash FROM authorization_codes WHERE tenant_id = :t", t=app.tenant_id)
            == []
        )


async def test_who_does_not_allow_it_sends_the_app_away(portal: Portal) -> None:
    app = await an_app_of(portal)
    visitor = await portal.visit(portal.mia)
    for decision in ("deny", "", "ALLOW"):
        answer = sent_back(await allow(visitor, address(app.id), decision))
        assert (answer.values["error"], answer.values["state"]) == ("access_denied", "a&b=c")
        assert "code" not in answer.values


async def test_form_post_carries_the_answer_in_a_form_to_the_registered_address_only(portal: Portal) -> None:
    app = await an_app_of(portal, GROUPS, "http://127.0.0.1:7777/cb")
    visitor = await portal.visit(portal.mia)
    path = address(app.id, redirect_uri="http://127.0.0.1:7777/cb", response_mode="form_post", state="<b>\"'")
    page = await allow(visitor, path)
    assert page.status_code == 200
    assert 'action="http://127.0.0.1:7777/cb"' in page.text
    assert "form-action 'self' http://127.0.0.1:7777;" in page.headers["content-security-policy"]
    assert "<b>" not in page.text
    assert 'name="state" value="<b>"\'"' in unescape(page.text)
    assert 'name="code" value="tny_ac_' in page.text


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "https://app.example/cb",
        "https://app.example/cb?mine=1&more=2",
        "https://app.example/cb?mine=1#x",
        "https://app.example/CB?mine=1",
        "https://app.example.evil.example/cb?mine=1",
        "https://app.example@evil.example/cb?mine=1",
        "http://app.example/cb?mine=1",
        "https://app.example:443/cb?mine=1",
        "https://app.example/cb%3Fmine=1",
        "https://app.example/x/../cb?mine=1",
        "javascript:alert(1)",
        "//app.example/cb?mine=1",
        "",
    ],
)
async def test_nobody_is_sent_to_an_address_that_is_not_registered_to_the_letter(
    sqlite_portal: Portal, redirect_uri: str
) -> None:
    app = await an_app_of(sqlite_portal, GROUPS, CALLBACK, "https://other.example/")
    for user in (None, sqlite_portal.mia):
        visitor = await sqlite_portal.visit(user)
        answer = await visitor.open(address(app.id, redirect_uri=redirect_uri, response_type="token", prompt="none"))
        assert answer.status_code == 400
        assert "location" not in answer.headers
        assert "code" not in parse_qs(urlsplit(str(answer.url)).fragment)
        assert "not registered" in visitor.text


async def test_the_only_registered_address_need_not_be_named(sqlite_portal: Portal) -> None:
    app = await an_app_of(sqlite_portal)
    visitor = await sqlite_portal.visit(sqlite_portal.mia)
    answer = sent_back(await allow(visitor, address(app.id, redirect_uri=None)))
    assert answer.target == "https://app.example/cb"


async def test_unknown_and_foreign_apps_are_shown_alike_and_send_nobody_anywhere(sqlite_portal: Portal) -> None:
    portal = sqlite_portal
    store = portal.app.deps.store
    gone = await an_app_of(portal)
    async with store.write() as tx:
        await tx.run("UPDATE connectors SET deleted_at = 1 WHERE id = :id", id=gone.id)
    app = await an_app_of(portal)
    visitor = await portal.visit(portal.mia)
    for path in (
        address("no-guid"),
        address(gone.id),
        address("6b0a2bb1-7a1f-4ab0-9a4c-8d7a3f2a1c55"),
        address(app.id, f"/{portal.otto.tenant_id}/oauth2/authorize"),
        address(app.id, "/nowhere.example/oauth2/v2.0/authorize"),
    ):
        answer = await visitor.open(path)
        assert answer.status_code == 404
        assert "location" not in answer.headers
    stranger = await portal.visit(portal.otto)
    assert (await stranger.open(address(app.id))).status_code == 404
    await stranger.open("/phones")
    assert (await stranger.send(address(app.id), decision="allow")).status_code == 404


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"code_challenge": CHALLENGE}, "invalid_request"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "invalid_request"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"scope": "media"}, "invalid_scope"),
        ({"scope": "group_members partner_center"}, "invalid_scope"),
        ({"scope": "openid User.Read"}, "invalid_scope"),
        ({"resource": "https://api.partnercenter.microsoft.com"}, "invalid_scope"),
        ({"resource": "https://elsewhere.example"}, "invalid_scope"),
        ({"prompt": "none"}, "consent_required"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
    ],
)
async def test_what_is_wrong_otherwise_is_told_to_the_app_at_its_own_address(
    sqlite_portal: Portal, changed: dict[str, str], error: str
) -> None:
    app = await an_app_of(sqlite_portal)
    visitor = await sqlite_portal.visit(sqlite_portal.mia)
    answer = sent_back(await visitor.open(address(app.id, **changed)))
    assert answer.target == "https://app.example/cb"
    assert (answer.values["error"], answer.values["state"], answer.values["mine"]) == (error, "a&b=c", "1")


async def test_a_public_app_needs_pkce_and_a_deactivated_one_gets_nothing(sqlite_portal: Portal) -> None:
    portal = sqlite_portal
    store = portal.app.deps.store
    public, off = await a_public_app(store, portal.tenant), await an_app_of(portal)
    async with store.write() as tx:
        await deactivate_connector(tx, OPERATOR, portal.tenant.id, off.id, NOON)
    visitor = await portal.visit(portal.mia)
    answer = sent_back(await visitor.open(address(public, redirect_uri="com.example.app:/cb")))
    assert answer.values["error"] == "invalid_request"
    assert sent_back(await visitor.open(address(off.id))).values["error"] == "unauthorized_client"
    nobody = await portal.visit(None)
    app = await an_app_of(portal)
    assert sent_back(await nobody.open(address(app.id, prompt="none"))).values["error"] == "login_required"


@pytest.mark.parametrize("more", [{"prompt": "login"}, {"prompt": "login consent"}, {"max_age": "60"}])
async def test_an_app_may_ask_for_a_sign_in_although_there_is_a_session(portal: Portal, more: dict[str, str]) -> None:
    app = await an_app_of(portal)
    visitor = await portal.visit(None)
    await visitor.open("/sign-in")
    await visitor.send("/sign-in", name=portal.mia.user_principal_name, password=PASSWORD)
    portal.app.deps.clock.advance(2 * MINUTE)  # type: ignore[attr-defined]
    asked = await visitor.open(address(app.id, **more))
    sign_in = asked.headers["location"]
    page = await visitor.open(sign_in)
    assert page.status_code == 200
    assert f'value="{portal.mia.user_principal_name}"' in page.text
    before = visitor.http.cookies["tenantry"]
    back = await visitor.send(sign_in, name=portal.mia.user_principal_name, password=PASSWORD)
    assert visitor.http.cookies["tenantry"] != before
    path = back.headers["location"]
    page = await visitor.open(path)
    assert "Allow Shift bot?" in visitor.text
    answer = sent_back(await visitor.send(path, decision="allow"))
    assert (answer.target, answer.values["state"]) == ("https://app.example/cb", "a&b=c")
    assert "code" in answer.values
    left = await portal.visit(None)
    left.http.cookies.set("tenantry", before)
    assert (await left.open("/phones")).status_code == 303, "the session in whose place the new one came has ended"


async def test_a_sign_in_that_is_fresh_enough_is_not_asked_for_again(sqlite_portal: Portal) -> None:
    app = await an_app_of(sqlite_portal)
    visitor = await sqlite_portal.visit(sqlite_portal.mia)
    sqlite_portal.app.deps.clock.advance(2 * MINUTE)  # type: ignore[attr-defined]
    assert (await visitor.open(address(app.id, max_age="120"))).status_code == 200
    assert (await visitor.open(address(app.id, max_age="119"))).status_code == 303
    stale = sent_back(await visitor.open(address(app.id, max_age="119", prompt="none")))
    assert stale.values["error"] == "login_required"
    nobody = await sqlite_portal.visit(None)
    sign_in = (await nobody.open(address(app.id, prompt="login", max_age="0"))).headers["location"]
    await nobody.open(sign_in)
    back = await nobody.send(sign_in, name=sqlite_portal.mia.user_principal_name, password=PASSWORD)
    assert (await nobody.open(back.headers["location"])).status_code == 200, "who has just signed in is not asked twice"


async def test_an_app_that_wants_no_page_is_told_what_the_page_would_have_asked_for(sqlite_portal: Portal) -> None:
    portal = sqlite_portal
    groups, partner_center = await an_app_of(portal), await an_app_of(portal, [Permission.PARTNER_CENTER])
    cases = [
        (None, (), groups, "login_required"),
        (portal.otto, (), groups, "login_required"),
        (portal.mia, ("pwd",), groups, "consent_required"),
        (portal.dana, ("pwd",), partner_center, "interaction_required"),
        (portal.dana, ("pwd", "mfa"), partner_center, "consent_required"),
    ]
    for user, amr, app, error in cases:
        visitor = await portal.visit(user, *amr)
        answer = sent_back(await visitor.open(address(app.id, prompt="none")))
        assert (answer.target, answer.values["error"]) == ("https://app.example/cb", error)


async def test_a_repeated_parameter_and_garbage_are_refused_on_our_own_page(sqlite_portal: Portal) -> None:
    app = await an_app_of(sqlite_portal)
    visitor = await sqlite_portal.visit(sqlite_portal.mia)
    for tail in (f"&client_id={app.id}", "&redirect_uri=https://evil.example", "&x=%00", "&x=%ff", "&x=" + "y" * 5000):
        answer = await visitor.open(address(app.id) + tail)
        assert answer.status_code in (400, 404)
        assert "location" not in answer.headers


async def test_markup_in_an_apps_name_stays_text(sqlite_portal: Portal) -> None:
    app = await an_app_of(sqlite_portal, name="<script>alert(1)</script>")
    visitor = await sqlite_portal.visit(sqlite_portal.mia)
    page = await visitor.open(address(app.id))
    assert "<script>alert" not in page.text
    assert "<script>alert(1)</script>" in visitor.text


async def test_a_scope_narrows_what_the_code_is_good_for(sqlite_portal: Portal) -> None:
    app = await an_app_of(sqlite_portal)
    visitor = await sqlite_portal.visit(sqlite_portal.mia)
    path = address(app.id, scope="openid group_information phone")
    await visitor.open(path)
    assert "Group Information" in visitor.text
    assert "Group Member List" not in visitor.text
    code = sent_back(await allow(visitor, path)).values["code"]
    data = {"client_id": app.id, "client_secret": app.secret, "code": code}
    token = (await visitor.http.post("/kaizala/api/oauth/token", data=data)).json()["accessToken"]
    members = await visitor.http.get(
        f"/kaizala/v1/groups/{sqlite_portal.group}/members", headers={"accessToken": token}
    )
    assert members.status_code == 403


@pytest.mark.parametrize(
    ("scope", "shown"),
    [("openid profile", "Who you are"), ("openid", "That it is you"), ("profile", None), (None, None)],
)
async def test_the_consent_page_says_what_the_app_learns_of_the_user(
    sqlite_portal: Portal, scope: str | None, shown: str | None
) -> None:
    app = await an_app_of(sqlite_portal)
    visitor = await sqlite_portal.visit(sqlite_portal.mia)
    path = address(app.id, scope=scope)
    await visitor.open(path)
    assert "Group Information" in visitor.text
    assert [words for words in ("Who you are", "That it is you") if words in visitor.text] == [shown] * bool(shown)
    code = sent_back(await allow(visitor, path)).values["code"]
    if shown:
        claims = await id_token_of(visitor, app, code)
        assert (claims.get("preferred_username") == sqlite_portal.mia.user_principal_name) is (
            "profile" in (scope or "")
        )


async def id_token_of(visitor: Visitor, app: SomeConnector, code: str) -> dict[str, object]:
    """The claims of the ID token that the code gives."""
    data = {
        "grant_type": "authorization_code",
        "client_id": app.id,
        "client_secret": app.secret,
        "code": code,
        "redirect_uri": CALLBACK,
    }
    answer = await visitor.http.post("/common/oauth2/v2.0/token", data=data)
    assert answer.status_code == 200, answer.text
    payload = answer.json()["id_token"].split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(payload + "==")))


async def test_the_id_token_says_when_the_user_signed_in_so_an_app_sees_whether_its_prompt_was_obeyed(
    portal: Portal,
) -> None:
    app, clock = await an_app_of(portal), portal.app.deps.clock
    visitor = await portal.visit(None)
    await visitor.open("/sign-in")
    await visitor.send("/sign-in", name=portal.mia.user_principal_name, password=PASSWORD)
    first = to_seconds(clock())
    clock.advance(2 * MINUTE)  # type: ignore[attr-defined]
    asked = address(app.id, scope="openid", nonce="n-1", prompt="login", max_age="60")
    sign_in = (await visitor.open(asked)).headers["location"]
    taken_out = address(app.id, scope="openid", nonce="n-1")
    tricked = await id_token_of(visitor, app, sent_back(await allow(visitor, taken_out)).values["code"])
    assert (tricked["auth_time"], tricked["iat"]) == (first, first + 120), "the app can see that nobody signed in"
    assert (tricked["aud"], tricked["nonce"], tricked["sub"]) == (app.id, "n-1", portal.mia.id)
    await visitor.open(sign_in)
    back = await visitor.send(sign_in, name=portal.mia.user_principal_name, password=PASSWORD)
    obeyed = await id_token_of(visitor, app, sent_back(await allow(visitor, back.headers["location"])).values["code"])
    assert obeyed["auth_time"] == first + 120


async def test_what_the_app_demands_of_the_sign_in_survives_a_wrong_password(sqlite_portal: Portal) -> None:
    app = await an_app_of(sqlite_portal)
    visitor = await sqlite_portal.visit(sqlite_portal.mia)
    sign_in = (await visitor.open(address(app.id, prompt="login", max_age="60"))).headers["location"]
    page = await visitor.open(sign_in)
    for again in (sign_in, unescape(page.text).split('<form method="post" action="')[1].split('"')[0]):
        assert {name: parse_qs(urlsplit(again).query).get(name) for name in ("prompt", "max_age", "again")} == {
            "prompt": ["login"],
            "max_age": ["60"],
            "again": ["1"],
        }
    wrong = await visitor.send(again, name=sqlite_portal.mia.user_principal_name, password="no")
    assert "prompt=login&max_age=60" in unescape(wrong.text)
