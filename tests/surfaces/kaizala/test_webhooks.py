"""W1-W4 as clients of the contract use them, with a receiver that answers or does not."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tenantry.access.actions import Permission
from tenantry.core.caller import Reach
from tenantry.core.clock import DAY, SECOND, to_millis
from tenantry.core.ids import new_guid
from tenantry.outbox.callback_tokens import seal
from tenantry.outbox.changes import NEVER_SENT, EventType
from tenantry.outbox.handshake import ProvenUrl
from tenantry.outbox.webhooks import VALIDITY, ObjectType, Subject, Wishes, disable, register_webhook
from tenantry.store.engine.interface import Store
from tenantry.store.outbox import webhook_deliveries
from tenantry.surfaces.kaizala.webhooks import HANDSHAKES_PER_MINUTE
from tenantry.tokens.keys.master_key import MasterKey
from tests.support.builders import OPERATOR, SomeConnector, SomeUser, a_connector, a_group, a_tenant, a_user
from tests.support.kaizala import World, a_world
from tests.support.receiver import Receiver, a_receiver

WEBHOOK = "/kaizala/v1/webhook"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with a_receiver() as made:
        yield made


@pytest.fixture
async def world(store: Store) -> AsyncIterator[World]:
    made = await a_world(store, outgoing_private_addresses=True)
    yield made
    await made.client.aclose()
    await made.app.close()


def a_body(world: World, receiver: Receiver, **fields: Any) -> dict[str, Any]:
    body = {
        "objectId": world.group,
        "objectType": "Group",
        "eventTypes": ["MemberAdded", "MemberRemoved"],
        "callBackUrl": receiver.url,
        "callBackToken": "s3cret",
        "callBackContext": "shift 7",
    }
    return {name: value for name, value in {**body, **fields}.items() if value is not None}


async def listed(world: World, headers: dict[str, str]) -> list[dict[str, Any]]:
    answer = await world.client.get(WEBHOOK, params={"objectId": world.group, "objectType": "Group"}, headers=headers)
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()["webhooks"]
    return found


async def token_through(world: World, connector: SomeConnector, user: SomeUser) -> dict[str, str]:
    raw = await world.refresh_token(user, connector=connector)
    exchange = {"applicationId": connector.id, "applicationSecret": connector.secret, "refreshToken": raw}
    answer = await world.client.get("/kaizala/v1/accessToken", headers=exchange)
    return {"accessToken": answer.json()["accessToken"]}


async def rows(world: World) -> list[str]:
    async with world.store.read() as read:
        return await read.all(str, "SELECT id FROM webhooks WHERE tenant_id = :t", t=world.tenant.id)


async def test_a_webhook_is_registered_after_its_handshake_and_listed(world: World, receiver: Receiver) -> None:
    headers = await world.token(world.anna)
    made = await world.client.post(WEBHOOK, json=a_body(world, receiver), headers=headers)
    assert made.status_code == 200
    webhook_id = made.json()["webhookId"]
    [asked] = receiver.handshakes
    assert set(asked) == {"validationToken", "header"}
    assert asked["header"] == "s3cret"
    assert await listed(world, headers) == [
        {
            "id": webhook_id,
            "objectId": world.group,
            "objectType": "Group",
            "events": ["MemberAdded", "MemberRemoved"],
            "filters": [],
            "callbackUrl": receiver.url,
            "callBackUrl": receiver.url,
            "callbackToken": "s3cret",
            "callBackToken": "s3cret",
            "callbackContext": "shift 7",
            "callBackContext": "shift 7",
            "ts": to_millis(world.clock()),
            "validity": to_millis(world.clock() + VALIDITY),
            "active": True,
        }
    ]
    [event] = await world.events("webhook.registered")
    assert json.loads(event.data)["host"] == receiver.address.removeprefix("http://")
    async with world.store.read() as read:
        stored = await read.all(bytes, "SELECT callback_token FROM webhooks WHERE tenant_id = :t", t=world.tenant.id)
    assert b"s3cret" not in stored[0]


async def test_an_address_with_a_query_keeps_it_and_the_token_comes_last(world: World, receiver: Receiver) -> None:
    body = a_body(world, receiver, callBackUrl=f"{receiver.url}?customer=7")
    made = await world.client.post(WEBHOOK, json=body, headers=await world.token(world.anna))
    assert made.status_code == 200
    assert list(receiver.handshakes[0]) == ["customer", "validationToken", "header"]
    assert receiver.handshakes[0]["validationToken"].isalnum()


async def test_sloppy_clients_are_understood(world: World, receiver: Receiver) -> None:
    headers = {**await world.token(world.anna), "content-type": "application/json"}
    later = (world.clock() + DAY) // SECOND
    body = (
        f"{{'OBJECTID': '{world.group}@2', 'objecttype': 'group', 'eventtypes': 'memberAdded; MEMBERREMOVED',"
        f" 'callbackurl': '{receiver.url}', 'validity': '{later}', 'isX': True,}}"
    )
    made = await world.client.post("/kaizala//V1/Webhook/", content=body, headers=headers)
    assert made.status_code == 200
    answer = await world.client.get(f"{WEBHOOK}?objectid={world.group}&OBJECTTYPE=GROUP", headers=headers)
    [shown] = answer.json()["webhooks"]
    assert (shown["events"], shown["validity"]) == (["MemberAdded", "MemberRemoved"], later * 1000)
    assert (shown["callbackToken"], shown["callbackContext"]) == ("", "")


@pytest.mark.parametrize(
    ("echo", "says"),
    [
        ("no", "did not give its validation token back"),
        ("{token}x", "did not give its validation token back"),
        ('{{"token": "{token}"}}', "did not give its validation token back"),
        ("", "did not give its validation token back"),
    ],
)
async def test_a_receiver_that_does_not_echo_the_token_is_not_registered(
    world: World, receiver: Receiver, echo: str, says: str
) -> None:
    receiver.echo = echo
    made = await world.client.post(WEBHOOK, json=a_body(world, receiver), headers=await world.token(world.anna))
    assert (made.status_code, made.json()["errorCode"]) == (400, "InvalidParameters")
    assert says in made.json()["message"]
    assert await rows(world) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"objectId": None},
        {"objectType": None},
        {"objectType": "Action"},
        {"objectType": "ActionPackage"},
        {"objectType": "Tenant"},
        {"objectId": 7},
        {"eventTypes": None},
        {"eventTypes": []},
        {"eventTypes": {}},
        {"eventTypes": ["MessageCreated"]},
        {"eventTypes": ["MemberAdded", "\u202e"]},
        {"callBackUrl": None},
        {"callBackUrl": 7},
        {"callBackUrl": "ftp://127.0.0.1/"},
        {"callBackUrl": "not an address"},
        {"callBackUrl": "http://user:secret@127.0.0.1/"},
        {"callBackUrl": "http://127.0.0.1/#part"},
        {"callBackUrl": "http://127.0.0.1/\r\nX-Injected: 1"},
        {"callBackUrl": "http://[::1"},
        {"callBackUrl": "http://127.0.0.1:1/"},
        {"callBackUrl": "http://127.0.0.1/" + "x" * 2048},
        {"callBackToken": "line\nline"},
        {"callBackToken": ["a"]},
        {"callBackContext": "x" * 4001},
        {"validity": "soon"},
        {"validity": -1},
        {"validity": 1},
        {"validity": 2**60},
    ],
)
async def test_bad_input_is_refused_and_nothing_is_kept(world: World, receiver: Receiver, changed: Any) -> None:
    body = a_body(world, receiver)
    body = {name: value for name, value in {**body, **changed}.items() if value is not None}
    made = await world.client.post(WEBHOOK, json=body, headers=await world.token(world.anna))
    assert (made.status_code, made.json()["errorCode"]) == (400, "InvalidParameters"), made.text
    assert await rows(world) == []


async def test_a_receiver_may_ask_for_every_event_of_the_contract_and_reads_back_what_it_asked_for(
    world: World, receiver: Receiver
) -> None:
    names = [*EventType, *NEVER_SENT]
    assert len(names) == 18
    headers = await world.token(world.anna)
    for asked in (names, [names[2].upper(), names[9].lower()], ["SurveyCreated"]):
        made = await world.client.post(WEBHOOK, json=a_body(world, receiver, eventTypes=asked), headers=headers)
        assert made.status_code == 200, made.text
        listed = await world.client.get(f"{WEBHOOK}?objectId={world.group}&objectType=Group", headers=headers)
        kept = next(one for one in listed.json()["webhooks"] if one["id"] == made.json()["webhookId"])["events"]
        assert sorted(map(str.lower, kept)) == sorted(map(str.lower, asked))
        assert set(kept) <= set(names)


async def test_an_event_that_the_contract_has_not_is_refused_with_those_it_has(
    world: World, receiver: Receiver
) -> None:
    body = a_body(world, receiver, eventTypes=["SurveyRead", "MemberAdded", "SurveyCreated"])
    made = await world.client.post(WEBHOOK, json=body, headers=await world.token(world.anna))
    assert made.json()["message"] == (
        "There is no event SurveyRead. This server sends MemberAdded, MemberRemoved, GroupAdded, GroupRemoved."
    )
    assert receiver.handshakes == []


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/hook",
        "https://10.0.0.7/hook",
        "https://[::ffff:169.254.169.254]/latest/meta-data",
        "https://localhost/hook",
        "https://2130706433/",
        "http://receiver.example/hook",
    ],
)
async def test_without_the_setting_no_private_network_and_no_plain_http(store: Store, url: str) -> None:
    world = await a_world(store)
    body = a_body(world, Receiver(address="https://receiver.example"), callBackUrl=url)
    made = await world.client.post(WEBHOOK, json=body, headers=await world.token(world.anna))
    assert made.status_code == 400
    assert "private network" in made.text or "not https" in made.text
    assert await rows(world) == []
    await world.client.aclose()
    await world.app.close()


async def test_only_admins_of_the_group_may_and_only_with_the_permission(world: World, receiver: Receiver) -> None:
    body = a_body(world, receiver)
    everything_else = set(Permission) - {Permission.WEBHOOKS}
    other_group = await a_group(world.store, world.tenant, admins=[world.anna])
    for headers in (
        await world.token(world.bob),
        await world.token(world.boss),
        await world.token(world.anna, permissions=everything_else),
        await world.token(world.anna, Reach.GROUP, other_group),
    ):
        for answer in (
            await world.client.post(WEBHOOK, json=body, headers=headers),
            await world.client.get(f"{WEBHOOK}?objectId={world.group}&objectType=Group", headers=headers),
        ):
            assert (answer.status_code, answer.json()["errorCode"]) == (403, "AccessDenied")
    assert (await world.client.post(WEBHOOK, json=body)).status_code == 401
    assert receiver.handshakes == []
    for reach, group_id in ((Reach.TENANT, None), (Reach.GROUP, world.group)):
        headers = await world.token(world.anna, reach, group_id)
        assert (await world.client.post(WEBHOOK, json=body, headers=headers)).status_code == 200


async def test_who_may_not_cannot_change_or_delete_either(world: World, receiver: Receiver) -> None:
    made = await world.client.post(WEBHOOK, json=a_body(world, receiver), headers=await world.token(world.anna))
    path = f"{WEBHOOK}/{made.json()['webhookId']}"
    headers = await world.token(world.bob)
    assert (await world.client.put(path, json={"Active": False}, headers=headers)).status_code == 403
    assert (await world.client.delete(path, headers=headers)).status_code == 403
    strange = await a_tenant(world.store)
    boss = await a_user(world.store, strange)
    headers = await token_through(world, await a_connector(world.store, strange), boss)
    assert (await world.client.put(path, json={"Active": False}, headers=headers)).status_code == 404
    assert (await world.client.delete(path, headers=headers)).status_code == 404
    assert len(await rows(world)) == 1


async def test_webhooks_of_the_organisation_are_not_for_connectors(world: World, receiver: Receiver) -> None:
    async with world.store.write() as tx:
        webhook_id = await register_webhook(
            tx,
            world.app.deps.master_key,
            OPERATOR,
            world.tenant.id,
            Subject(ObjectType.TENANT, world.tenant.id),
            ProvenUrl(receiver.url),
            Wishes(event_types=("MemberAdded",)),
            world.clock(),
        )
    headers = await world.token(world.boss, Reach.TENANT)
    assert (await world.client.delete(f"{WEBHOOK}/{webhook_id}", headers=headers)).status_code == 403


async def test_the_token_is_shown_to_the_app_that_gave_it_only(world: World, receiver: Receiver) -> None:
    await world.client.post(WEBHOOK, json=a_body(world, receiver), headers=await world.token(world.anna))
    other = await a_connector(world.store, world.tenant)
    [shown] = await listed(world, await token_through(world, other, world.anna))
    assert (shown["callbackToken"], shown["callBackToken"]) == ("", "")


async def test_a_webhook_is_changed_and_a_new_address_is_proven_first(world: World, receiver: Receiver) -> None:
    headers = await world.token(world.anna)
    made = await world.client.post(WEBHOOK, json=a_body(world, receiver), headers=headers)
    path = f"{WEBHOOK}/{made.json()['webhookId']}"
    changed = {"eventTypes": ["GroupAdded"], "callBackContext": "new", "objectId": world.group, "objectType": "Group"}
    answer = await world.client.put(path, json=changed, headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"result": True})
    assert len(receiver.handshakes) == 1
    async with a_receiver() as second:
        second.echo = "no"
        refused = await world.client.put(path, json={"callBackUrl": second.url}, headers=headers)
        assert refused.status_code == 400
        second.echo = "{token}"
        assert (await world.client.put(path, json={"callBackUrl": second.url}, headers=headers)).status_code == 200
        [shown] = await listed(world, headers)
        assert (shown["events"], shown["callbackContext"], shown["callbackUrl"]) == (["GroupAdded"], "new", second.url)
        assert (shown["callbackToken"], shown["active"]) == ("s3cret", True)
    moved = await world.client.put(path, json={"objectId": new_guid()}, headers=headers)
    assert (moved.status_code, moved.json()["errorCode"]) == (400, "InvalidParameters")


@pytest.mark.parametrize("active", [True, "true", "True"])
async def test_a_disabled_webhook_is_enabled_by_active_when_its_receiver_answers(
    world: World, receiver: Receiver, active: Any
) -> None:
    headers = await world.token(world.anna)
    made = await world.client.post(WEBHOOK, json=a_body(world, receiver), headers=headers)
    webhook_id = made.json()["webhookId"]
    async with world.store.write() as tx:
        await disable(tx, OPERATOR, world.tenant.id, webhook_id, "it answered 500", world.clock())
    assert [shown["active"] for shown in await listed(world, headers)] == [False]
    receiver.echo = "no"
    path = f"{WEBHOOK}/{webhook_id}"
    assert (await world.client.put(path, json={"Active": active}, headers=headers)).status_code == 400
    receiver.echo = "{token}"
    assert (await world.client.put(path, json={"Active": active}, headers=headers)).status_code == 200
    assert [shown["active"] for shown in await listed(world, headers)] == [True]
    assert receiver.handshakes[-1]["header"] == "s3cret"
    assert len(await world.events("webhook.enabled")) == 1


async def test_a_deleted_webhook_is_gone_for_good(world: World, receiver: Receiver) -> None:
    headers = await world.token(world.anna)
    made = await world.client.post(WEBHOOK, json=a_body(world, receiver), headers=headers)
    path = f"{WEBHOOK}/{made.json()['webhookId']}"
    answer = await world.client.delete(path, headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"result": True})
    assert await listed(world, headers) == []
    for strange in (path, f"{WEBHOOK}/no-guid", f"{WEBHOOK}/{new_guid()}"):
        gone = await world.client.delete(strange, headers=headers)
        assert (gone.status_code, gone.json()["errorCode"]) == (404, "NotFound")
        assert (await world.client.put(strange, json={"Active": True}, headers=headers)).status_code == 404


async def test_a_change_over_the_api_is_in_the_outbox_with_its_sender(world: World, receiver: Receiver) -> None:
    headers = await world.token(world.anna)
    made = await world.client.post(WEBHOOK, json=a_body(world, receiver), headers=headers)
    members = f"/kaizala/v1/groups/{world.group}/members"
    answer = await world.client.put(members, json={"members": ["+14255550177"]}, headers=headers)
    assert answer.status_code == 200
    async with world.store.read() as read:
        [row] = await webhook_deliveries.list_latest(
            read, world.tenant.id, made.json()["webhookId"], before="", limit=10
        )
    event = json.loads(row.body)
    assert (event["data"]["member"], event["fromUser"]) == ("+14255550177", world.anna.phone_number)


async def test_a_tenant_asks_receivers_only_so_often(store: Store, receiver: Receiver) -> None:
    world = await a_world(store, outgoing_private_addresses=True, rate_limits="on")
    receiver.echo = "no"
    headers = await world.token(world.anna)
    body = a_body(world, receiver)
    statuses = [
        (await world.client.post(WEBHOOK, json=body, headers=headers)).status_code
        for _ in range(HANDSHAKES_PER_MINUTE + 1)
    ]
    assert statuses == [400] * HANDSHAKES_PER_MINUTE + [429]
    assert len(receiver.handshakes) == HANDSHAKES_PER_MINUTE
    await world.client.aclose()
    await world.app.close()


async def test_a_token_of_another_master_key_hinders_neither_the_list_nor_a_new_token(
    world: World, receiver: Receiver
) -> None:
    headers = await world.token(world.anna)
    made = await world.client.post(WEBHOOK, json=a_body(world, receiver), headers=headers)
    path = f"{WEBHOOK}/{made.json()['webhookId']}"
    sealed = seal(MasterKey.from_base64(MasterKey.generate()), world.tenant.id, made.json()["webhookId"], "s3cret")
    async with world.store.write() as tx:
        await tx.run("UPDATE webhooks SET callback_token = :s WHERE tenant_id = :t", s=sealed, t=world.tenant.id)
    assert [webhook["callBackToken"] for webhook in await listed(world, headers)] == [""]
    refused = await world.client.put(path, json={"callBackUrl": receiver.url}, headers=headers)
    assert refused.status_code == 400
    assert "enter the token again" in refused.text
    changed = await world.client.put(path, json={"callBackToken": "n3w"}, headers=headers)
    assert changed.status_code == 200
    assert [webhook["callBackToken"] for webhook in await listed(world, headers)] == ["n3w"]
    assert (await world.client.put(path, json={"callBackUrl": receiver.url}, headers=headers)).status_code == 200
    assert receiver.handshakes[-1]["header"] == "n3w"
