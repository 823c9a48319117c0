"""Webhooks in the portal: registered after a handshake, looked at, tried, disabled, enabled, deleted."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from tenantry.access.actions import RoleId
from tenantry.core.clock import HOUR
from tenantry.directory.members import Newcomers, add_members
from tenantry.directory.users import delete_user
from tenantry.outbox.callback_tokens import seal
from tenantry.outbox.deliveries import deliver_next
from tenantry.outbox.webhooks import Wishes, disable, send_test, update_webhook
from tenantry.store.engine.interface import Store, Value
from tenantry.store.outbox import webhook_deliveries
from tenantry.store.outbox import webhooks as rows
from tenantry.store.outbox.webhook_deliveries import Delivery
from tenantry.tokens.keys.master_key import MasterKey
from tests.support.app import an_app
from tests.support.builders import OPERATOR, a_relationship, a_tenant, a_user, a_webhook, as_user
from tests.support.clock import FakeClock
from tests.support.portal import LivePortal, Portal, Visitor, a_portal
from tests.support.queries import counted_queries
from tests.support.receiver import Receiver, a_receiver


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with a_receiver() as made:
        yield made


@pytest.fixture
async def portal(store: Store) -> AsyncIterator[Portal]:
    app = await an_app(store, outgoing_private_addresses=True)
    made = await a_portal(app)
    yield made
    for http in made.visitors:
        await http.aclose()
    await app.close()


async def register(visitor: Visitor, receiver: Receiver, subject: str, **typed: str | list[str]) -> str:
    """The new webhook's id; empty when the form was refused."""
    await visitor.open("/webhooks/new")
    form: dict[str, str | list[str]] = {
        "object": subject,
        "event_types": ["MemberAdded", "MemberRemoved"],
        "callback_url": receiver.url,
        **typed,
    }
    answer = await visitor.send("/webhooks/new", **form)
    found = re.fullmatch(r"/webhooks/([0-9a-f-]{36})", answer.headers.get("location", ""))
    return found[1] if found else ""


async def sent(portal: Portal, webhook_id: str) -> list[Delivery]:
    async with portal.app.deps.store.read() as read:
        return await webhook_deliveries.list_latest(read, portal.tenant.id, webhook_id, before="", limit=100)


async def turn_off(portal: Portal, webhook_id: str) -> None:
    async with portal.app.deps.store.write() as tx:
        await disable(tx, OPERATOR, portal.tenant.id, webhook_id, "it answered <500>", portal.app.deps.clock())


async def test_a_groups_admin_registers_a_webhook_and_finds_it_in_the_list(portal: Portal, receiver: Receiver) -> None:
    visitor = await portal.visit(portal.erik)
    await visitor.open(f"/groups/{portal.group}")
    assert f'href="/webhooks?group_id={portal.group}"' in visitor.page.text
    await visitor.open(f"/webhooks?group_id={portal.group}")
    assert f'href="/webhooks/new?group_id={portal.group}"' in visitor.page.text
    webhook_id = await register(visitor, receiver, portal.group, callback_token="s3cret", context="a\nb <i>")
    assert receiver.handshakes[0]["header"] == "s3cret"
    await visitor.open(f"/webhooks/{webhook_id}")
    assert "Night shift" in visitor.text
    assert "by Erik" in visitor.text
    assert "s3cret" not in visitor.page.text
    assert "&lt;i&gt;" in visitor.page.text
    for path in ("/webhooks", f"/webhooks?group_id={portal.group}"):
        await visitor.open(path)
        assert f"/webhooks/{webhook_id}" in visitor.page.text
    await visitor.open(f"/webhooks?group_id={portal.below}")
    assert f"/webhooks/{webhook_id}" not in visitor.page.text


async def test_the_page_says_which_of_the_events_that_an_app_asked_for_never_come(
    portal: Portal, receiver: Receiver
) -> None:
    visitor = await portal.visit(portal.erik)
    webhook_id = await register(visitor, receiver, portal.group)
    await visitor.open(f"/webhooks/{webhook_id}")
    assert "Never come" not in visitor.text
    async with portal.app.deps.store.write() as tx:
        wishes = Wishes(event_types=("SurveyResponse", "MemberAdded", "JobCreated"))
        here, deps = portal.tenant.id, portal.app.deps
        await update_webhook(tx, deps.master_key, OPERATOR, here, webhook_id, wishes, deps.clock())
    await visitor.open(f"/webhooks/{webhook_id}")
    assert "Never come" in visitor.text
    for name in ("SurveyResponse", "JobCreated"):
        assert f"<code>{name}</code>" in visitor.page.text.partition("Never come")[2]
    assert "<code>MemberAdded</code>" in visitor.page.text.partition("Never come")[0]


async def test_only_admins_may_and_only_administrators_for_the_whole_organisation(
    portal: Portal, receiver: Receiver
) -> None:
    erik, mia, dana = [await portal.visit(user) for user in (portal.erik, portal.mia, portal.dana)]
    await erik.open("/webhooks/new")
    assert 'value="tenant"' not in erik.page.text
    assert await register(erik, receiver, "tenant") == ""
    assert erik.page.status_code == 403
    assert (await mia.open("/webhooks/new")).status_code == 403
    assert (await mia.open(f"/webhooks?group_id={portal.group}")).status_code == 403
    await mia.open("/webhooks")
    assert "You administer no group" in mia.text
    await mia.open("/phones")
    refused = await mia.send("/webhooks/new", object=portal.group, event_types="MemberAdded", callback_url=receiver.url)
    assert refused.status_code == 403
    assert receiver.handshakes == []
    whole, one = await register(dana, receiver, "tenant"), await register(dana, receiver, portal.group)
    await dana.open("/webhooks")
    assert f"/webhooks/{whole}" in dana.page.text
    await erik.open("/webhooks")
    assert f"/webhooks/{whole}" not in erik.page.text
    assert f"/webhooks/{one}" in erik.page.text
    assert (await erik.open(f"/webhooks/{whole}")).status_code == 403
    assert (await mia.open(f"/webhooks/{one}")).status_code == 403


async def test_a_partner_who_administers_the_customers_groups_sees_their_webhooks_only(
    portal: Portal, receiver: Receiver
) -> None:
    store, role = portal.app.deps.store, RoleId.GROUPS_ADMINISTRATOR
    of_group = await a_webhook(store, portal.tenant, portal.group)
    of_all = await a_webhook(store, portal.tenant, None)
    partner = await a_tenant(store)
    pat = await portal.visit(await a_user(store, partner, roles=[role]))
    await a_relationship(store, partner, portal.tenant, roles=[role])
    act = f"/customers/{portal.tenant.id}/act"
    await pat.open(act)
    await pat.send(act)
    await pat.open("/webhooks")
    assert f"/webhooks/{of_group}" in pat.page.text
    assert f"/webhooks/{of_all}" not in pat.page.text
    assert await register(pat, receiver, portal.below) != ""


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"callback_url": ""}, "callback_url"),
        ({"callback_url": "nonsense"}, "callback_url"),
        ({"callback_url": "http://127.0.0.1:1/"}, "callback_url"),
        ({"callback_url": "https://x" + "x" * 2100}, "callback_url"),
        ({"event_types": ["SurveyCreated"]}, "event_types"),
        ({"event_types": []}, "event_types"),
        ({"callback_token": "t\u00f6ken"}, "callback_token"),
        ({"context": "x" * 4001}, "context"),
    ],
)
async def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(
    portal: Portal, receiver: Receiver, typed: dict[str, str | list[str]], field: str
) -> None:
    visitor = await portal.visit(portal.erik)
    assert await register(visitor, receiver, portal.group, **{"context": "kept as typed", **typed}) == ""
    assert visitor.page.status_code == 422
    assert f'id="{field}-error"' in visitor.page.text
    assert "kept as typed" in visitor.page.text or field == "context"
    async with portal.app.deps.store.read() as read:
        assert await rows.list_of_object(read, portal.tenant.id, "group", portal.group) == []


async def test_a_receiver_that_does_not_answer_as_it_should_is_told_beside_the_address(
    portal: Portal, receiver: Receiver
) -> None:
    visitor, receiver.echo = await portal.visit(portal.erik), "hello"
    assert await register(visitor, receiver, portal.group) == ""
    error = re.search(r'id="callback_url-error"[^>]*>(.*?)</p>', visitor.page.text, re.DOTALL)
    assert error
    assert "did not give its validation token back" in error[1]


async def test_a_token_that_was_typed_before_a_mistake_is_asked_for_again(portal: Portal, receiver: Receiver) -> None:
    visitor, receiver.echo = await portal.visit(portal.erik), "hello"
    assert await register(visitor, receiver, portal.group, callback_token="s3cret") == ""
    assert "Type it again" in visitor.text
    assert "s3cret" not in visitor.page.text
    path = f"/webhooks/{await a_webhook(portal.app.deps.store, portal.tenant, portal.group, receiver.url)}/token"
    await visitor.open(path)
    assert (await visitor.send(path, callback_token="s3cret")).status_code == 422
    assert "Type it again" in visitor.text
    assert "s3cret" not in visitor.page.text
    await visitor.open(path)
    await visitor.send(path)
    assert "Type it again" not in visitor.text


async def test_a_form_sent_twice_makes_one(portal: Portal, receiver: Receiver) -> None:
    visitor = await portal.visit(portal.erik)
    await visitor.open("/webhooks/new")
    hidden = dict(re.findall(r'name="(form_token|form_id)" value="([^"]+)"', visitor.page.text))
    form = {**hidden, "object": portal.group, "event_types": "MemberAdded", "callback_url": receiver.url}
    answers = [await visitor.http.post("/webhooks/new", data=form) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 409]
    async with portal.app.deps.store.read() as read:
        assert len(await rows.list_of_object(read, portal.tenant.id, "group", portal.group)) == 1


async def test_what_was_sent_is_shown_and_sent_again(portal: Portal) -> None:
    store, here = portal.app.deps.store, portal.tenant.id
    webhook_id = await a_webhook(store, portal.tenant, portal.group)
    async with store.write() as tx:
        newcomers = Newcomers(user_ids=(portal.dana.id,))
        await add_members(tx, as_user(portal.erik), here, portal.group, newcomers, portal.app.deps.clock())
    [event] = await sent(portal, webhook_id)
    visitor = await portal.visit(portal.erik)
    path = f"/webhooks/{webhook_id}/events/{event.id}"
    await visitor.open(f"/webhooks/{webhook_id}")
    assert path in visitor.page.text
    assert "on its way" in visitor.text
    await visitor.open(path)
    assert "&#34;memberName&#34;: &#34;Dana&#34;" in visitor.page.text
    assert "Send again" not in visitor.text
    assert (await visitor.send(path)).status_code == 422
    async with store.write() as tx:
        await webhook_deliveries.mark_failed(tx, here, event.id, attempts=0, error="it answered 500", due_at=None)
    await visitor.open(path)
    assert "not delivered" in visitor.text
    assert "it answered 500" in visitor.text
    assert (await visitor.send(path)).status_code == 303
    [again] = await sent(portal, webhook_id)
    assert (again.due_at, again.attempts) == (portal.app.deps.clock(), 0)
    other = await a_webhook(store, portal.tenant, portal.below)
    assert (await visitor.open(f"/webhooks/{other}/events/{event.id}")).status_code == 404


async def test_a_test_event_is_sent_by_a_button(portal: Portal) -> None:
    webhook_id = await a_webhook(portal.app.deps.store, portal.tenant, portal.group)
    visitor, path = await portal.visit(portal.erik), f"/webhooks/{webhook_id}/test"
    await visitor.open(path)
    assert "TestEvent" in visitor.text
    assert (await visitor.send(path)).headers["location"] == f"/webhooks/{webhook_id}"
    [event] = await sent(portal, webhook_id)
    assert json.loads(event.body)["eventType"] == "TestEvent"
    await turn_off(portal, webhook_id)
    await visitor.open(path)
    assert (await visitor.send(path)).status_code == 422
    assert "Enable it first" in visitor.text


async def test_a_webhook_is_disabled_and_enabled_when_its_receiver_answers(portal: Portal, receiver: Receiver) -> None:
    webhook_id = await a_webhook(portal.app.deps.store, portal.tenant, portal.group, receiver.url)
    visitor, path = await portal.visit(portal.erik), f"/webhooks/{webhook_id}"
    await visitor.open(f"{path}/disable")
    assert (await visitor.send(f"{path}/disable")).status_code == 303
    await visitor.open(path)
    assert "disabled by hand" in visitor.text
    await visitor.open("/webhooks")
    assert "disabled" in visitor.text
    receiver.echo = "no"
    await visitor.open(f"{path}/enable")
    assert (await visitor.send(f"{path}/enable")).status_code == 422
    receiver.echo = "{token}"
    await visitor.open(f"{path}/enable")
    assert (await visitor.send(f"{path}/enable")).status_code == 303
    assert receiver.handshakes[-1]["header"] == "callback-token"
    await visitor.open(path)
    assert "active" in visitor.text


async def test_a_token_of_another_master_key_is_told_and_entered_again(portal: Portal, receiver: Receiver) -> None:
    store, here = portal.app.deps.store, portal.tenant.id
    webhook_id = await a_webhook(store, portal.tenant, portal.group, receiver.url)
    other = seal(MasterKey.from_base64(MasterKey.generate()), here, webhook_id, "callback-token")
    async with store.write() as tx:
        await tx.run("UPDATE webhooks SET callback_token = :o WHERE tenant_id = :t", o=other, t=here)
    visitor, path = await portal.visit(portal.erik), f"/webhooks/{webhook_id}"
    await visitor.open(path)
    assert "Its token cannot be read" in visitor.text
    await turn_off(portal, webhook_id)
    await visitor.open(f"{path}/enable")
    assert (await visitor.send(f"{path}/enable")).status_code == 422
    assert "enter the token again" in visitor.text
    assert receiver.handshakes == []
    await visitor.open(f"{path}/token")
    assert (await visitor.send(f"{path}/token", callback_token="t\u00f6ken")).status_code == 422
    assert 'id="callback_token-error"' in visitor.page.text
    assert (await visitor.send(f"{path}/token", callback_token="s3cret")).headers["location"] == path
    assert receiver.handshakes[-1]["header"] == "s3cret"
    await visitor.open(path)
    assert "Its token cannot be read" not in visitor.text
    assert "s3cret" not in visitor.page.text
    await visitor.open(f"{path}/enable")
    assert (await visitor.send(f"{path}/enable")).status_code == 303
    await visitor.open(f"{path}/token")
    assert (await visitor.send(f"{path}/token")).status_code == 303
    async with store.read() as read:
        row = await rows.find(read, here, webhook_id)
    assert row is not None
    assert row.callback_token is None


async def test_who_registered_it_is_shown_though_that_one_is_no_admin_any_more(
    portal: Portal, receiver: Receiver
) -> None:
    """The webhook is the group's: it stays, and whoever administers the group now sees whose it was."""
    store, here = portal.app.deps.store, portal.tenant.id
    dana = await portal.visit(portal.dana)
    async with store.write() as tx:
        newcomers = Newcomers(admin_ids=(portal.dana.id,))
        await add_members(tx, OPERATOR, here, portal.group, newcomers, portal.app.deps.clock())
    webhook_id = await register(dana, receiver, portal.group)
    async with store.write() as tx:
        await delete_user(tx, OPERATOR, here, portal.dana.id, portal.app.deps.clock())
    erik = await portal.visit(portal.erik)
    for path in ("/webhooks", f"/webhooks/{webhook_id}"):
        await erik.open(path)
        assert "by Dana" in erik.text
    assert "active" in erik.text
    async with store.write() as tx:
        await tx.run("UPDATE webhooks SET created_by = 'user:gone' WHERE tenant_id = :t", t=here)
    for path in ("/webhooks", f"/webhooks/{webhook_id}"):
        await erik.open(path)
        assert "by somebody who is no user here" in erik.text


async def test_why_the_server_disabled_it_is_shown_as_text(portal: Portal) -> None:
    webhook_id = await a_webhook(portal.app.deps.store, portal.tenant, portal.group)
    await turn_off(portal, webhook_id)
    visitor = await portal.visit(portal.erik)
    await visitor.open(f"/webhooks/{webhook_id}")
    assert "it answered &lt;500&gt;" in visitor.page.text


async def test_a_deleted_webhook_is_gone_and_told_in_the_trail(portal: Portal) -> None:
    webhook_id = await a_webhook(portal.app.deps.store, portal.tenant, portal.group)
    visitor, path = await portal.visit(portal.dana), f"/webhooks/{webhook_id}"
    await visitor.open(f"{path}/delete")
    assert (await visitor.send(f"{path}/delete")).headers["location"] == "/webhooks"
    assert (await visitor.open(path)).status_code == 404
    await visitor.open("/audit?type=webhook.deleted")
    assert "Webhook deleted" in visitor.text


async def test_lists_page_by_key_and_ask_no_more_for_more(portal: Portal) -> None:
    store, now = portal.app.deps.store, portal.app.deps.clock()
    visitor = await portal.visit(portal.dana)
    webhook_id = await a_webhook(store, portal.tenant, portal.group)

    async def questions(path: str) -> int:
        with counted_queries(store) as queries:
            assert (await visitor.open(path)).status_code == 200
        return len(queries)

    few = [await questions(path) for path in ("/webhooks", f"/webhooks/{webhook_id}")]
    async with store.write() as tx:
        for number in range(60):
            values: dict[str, Value] = {
                "tenant_id": portal.tenant.id,
                "id": f"{number:028x}",
                "webhook_id": webhook_id,
                "now": now,
            }
            await webhook_deliveries.insert_all(tx, [{**values, "event_type": "MemberAdded", "body": "{}"}])
            await rows.insert(
                tx,
                portal.tenant.id,
                f"webhook-{number}",
                object_type="tenant",
                object_id=portal.tenant.id,
                event_types="MemberAdded",
                callback_url="https://receiver.example/",
                callback_token=None,
                context=None,
                connector_id=None,
                created_by="operator",
                expires_at=now + 1,
                now=now,
            )
    assert [await questions(path) for path in ("/webhooks", f"/webhooks/{webhook_id}")] == few
    for path, pattern, count in (
        ("/webhooks", r'href="/webhooks/([^"/]+)"', 61),
        (f"/webhooks/{webhook_id}", r"/events/([0-9a-f]{28})", 60),
    ):
        await visitor.open(path)
        seen = re.findall(pattern, visitor.page.text.partition("<tbody>")[2])
        following = re.search(r'rel="next" href="([^"]+)"', visitor.page.text)
        assert following
        await visitor.open(following[1].replace("&amp;", "&"))
        seen += re.findall(pattern, visitor.page.text.partition("<tbody>")[2])
        assert len(seen) == len(set(seen)) == count
        assert 'rel="next"' not in visitor.page.text


@pytest.mark.browser
@pytest.mark.asyncio(loop_scope="session")
async def test_in_a_browser_from_the_group_to_a_delivered_event(live: LivePortal) -> None:
    """The running server sends what the pages enqueue."""
    live.portal.app.deps.http._allow_private = True
    async with a_receiver() as receiver:
        page = await live.browse(live.portal.erik)
        await page.goto(f"/groups/{live.portal.group}")
        await page.get_by_role("main").get_by_role("link", name="Webhooks").click()
        await page.get_by_role("link", name="Add the first webhook").click()
        await expect(page.get_by_label("Listens to")).to_have_value(live.portal.group)
        await page.get_by_label("Address").fill(receiver.url)
        await page.get_by_role("button", name="Add webhook").click()
        await page.get_by_role("link", name="Send a test event").click()
        await page.get_by_role("button", name="Send the test event").click()
        assert (await receiver.until(1))[0]["eventType"] == "TestEvent"
        await page.goto(f"/groups/{live.portal.group}/members/add")
        await page.get_by_role("textbox").first.fill(live.portal.dana.user_principal_name)
        await page.get_by_role("button", name=re.compile("^Add")).click()
        assert (await receiver.until(2))[1]["data"]["memberName"] == "Dana"
        await page.goto("/webhooks")
        await page.get_by_role("link", name=receiver.address.removeprefix("http://")).click()
        await expect(page.get_by_text("delivered").first).to_be_visible()
    assert live.complaints == []


async def test_what_a_receiver_asked_for_by_its_status_is_told_on_the_page(portal: Portal, receiver: Receiver) -> None:
    visitor, deps = await portal.visit(portal.erik), portal.app.deps
    webhook_id = await register(visitor, receiver, portal.group)

    async def fail(status: int, headers: dict[str, str]) -> None:
        receiver.status, receiver.headers = status, headers
        async with deps.store.write() as tx:
            await send_test(tx, OPERATOR, portal.tenant.id, webhook_id, deps.clock())
        assert await deliver_next(deps.store, deps.http, deps.master_key, portal.tenant.id, webhook_id, deps.clock)
        await visitor.open(f"/webhooks/{webhook_id}")

    await fail(429, {"Retry-After": "3600"})
    assert "Its receiver asked to be left alone. It is sent the next event in 1 hour" in visitor.text
    assert isinstance(deps.clock, FakeClock)
    deps.clock.advance(HOUR)
    await fail(410, {})
    assert "left alone" not in visitor.text
    assert "its receiver says that it is gone for good: it answered 410" in visitor.text
    assert f'href="/webhooks/{webhook_id}/enable"' in visitor.page.text
