"""A token that was verified once is still looked at on every call, but for its signature."""

from __future__ import annotations

import pytest

from tenantry.core.clock import DAY, HOUR, MINUTE
from tenantry.core.errors import InvalidToken
from tenantry.tokens.claims import Claims
from tenantry.tokens.keys.master_key import MasterKey
from tenantry.tokens.keys.signing_keys import rotate_signing_key
from tenantry.tokens.verified_tokens import VerifiedTokens
from tests.support.app import MASTER_KEY
from tests.support.builders import OPERATOR
from tests.unit.tokens.conftest import House


async def _verified(house: House) -> str:
    granted = await house.grant()
    raw = (await house.exchange(granted.refresh_token)).access_token.raw
    await house.authenticate(raw)
    return raw


async def test_a_second_call_does_not_check_the_signature_again(house: House) -> None:
    raw = await _verified(house)
    first = house.ring.verified.find(raw.encode())
    await house.authenticate(raw)
    assert first is not None
    assert house.ring.verified.find(raw.encode()) is first


@pytest.mark.parametrize("altered", [slice(0, -1), slice(1, None), slice(0, 0)])
async def test_a_proven_token_proves_no_other(house: House, altered: slice) -> None:
    raw = await _verified(house)
    with pytest.raises(InvalidToken):
        await house.authenticate(raw[altered])


async def test_a_proven_token_still_expires(house: House) -> None:
    raw = await _verified(house)
    house.clock.advance(HOUR + MINUTE)
    with pytest.raises(InvalidToken, match=r"expired$"):
        await house.authenticate(raw)


async def test_a_proven_token_ends_with_its_key(house: House) -> None:
    raw = await _verified(house)
    async with house.store.write() as tx:
        await rotate_signing_key(
            tx, MasterKey.from_base64(MASTER_KEY), OPERATOR, house.clock(), overlap=0, verify_for=0
        )
    house.clock.advance(MINUTE)
    await house.ring.refresh()
    with pytest.raises(InvalidToken, match=r"retired_key$"):
        await house.authenticate(raw)
    house.clock.advance(DAY)
    await house.ring.refresh()
    with pytest.raises(InvalidToken, match="unknown_key"):
        await house.authenticate(raw)


def test_only_so_many_are_remembered() -> None:
    claims = Claims(iss="i", sub="s", aud="a", exp=1, iat=0, jti="j", client_id="c", tid="t")
    verified = VerifiedTokens(limit=2)
    for raw in (b"1", b"2", b"3"):
        verified.add(raw, claims)
    assert [verified.find(raw) for raw in (b"1", b"2", b"3")] == [None, claims, claims]
