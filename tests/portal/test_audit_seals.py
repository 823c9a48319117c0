"""Verifying the trail in the portal: what holds, what does not and where, and what to keep."""

from __future__ import annotations

import re

import pytest

from tenantry.access.actions import RoleId
from tenantry.audit import events
from tenantry.audit.heads import seal_and_note
from tenantry.audit.record import record
from tenantry.audit.seals import seal_trail
from tenantry.core.clock import HOUR, MINUTE
from tenantry.surfaces.portal.trail import audit_seals
from tests.support.builders import OPERATOR, a_user
from tests.support.clock import NOON
from tests.support.portal import Portal


async def seal(portal: Portal, *, hours: int = 1) -> None:
    """What happened until so many hours after noon."""
    key = portal.app.deps.master_key.seal_keys()
    await seal_trail(portal.app.deps.store, key, portal.tenant.id, NOON + hours * HOUR)


async def happen(portal: Portal, *, hours: int = 0) -> None:
    event = events.GroupCreated(group_id="g", name="Drivers")
    await record(portal.app.deps.store, portal.tenant.id, OPERATOR, event, NOON + hours * HOUR + MINUTE)


async def tamper(portal: Portal, sql: str) -> None:
    assert await portal.app.deps.store.run(sql, t=portal.tenant.id) > 0


async def test_a_trail_that_nobody_changed_holds_and_its_last_seal_is_to_be_kept(portal: Portal) -> None:
    visitor = await portal.visit(portal.dana)
    await visitor.open("/audit/verify")
    assert "Nothing is sealed yet" in visitor.text
    await seal(portal)
    page = await visitor.open("/audit/verify")
    assert "The seal holds: nobody has changed its events." in visitor.text
    assert "Events not sealed yet 0" in visitor.text
    mark = re.search(r"--expect (1:[0-9a-f]{64})<", page.text)
    assert mark is not None
    assert page.text.count(mark[1]) > 1
    assert f"tenantry audit verify --tenant {portal.tenant.id} --expect" in visitor.text
    await visitor.open("/audit?what=audit.verified")
    assert "Seals checked" in visitor.text
    assert visitor.page.text.count("<summary>") == 2
    await seal(portal, hours=2)
    await happen(portal, hours=3)
    await visitor.open("/audit/verify")
    assert "Events not sealed yet 1, the oldest:" in visitor.text


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        (
            "UPDATE audit_events SET actor = 'nobody' WHERE tenant_id = :t AND type = 'tenant.created'",
            "was changed, or",
        ),
        ("DELETE FROM audit_events WHERE tenant_id = :t AND type = 'tenant.created'", "there were "),
        ("DELETE FROM audit_seals WHERE tenant_id = :t AND number = 1", "Seal 1 is missing"),
    ],
)
async def test_what_somebody_changed_in_the_database_is_said_and_no_seal_is_to_be_kept(
    sqlite_portal: Portal, sql: str, said: str
) -> None:
    await seal(sqlite_portal)
    await happen(sqlite_portal)
    await seal(sqlite_portal, hours=2)
    visitor = await sqlite_portal.visit(sqlite_portal.dana)
    await tamper(sqlite_portal, sql)
    page = await visitor.open("/audit/verify")
    assert "The trail is not as it was when it was sealed." in visitor.text
    assert said in visitor.text
    assert 'role="alert"' in page.text
    assert "--expect" not in page.text


async def test_of_a_long_trail_the_last_seals_are_checked_and_the_command_for_all_is_shown(
    sqlite_portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_seals, "SEALS", 2)
    for number in range(4):
        await happen(sqlite_portal, hours=number)
        await seal(sqlite_portal, hours=number + 1)
    visitor = await sqlite_portal.visit(sqlite_portal.dana)
    await tamper(sqlite_portal, "UPDATE audit_events SET actor = 'x' WHERE tenant_id = :t AND type = 'tenant.created'")
    await visitor.open("/audit/verify")
    assert "All 2 seals hold" in visitor.text
    assert "the last 2 of 4; the command below checks all" in visitor.text


async def test_whoever_may_read_the_trail_may_verify_it_and_of_the_own_tenant_only(sqlite_portal: Portal) -> None:
    await seal(sqlite_portal)
    reader = await a_user(sqlite_portal.app.deps.store, sqlite_portal.tenant, roles=[RoleId.GLOBAL_READER])
    assert (await (await sqlite_portal.visit(reader)).open("/audit/verify")).status_code == 200
    assert (await (await sqlite_portal.visit(sqlite_portal.mia)).open("/audit/verify")).status_code == 403
    elsewhere = await sqlite_portal.visit(sqlite_portal.otto)
    await elsewhere.open("/audit/verify")
    assert "Nothing is sealed yet" in elsewhere.text


async def test_seals_that_were_taken_away_are_missed_by_what_the_system_has_noted(sqlite_portal: Portal) -> None:
    """All of them, or the last ones: what is left holds, and says nothing of that."""
    store, keys = sqlite_portal.app.deps.store, sqlite_portal.app.deps.master_key.seal_keys()
    await seal(sqlite_portal)
    await happen(sqlite_portal)
    await seal_and_note(store, keys, sqlite_portal.tenant.id, NOON + 2 * HOUR)
    visitor = await sqlite_portal.visit(sqlite_portal.dana)
    await visitor.open("/audit/verify")
    assert "is not here any more" not in visitor.text
    for sql in ("AND number = 2", ""):
        await tamper(sqlite_portal, f"DELETE FROM audit_seals WHERE tenant_id = :t {sql}")
        page = await visitor.open("/audit/verify")
        assert "Seal 2, which the server noted elsewhere" in visitor.text
        assert 'role="alert"' in page.text
        assert "seal holds" not in visitor.text.lower()
        assert "Nothing is sealed yet" not in visitor.text
        assert "--expect" not in page.text


async def test_a_trail_that_nobody_seals_is_said_to_be_overdue(sqlite_portal: Portal) -> None:
    visitor = await sqlite_portal.visit(sqlite_portal.dana)
    await visitor.open("/audit/verify")
    assert "older than three rounds" not in visitor.text
    sqlite_portal.app.deps.clock.advance(4 * HOUR)  # type: ignore[attr-defined]
    await visitor.open("/audit/verify")
    assert "older than three rounds of sealing" in visitor.text
    assert "Nothing is sealed yet" not in visitor.text
