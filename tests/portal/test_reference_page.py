"""The steps of "Generate tenant-level user token" in the portal, and what people do around them."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from tenantry.access.actions import Permission
from tenantry.core.caller import Reach
from tenantry.core.clock import DAY, HOUR, MINUTE
from tests.support.app import RecordingMessages
from tests.support.builders import a_connector, a_grant, a_tenant
from tests.support.portal import Portal, Visitor

SECRET = re.compile(r"tny_cs_\w+")
TOKEN = re.compile(r"tny_rt_\w+")
CONNECTOR_ID = re.compile(r"<code>([0-9a-f-]{36})</code>")
DETAILS = {"name": "Shift bot", "description": "Posts the plan.", "kind": "confidential", "redirect_uris": ""}


async def last_pin(portal: Portal) -> str:
    messages = portal.app.deps.messages
    assert isinstance(messages, RecordingMessages)
    found = re.search(r"\d{6}", messages.sent[-1][1])
    assert found
    return found[0]


async def register(visitor: Visitor, permissions: list[str]) -> tuple[str, str]:
    """Add Connector, Continue, Create Connector: its ID and secret."""
    await visitor.open("/connectors/new")
    await visitor.send("/connectors/new", step="details", **DETAILS)
    created = await visitor.send("/connectors/new", step="permissions", permissions=permissions, **DETAILS)
    assert created.status_code == 200
    secret, connector_id = SECRET.search(created.text), CONNECTOR_ID.search(created.text)
    assert secret
    assert connector_id
    return connector_id[1], secret[0]


def terms(page: str) -> dict[str, str | list[str]]:
    """What a form that gives a token has chosen, if nobody changes it: every permission, the longest time."""
    days = re.search(r'<option value="(\d+)"', page)
    permissions = re.findall(r'name="permissions" value="(\w+)" checked', page)
    return {"permissions": permissions, "days": days[1]} if days else {}


async def user_token(visitor: Visitor, connector_id: str, **chosen: str | list[str]) -> str:
    page = await visitor.open(f"/connectors/{connector_id}/user-token")
    shown = await visitor.send(f"/connectors/{connector_id}/user-token", **{**terms(page.text), **chosen})
    token = TOKEN.search(shown.text)
    assert token, visitor.text
    return token[0]


async def exchange(visitor: Visitor, connector_id: str, secret: str, token: str) -> httpx.Response:
    headers = {"applicationId": connector_id, "applicationSecret": secret, "refreshToken": token}
    return await visitor.http.get("/kaizala/v1/accessToken", headers=headers)


@pytest.mark.parametrize("typed", ["+1 (425) 555-0100", "001 425 555 0100", "(425) 555 0100", "+1.425.555.0100"])
async def test_a_number_in_any_spelling_is_verified_by_the_pin_that_came_to_it(portal: Portal, typed: str) -> None:
    visitor = await portal.visit(portal.mia)
    await visitor.open("/phones")
    assert "Add a Phone Number" in visitor.text
    assert "Generate PIN" in visitor.text
    sent = await visitor.send("/phones", number=typed)
    assert sent.status_code == 303
    await visitor.open(sent.headers["location"])
    assert "+14255550100" in visitor.text
    done = await visitor.send("/phones/verify", number="+14255550100", pin=await last_pin(portal))
    assert done.status_code == 303
    await visitor.open(done.headers["location"])
    assert "+14255550100 is verified and yours" in visitor.text


async def test_a_wrong_pin_is_refused_beside_its_field_and_a_used_one_is_dead(portal: Portal) -> None:
    visitor = await portal.visit(portal.mia)
    await visitor.open("/phones")
    sent = await visitor.send("/phones", number="+14255550100")
    await visitor.open(sent.headers["location"])
    pin = await last_pin(portal)
    wrong = await visitor.send("/phones/verify", number="+14255550100", pin=str(int(pin) ^ 1))
    assert wrong.status_code == 422
    assert 'id="pin-error"' in wrong.text
    assert "+14255550100" in visitor.text
    assert (await visitor.send("/phones/verify", number="+14255550100", pin=f" {pin} ")).status_code == 303
    await visitor.open("/phones/verify?number=%2B14255550100")
    assert (await visitor.send("/phones/verify", number="+14255550100", pin=pin)).status_code == 422


async def test_a_pin_proves_the_number_of_who_asked_for_it_only(portal: Portal) -> None:
    mia, erik = await portal.visit(portal.mia), await portal.visit(portal.erik)
    await mia.open("/phones")
    await mia.send("/phones", number="+14255550100")
    await erik.open("/phones/verify?number=%2B14255550100")
    stolen = await erik.send("/phones/verify", number="+14255550100", pin=await last_pin(portal))
    assert stolen.status_code == 422


async def test_a_connector_is_registered_in_two_steps_and_its_token_is_exchanged(portal: Portal) -> None:
    visitor = await portal.visit(portal.dana)
    await visitor.open("/connectors")
    assert "Add Connector" in visitor.text
    connector_id, secret = await register(visitor, ["group_information", "group_members"])
    await visitor.open(f"/connectors/{connector_id}")
    assert secret not in visitor.page.text
    assert f"…{secret[-4:]}" in visitor.text
    token = await user_token(visitor, connector_id)
    assert "Every group of the organisation" in visitor.text
    assert "curl http://tenantry.test/kaizala/v1/accessToken" in visitor.text
    exchanged = await exchange(visitor, connector_id, secret, token)
    assert exchanged.status_code == 200
    groups = await visitor.http.get("/kaizala/v1/groups", headers={"accessToken": exchanged.json()["accessToken"]})
    assert {group["groupName"] for group in groups.json()["groups"]} == {"Night shift", "Night drivers", "Day shift"}


async def test_what_a_user_token_reaches_is_listed_before_it_is_made(portal: Portal) -> None:
    visitor = await portal.visit(portal.mia)
    connector_id, _secret = await register(visitor, ["text_messages"])
    await visitor.open(f"/connectors/{connector_id}/user-token")
    assert "Night shift as member" in visitor.text
    assert "Day shift" not in visitor.text
    assert "Text Message Post text into groups." in visitor.text
    assert "365 days, until January 1, 2027" in visitor.text
    assert not TOKEN.search(visitor.page.text)


async def test_a_second_user_token_replaces_the_first_and_says_so(portal: Portal) -> None:
    visitor = await portal.visit(portal.mia)
    connector_id, secret = await register(visitor, ["text_messages"])
    first = await user_token(visitor, connector_id)
    await visitor.open(f"/connectors/{connector_id}/user-token")
    assert "It replaces the token you gave before" in visitor.text
    second = await user_token(visitor, connector_id)
    assert (await exchange(visitor, connector_id, secret, first)).status_code == 401
    assert (await exchange(visitor, connector_id, secret, second)).status_code == 200


async def test_who_gives_a_token_chooses_its_permissions_and_its_end(portal: Portal) -> None:
    visitor = await portal.visit(portal.dana)
    connector_id, secret = await register(visitor, ["group_information", "group_members"])
    token = await user_token(visitor, connector_id, permissions=["group_information"], days="7")
    assert "Group Information Until January 8, 2026" in visitor.text
    access = {"accessToken": (await exchange(visitor, connector_id, secret, token)).json()["accessToken"]}
    assert (await visitor.http.get("/kaizala/v1/groups", headers=access)).status_code == 200
    members = await visitor.http.get(f"/kaizala/v1/groups/{portal.group}/members", headers=access)
    assert members.status_code == 403, "the connector has the permission, the token was not given it"
    portal.app.deps.clock.advance(7 * DAY)  # type: ignore[attr-defined]
    assert (await exchange(visitor, connector_id, secret, token)).status_code == 401


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"permissions": []}, "permissions"),
        ({"permissions": ["no_such"]}, "permissions"),
        ({"days": "366"}, "days"),
        ({"days": "-1"}, "days"),
        ({"days": ""}, "days"),
    ],
)
async def test_a_token_is_not_given_on_terms_that_were_not_offered(
    portal: Portal, typed: dict[str, str | list[str]], field: str
) -> None:
    visitor = await portal.visit(portal.mia)
    connector_id, _secret = await register(visitor, ["group_information"])
    for path, more in (
        (f"/connectors/{connector_id}/user-token", {}),
        (f"/groups/{portal.group}/connectors", {"connector_id": connector_id}),
    ):
        giver = visitor if "user-token" in path else await portal.visit(portal.erik)
        await giver.open(f"{path}?connector_id={connector_id}")
        refused = await giver.send(path, **{"permissions": ["group_information"], "days": "1", **typed, **more})
        assert refused.status_code == 422
        assert f'id="{field}-error"' in refused.text


async def test_a_token_opens_nothing_that_its_app_did_not_ask_for(portal: Portal) -> None:
    visitor = await portal.visit(portal.mia)
    connector_id, _secret = await register(visitor, ["group_information"])
    ask = f"/connectors/{connector_id}/user-token"
    await visitor.open(ask)
    refused = await visitor.send(ask, permissions=["group_information", "group_members"], days="1")
    assert refused.status_code == 422
    assert not TOKEN.search(refused.text)


async def test_a_groups_admin_adds_a_connector_to_the_group_and_what_is_below(portal: Portal) -> None:
    visitor = await portal.visit(portal.erik)
    connector_id, secret = await register(visitor, ["group_information"])
    path = f"/groups/{portal.group}/connectors"
    await visitor.open(path)
    page = await visitor.open(f"{path}?connector_id={connector_id}")
    assert "It also reaches the sub-group Night drivers" in visitor.text
    shown = await visitor.send(path, connector_id=connector_id, **terms(page.text))
    token = TOKEN.search(shown.text)
    assert token
    access = (await exchange(visitor, connector_id, secret, token[0])).json()["accessToken"]
    groups = await visitor.http.get("/kaizala/v1/groups", headers={"accessToken": access})
    assert {group["groupName"] for group in groups.json()["groups"]} == {"Night shift", "Night drivers"}
    await visitor.open(path)
    assert "Shift bot" in visitor.text


async def test_the_page_for_a_pin_without_a_number_leads_to_the_form_for_one(portal: Portal) -> None:
    visitor = await portal.visit(portal.mia)
    assert (await visitor.open("/phones/verify")).headers["location"] == "/phones"


async def test_a_group_token_form_that_is_sent_twice_says_that_its_token_was_shown_once(portal: Portal) -> None:
    visitor = await portal.visit(portal.erik)
    connector_id, secret = await register(visitor, ["media"])
    path = f"/groups/{portal.group}/connectors"
    page = await visitor.open(f"{path}?connector_id={connector_id}")
    chosen = terms(page.text)
    token = TOKEN.search((await visitor.send(path, connector_id=connector_id, **chosen)).text)
    assert token
    visitor.page = page
    second = await visitor.send(path, connector_id=connector_id, **chosen)
    assert second.status_code == 409
    assert "This was made already" in visitor.text
    assert f'href="{path}#add"' in second.text
    assert (await exchange(visitor, connector_id, secret, token[0])).status_code == 200


async def test_a_group_page_asks_for_a_connector_that_is_there(portal: Portal) -> None:
    visitor = await portal.visit(portal.erik)
    elsewhere = await a_connector(portal.app.deps.store, await a_tenant(portal.app.deps.store))
    await register(visitor, ["group_information"])
    path = f"/groups/{portal.group}/connectors"
    await visitor.open(path)
    assert (await visitor.send(path, connector_id="")).status_code == 422
    assert 'id="connector_id-error"' in visitor.page.text
    assert (await visitor.send(path, connector_id=elsewhere.id)).status_code == 404


async def test_two_secrets_live_at_once_until_the_old_one_is_ended(portal: Portal) -> None:
    visitor = await portal.visit(portal.dana)
    connector_id, old = await register(visitor, ["group_information"])
    token = await user_token(visitor, connector_id)
    rotate = f"/connectors/{connector_id}/secrets/new"
    portal.app.deps.clock.advance(MINUTE)  # type: ignore[attr-defined]
    await visitor.open(rotate)
    new = SECRET.search((await visitor.send(rotate)).text)
    assert new
    for secret in (old, new[0]):
        assert (await exchange(visitor, connector_id, secret, token)).status_code == 200
    await visitor.open(rotate)
    assert (await visitor.send(rotate)).status_code == 422
    assert "End one, then add another" in visitor.text
    await visitor.open(f"/connectors/{connector_id}")
    end = re.findall(rf"/connectors/{connector_id}/secrets/[0-9a-f-]+/end", visitor.page.text)[0]
    await visitor.open(end)
    assert f"ends in {old[-4:]}" in visitor.text
    assert (await visitor.send(end)).status_code == 303
    assert (await exchange(visitor, connector_id, old, token)).status_code == 401
    assert (await exchange(visitor, connector_id, new[0], token)).status_code == 200


async def test_a_deactivated_connector_keeps_its_tokens_and_gets_no_new_one(portal: Portal) -> None:
    visitor = await portal.visit(portal.dana)
    connector_id, secret = await register(visitor, ["group_information"])
    token = await user_token(visitor, connector_id)
    deactivate = f"/connectors/{connector_id}/deactivate"
    await visitor.open(deactivate)
    assert "1 token goes on working" in visitor.text
    assert (await visitor.send(deactivate)).status_code == 303
    assert (await exchange(visitor, connector_id, secret, token)).status_code == 200
    ask = f"/connectors/{connector_id}/user-token"
    page = await visitor.open(ask)
    assert (await visitor.send(ask, **terms(page.text))).status_code == 422
    assert "deactivated" in visitor.text
    await visitor.open(f"/connectors/{connector_id}/activate")
    assert (await visitor.send(f"/connectors/{connector_id}/activate")).status_code == 303
    assert await user_token(visitor, connector_id)


async def test_a_revoked_token_is_refused_at_once_by_giver_owner_and_administrator(portal: Portal) -> None:
    owner = await portal.visit(portal.erik)
    connector_id, secret = await register(owner, ["group_information"])
    for who in (portal.mia, portal.erik, portal.dana):
        giver = await portal.visit(portal.mia)
        token = await user_token(giver, connector_id)
        access = (await exchange(giver, connector_id, secret, token)).json()["accessToken"]
        await owner.open(f"/connectors/{connector_id}")
        revoke = re.findall(r"/tokens/[0-9a-f-]+/revoke", owner.page.text)[0]
        visitor = await portal.visit(who)
        await visitor.open(revoke)
        assert "Access tokens made from it stop at once" in visitor.text
        assert (await visitor.send(revoke)).status_code == 303
        assert (await exchange(visitor, connector_id, secret, token)).status_code == 401
        refused = await visitor.http.get("/kaizala/v1/groups", headers={"accessToken": access})
        assert refused.status_code == 401


async def test_a_deleted_connector_is_gone_with_its_tokens(portal: Portal) -> None:
    visitor = await portal.visit(portal.dana)
    connector_id, secret = await register(visitor, ["group_information"])
    token = await user_token(visitor, connector_id)
    await visitor.open(f"/connectors/{connector_id}/delete")
    assert "1 token stops working at once" in visitor.text
    assert (await visitor.send(f"/connectors/{connector_id}/delete")).status_code == 303
    assert (await exchange(visitor, connector_id, secret, token)).status_code == 401
    assert (await visitor.open(f"/connectors/{connector_id}")).status_code == 404


async def test_details_that_are_wrong_are_told_beside_the_field_and_kept(portal: Portal) -> None:
    visitor = await portal.visit(portal.dana)
    await visitor.open("/connectors/new")
    typed = {**DETAILS, "name": " ", "redirect_uris": "http://evil.example/cb", "description": "kept as typed"}
    answer = await visitor.send("/connectors/new", step="details", **typed)
    assert answer.status_code == 422
    assert 'id="name-error"' in answer.text
    answer = await visitor.send("/connectors/new", step="details", **{**typed, "name": "Bot"})
    assert 'id="redirect_uris-error"' in answer.text
    assert "http://evil.example/cb" in answer.text
    assert "kept as typed" in answer.text
    answer = await visitor.send("/connectors/new", step="permissions", **DETAILS)
    assert answer.status_code == 422
    assert "Choose at least one permission" in visitor.text
    answer = await visitor.send("/connectors/new", step="back", permissions=["media"], **DETAILS)
    assert 'value="Shift bot"' in answer.text
    assert 'name="permissions" value="media"' in answer.text


async def test_a_form_that_is_sent_twice_makes_one_thing(portal: Portal) -> None:
    visitor = await portal.visit(portal.dana)
    await visitor.open("/connectors/new")
    permissions_page = await visitor.send("/connectors/new", step="details", **DETAILS)
    first = await visitor.send("/connectors/new", step="permissions", permissions=["media"], **DETAILS)
    visitor.page = permissions_page
    second = await visitor.send("/connectors/new", step="permissions", permissions=["media"], **DETAILS)
    assert (first.status_code, second.status_code) == (200, 409)
    assert "nothing was done now" in visitor.text
    await visitor.open("/connectors")
    assert visitor.page.text.count('class="name"') == 1


async def test_a_token_form_that_is_sent_twice_says_that_its_token_was_shown_once(portal: Portal) -> None:
    visitor = await portal.visit(portal.dana)
    connector_id, secret = await register(visitor, ["media"])
    ask = f"/connectors/{connector_id}/user-token"
    page = await visitor.open(ask)
    chosen = terms(page.text)
    token = TOKEN.search((await visitor.send(ask, **chosen)).text)
    assert token
    visitor.page = page
    second = await visitor.send(ask, **chosen)
    assert second.status_code == 409, "nothing was done"
    assert "This was made already" in visitor.text
    assert f'href="/connectors/{connector_id}#tokens"' in second.text
    assert f'href="{ask}"' in second.text
    assert not TOKEN.search(second.text)
    assert (await exchange(visitor, connector_id, secret, token[0])).status_code == 200


@pytest.mark.parametrize(
    ("ago", "says"), [(None, "never"), (59 * MINUTE, "within the hour"), (3 * HOUR, "3 hours ago")]
)
async def test_when_a_connector_its_secret_and_its_token_were_last_used_is_shown(
    portal: Portal, ago: int | None, says: str
) -> None:
    store, now = portal.app.deps.store, portal.app.deps.clock()
    connector = await a_connector(store, portal.tenant, permissions=[Permission.MEDIA], now=now - 9 * HOUR)
    await a_grant(store, connector, portal.mia, permissions=[Permission.MEDIA], now=now - 9 * HOUR)
    at = None if ago is None else now - ago
    async with store.write() as tx:
        await tx.run("UPDATE connector_secrets SET last_used_at = :at WHERE connector_id = :id", at=at, id=connector.id)
        await tx.run("UPDATE refresh_tokens SET last_used_at = :at WHERE tenant_id = :t", at=at, t=portal.tenant.id)
    visitor = await portal.visit(portal.dana)
    assert (await visitor.open("/connectors?show=all")).text.count(says) == 1
    assert (await visitor.open(f"/connectors/{connector.id}")).text.count(says) == 2
    assert says in (await visitor.open(f"/users/{portal.mia.id}")).text


async def test_a_public_connector_was_last_used_when_its_tokens_were(portal: Portal) -> None:
    store, now = portal.app.deps.store, portal.app.deps.clock()
    used, idle = (
        await a_connector(store, portal.tenant, name="Used"),
        await a_connector(store, portal.tenant, name="Idle"),
    )
    for connector in (used, idle):
        await a_grant(store, connector, portal.mia, permissions=[Permission.MEDIA])
    async with store.write() as tx:
        await tx.run("UPDATE connectors SET kind = 'public' WHERE tenant_id = :t", t=portal.tenant.id)
        await tx.run(
            """
            UPDATE refresh_tokens SET last_used_at = :at WHERE tenant_id = :t AND grant_id IN
                (SELECT id FROM grants WHERE tenant_id = :t AND connector_id = :connector_id)
            """,
            at=now - 5 * HOUR,
            t=portal.tenant.id,
            connector_id=used.id,
        )
    visitor = await portal.visit(portal.dana)
    await visitor.open("/connectors?show=all")
    assert re.search(r"Idle .* never .* Used .* 5 hours ago", visitor.text)


async def test_a_form_that_failed_can_be_sent_again(portal: Portal) -> None:
    visitor = await portal.visit(portal.mia)
    connector_id, _secret = await register(visitor, ["media"])
    ask = f"/connectors/{connector_id}/user-token"
    await visitor.open(f"/connectors/{connector_id}/deactivate")
    await visitor.send(f"/connectors/{connector_id}/deactivate")
    asked = await visitor.open(ask)
    chosen = terms(asked.text)
    assert (await visitor.send(ask, **chosen)).status_code == 422
    await visitor.open(f"/connectors/{connector_id}/activate")
    await visitor.send(f"/connectors/{connector_id}/activate")
    visitor.page = asked
    assert (await visitor.send(ask, **chosen)).status_code == 200


async def test_ones_own_connectors_are_listed_first_and_all_on_demand(portal: Portal) -> None:
    erik, mia = await portal.visit(portal.erik), await portal.visit(portal.mia)
    await register(erik, ["media"])
    await mia.open("/connectors?show=mine")
    assert "No connectors of yours yet" in mia.text
    await mia.open("/connectors")
    assert "Shift bot" in mia.text, "who has none of their own sees everybody's"
    await mia.open("/connectors?q=nothing")
    assert "Nothing found" in mia.text
    await register(mia, ["actions"])
    await mia.open("/connectors")
    assert mia.page.text.count("Shift bot") == 1
    await mia.open("/connectors?show=all")
    assert mia.page.text.count("Shift bot") == 2
    stranger = await portal.visit(portal.otto)
    await stranger.open("/connectors?show=all")
    assert "Shift bot" not in stranger.text


@pytest.mark.parametrize(
    ("query", "found"),
    # The last shows nothing, like a search for nothing.
    [("SHIFT", 1), ("bot", 1), ("%", 0), ("_", 0), ("!", 0), ("'", 0), ("sh\u202eift", 1), ("\u202e", 1)],
)
async def test_a_search_finds_names_and_takes_no_wildcards(portal: Portal, query: str, found: int) -> None:
    visitor = await portal.visit(portal.erik)
    await register(visitor, ["media"])
    page = await visitor.http.get("/connectors", params={"q": query})
    assert page.status_code == 200
    assert page.text.count('class="name"') == found


async def test_a_long_list_goes_on_on_the_next_page_without_gap_or_repetition(portal: Portal) -> None:
    for number in range(60):
        await a_connector(portal.app.deps.store, portal.tenant, name=f"Bot {number % 30:02}")
    visitor = await portal.visit(portal.dana)
    seen: list[str] = []
    address = "/connectors?show=all"
    while address:
        page = await visitor.open(address)
        seen += re.findall(r'class="name" href="([^"]+)"', page.text)
        following = re.search(r'rel="next" href="([^"]+)"', page.text)
        address = following[1].replace("&amp;", "&") if following else ""
    assert len(seen) == len(set(seen)) == 60


async def test_only_who_registered_a_connector_or_administers_changes_it(portal: Portal) -> None:
    erik, mia = await portal.visit(portal.erik), await portal.visit(portal.mia)
    connector_id, _secret = await register(erik, ["media"])
    await mia.open(f"/connectors/{connector_id}")
    assert "Generate user token" in mia.text
    assert "Deactivate" not in mia.text
    assert "Secrets" not in mia.text
    for change in ("deactivate", "activate", "delete", "secrets/new"):
        assert (await mia.open(f"/connectors/{connector_id}/{change}")).status_code == 403
        await mia.open("/phones")
        assert (await mia.send(f"/connectors/{connector_id}/{change}", form_id="x" * 20)).status_code == 403
    dana = await portal.visit(portal.dana)
    assert (await dana.open(f"/connectors/{connector_id}/deactivate")).status_code == 200


async def test_the_queries_of_a_page_do_not_grow_with_its_rows(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    store = portal.app.deps.store
    permissions = [Permission.GROUP_INFORMATION]
    connector = await a_connector(store, portal.tenant, permissions=permissions)
    visitor = await portal.visit(portal.dana)
    queries: list[str] = []
    read_block = type(store.read())
    for name in ("all", "one_or_none"):
        monkeypatch.setattr(read_block, name, _counted(getattr(read_block, name), queries))

    async def cost(page: str) -> int:
        queries.clear()
        assert (await visitor.open(page)).status_code == 200
        return len(queries)

    pages = ["/connectors?show=all", f"/connectors/{connector.id}", f"/groups/{portal.group}/connectors"]
    few = [await cost(page) for page in pages]
    for user in (portal.dana, portal.erik, portal.mia):
        other = await a_connector(store, portal.tenant, permissions=permissions)
        await a_grant(store, connector, user, permissions=permissions)
        await a_grant(store, other, user, reach=Reach.GROUP, group_id=portal.group, permissions=permissions)
    assert [await cost(page) for page in pages] == few
    assert max(few) <= 11


def _counted(method: Any, queries: list[str]) -> Any:
    async def counted(self: Any, shape: Any, sql: str, /, **params: Any) -> Any:
        queries.append(sql)
        return await method(self, shape, sql, **params)

    return counted


async def test_a_pin_that_is_too_old_is_refused(portal: Portal) -> None:
    visitor = await portal.visit(portal.mia)
    await visitor.open("/phones")
    await visitor.send("/phones", number="+14255550100")
    portal.app.deps.clock.advance(5 * MINUTE)  # type: ignore[attr-defined]
    await visitor.open("/phones/verify?number=%2B14255550100")
    late = await visitor.send("/phones/verify", number="+14255550100", pin=await last_pin(portal))
    assert late.status_code == 422
