"""Whatever happens in whatever order: a refresh token works exactly as long as all it stands on does."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenantry.core.clock import DAY
from tenantry.core.errors import BadCredentials
from tenantry.store import open_store
from tenantry.tokens.grants import revoke_grant
from tests.support.builders import OPERATOR
from tests.support.issuing import YEAR
from tests.unit.tokens.conftest import a_house

STEPS = st.lists(
    st.one_of(
        st.just(("grant", 0)),
        st.tuples(st.just("exchange"), st.integers(0, 9)),
        st.tuples(st.just("wait"), st.integers(1, 200)),
        st.tuples(st.just("revoke"), st.integers(0, 9)),
    ),
    max_size=14,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_a_refresh_token_works_exactly_as_long_as_its_grant(
    sqlite_template: Path, steps: list[tuple[str, int]]
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        shutil.copy(sqlite_template, f"{directory}/history.db")
        asyncio.run(_check_history(f"sqlite:///{directory}/history.db", steps))


async def _check_history(url: str, steps: list[tuple[str, int]]) -> None:
    store = await open_store(url)
    house = await a_house(store)
    tokens: list[tuple[str, Any, int]] = []  # refresh token, its grant, its end
    live: Any = None  # at most one grant of a user and connector is
    made: list[Any] = []
    for what, number in [*steps, *[("exchange", index) for index in range(10)]]:
        match what:
            case "grant":
                grant = await house.grant()
                live = grant.id
                made.append(live)
                tokens.append((grant.refresh_token, live, grant.expires_at))
            case "wait":
                house.clock.advance(number * DAY)
            case "revoke" if made:
                target = made[number % len(made)]
                async with store.write() as tx:
                    await revoke_grant(tx, OPERATOR, house.tenant.id, target, "test", house.clock())
                live = None if target == live else live
            case "exchange" if tokens:
                raw, grant_id, end = tokens[number % len(tokens)]
                should = grant_id == live and house.clock() < end
                try:
                    exchanged = await house.exchange(raw)
                except BadCredentials:
                    assert not should
                    continue
                assert should
                renewed = exchanged.refresh_token
                assert (renewed is not None) == (house.clock() >= end - YEAR // 10)
                if renewed is not None:
                    tokens.append((renewed, grant_id, exchanged.refresh_expires_at or 0))
                await house.authenticate(exchanged.access_token.raw)
            case _:
                pass
    await store.close()
