"""The steps of "Generate tenant-level user token" in the portal, and what people do around them."""

from __future__ import annotations

import re

import pytest

from tenantry.core.clock import DAY, MINUTE
from tests.support.builders import a_connector, a_tenant
from tests.support.connector_pages import DETAILS, SECRET, TOKEN, exchange, register, terms
from tests.support.portal import Portal, Visitor


async def user_token(visitor: Visitor, connector_id: str, **chosen: str | list[str]) -> str:
    page = await visitor.open(f"/connectors/{connector_id}/user-token")
    shown = await visitor.send(f"/connectors/{connector_id}/user-token", **{**terms(page.text), **chosen})
    token = TOKEN.search(shown.text)
    assert token, visitor.text
    return token[0]


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
