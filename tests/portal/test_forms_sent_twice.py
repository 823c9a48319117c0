"""A form that is sent twice does its work once, and says what became of it."""

from __future__ import annotations

from tests.support.connector_pages import DETAILS, TOKEN, exchange, register, terms
from tests.support.portal import Portal


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
