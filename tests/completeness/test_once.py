"""What holds of every operation that is declared `once`, and would hold of every other if it were."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec import Struct

from tenantry.access.actions import Action
from tenantry.app import CONTRACTS, App
from tenantry.core.hiding import hiding
from tenantry.core.ids import new_guid
from tenantry.store.engine.interface import Store
from tenantry.surfaces.operation import Operation, Surface
from tenantry.surfaces.shared.answers import Answer
from tenantry.surfaces.shared.kept_secrets import can_be_kept
from tests.completeness.cases import CASES
from tests.completeness.sides import Auth, Side, a_side, headers_for
from tests.completeness.test_routes import fill
from tests.support.app import an_app, client_for
from tests.support.receiver import Receiver, a_receiver

NEVER_ONCE = {
    "listSubscribers": "it reads, though it is a POST",
    "deleteGroup": "nobody has rights over a group that is gone: the repetition is told that there is none",
}
OTHER_BODIES = {
    "createGroup": {"name": "Day shift", "welcomeMessage": "Welcome"},
    "users.insert": {"accountIdentifier": "asset-8", "accountType": "deviceAccount"},
    "Create user accounts for a customer": {
        "userPrincipalName": "other@{domain}",
        "displayName": "Other",
        "usageLocation": "US",
        "passwordProfile": {"password": "teRN58*q", "forceChangePassword": True},
    },
}
SECRETS = ("password", "secret", "token", "pin")


def secrets_in(value: Any) -> Iterator[str]:
    """Every text under a name that ends like that of a secret."""
    if isinstance(value, dict):
        for name, each in value.items():
            if isinstance(each, str) and name.lower().endswith(SECRETS):
                yield each
            else:
                yield from secrets_in(each)


def could_be_once(operation: Operation) -> bool:
    changes = (
        operation.method != "GET" and operation.name not in NEVER_ONCE and operation.needs_caller and not operation.hot
    )
    return changes and (operation.answer is None or can_be_kept(operation.answer))


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Surface, Operation]]:
    """Every operation that could be carried out once, declared so by nothing but the word."""
    found = []
    for surface in CONTRACTS:
        said = [replace(each, once=each.once or could_be_once(each)) for each in surface.operations]
        monkeypatch.setattr(surface, "operations", said)
        found += [(surface, operation) for operation in said if operation.once]
    return found


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with a_receiver() as made:
        yield made


class Desk:
    """One side of a running server, and requests of it under ids."""

    def __init__(self, http: httpx.AsyncClient, store: Store, side: Side) -> None:
        self.http, self.store, self.side = http, store, side

    async def ask(
        self, surface: Surface, operation: Operation, request_id: str, *, powerless: bool = False, body: Any = None
    ) -> httpx.Response:
        case = CASES[operation.method, operation.path]
        tokens = self.side.powerless if powerless else self.side.tokens
        return await self.http.request(
            operation.method,
            fill(case.url, self.side),
            content=fill(json.dumps(case.body if body is None else body), self.side).encode(),
            headers={
                "content-type": "application/json",
                **headers_for(case.auth, tokens[case.auth]),
                surface.coat.request_id_header: request_id,
            },
        )

    async def counted(self) -> dict[str, int]:
        """How many rows each table has of this side, events included."""
        found = {name: len(rows) for name, rows in (await self.side.rows(self.store)).items()}
        async with self.store.read() as read:
            for tenant_id in self.side.tenants:
                sql = "SELECT count(*) FROM audit_events WHERE tenant_id = :tenant_id AND type <> 'access.denied'"
                found[f"events {tenant_id}"] = (await read.all(int, sql, tenant_id=tenant_id))[0]
        return found

    async def kept(self) -> list[str]:
        found: list[str] = []
        async with self.store.read() as read:
            for tenant_id in self.side.tenants:
                sql = "SELECT response FROM idempotency_keys WHERE tenant_id = :tenant_id"
                found += await read.all(str, sql, tenant_id=tenant_id)
        return found


@pytest.fixture
async def app(declared: list[tuple[Surface, Operation]], store: Store) -> AsyncIterator[App]:
    made = await an_app(store, outgoing_private_addresses=True)
    yield made
    await made.close()


def test_some_operation_is_declared_once_and_most_could_be() -> None:
    operations = [operation for surface in CONTRACTS for operation in surface.operations]
    assert "Create user accounts for a customer" in {each.name for each in operations if each.once}
    assert sum(could_be_once(each) for each in operations) > 12


def test_no_operation_writes_beside_the_transaction_that_its_answer_is_kept_in() -> None:
    files = {
        inspect.getsourcefile(inspect.unwrap(each.handler)) for surface in CONTRACTS for each in surface.operations
    }
    cold = [Path(file).read_text() for file in files if file is not None]
    assert [text for text in cold if "store.write(" in text] == []
    assert sum("ask.writing()" in text for text in cold) > 5


@hiding("secret")
class NewSecret(Struct):
    secret: str


def test_what_cannot_be_carried_out_once_cannot_be_declared_so() -> None:
    operations = [operation for surface in CONTRACTS for operation in surface.operations]
    made = next(each for each in operations if each.once)
    for wrong in (
        replace(made, once=False, method="GET"),
        replace(made, once=False, hot=True),
        replace(made, once=False, action=Action.OBTAIN_TOKEN),
        replace(made, once=False, answer=NewSecret),
        replace(made, once=False, answer=Answer),
    ):
        with pytest.raises(TypeError, match=made.name):
            replace(wrong, once=True)


async def test_the_same_request_twice_has_one_effect_and_one_answer(
    app: App, store: Store, receiver: Receiver, declared: list[tuple[Surface, Operation]], subtests: Any
) -> None:
    """Also when the server was started anew meanwhile."""
    again = await an_app(store, outgoing_private_addresses=True)
    async with client_for(app) as http, client_for(again) as later:
        for surface, operation in declared:
            with subtests.test(msg=operation.name):
                side = await a_side(app, receiver=receiver.url)
                desk, request_id = Desk(http, store, side), new_guid()
                first = await desk.ask(surface, operation, request_id)
                assert first.status_code == operation.status, first.text
                before = await desk.counted(), await side.rows(store)
                second = await Desk(later, store, side).ask(surface, operation, request_id)
                assert (second.status_code, second.text) == (first.status_code, first.text)
                assert second.headers.get("content-type") == first.headers.get("content-type")
                assert (await desk.counted(), await side.rows(store)) == before
                assert len(await desk.kept()) == 1
    await again.close()


async def test_twins_have_the_effect_of_one_and_its_answer(
    app: App, store: Store, receiver: Receiver, declared: list[tuple[Surface, Operation]], subtests: Any
) -> None:
    async with client_for(app) as http:
        for surface, operation in declared:
            with subtests.test(msg=operation.name):
                one, two = [Desk(http, store, await a_side(app, receiver=receiver.url)) for _ in range(2)]
                await one.ask(surface, operation, new_guid())
                request_id = new_guid()
                answers = await asyncio.gather(*(two.ask(surface, operation, request_id) for _ in range(3)))
                assert {answer.status_code for answer in answers} == {operation.status}
                assert len({answer.text for answer in answers}) == 1
                assert list((await two.counted()).values()) == list((await one.counted()).values())
                assert len(await two.kept()) == 1


async def test_the_id_of_another_tenants_request_is_another(
    app: App, store: Store, receiver: Receiver, declared: list[tuple[Surface, Operation]], subtests: Any
) -> None:
    async with client_for(app) as http:
        for surface, operation in declared:
            with subtests.test(msg=operation.name):
                home, away = [Desk(http, store, await a_side(app, receiver=receiver.url)) for _ in range(2)]
                request_id = new_guid()
                await home.ask(surface, operation, request_id)
                other = await away.ask(surface, operation, request_id)
                assert other.status_code == operation.status
                assert (len(await home.kept()), len(await away.kept())) == (1, 1)
                assert not [name for name in home.side.tenants if name in other.text]


async def test_another_body_under_the_same_id_is_another_request(
    app: App, store: Store, declared: list[tuple[Surface, Operation]], subtests: Any
) -> None:
    async with client_for(app) as http:
        for surface, operation in declared:
            if operation.name in OTHER_BODIES:
                with subtests.test(msg=operation.name):
                    desk, request_id = Desk(http, store, await a_side(app)), new_guid()
                    first = await desk.ask(surface, operation, request_id)
                    other = await desk.ask(surface, operation, request_id, body=OTHER_BODIES[operation.name])
                    assert other.status_code == operation.status
                    assert other.text != first.text
                    again = await desk.ask(surface, operation, request_id)
                    assert (again.text, len(await desk.kept())) == (first.text, 2)


async def test_an_old_answer_is_not_for_one_whose_rights_were_taken(
    app: App, store: Store, receiver: Receiver, declared: list[tuple[Surface, Operation]], subtests: Any
) -> None:
    async with client_for(app) as http:
        for surface, operation in declared:
            with subtests.test(msg=operation.name):
                desk, request_id = Desk(http, store, await a_side(app, receiver=receiver.url)), new_guid()
                first = await desk.ask(surface, operation, request_id)
                async with store.write() as tx:
                    for tenant_id in desk.side.tenants:
                        for table in ("grants", "connectors"):
                            sql = f"UPDATE {table} SET permissions = 'reactions' WHERE tenant_id = :tenant_id"
                            await tx.run(sql, tenant_id=tenant_id)
                before = await desk.counted()
                powerless = CASES[operation.method, operation.path].auth is Auth.ANDROID_ENTERPRISE
                again = await desk.ask(surface, operation, request_id, powerless=powerless)
                assert again.status_code in (401, 403, 404)
                assert not first.text or again.text != first.text
                assert await desk.counted() == before


async def test_no_secret_of_request_or_answer_is_kept(
    app: App, store: Store, receiver: Receiver, declared: list[tuple[Surface, Operation]], subtests: Any
) -> None:
    seen = 0
    async with client_for(app) as http:
        for surface, operation in declared:
            with subtests.test(msg=operation.name):
                desk = Desk(http, store, await a_side(app, receiver=receiver.url))
                answer = await desk.ask(surface, operation, new_guid())
                body = CASES[operation.method, operation.path].body
                secrets = {*secrets_in(body), *(secrets_in(answer.json()) if answer.text else ())}
                seen += len(secrets)
                [kept] = await desk.kept()
                assert not [secret for secret in secrets if secret in kept]
    assert seen > 1
