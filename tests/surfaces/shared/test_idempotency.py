"""A request that comes twice is carried out once, and both are told the same."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest
from msgspec.structs import replace

from tenantry.core.clock import Micros
from tenantry.core.errors import AlreadyExists, DomainError, InvalidValue
from tenantry.core.ids import ConnectorId, UserId
from tenantry.store.engine.interface import Store, Tx
from tenantry.store.tokens import idempotency
from tenantry.surfaces.shared.idempotency import KEPT_FOR, KeptAnswer, answer_once, find_answer, request_keys
from tests.support.builders import HASHER, OPERATOR, SomeTenant, a_tenant, a_user, as_user
from tests.support.clock import NOON

KEY = b"\xff" * 32
SWEEPING = b"\x00" * 32
"""One of the few whose answer sweeps old ones away."""


@dataclass
class Desk:
    """Counts what it carries out, and answers with the number."""

    store: Store
    tenant: SomeTenant
    done: int = 0
    fails_with: DomainError | None = None

    async def ask(self, key: bytes | None, now: Micros = NOON) -> KeptAnswer:
        async def work(_: Tx) -> KeptAnswer:
            self.done += 1
            if self.fails_with is not None:
                raise self.fails_with
            return KeptAnswer(200, f'{{"number": {self.done}}}')

        def refusal(error: DomainError) -> KeptAnswer | None:
            return KeptAnswer(409, "{}") if isinstance(error, AlreadyExists) else None

        return await answer_once(self.store, self.tenant.id, key, now, work, refusal)

    async def rows(self) -> list[bytes]:
        async with self.store.read() as read:
            return await read.all(bytes, "SELECT key_hash FROM idempotency_keys ORDER BY key_hash")


@pytest.fixture
async def desk(store: Store) -> Desk:
    return Desk(store, await a_tenant(store))


async def test_twins_are_carried_out_once_and_told_the_same(desk: Desk) -> None:
    answers = await asyncio.gather(*(desk.ask(KEY) for _ in range(6)))
    assert desk.done == 1
    assert {(answer.status, answer.body) for answer in answers} == {(200, '{"number": 1}')}
    assert sorted(answer.again for answer in answers) == [False, *[True] * 5]
    assert (await desk.ask(b"\xfe" * 32)).body == '{"number": 2}'


async def test_without_a_key_each_is_carried_out(desk: Desk) -> None:
    assert [(await desk.ask(None)).body for _ in range(2)] == ['{"number": 1}', '{"number": 2}']
    assert await desk.rows() == []


async def test_an_answer_is_kept_for_its_time_and_not_a_moment_longer(desk: Desk) -> None:
    await desk.ask(KEY)
    assert await find_answer(desk.store, desk.tenant.id, [KEY], NOON + KEPT_FOR - 1) == KeptAnswer(
        200, '{"number": 1}', again=True
    )
    assert (await desk.ask(KEY, NOON + KEPT_FOR - 1)).again
    assert await find_answer(desk.store, desk.tenant.id, [KEY], NOON + KEPT_FOR) is None
    assert await desk.ask(KEY, NOON + KEPT_FOR) == KeptAnswer(200, '{"number": 2}')


async def test_another_tenants_key_is_another(desk: Desk) -> None:
    await desk.ask(KEY)
    other = Desk(desk.store, await a_tenant(desk.store))
    assert not (await other.ask(KEY)).again
    assert await find_answer(desk.store, other.tenant.id, [KEY], NOON) == KeptAnswer(200, '{"number": 1}', again=True)


async def test_a_refusal_is_kept_where_it_is_an_answer_and_else_the_key_is_free(desk: Desk) -> None:
    desk.fails_with = InvalidValue("no", field="name")
    for _ in range(2):
        with pytest.raises(InvalidValue):
            await desk.ask(KEY)
    assert (desk.done, await desk.rows()) == (2, [])
    desk.fails_with = AlreadyExists("user")
    with pytest.raises(AlreadyExists):
        await desk.ask(KEY)
    desk.fails_with = None
    assert await desk.ask(KEY) == KeptAnswer(409, "{}", again=True)
    desk.fails_with = AlreadyExists("user")
    with pytest.raises(AlreadyExists):
        await desk.ask(None)
    assert await desk.rows() == [KEY]


async def test_a_key_without_an_answer_is_none(desk: Desk) -> None:
    async with desk.store.write() as tx:
        assert await idempotency.claim(tx, desk.tenant.id, KEY, now=NOON, expires_at=NOON + 1)
        assert not await idempotency.claim(tx, desk.tenant.id, KEY, now=NOON, expires_at=NOON + 1)
    assert await find_answer(desk.store, desk.tenant.id, [KEY], NOON) is None


async def test_some_answers_sweep_away_what_has_expired_in_their_tenant(desk: Desk) -> None:
    other = await a_tenant(desk.store)
    async with desk.store.write() as tx:
        for tenant, key, end in ((desk.tenant, b"a", NOON), (desk.tenant, b"b", NOON + 1), (other, b"c", NOON)):
            await idempotency.claim(tx, tenant.id, key * 32, now=NOON - 1, expires_at=end)
    await desk.ask(KEY)
    assert await desk.rows() == [b"a" * 32, b"b" * 32, b"c" * 32, KEY]
    await desk.ask(SWEEPING)
    assert await desk.rows() == [SWEEPING, b"b" * 32, b"c" * 32, KEY]


async def test_a_sweep_takes_so_many_and_the_oldest(desk: Desk) -> None:
    async with desk.store.write() as tx:
        for number in range(5):
            await idempotency.claim(tx, desk.tenant.id, bytes([number]) * 32, now=0, expires_at=NOON - number)
        assert await idempotency.delete_expired(tx, desk.tenant.id, NOON, 3) == 3
    assert await desk.rows() == [bytes([number]) * 32 for number in (0, 1)]


async def test_a_key_is_of_who_asked_for_what(store: Store) -> None:
    tenant = await a_tenant(store)
    ann, bob = as_user(await a_user(store, tenant)), as_user(await a_user(store, tenant))
    [key] = request_keys(HASHER, ann, "1F", "POST", "/users", {"name": "x"})
    assert len(key) == 32
    assert [key] == request_keys(HASHER, ann, "1f", "POST", "/users", {"name": "x"})
    others = [
        request_keys(HASHER, bob, "1f", "POST", "/users", {"name": "x"}),
        request_keys(HASHER, replace(ann, connector_id=ConnectorId("c")), "1f", "POST", "/users", {"name": "x"}),
        request_keys(HASHER, replace(ann, user_id=UserId("u")), "1f", "POST", "/users", {"name": "x"}),
        request_keys(HASHER, OPERATOR, "1f", "POST", "/users", {"name": "x"}),
        request_keys(HASHER, ann, "2f", "POST", "/users", {"name": "x"}),
        request_keys(HASHER, ann, "1f", "PATCH", "/users", {"name": "x"}),
        request_keys(HASHER, ann, "1f", "POST", "/users", {"name": "y"}),
    ]
    assert len({key, *(each for [each] in others)}) == len(others) + 1
