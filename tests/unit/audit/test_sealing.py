"""Who seals, and when: several servers, servers that stop, rounds over all tenants."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from tenantry.audit import events, sealing, seals
from tenantry.audit.seals import MARGIN, seal_trail, verify_trail
from tenantry.core.clock import HOUR, MINUTE
from tenantry.core.errors import StoreBusy
from tenantry.core.ids import TenantId
from tenantry.store import open_store
from tenantry.store.engine.interface import Read, Store
from tenantry.store.trail import audit_seals
from tenantry.store.trail.audit_seals import Seal
from tenantry.tokens.keys.master_key import MasterKey
from tests.support.app import MASTER_KEY, an_app
from tests.support.builders import a_tenant
from tests.support.clock import NOON, FakeClock
from tests.unit.audit.conftest import KEY, LATE, a_trail, happen, seals_of, tamper


async def test_several_servers_that_seal_at_once_make_one_chain(store_url: str) -> None:
    tenant_id = a_trail()
    servers = [await open_store(store_url) for _ in range(3)]
    for number in range(4):
        await happen(servers[0], tenant_id, *(NOON + number * HOUR + minute * MINUTE for minute in range(5)))
        nows = (NOON + number * HOUR + skew * MINUTE + MARGIN for skew in (2, 3, 4))
        rounds = [seal_trail(server, KEY, tenant_id, now) for server, now in zip(servers, nows, strict=True)]
        assert sum(await asyncio.gather(*rounds)) >= 1
    await seal_trail(servers[1], KEY, tenant_id, LATE)
    made = await seals_of(servers[2], tenant_id)
    assert [seal.number for seal in made] == list(range(1, len(made) + 1))
    verdict = await verify_trail(servers[2], KEY, tenant_id)
    assert (verdict.events, verdict.broken, verdict.unsealed) == (20, 0, 0)
    for server in servers:
        await server.close()


async def test_a_seal_of_a_number_that_is_taken_is_not_made(store: Store) -> None:
    tenant_id = a_trail()
    await happen(store, tenant_id, NOON)
    await seal_trail(store, KEY, tenant_id, LATE)
    [made] = await seals_of(store, tenant_id)
    assert not await audit_seals.insert(store, tenant_id, made._replace(digest=b"x"))
    assert await seals_of(store, tenant_id) == [made]


@pytest.mark.parametrize("ahead", ["~", f"{NOON + 9 * HOUR:014x}0000deadbeef"])
async def test_a_seal_that_covers_what_is_to_come_is_told_of_in_each_round(store: Store, ahead: str) -> None:
    forged, honest = await a_tenant(store), await a_tenant(store)
    for tenant in (forged, honest):
        await happen(store, tenant.id, NOON)
        await seal_trail(store, KEY, tenant.id, NOON + HOUR)
        await happen(store, tenant.id, NOON + HOUR)
    await tamper(store, "UPDATE audit_seals SET last_event_id = :id WHERE tenant_id = :t", t=forged.id, id=ahead)
    for hour in (3, 4):
        with capture_logs() as lines:
            await sealing.seal_all(store, KEY, lambda hour=hour: NOON + hour * HOUR, pause=0)  # type: ignore[misc]
        assert [(line["log_level"], line["tenant_id"]) for line in lines] == [("warning", forged.id)]
    assert (len(await seals_of(store, forged.id)), len(await seals_of(store, honest.id))) == (1, 2)


async def test_whoever_comes_late_makes_no_seal_over_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant_id, real = a_trail(), audit_seals.find_last
    await happen(store, tenant_id, NOON)

    async def after_another(read: Read, of_tenant: TenantId) -> Seal | None:
        monkeypatch.setattr(audit_seals, "find_last", real)
        assert await seal_trail(store, KEY, tenant_id, LATE) == 1
        return await real(read, of_tenant)

    monkeypatch.setattr(audit_seals, "find_last", after_another)
    assert await seal_trail(store, KEY, tenant_id, LATE) == 0
    assert len(await seals_of(store, tenant_id)) == 1


async def test_a_long_trail_takes_several_seals_and_a_sealer_that_stops_midway_loses_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seals, "EVENTS", 10)
    monkeypatch.setattr(seals, "_PAGE", 5)
    tenant_id = a_trail()
    await happen(store, tenant_id, *(NOON + number for number in range(34)))

    class Stops:
        """The store of a server that ends when it has made two seals."""

        def __init__(self) -> None:
            self.left = 2

        async def run(self, sql: str, /, **params: Any) -> int:
            self.left -= 1
            if self.left < 0:
                raise StoreBusy
            return await store.run(sql, **params)

        def read(self) -> Any:
            return store.read()

    with pytest.raises(StoreBusy):
        await seal_trail(Stops(), KEY, tenant_id, LATE)  # type: ignore[arg-type]
    assert [seal.event_count for seal in await seals_of(store, tenant_id)] == [10, 10]
    assert await seal_trail(store, KEY, tenant_id, LATE) == 2
    assert [seal.event_count for seal in await seals_of(store, tenant_id)] == [10, 10, 10, 4]
    assert (await verify_trail(store, KEY, tenant_id))[1:4:2] == (34, 0)


async def test_a_round_seals_every_tenant_the_deleted_and_the_servers_own_trail_too(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "_BATCH", 2)
    made = [await a_tenant(store, now=NOON) for _ in range(3)]
    await tamper(store, "UPDATE tenants SET deleted_at = 1 WHERE id = :id", id=made[0].id)
    await happen(store, events.SYSTEM_TENANT, NOON)
    assert await sealing.seal_all(store, KEY, FakeClock(LATE)) == 4
    assert await sealing.seal_all(store, KEY, FakeClock(LATE)) == 0
    for tenant_id, notes in (*((tenant.id, 0) for tenant in made), (events.SYSTEM_TENANT, len(made))):
        verdict = await verify_trail(store, KEY, tenant_id)
        assert (verdict.seals, verdict.broken, verdict.unsealed) == (1, 0, notes)


async def test_the_background_goes_on_after_a_store_that_does_not_answer(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "FIRST_AFTER_SECONDS", 0)
    store = await open_store(sqlite_url)
    tenant = await a_tenant(store, now=NOON)
    rounds, over = 0, asyncio.Event()

    async def round_of(*args: Any) -> int:
        nonlocal rounds
        rounds += 1
        if rounds == 1:
            raise StoreBusy
        if rounds == 2:
            raise RuntimeError("a bug")
        made = await real(*args)
        over.set()
        return made

    real = sealing.seal_all
    monkeypatch.setattr(sealing, "seal_all", round_of)
    task = asyncio.create_task(sealing.keep_sealing(store, KEY, FakeClock(LATE), 0))
    await asyncio.wait_for(over.wait(), 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(await seals_of(store, tenant.id)) == 1
    await store.close()


async def test_a_trail_that_cannot_be_sealed_keeps_no_other_from_it(sqlite_url: str) -> None:
    store = await open_store(sqlite_url)
    tenants = sorted([(await a_tenant(store, now=NOON)).id for _ in range(3)])
    sql = "UPDATE audit_events SET data = CAST(X'ff' AS TEXT) WHERE tenant_id = :t"
    await tamper(store, sql, t=tenants[1])
    assert await sealing.seal_all(store, KEY, FakeClock(LATE)) == 2
    assert (await verify_trail(store, KEY, tenants[1])).unsealed == 2
    await store.close()


async def test_a_running_server_seals_with_a_key_of_its_master_key(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await open_store(sqlite_url)
    tenant = await a_tenant(store, now=NOON - HOUR)
    app, over = await an_app(store), asyncio.Event()

    async def round_of(*args: Any) -> int:
        made = await real(*args)
        over.set()
        return made

    real = sealing.seal_all
    monkeypatch.setattr(sealing, "FIRST_AFTER_SECONDS", 0)
    monkeypatch.setattr(sealing, "seal_all", round_of)
    said: list[str] = []

    async def receive() -> dict[str, str]:
        if said:
            await asyncio.wait_for(over.wait(), 10)
        return {"type": "lifespan"}

    async def send(message: Any) -> None:
        said.append(message["type"])

    await app({"type": "lifespan"}, receive, send)
    assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    key = MasterKey.from_base64(MASTER_KEY).seal_keys()
    verdict = await verify_trail(store, key, tenant.id)
    assert (verdict.seals, verdict.broken, verdict.unsealed) == (1, 0, 0)
    await store.close()
