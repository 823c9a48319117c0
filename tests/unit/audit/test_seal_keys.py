"""Another master key, another key of the seals: what was sealed holds, and who knows the old key forges nothing."""

from __future__ import annotations

import pytest

from tenantry.audit.seals import SealKey, close_trail, seal_trail, verify_trail
from tenantry.core.clock import HOUR
from tenantry.core.ids import TenantId
from tenantry.store.engine.interface import Store
from tenantry.store.trail import audit_seals
from tests.support.clock import NOON
from tests.unit.audit.conftest import KEY, a_trail, happen, seals_of, tamper

CHANGED = NOON + 10 * HOUR
AGAIN = NOON + 20 * HOUR
KEYS = [*KEY, SealKey(CHANGED, b"n" * 32)]
THREE = [*KEYS, SealKey(AGAIN, b"t" * 32)]


async def _holds(store: Store, tenant_id: TenantId, keys: list[SealKey] = KEYS) -> bool:
    return not (await verify_trail(store, keys, tenant_id)).broken


async def _changed(store: Store) -> TenantId:
    """A trail with two seals under the old key and a closing one."""
    tenant_id = a_trail()
    for hours in (1, 2):
        await happen(store, tenant_id, NOON + hours * HOUR)
        await seal_trail(store, KEY, tenant_id, NOON + (hours + 1) * HOUR)
    assert await close_trail(store, KEYS, tenant_id)
    return tenant_id


async def test_a_trail_holds_over_changes_of_the_key(store: Store) -> None:
    tenant_id = await _changed(store)
    assert await _holds(store, tenant_id)
    await happen(store, tenant_id, CHANGED + HOUR)
    assert await seal_trail(store, KEYS, tenant_id, CHANGED + 2 * HOUR) == 1
    assert await _holds(store, tenant_id)
    assert await close_trail(store, THREE, tenant_id)
    assert await _holds(store, tenant_id, THREE)
    assert [seal.event_count for seal in await seals_of(store, tenant_id)] == [1, 1, 0, 1, 0]
    for last in range(1, 6):
        assert not (await verify_trail(store, THREE, tenant_id, last=last)).broken


async def test_a_trail_is_closed_once_and_one_without_seals_is_not(store: Store) -> None:
    tenant_id = await _changed(store)
    assert not await close_trail(store, KEYS, tenant_id)
    assert not await close_trail(store, KEYS, a_trail())


async def test_a_trail_that_is_sealed_first_after_a_change_holds(store: Store) -> None:
    tenant_id = a_trail()
    await happen(store, tenant_id, NOON)
    await seal_trail(store, KEYS, tenant_id, CHANGED + HOUR)
    assert await _holds(store, tenant_id)
    assert not await close_trail(store, KEYS, tenant_id)


async def test_what_is_sealed_under_a_new_key_is_not_dated_before_it_by_a_clock_that_is_behind(store: Store) -> None:
    tenant_id = await _changed(store)
    await happen(store, tenant_id, NOON + 3 * HOUR)
    assert await seal_trail(store, KEYS, tenant_id, CHANGED - 5 * HOUR) == 1
    assert (await seals_of(store, tenant_id))[-1].sealed_at == CHANGED
    assert await _holds(store, tenant_id)


@pytest.mark.parametrize("taken", [3, 1])
async def test_who_knows_the_old_key_cannot_seal_a_changed_trail_anew(store: Store, taken: int) -> None:
    """Not even below what the server seals afterwards: the closing seal of that moment is missing."""
    tenant_id = await _changed(store)
    await happen(store, tenant_id, CHANGED + HOUR)
    await seal_trail(store, KEYS, tenant_id, CHANGED + 2 * HOUR)
    await tamper(store, "DELETE FROM audit_seals WHERE tenant_id = :t AND number >= :n", t=tenant_id, n=taken)
    await tamper(store, "UPDATE audit_events SET actor = 'nobody' WHERE tenant_id = :t", t=tenant_id)
    await tamper(store, "DELETE FROM audit_seals WHERE tenant_id = :t", t=tenant_id) if taken > 1 else None
    await seal_trail(store, KEY, tenant_id, NOON + 4 * HOUR)
    verdict = await verify_trail(store, KEYS, tenant_id)
    assert (verdict.broken, verdict.first_broken and verdict.first_broken.said) == (1, None)
    await happen(store, tenant_id, CHANGED + 3 * HOUR)
    await seal_trail(store, KEYS, tenant_id, CHANGED + 4 * HOUR)
    assert not await _holds(store, tenant_id)


async def test_a_closing_seal_cannot_be_made_with_the_old_key_nor_dated_otherwise(store: Store) -> None:
    for key, moment in ((KEY[0].key, CHANGED), (KEY[0].key, CHANGED - 1), (KEYS[1].key, CHANGED + 1)):
        tenant_id = await _changed(store)
        await tamper(store, "DELETE FROM audit_seals WHERE tenant_id = :t AND number = 3", t=tenant_id)
        await close_trail(store, [SealKey(0, b""), SealKey(moment, key)], tenant_id)
        assert len(await seals_of(store, tenant_id)) == 3
        assert not await _holds(store, tenant_id)


async def test_no_change_of_the_key_can_be_left_out(store: Store) -> None:
    tenant_id = await _changed(store)
    await tamper(store, "DELETE FROM audit_seals WHERE tenant_id = :t AND number = 3", t=tenant_id)
    async with store.read() as read:
        assert (await audit_seals.find_last(read, tenant_id)) is not None
    assert await close_trail(store, THREE, tenant_id)
    assert not await _holds(store, tenant_id, THREE)
