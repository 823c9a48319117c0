"""Trading one access token for another: who may, for what, and until when."""

from __future__ import annotations

from typing import Any

import pytest

from tenantry.core.caller import Audience
from tenantry.core.clock import HOUR, MINUTE, SECOND
from tenantry.core.errors import InvalidToken
from tenantry.tokens.client_credentials import exchange_client_credentials
from tenantry.tokens.grants import revoke_grant
from tenantry.tokens.mint import AccessToken
from tenantry.tokens.trade import trade_access_token
from tenantry.tokens.verify import verify_access_token
from tests.support.builders import HASHER, OPERATOR
from tests.unit.tokens.conftest import ISSUER, House

GRAPH, CENTER = Audience.DIRECTORY_GRAPH, Audience.PARTNER_CENTER


async def _trade(house: House, raw: str, **changes: Any) -> AccessToken:
    arguments: dict[str, Any] = {
        "accepted": [GRAPH, CENTER],
        "accepted_without_user": [CENTER],
        "audience": CENTER,
        "issuer": ISSUER,
        "lifetime": HOUR,
        "now": house.clock(),
        "leeway": MINUTE,
        "origin": OPERATOR.origin,
    }
    return await trade_access_token(house.store, house.ring, raw_token=raw, **{**arguments, **changes})


async def _of_user(house: House, audience: Audience = GRAPH) -> str:
    return (await house.exchange((await house.grant()).refresh_token, audience=audience)).access_token.raw


async def _of_application(house: House, audience: Audience) -> str:
    exchanged = await exchange_client_credentials(
        house.store,
        house.ring,
        HASHER,
        client_id=house.connector.id,
        client_secret=house.connector.secret,
        audience=audience,
        tenant_id=house.tenant.id,
        issuer=ISSUER,
        lifetime=HOUR,
        now=house.clock(),
        origin=OPERATOR.origin,
    )
    return exchanged.access_token.raw


async def test_what_was_proven_stays_proven_and_the_trade_is_in_the_trail(house: House) -> None:
    raw = await _of_user(house)
    before = (await house.trail()).count("access_token.issued")
    traded = await _trade(house, raw)
    old = verify_access_token(house.ring, raw, issuer=ISSUER, audience=GRAPH, now=house.clock(), leeway=MINUTE)
    new = verify_access_token(house.ring, traded.raw, issuer=ISSUER, audience=CENTER, now=house.clock(), leeway=MINUTE)
    assert new.jti != old.jti
    for one, other in ((old.sub, new.sub), (old.tid, new.tid), (old.client_id, new.client_id), (old.scope, new.scope)):
        assert one == other
    assert (old.gid, old.amr) == (new.gid, new.amr)
    assert (await house.authenticate(traded.raw, CENTER)).user_id == house.user.id
    assert (await house.trail()).count("access_token.issued") == before + 1


async def test_an_application_alone_trades_only_what_is_taken_without_a_user(house: House) -> None:
    assert (await _trade(house, await _of_application(house, CENTER))).raw
    with pytest.raises(InvalidToken, match="audience"):
        await _trade(house, await _of_application(house, GRAPH))


async def test_a_token_for_another_surface_or_of_a_grant_that_ended_is_not_traded(house: House) -> None:
    with pytest.raises(InvalidToken, match="audience"):
        await _trade(house, await _of_user(house, Audience.KAIZALA))
    grant = await house.grant()
    raw = (await house.exchange(grant.refresh_token, audience=GRAPH)).access_token.raw
    async with house.store.write() as tx:
        await revoke_grant(tx, OPERATOR, house.tenant.id, grant.id, "why", house.clock())
    with pytest.raises(InvalidToken, match="revoked"):
        await _trade(house, raw)


async def test_a_trade_wins_no_time(house: House) -> None:
    raw, end = await _of_user(house), house.clock() + HOUR
    assert (await _trade(house, raw, lifetime=MINUTE)).expires_at == house.clock() + MINUTE
    house.clock.advance(HOUR - SECOND)
    assert (await _trade(house, raw)).expires_at == end
    house.clock.advance(1)
    with pytest.raises(InvalidToken, match="expired"):
        await _trade(house, raw)
