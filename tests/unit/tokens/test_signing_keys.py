"""Keys are made once, kept sealed, and change without a token being refused."""

from __future__ import annotations

import asyncio
import json

import pytest

from tenantry.audit.events import SYSTEM_TENANT
from tenantry.core.caller import Audience
from tenantry.core.clock import DAY, HOUR, MINUTE, SECOND
from tenantry.core.errors import InvalidToken
from tenantry.core.ids import TenantId, new_guid
from tenantry.store import Store
from tenantry.store.trail.audit_events import list_latest
from tenantry.tokens.keys.master_key import MasterKey, MasterKeyError
from tenantry.tokens.keys.signing_keys import KeyRing, generate_private_key, revoke_signing_key, rotate_signing_key
from tenantry.tokens.mint import draft_access_token
from tenantry.tokens.verify import verify_access_token
from tests.support.app import MASTER_KEY
from tests.support.builders import OPERATOR
from tests.support.clock import NOON, FakeClock
from tests.support.issuing import ISSUER
from tests.unit.tokens.conftest import House

MASTER = MasterKey.from_base64(MasterKey.generate())


def _mint(ring: KeyRing, now: int) -> str:
    return (
        draft_access_token(
            ring,
            issuer=ISSUER,
            audience=Audience.KAIZALA,
            subject="u",
            tenant_id=TenantId(new_guid()),
            client_id="c",
            scope="",
            grant_id=None,
            amr=(),
            lifetime=DAY,
            now=now,
        )
        .sign()
        .raw
    )


def _check(ring: KeyRing, raw: str, now: int) -> None:
    """The ring takes the token. Raises InvalidToken."""
    claims = verify_access_token(ring, raw, issuer=ISSUER, audience=Audience.KAIZALA, now=now, leeway=MINUTE)
    assert claims.sub == "u"


async def _rotate(store: Store, now: int, overlap: int = MINUTE) -> str:
    async with store.write() as tx:
        return await rotate_signing_key(tx, MASTER, OPERATOR, now, overlap=overlap, verify_for=DAY + MINUTE)


async def test_processes_that_start_together_make_one_first_key(store: Store) -> None:
    rings = await asyncio.gather(*[KeyRing.load(store, MASTER, FakeClock()) for _ in range(5)])
    assert len({ring.jwks(NOON) for ring in rings}) == 1
    for ring in rings:
        _check(ring, _mint(rings[0], NOON), NOON)
    async with store.read() as read:
        assert [event.type for event in await list_latest(read, SYSTEM_TENANT, 10)] == ["signing_key.rotated"]


async def test_a_private_key_is_stored_sealed_and_opens_by_its_master_key_only(store: Store) -> None:
    ring = await KeyRing.load(store, MASTER, FakeClock())
    async with store.read() as read:
        sealed = await read.one_or_none(bytes, "SELECT private_key FROM signing_keys")
    secret = ring.signer(NOON).private_key.private_numbers().private_value  # type: ignore[union-attr]
    assert sealed is not None
    assert secret.to_bytes(32) not in sealed
    with pytest.raises(MasterKeyError):
        await KeyRing.load(store, MasterKey.from_base64(MasterKey.generate()), FakeClock())
    assert "private_key" not in repr(ring.signer(NOON))


async def test_a_new_key_is_published_at_once_and_signs_after_the_overlap(store: Store) -> None:
    clock = FakeClock()
    ring = await KeyRing.load(store, MASTER, clock)
    old = ring.signer(NOON).kid
    before = _mint(ring, NOON)
    new = await _rotate(store, NOON)
    await ring.refresh()
    assert {key["kid"] for key in json.loads(ring.jwks(NOON))["keys"]} == {old, new}
    assert ring.signer(NOON + MINUTE - 1).kid == old
    last_of_old = _mint(ring, NOON + MINUTE - 1)
    assert ring.signer(NOON + MINUTE).kid == new
    _check(ring, before, NOON + DAY)
    end = NOON + DAY + MINUTE - SECOND
    _check(ring, last_of_old, end)
    _check(ring, _mint(ring, end), end)
    gone = NOON + MINUTE + DAY + MINUTE
    assert [key["kid"] for key in json.loads(ring.jwks(gone))["keys"]] == [new]
    clock.now = gone + 2 * HOUR
    await ring.refresh()
    assert ring.find(old) is None


async def test_what_a_retired_key_signed_is_taken_until_its_end_and_the_leeway(store: Store) -> None:
    ring = await KeyRing.load(store, MASTER, FakeClock())
    raw = _mint(ring, NOON)  # for a day
    async with store.write() as tx:
        await rotate_signing_key(tx, MASTER, OPERATOR, NOON, overlap=0, verify_for=HOUR)
    await ring.refresh()
    _check(ring, raw, NOON + HOUR + MINUTE - 1)
    with pytest.raises(InvalidToken, match=r"retired_key$"):
        _check(ring, raw, NOON + HOUR + MINUTE)


async def test_two_servers_with_skewed_clocks_take_each_others_tokens_around_a_rotation(store: Store) -> None:
    ahead, behind = await asyncio.gather(*[KeyRing.load(store, MASTER, FakeClock()) for _ in range(2)])
    await _rotate(store, NOON, overlap=MINUTE)
    await asyncio.gather(ahead.refresh(), behind.refresh())
    skew = 2 * SECOND
    for now in range(NOON + MINUTE - 4 * SECOND, NOON + MINUTE + 4 * SECOND, SECOND):
        _check(behind, _mint(ahead, now), now - skew)
        _check(ahead, _mint(behind, now - skew), now)


async def test_a_key_that_only_verifies_does_not_take_over_from_one_that_is_revoked(store: Store) -> None:
    ring = await KeyRing.load(store, MASTER, FakeClock())
    old = ring.signer(NOON).kid
    newest = await _rotate(store, NOON, overlap=0)
    async with store.write() as tx:
        made = await revoke_signing_key(tx, MASTER, OPERATOR, newest, NOON + SECOND)
    await ring.refresh()
    assert made not in (None, old, newest)
    assert ring.signer(NOON + SECOND).kid == made


async def test_a_clock_set_back_before_every_key_still_signs(store: Store) -> None:
    clock = FakeClock()
    ring = await KeyRing.load(store, MASTER, clock)
    await _rotate(store, NOON)
    clock.now = past = NOON - 30 * DAY
    await ring.refresh()
    _check(ring, _mint(ring, past), past)
    assert (await KeyRing.load(store, MASTER, clock)).jwks(NOON) == ring.jwks(NOON)


async def test_rotating_twice_within_the_overlap_leaves_no_gap(store: Store) -> None:
    ring = await KeyRing.load(store, MASTER, FakeClock())
    await _rotate(store, NOON, overlap=HOUR)
    await _rotate(store, NOON + SECOND, overlap=MINUTE)
    await ring.refresh()
    for now in (NOON, NOON + 2 * MINUTE, NOON + 2 * HOUR):
        raw = _mint(ring, now)
        _check(ring, raw, now + DAY - SECOND)


async def test_an_rs256_key_signs_where_a_client_needs_it(store: Store) -> None:
    ring = await KeyRing.load(store, MASTER, FakeClock())
    async with store.write() as tx:
        await rotate_signing_key(
            tx, MASTER, OPERATOR, NOON, overlap=0, verify_for=DAY, private_key=generate_private_key("RS256")
        )
    await ring.refresh()
    raw = _mint(ring, NOON)
    assert ring.signer(NOON).algorithm == "RS256"
    _check(ring, raw, NOON)
    with pytest.raises(InvalidToken):
        _check(ring, raw[:-4] + "AAAA", NOON)


async def test_an_unknown_kid_makes_the_ring_read_again_but_not_for_everybody(house: House) -> None:
    other = await KeyRing.load(house.store, MasterKey.from_base64(_master()), house.clock)
    async with house.store.write() as tx:
        await rotate_signing_key(tx, MasterKey.from_base64(_master()), OPERATOR, NOON, overlap=0, verify_for=DAY)
    await other.refresh()
    grant = await house.grant()
    house.ring, mine = other, house.ring
    raw = (await house.exchange(grant.refresh_token)).access_token.raw
    house.ring = mine
    assert (await house.authenticate(raw)).user_id == house.user.id
    async with house.store.read() as read:
        assert not await mine.refresh_for_unknown(read)
        house.clock.advance(MINUTE)
        assert await mine.refresh_for_unknown(read)
        house.clock.advance(-DAY)
        assert await mine.refresh_for_unknown(read)


def _master() -> str:

    return MASTER_KEY
