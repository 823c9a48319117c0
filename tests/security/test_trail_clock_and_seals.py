"""A clock that was wrong leaves no mark of tampering, and seals that were taken away are missed."""

from __future__ import annotations

import json
from pathlib import Path

import apsw
import msgspec
import pytest
from structlog.testing import capture_logs

from tenantry.audit import record as recording
from tenantry.audit.events import SYSTEM_TENANT, AccessTokenIssued, TrailNoted
from tenantry.audit.heads import find_missing, find_note, seal_and_note
from tenantry.audit.record import record
from tenantry.audit.sealing import check_clock, seal_all
from tenantry.audit.seals import MARGIN, verify_trail
from tenantry.core.clock import DAY, HOUR, MINUTE, SECOND
from tenantry.core.ids import TenantId
from tenantry.store import Store
from tests.cli.test_commands import Shell
from tests.support.builders import OPERATOR, a_tenant
from tests.support.clock import NOON, FakeClock
from tests.unit.audit.conftest import KEY, happen, seals_of, tamper


async def _issue(store: Store, tenant_id: TenantId, *moments: int) -> None:
    for moment in moments:
        event = AccessTokenIssued(jti="j", audience="a", expires_at=0)
        await record(store, tenant_id, OPERATOR, event, moment)


@pytest.mark.parametrize("happens", [happen, _issue])
@pytest.mark.parametrize("back", [HOUR, 30 * DAY])
async def test_a_clock_set_back_and_right_again_does_not_break_the_trail(
    store: Store, happens: object, back: int
) -> None:
    assert callable(happens)
    tenant, clock = await a_tenant(store, now=NOON), FakeClock()
    minutes = [NOON + minute * MINUTE for minute in range(0, 40, 5)]
    await happens(store, tenant.id, *minutes)
    clock.now = NOON + HOUR
    await seal_all(store, KEY, clock, pause=0)
    await happens(store, tenant.id, *(NOON + HOUR - back + minute * MINUTE for minute in range(5)))
    clock.now = NOON + HOUR - back + 5 * MINUTE
    await seal_all(store, KEY, clock, pause=0)
    await happens(store, tenant.id, clock.now + MINUTE)
    await happens(store, tenant.id, NOON + HOUR + MINUTE, NOON + HOUR + 2 * MINUTE)
    clock.now = NOON + 3 * HOUR
    await seal_all(store, KEY, clock, pause=0)
    verdict = await verify_trail(store, KEY, tenant.id)
    assert (verdict.broken, verdict.unsealed) == (0, 0)
    assert verdict.events == len(minutes) + 5 + 1 + 2 + 2  # and the tenant's own, with its domain


async def test_a_server_that_starts_behind_the_trail_warns_and_dates_nothing_before_its_seals(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant, clock = await a_tenant(store, now=NOON), FakeClock()
    clock.now = NOON + 5 * HOUR  # an hour too far
    await happen(store, tenant.id, clock.now - HOUR)
    await seal_all(store, KEY, clock, pause=0)
    monkeypatch.setattr(recording, "_Clock", type("_Clock", (), {"latest": 0, "is_doubted": False}))  # a new process
    clock.now = NOON + 2 * HOUR
    with capture_logs() as logs:
        assert not await check_clock(store, clock)
    assert any("clock" in line["event"] and line["log_level"] == "warning" for line in logs)
    await _issue(store, tenant.id, clock.now, clock.now + SECOND)
    assert (await verify_trail(store, KEY, tenant.id)).broken == 0
    clock.now = NOON + 6 * HOUR
    assert await check_clock(store, clock)
    await seal_all(store, KEY, clock, pause=0)
    verdict = await verify_trail(store, KEY, tenant.id)
    assert (verdict.broken, verdict.unsealed) == (0, 0)


async def test_a_server_that_finds_at_a_round_that_it_is_behind_dates_nothing_before_the_seals_until_it_is_not(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another server sealed; this one has recorded nothing yet, so that nothing of its own says that time went back."""
    tenant, clock = await a_tenant(store, now=NOON), FakeClock()
    clock.now = NOON + 5 * HOUR
    await happen(store, tenant.id, clock.now - HOUR)
    await seal_all(store, KEY, clock, pause=0)
    monkeypatch.setattr(recording, "_Clock", type("_Clock", (), {"latest": 0, "is_doubted": False}))
    clock.now = NOON + 2 * HOUR
    await seal_all(store, KEY, clock, pause=0)
    await _issue(store, tenant.id, clock.now, clock.now + SECOND)
    assert (await verify_trail(store, KEY, tenant.id)).broken == 0
    clock.now = NOON + 6 * HOUR
    await seal_all(store, KEY, clock, pause=0)
    assert not recording._Clock.is_doubted, "what is written most often costs no look at the seals again"


async def test_the_head_of_each_trail_is_noted_once_a_day_and_not_without_something_new(store: Store) -> None:
    tenant, quiet = await a_tenant(store, now=NOON), await a_tenant(store, now=NOON)
    clock = FakeClock()
    for hour in range(1, 30):
        clock.now = NOON + hour * HOUR
        await happen(store, tenant.id, clock.now - 30 * MINUTE)
        await seal_all(store, KEY, clock, pause=0)
    sql = "SELECT partner_tenant_id FROM audit_events WHERE tenant_id = :t AND type = 'trail.noted'"
    async with store.read() as read:
        noted = await read.all(str, sql, t=SYSTEM_TENANT)
        assert await find_missing(read, tenant.id) is None
    assert sorted(noted) == sorted([tenant.id, tenant.id, quiet.id])


@pytest.mark.parametrize("keep", [0, 1])
async def test_seals_that_are_taken_away_are_missed_though_new_ones_were_made(store: Store, keep: int) -> None:
    tenant = await a_tenant(store, now=NOON)
    for day in range(1, 4):
        await happen(store, tenant.id, NOON + day * DAY - HOUR)
        await seal_and_note(store, KEY, tenant.id, NOON + day * DAY)
    async with store.read() as read:
        note = await find_note(read, tenant.id)
    assert note is not None
    assert note.head == (await seals_of(store, tenant.id))[-1].mark
    await tamper(store, "DELETE FROM audit_seals WHERE tenant_id = :t AND number > :n", t=tenant.id, n=keep)
    await seal_and_note(store, KEY, tenant.id, NOON + 3 * DAY + MINUTE)
    assert (await verify_trail(store, KEY, tenant.id)).broken == 0
    async with store.read() as read:
        assert await find_missing(read, tenant.id) == note


@pytest.mark.parametrize("later", ["sealed and noted anew", "a forged note"])
async def test_seals_that_are_taken_away_stay_missed_whatever_is_noted_later(store: Store, later: str) -> None:
    tenant = await a_tenant(store, now=NOON)
    for day in range(1, 5):
        await happen(store, tenant.id, NOON + day * DAY - HOUR)
        await seal_and_note(store, KEY, tenant.id, NOON + day * DAY)
    async with store.read() as read:
        note = await find_note(read, tenant.id)
    first = (await seals_of(store, tenant.id))[0]
    await tamper(store, "DELETE FROM audit_seals WHERE tenant_id = :t AND number > 1", t=tenant.id)
    if later == "a forged note":
        caller = msgspec.structs.replace(OPERATOR, tenant_id=tenant.id)
        await record(store, SYSTEM_TENANT, caller, TrailNoted(tenant_id=tenant.id, head=first.mark), NOON + 5 * DAY)
    else:
        for day in range(5, 8):
            await happen(store, tenant.id, NOON + day * DAY - HOUR)
            await seal_and_note(store, KEY, tenant.id, NOON + day * DAY)
    assert (await verify_trail(store, KEY, tenant.id)).broken == 0
    async with store.read() as read:
        assert await find_note(read, tenant.id) != note
        assert await find_missing(read, tenant.id) == note


def _write(shell: Shell, sql: str, *values: object) -> None:
    connection = apsw.Connection(str(shell.data_dir / "tenantry.db"))
    connection.execute(sql, values)
    connection.close()


def test_verify_fails_when_every_seal_was_taken_away(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell.run("init")
    tenant = shell.json("tenant", "create", "Contoso", "--domain", "contoso.example")["tenant_id"]
    young = json.loads(shell.run("audit", "verify", "-t", tenant, "--json"))
    assert (young["holds"], young["overdue"]) == (True, False)
    long_ago = f"{NOON - 100 * DAY:014x}"
    _write(shell, "UPDATE audit_events SET id = ? || substr(id, 15) WHERE tenant_id = ?", long_ago, tenant)
    said = shell.run("audit", "verify", "-t", tenant, code=1)
    assert "three rounds of sealing" in said
    shell.run("audit", "seal", "-t", tenant)
    shell.run("audit", "verify", "-t", tenant)
    _write(shell, "DELETE FROM audit_seals WHERE tenant_id = ?", tenant)
    said = shell.run("audit", "verify", "-t", tenant, code=1)
    assert "taken away" in said
    assert not json.loads(shell.run("audit", "verify", "-t", tenant, "--json", code=1))["noted_is_found"]
    shell.run("audit", "seal")
    assert "system's trail noted" in shell.run("audit", "verify", "-t", tenant, code=1)


def test_verify_says_whose_trail_it_was_when_a_domain_leads_elsewhere(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell.run("init")
    ids = [
        shell.json("tenant", "create", name, "--domain", f"{name.lower()}.example")["tenant_id"]
        for name in ("Contoso", "Fabrikam")
    ]
    assert f"Contoso ({ids[0]})" in shell.run("audit", "verify", "-t", "contoso.example")
    _write(shell, "UPDATE domains SET tenant_id = ? WHERE name = 'contoso.example'", ids[1])
    assert f"Fabrikam ({ids[1]})" in shell.run("audit", "verify", "-t", "contoso.example")
    found = json.loads(shell.run("audit", "verify", "-t", "contoso.example", "--json"))
    assert (found["tenant_id"], found["tenant"]) == (ids[1], "Fabrikam")
    assert "the system" in shell.run("audit", "verify", "-t", "system")


def test_the_margin_of_seals_is_longer_than_what_is_taken_for_a_queue() -> None:
    assert recording._BACK * 5 < MARGIN
