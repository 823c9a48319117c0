"""One access token for another: who may, for what, and until when."""

from __future__ import annotations

from typing import Any

import pytest

from tenantry.core.caller import Audience
from tenantry.core.clock import HOUR, MINUTE, SECOND
from tenantry.core.errors import InvalidToken
from tenantry.tokens.grant_types.client_credentials import exchange_client_credentials
from tenantry.tokens.grant_types.token_exchange import exchange_access_token
from tenantry.tokens.grants import revoke_grant
from tenantry.tokens.issuing import Issuing
from tenantry.tokens.mint import AccessToken
from tenantry.tokens.verify import verify_access_token
from tests.support.builders import OPERATOR
from tests.support.issuing import ISSUER, issuing_on
from tests.unit.tokens.conftest import House

GRAPH, CENTER = Audience.DIRECTORY_GRAPH, Audience.PARTNER_CENTER


async def _exchange(house: House, raw: str, issuing: Issuing | None = None, **changes: Any) -> AccessToken:
    arguments = {"accepted": [GRAPH, CENTER], "accepted_without_user": [CENTER], **changes}
    return await exchange_access_token(issuing or house.issuing(), house.ask(CENTER), raw, **arguments)


async def _of_user(house: House, audience: Audience = GRAPH) -> str:
    return (await house.exchange((await house.grant()).refresh_token, audience=audience)).access_token.raw


async def _of_application(house: House, audience: Audience) -> str:
    ask = house.ask(audience, house.tenant.id)
    exchanged = await exchange_client_credentials(house.issuing(), ask, house.client)
    return exchanged.access_token.raw


async def test_what_was_proven_stays_proven_and_the_exchange_is_in_the_trail(house: House) -> None:
    raw = await _of_user(house)
    before = (await house.trail()).count("access_token.issued")
    exchanged = await _exchange(house, raw)
    old = verify_access_token(house.ring, raw, issuer=ISSUER, audience=GRAPH, now=house.clock(), leeway=MINUTE)
    new = verify_access_token(
        house.ring, exchanged.raw, issuer=ISSUER, audience=CENTER, now=house.clock(), leeway=MINUTE
    )
    assert new.jti != old.jti
    for one, other in ((old.sub, new.sub), (old.tid, new.tid), (old.client_id, new.client_id), (old.scope, new.scope)):
        assert one == other
    assert (old.gid, old.amr) == (new.gid, new.amr)
    assert (await house.authenticate(exchanged.raw, CENTER)).user_id == house.user.id
    assert (await house.trail()).count("access_token.issued") == before + 1


async def test_an_application_alone_exchanges_only_what_is_taken_without_a_user(house: House) -> None:
    assert (await _exchange(house, await _of_application(house, CENTER))).raw
    with pytest.raises(InvalidToken, match="audience"):
        await _exchange(house, await _of_application(house, GRAPH))


async def test_a_token_for_another_surface_or_of_a_grant_that_ended_is_not_exchanged(house: House) -> None:
    with pytest.raises(InvalidToken, match="audience"):
        await _exchange(house, await _of_user(house, Audience.KAIZALA))
    grant = await house.grant()
    raw = (await house.exchange(grant.refresh_token, audience=GRAPH)).access_token.raw
    async with house.store.write() as tx:
        await revoke_grant(tx, OPERATOR, house.tenant.id, grant.id, "why", house.clock())
    with pytest.raises(InvalidToken, match="revoked"):
        await _exchange(house, raw)


async def test_an_exchanged_token_ends_no_later_than_the_one_it_came_from(house: House) -> None:
    raw, end = await _of_user(house), house.clock() + HOUR
    brief = issuing_on(house.store, house.ring, access=MINUTE)
    assert (await _exchange(house, raw, issuing=brief)).expires_at == house.clock() + MINUTE
    house.clock.advance(HOUR - SECOND)
    assert (await _exchange(house, raw)).expires_at == end
    house.clock.advance(1)
    with pytest.raises(InvalidToken, match=r"expired$"):
        await _exchange(house, raw)
