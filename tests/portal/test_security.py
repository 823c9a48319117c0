"""What a page must withstand: other sites, other tenants, strange input, and being sent at the wrong time."""

from __future__ import annotations

import base64
import json
import re
from html import escape
from pathlib import Path

import httpx
import pytest
from starlette.types import Message, Scope
from structlog.testing import capture_logs

from tenantry.core import errors as domain_errors
from tenantry.core.errors import StoreBusy
from tenantry.store.engine.interface import Store
from tenantry.surfaces import portal as portal_package
from tenantry.surfaces.portal.frame import errors, static
from tenantry.surfaces.portal.frame.forms import DRAFT_COOKIE
from tenantry.surfaces.portal.frame.guard import cookie_name, local_path
from tests.support.app import an_app, client_for
from tests.support.builders import a_connector, a_group, a_tenant, a_user
from tests.support.portal import Portal, sign_in

PACKAGE = Path(portal_package.__file__).parent
TEMPLATES = sorted(PACKAGE.glob("templates/**/*.html"))
EVIL = "evil.example"
MARKUP = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}"
DETAILS = {"name": "Shift bot", "description": "", "kind": "confidential", "redirect_uris": ""}


async def a_form(portal: Portal, http: httpx.AsyncClient) -> dict[str, str]:
    page = await http.get("/connectors/new")
    return dict(re.findall(r'name="(form_token|form_id)" value="([^"]+)"', page.text))


async def registered(portal: Portal) -> int:
    visitor = await portal.visit(portal.dana)
    return (await visitor.open("/connectors?show=all")).text.count('class="name"')


# Other sites


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": f"https://{EVIL}"},
        {"origin": "null"},
        {"origin": "http://tenantry.test.evil.example"},
    ],
)
async def test_a_form_from_another_site_is_refused_even_with_a_good_token(
    sqlite_portal: Portal, headers: dict[str, str]
) -> None:
    visitor = await sqlite_portal.visit(sqlite_portal.dana)
    form = await a_form(sqlite_portal, visitor.http)
    data = {**form, **DETAILS, "step": "permissions", "permissions": "media"}
    refused = await visitor.http.post("/connectors/new", data=data, headers=headers)
    assert refused.status_code == 403
    assert "Open it again" in refused.text
    assert await registered(sqlite_portal) == 0
    taken = await visitor.http.post("/connectors/new", data=data, headers={"sec-fetch-site": "same-origin"})
    assert taken.status_code == 200


async def test_a_form_without_its_token_or_with_that_of_another_session_is_refused(sqlite_portal: Portal) -> None:
    visitor, other = await sqlite_portal.visit(sqlite_portal.dana), await sqlite_portal.visit(sqlite_portal.dana)
    foreign = await a_form(sqlite_portal, other.http)
    data = {**DETAILS, "step": "permissions", "permissions": "media", "form_id": "1"}
    for token in ({}, {"form_token": ""}, {"form_token": "\u00e9"}, {"form_token": foreign["form_token"]}):
        assert (await visitor.http.post("/connectors/new", data={**data, **token})).status_code == 403
    assert await registered(sqlite_portal) == 0


async def test_every_answer_forbids_frames_foreign_sources_and_copies(sqlite_portal: Portal) -> None:
    visitor = await sqlite_portal.visit(sqlite_portal.dana)
    answers = [await visitor.http.get(path) for path in ("/", "/connectors", "/no-such-page", "/sign-in")]
    answers.append(await visitor.http.post("/connectors/new", data={}))
    answers.append(await (await sqlite_portal.visit(None)).http.get("/connectors"))
    answers.append(await visitor.http.delete("/connectors"))
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_needs_an_exception_from_the_policy(template: Path) -> None:
    text = template.read_text()
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert not re.search(r"<style|\sstyle\s*=", text)
    assert not re.search(r"\son[a-z]+\s*=|\shx-on", text)
    assert "javascript:" not in text
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", text)
    assert "|safe" not in text.replace(" ", "")
    assert "autoescape false" not in text


def test_what_a_page_loads_is_small() -> None:
    sizes = {path.name: path.stat().st_size for path in (PACKAGE / "static").iterdir()}
    assert sum(size for name, size in sizes.items() if name.endswith(".css")) < 20_000
    assert sum(size for name, size in sizes.items() if name.endswith(".js")) < 60_000


async def test_assets_are_kept_for_good_under_the_name_of_their_content(sqlite_portal: Portal) -> None:
    http = (await sqlite_portal.visit(None)).http
    for name in ("portal.css", "portal.js", "htmx.min.js", "icon.svg"):
        packed = await http.get(static.asset(name))
        plain = await http.get(static.asset(name), headers={"accept-encoding": "identity"})
        assert packed.content == plain.content == (PACKAGE / "static" / name).read_bytes()
        assert "immutable" in plain.headers["cache-control"]
        assert packed.headers["content-encoding"] == "gzip"
    stale = await http.get("/static/000000000000/portal.css")
    assert stale.headers["cache-control"] == "no-cache"
    for path in ("/static/x/../../settings.py", "/static/x/%2e%2e%2fsettings.py", "/static/x/none.css"):
        assert (await http.get(path)).status_code == 404


# Where it leads


@pytest.mark.parametrize(
    "raw",
    [
        f"https://{EVIL}/",
        f"//{EVIL}/",
        f"/\\{EVIL}/",
        f"\\\\{EVIL}",
        f"/\t/{EVIL}",
        f"/\n/{EVIL}",
        f" //{EVIL}",
        f"http:{EVIL}",
        "javascript:alert(1)",
        "data:text/html,x",
        f"///{EVIL}",
        "/a\r\nSet-Cookie: x=1",
        "/" + "x" * 5000,
        "connectors",
        "",
        None,
    ],
)
def test_only_paths_of_this_server_are_gone_back_to(raw: str | None) -> None:
    assert local_path(raw) == "/"


@pytest.mark.parametrize("raw", ["/", "/connectors/new", "/phones/verify?number=%2B14255550100", "/a?next=//b.example"])
def test_a_path_of_this_server_is_gone_back_to(raw: str) -> None:
    assert local_path(raw) == raw


async def test_a_made_up_host_gets_into_no_answer(sqlite_portal: Portal) -> None:
    visitor = await sqlite_portal.visit(sqlite_portal.dana)
    connector = await a_connector(sqlite_portal.app.deps.store, sqlite_portal.tenant)
    names = [f"{EVIL}", f"{EVIL}:80", f"x@{EVIL}", f"tenantry.test#{EVIL}", f"{EVIL}/path?"]
    paths = ["/", "/connectors/", "/connectors", f"/connectors/{connector.id}/user-token", "/nothing"]
    nobody = (await sqlite_portal.visit(None)).http
    for name in names:
        headers = {"host": name, "x-forwarded-host": EVIL, "forwarded": f"host={EVIL}"}
        for http in (visitor.http, nobody):
            for path in paths:
                answer = await http.get(path, headers=headers)
                assert answer.status_code < 500
                assert EVIL not in answer.text
                assert EVIL not in str(answer.headers)


# Without a session


async def test_who_is_signed_out_is_sent_to_sign_in_and_back(sqlite_portal: Portal) -> None:
    http = (await sqlite_portal.visit(None)).http
    answer = await http.get("/connectors?show=all&q=a b")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Fconnectors%3Fshow%3Dall%26q%3Da%20b".replace(
        "a%20b", "a%2520b"
    )
    partial = await http.get("/connectors", headers={"hx-request": "true"})
    assert partial.status_code == 401
    assert partial.headers["hx-redirect"] == "/sign-in?next=%2Fconnectors"


@pytest.mark.parametrize("value", ["", "garbage", "tny_ss_" + "0" * 74, "\u00e9", "x" * 5000])
async def test_a_cookie_that_is_no_session_is_as_good_as_none(sqlite_portal: Portal, value: str) -> None:
    http = client_for(sqlite_portal.app)
    name = cookie_name(sqlite_portal.app.deps.settings)
    answer = await http.get("/connectors", headers=[(b"cookie", f"{name}={value}".encode())])
    assert answer.status_code == 303
    await http.aclose()


@pytest.mark.parametrize(("site", "is_kept"), [("same-origin", True), ("same-site", False), (None, False)])
async def test_a_form_sent_after_signing_out_in_another_tab_is_kept_only_if_it_is_from_a_page_of_ours(
    sqlite_portal: Portal, site: str | None, is_kept: bool
) -> None:
    visitor = await sqlite_portal.visit(sqlite_portal.dana)
    form = await a_form(sqlite_portal, visitor.http)
    visitor.http.cookies.delete(cookie_name(sqlite_portal.app.deps.settings))
    data = {**form, **DETAILS, "description": "typed for long", "step": "details"}
    headers = {"sec-fetch-site": site} if site else {}
    sent = await visitor.http.post("/connectors/new", data=data, headers=headers)
    assert sent.headers["location"] == "/sign-in?next=%2Fconnectors%2Fnew"
    visitor.http.cookies.set(
        cookie_name(sqlite_portal.app.deps.settings), await sign_in(sqlite_portal.app, sqlite_portal.dana)
    )
    assert ("typed for long" in (await visitor.open("/connectors/new")).text) is is_kept


async def test_a_form_sent_after_the_sessions_end_is_there_again_after_signing_in(portal: Portal) -> None:
    visitor = await portal.visit(portal.dana)
    form = await a_form(portal, visitor.http)
    name = cookie_name(portal.app.deps.settings)
    ended = visitor.http.cookies[name]
    visitor.http.cookies.delete(name)
    async with portal.app.deps.store.write() as tx:
        await tx.run("UPDATE sessions SET ended_at = 1 WHERE tenant_id = :tenant_id", tenant_id=portal.tenant.id)
    secrets = {"password": "hunter2", "pin": "123456", "client_secret": "s3cret", "callback_token": "t0ken"}
    typed = {**DETAILS, "description": "typed for long", **secrets}
    visitor.http.cookies.set(name, ended)
    sent = await visitor.http.post("/connectors/new", data={**form, **typed, "step": "details"})
    assert sent.status_code == 303
    assert sent.headers["location"] == "/sign-in?next=%2Fconnectors%2Fnew"
    kept = base64.urlsafe_b64decode(sent.cookies[DRAFT_COOKIE]).decode()
    assert "typed for long" in kept
    assert not [secret for secret in (*secrets.values(), form["form_token"]) if secret in kept]
    visitor.http.cookies.delete(name)
    visitor.http.cookies.set(name, await sign_in(portal.app, portal.dana))
    page = await visitor.open("/connectors/new")
    assert "typed for long" in page.text
    assert 'value="Shift bot"' in page.text
    assert "typed for long" not in (await visitor.open("/connectors/new")).text


# Strange input


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"\xff\xfe=1", "application/x-www-form-urlencoded"),
        (b"a=" + b"x" * 100_000, "application/x-www-form-urlencoded"),
        (b"&".join(b"a%d=1" % n for n in range(5000)), "application/x-www-form-urlencoded"),
        (b'{"a": 1}', "application/json"),
        (b"x", "multipart/form-data"),
        (b"x", "multipart/form-data; boundary=y"),
        (b"--y\r\n\r\n", "multipart/form-data; boundary=y"),
        (b"", ""),
    ],
)
async def test_what_is_no_form_is_refused_with_a_page(sqlite_portal: Portal, content: bytes, content_type: str) -> None:
    visitor = await sqlite_portal.visit(sqlite_portal.dana)
    answer = await visitor.http.post("/connectors/new", content=content, headers={"content-type": content_type})
    assert 400 <= answer.status_code < 500
    assert "<h1>" in answer.text


@pytest.mark.parametrize(
    ("charset", "token"),
    [("unicode_escape", b"\\ud800"), ("utf-7", b"+2AA-"), ("idna", b"x"), ("utf-16", b"x"), ('"latin-1"', b"x")],
)
async def test_a_form_in_another_charset_is_refused(sqlite_portal: Portal, charset: str, token: bytes) -> None:
    visitor = await sqlite_portal.visit(None)
    content = b'--y\r\nContent-Disposition: form-data; name="form_token"\r\n\r\n%b\r\n--y--\r\n' % token
    kind = f"multipart/form-data; charset={charset}; boundary=y"
    answer = await visitor.http.post("/sign-in", content=content, headers={"content-type": kind})
    assert answer.status_code == 400
    kind = "multipart/form-data; Charset=UTF-8; boundary=y"
    answer = await visitor.http.post("/sign-in", content=content, headers={"content-type": kind})
    assert answer.status_code == 403  # read, and not believed


@pytest.mark.parametrize("header", ["origin", "referer"])
async def test_a_sender_that_is_no_address_is_no_page_of_ours(sqlite_portal: Portal, header: str) -> None:
    visitor = await sqlite_portal.visit(None)
    answer = await visitor.http.post("/sign-in", data={"form_token": "x"}, headers={header: "http://["})
    assert answer.status_code == 403


async def test_a_draft_of_what_no_page_can_hold_is_left_out(sqlite_portal: Portal) -> None:
    visitor = await sqlite_portal.visit(sqlite_portal.dana)
    typed = ["/connectors/new", {"name": ["\ud800"], "description": ["kept"]}]
    visitor.http.cookies.set(DRAFT_COOKIE, base64.urlsafe_b64encode(json.dumps(typed).encode()).decode())
    page = await visitor.open("/connectors/new")
    assert page.status_code == 200
    assert "kept" in page.text


@pytest.mark.parametrize("value", ["\0", "a\nb", "\x1b[31m", "\x85"])
@pytest.mark.parametrize("field", ["name", "description", "redirect_uris", "kind", "permissions", "step", "form_id"])
async def test_a_value_that_cannot_be_stored_is_told_or_ignored(sqlite_portal: Portal, field: str, value: str) -> None:
    visitor = await sqlite_portal.visit(sqlite_portal.dana)
    form = await a_form(sqlite_portal, visitor.http)
    data = {**form, **DETAILS, "step": "permissions", "permissions": "media", field: value}
    answer = await visitor.http.post("/connectors/new", data=data)
    assert answer.status_code in (200, 422)
    if field == "name":
        assert 'id="name-error"' in answer.text


async def test_markup_in_every_text_is_shown_as_text(portal: Portal) -> None:
    store = portal.app.deps.store
    group = await a_group(store, portal.tenant, name=MARKUP[:60], admins=[portal.dana])
    visitor = await portal.visit(portal.dana)
    await visitor.open("/connectors/new")
    typed = {**DETAILS, "name": MARKUP, "description": MARKUP}
    pages = [await visitor.send("/connectors/new", step="details", **{**typed, "redirect_uris": MARKUP})]
    pages.append(await visitor.send("/connectors/new", step="details", **typed))
    pages.append(await visitor.send("/connectors/new", step="permissions", permissions=["media"], **typed))
    found = re.search(r"<code>([0-9a-f-]{36})</code>", pages[-1].text)
    assert found
    path = f"/connectors/{found[1]}"
    pages += [
        await visitor.open(f"/groups/{group}/connectors"),
        await visitor.open(f"/groups/{group}/connectors?connector_id={found[1]}"),
        await visitor.send(f"/groups/{group}/connectors", connector_id=found[1], permissions="media", days="1"),
    ]
    pages += [await visitor.open(path + end) for end in ("/deactivate", "/delete", "/secrets/new", "/user-token")]
    pages += [await visitor.send(path + "/user-token", permissions="media", days="1"), await visitor.open(path)]
    pages += [await visitor.open(f"/groups/{group}/connectors"), await visitor.open("/connectors")]
    pages += [
        await visitor.http.get(place, params=dict.fromkeys(("q", "number", "added", "show", "after"), MARKUP))
        for place in ("/connectors", "/phones", "/phones/verify", f"/{MARKUP}")
    ]
    for page in pages:
        assert page.status_code < 500
        assert "<script>alert" not in page.text
        assert "<img" not in page.text
        assert "49}" not in page.text
    assert sum(escape(MARKUP) in page.text.replace("&#34;", "&quot;").replace("&#39;", "&#x27;") for page in pages) > 5


# Other tenants


async def test_another_tenants_things_are_pages_that_are_not_there(portal: Portal) -> None:
    store = portal.app.deps.store
    connector = await a_connector(store, portal.tenant)
    stranger = await portal.visit(portal.otto)
    paths = [
        f"/connectors/{connector.id}{end}" for end in ("", "/user-token", "/deactivate", "/delete", "/secrets/new")
    ]
    paths += [
        f"/groups/{portal.group}/connectors",
        "/connectors/nonsense",
        "/connectors/%00",
        "/connectors?q=%00",
        "/tokens/x/revoke",
    ]
    for path in paths:
        answer = await stranger.open(path)
        assert answer.status_code == 404, path
        assert "There is no such page" in stranger.text
        await stranger.open("/phones")
        sent = await stranger.send(path, form_id=path, connector_id=connector.id)
        assert sent.status_code in (404, 405), path


# When something is wrong with us


def test_every_error_of_the_domain_has_a_line() -> None:
    assert set(errors.TABLE) == set(domain_errors.all_kinds())


async def test_a_store_that_is_busy_asks_to_come_back_and_a_bug_shows_its_number_only(
    sqlite_portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = await sqlite_portal.visit(sqlite_portal.dana)

    async def busy(*_: object, **__: object) -> None:
        raise StoreBusy(internal="secret detail")

    monkeypatch.setattr("tenantry.surfaces.portal.connectors.connectors.search_connectors", busy)
    answer = await visitor.open("/connectors")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert "secret detail" not in answer.text

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("tenantry.surfaces.portal.connectors.connectors.search_connectors", broken)
    with capture_logs() as lines:
        answer = await visitor.http.get("/connectors", headers={"x-correlation-id": "number-7"})
    assert [line["path"] for line in lines if line["event"] == "unexpected error"] == ["/connectors"]
    assert answer.status_code == 500
    assert "number-7" in answer.text
    assert "secret detail" not in answer.text
    assert answer.headers["x-frame-options"] == "DENY"


async def test_over_https_the_cookie_is_bound_to_the_host_and_the_browser_to_https(store: Store) -> None:
    app = await an_app(store, public_url="https://tenantry.test")
    tenant = await a_tenant(store)
    user = await a_user(store, tenant)
    http = client_for(app)
    assert cookie_name(app.deps.settings) == "__Host-tenantry"
    cookie = f"__Host-tenantry={await sign_in(app, user)}"
    answer = await http.get("/connectors", headers={"cookie": cookie})
    assert answer.status_code == 200
    assert "strict-transport-security" in answer.headers
    await http.aclose()
    await app.close()


async def test_a_form_that_breaks_off_is_no_bug(portal: Portal) -> None:
    """The log is not to be filled by whoever hangs up."""

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(_message: Message) -> None:
        pass

    scope: Scope = {
        "type": "http",
        "method": "POST",
        "path": "/sign-in",
        "raw_path": b"/sign-in",
        "query_string": b"",
        "headers": [(b"host", b"tenantry.test")],
        "client": ("192.0.2.1", 1),
    }
    with capture_logs() as lines:
        await portal.app(scope, receive, send)
    assert lines == []
