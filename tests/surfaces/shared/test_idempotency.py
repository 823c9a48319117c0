"""A request that comes twice is carried out once, and both are told the same."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass

import pytest
from msgspec.structs import replace

from tenantry.core.caller import Reach
from tenantry.core.clock import Micros
from tenantry.core.errors import AlreadyExists, StoreBusy
from tenantry.core.ids import ConnectorId, GroupId, TenantId, UserId, new_guid
from tenantry.store.engine.interface import Read, Store, Tx
from tenantry.store.tokens import idempotency
from tenantry.store.tokens.idempotency import KeptAnswer
from tenantry.surfaces.shared.idempotency import KEPT_FOR, AnsweredBefore, Once, claim_once, request_keys
from tests.support.builders import HASHER, OPERATOR, SomeTenant, a_tenant, a_user, as_user
from tests.support.clock import NOON
from tests.support.faults import FaultyStore

KEY = b"\xff" * 32
SWEEPING = b"\x00" * 32
"""One of the few whose answer sweeps old ones away."""
REFUSED = KeptAnswer(409, "{}")


@dataclass
class Desk:
    """Notes what it carries out as keys of another kind, and answers with the number of the call."""

    store: Store
    tenant: SomeTenant
    called: int = 0

    def once(self, key: bytes = KEY, now: Micros = NOON, *, older: tuple[bytes, ...] = ()) -> Once:
        async def owner(_: Read) -> TenantId:
            return self.tenant.id

        return Once(self.store, owner, [key, *older], now)

    async def work(self, tx: Tx) -> None:
        await claim_once(tx, self.tenant.id, b"w" + new_guid().encode()[:31], NOON)

    async def ask(self, key: bytes = KEY, now: Micros = NOON, *, older: tuple[bytes, ...] = ()) -> KeptAnswer:
        once = self.once(key, now, older=older)
        self.called += 1
        answer = KeptAnswer(200, f'{{"number": {self.called}}}')
        try:
            async with once:
                async with once.writing() as tx:
                    await self.work(tx)
                await once.keep(answer)
        except AnsweredBefore:
            kept = await once.settle()
            assert kept is not None
            return kept
        return answer

    async def rows(self) -> list[bytes]:
        async with self.store.read() as read:
            keys = await read.all(bytes, "SELECT key_hash FROM idempotency_keys ORDER BY key_hash")
        return [key for key in keys if not key.startswith(b"w")]

    async def done(self) -> int:
        async with self.store.read() as read:
            keys = await read.all(bytes, "SELECT key_hash FROM idempotency_keys")
        return sum(key.startswith(b"w") for key in keys)


@pytest.fixture
async def desk(store: Store) -> Desk:
    return Desk(store, await a_tenant(store))


async def test_twins_are_carried_out_once_and_told_the_same(desk: Desk) -> None:
    answers = await asyncio.gather(*(desk.ask() for _ in range(6)))
    assert len(set(answers)) == 1
    assert (await desk.done(), await desk.rows()) == (1, [KEY])
    assert await desk.ask(b"\xfe" * 32) not in answers


async def test_an_answer_is_kept_for_its_time_and_not_a_moment_longer(desk: Desk) -> None:
    first = await desk.ask()
    with pytest.raises(AnsweredBefore) as before:
        await desk.once(now=NOON + KEPT_FOR - 1).look()
    assert before.value.kept == first
    assert await desk.ask(now=NOON + KEPT_FOR - 1) == first
    await desk.once(now=NOON + KEPT_FOR).look()
    assert await desk.ask(now=NOON + KEPT_FOR) == KeptAnswer(200, '{"number": 3}')


async def test_an_answer_that_was_kept_under_an_older_pepper_is_found(desk: Desk) -> None:
    first = await desk.ask(b"\xfd" * 32)
    with pytest.raises(AnsweredBefore) as before:
        await desk.once(older=(b"\xfd" * 32,)).look()
    assert before.value.kept == first


async def test_another_tenants_key_is_another(desk: Desk) -> None:
    await desk.ask()
    other = Desk(desk.store, await a_tenant(desk.store), called=6)
    assert await other.ask() == KeptAnswer(200, '{"number": 7}')


async def fail(desk: Desk, once: Once, *, inside: bool) -> None:
    async with once:
        async with once.writing() as tx:
            await desk.work(tx)
            if inside:
                raise AlreadyExists
        raise AlreadyExists


@pytest.mark.parametrize("inside", [True, False])
async def test_what_leaves_as_an_error_is_taken_back_and_its_key_is_free(desk: Desk, inside: bool) -> None:
    once = desk.once()
    with pytest.raises(AlreadyExists):
        await fail(desk, once, inside=inside)
    assert once.has_begun
    assert (await desk.done(), await desk.rows()) == (0, [])


async def go_on_after_failing(desk: Desk, once: Once) -> None:
    async with once:
        async with once.writing() as tx:
            await desk.work(tx)
        with suppress(StoreBusy):
            async with once.writing() as tx:
                await desk.work(tx)
                raise StoreBusy
        await once.keep(KeptAnswer(200, "{}"))


async def test_blocks_share_one_transaction_and_an_error_in_one_is_not_forgotten(desk: Desk) -> None:
    """Whoever goes on after such an error would say that all is done."""
    with pytest.raises(StoreBusy):
        await go_on_after_failing(desk, desk.once())
    assert (await desk.done(), await desk.rows()) == (0, [])


async def test_a_refusal_is_kept_as_the_answer_unless_there_is_one(desk: Desk) -> None:
    assert await desk.once().settle() is None
    assert await desk.once().settle(REFUSED) is None
    assert await desk.once().settle() == REFUSED
    assert await desk.once().settle(KeptAnswer(400, "[]")) == REFUSED
    assert await desk.ask() == REFUSED
    assert await desk.done() == 0


async def test_a_request_that_writes_nothing_keeps_nothing(desk: Desk) -> None:
    once = desk.once()
    async with once:
        await once.keep(KeptAnswer(200, "{}"))
    assert (once.has_begun, await desk.rows()) == (False, [])


async def test_a_request_that_breaks_at_any_step_leaves_nothing_or_all(desk: Desk) -> None:
    """What the store says at the last step, the commit, is what counts."""
    for step in range(1, 9):
        key = bytes([0xF0 + step]) * 32
        faulty = FaultyStore(desk.store, fail_at=step)
        before = await desk.done()
        try:
            await Desk(faulty, desk.tenant).ask(key)
        except Exception:  # noqa: BLE001 - whatever it was
            assert (key in await desk.rows()) == (await desk.done() == before + 1)
        else:
            assert faulty.steps < step
            assert (key in await desk.rows(), await desk.done()) == (True, before + 1)
            return
    pytest.fail("it never came to an end")


async def test_a_key_without_an_answer_is_none(desk: Desk) -> None:
    async with desk.store.write() as tx:
        assert await claim_once(tx, desk.tenant.id, KEY, NOON)
        assert not await claim_once(tx, desk.tenant.id, KEY, NOON)
    await desk.once().look()


async def test_some_answers_sweep_away_what_has_expired_in_their_tenant(desk: Desk) -> None:
    other = await a_tenant(desk.store)
    async with desk.store.write() as tx:
        for tenant, key, end in ((desk.tenant, b"a", NOON), (desk.tenant, b"b", NOON + 1), (other, b"c", NOON)):
            await idempotency.claim(tx, tenant.id, key * 32, now=NOON - 1, expires_at=end)
    await desk.ask()
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
    [key] = request_keys(HASHER, ann, "1f", "POST", "/users", {"name": "x"})
    assert len(key) == 32
    assert [key] == request_keys(HASHER, ann, "1f", "POST", "/users", {"name": "x"})
    others = [
        request_keys(HASHER, bob, "1f", "POST", "/users", {"name": "x"}),
        request_keys(HASHER, replace(ann, connector_id=ConnectorId("c")), "1f", "POST", "/users", {"name": "x"}),
        request_keys(HASHER, replace(ann, user_id=UserId("u")), "1f", "POST", "/users", {"name": "x"}),
        request_keys(HASHER, replace(ann, tenant_id=TenantId("t")), "1f", "POST", "/users", {"name": "x"}),
        request_keys(HASHER, replace(ann, reach=Reach.GROUP), "1f", "POST", "/users", {"name": "x"}),
        request_keys(HASHER, replace(ann, group_id=GroupId("g")), "1f", "POST", "/users", {"name": "x"}),
        request_keys(HASHER, OPERATOR, "1f", "POST", "/users", {"name": "x"}),
        request_keys(HASHER, ann, "2f", "POST", "/users", {"name": "x"}),
        request_keys(HASHER, ann, "1f", "PATCH", "/users", {"name": "x"}),
        request_keys(HASHER, ann, "1f", "POST", "/users", {"name": "y"}),
    ]
    assert len({key, *(each for [each] in others)}) == len(others) + 1
