"""When secrets and refresh tokens were used last: noted in memory, written down together, true within the hour."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from structlog.testing import capture_logs

from tenantry.core.clock import HOUR, MINUTE, Micros
from tenantry.core.ids import ConnectorId
from tenantry.store import Store
from tenantry.store.connectors import connector_secrets
from tenantry.store.tokens import grants
from tenantry.tokens import last_uses
from tenantry.tokens.clients import authenticate_connector
from tenantry.tokens.last_uses import MOST, LastUses, keep_noting
from tests.support.builders import HASHER
from tests.support.clock import NOON
from tests.unit.tokens.conftest import House


async def _of_secret(house: House) -> Micros | None:
    async with house.store.read() as read:
        [secret] = await connector_secrets.list_live(read, house.connector.id, house.clock())
    return secret.last_used_at


async def _of_token(house: House, refresh_token: str) -> list[Micros | None]:
    async with house.store.read() as read:
        return await read.all(
            lambda at: at,
            "SELECT last_used_at FROM refresh_tokens WHERE tenant_id = :tenant_id AND token_hash = :token_hash",
            tenant_id=house.tenant.id,
            token_hash=HASHER.hash(refresh_token),
        )


async def test_an_exchange_is_the_last_use_of_its_secret_and_its_token_once_it_is_written_down(house: House) -> None:
    granted = await house.grant()
    await house.exchange(granted.refresh_token)
    assert await _of_secret(house) is None
    await house.uses.write(house.store)
    assert await _of_secret(house) == NOON
    assert await _of_token(house, granted.refresh_token) == [NOON]


async def test_within_the_hour_a_use_is_not_written_again(house: House) -> None:
    granted = await house.grant()
    for minutes in (0, 59, 60):
        house.clock.now = NOON + minutes * MINUTE
        await house.exchange(granted.refresh_token)
        await house.uses.write(house.store)
        assert await _of_token(house, granted.refresh_token) == [NOON if minutes < 60 else NOON + HOUR]


async def test_a_refused_exchange_is_no_use(house: House) -> None:
    granted = await house.grant()
    with suppress(Exception):
        await house.exchange(granted.refresh_token, client_secret="tny_cs_wrong")
    await house.uses.write(house.store)
    assert await _of_secret(house) is None
    assert await _of_token(house, granted.refresh_token) == [None]


async def test_an_application_that_signs_in_by_itself_uses_its_secret(house: House) -> None:
    async with house.store.read() as read:
        await authenticate_connector(read, HASHER, house.uses, house.client, house.clock())
    await house.uses.write(house.store)
    assert await _of_secret(house) == NOON


async def test_a_later_use_is_never_overwritten_by_an_earlier_one(house: House) -> None:
    granted = await house.grant()
    token_hash = HASHER.hash(granted.refresh_token)
    for at in (NOON + HOUR, NOON):
        await grants.note_uses(house.store, [((house.tenant.id, token_hash), at)])
    assert await _of_token(house, granted.refresh_token) == [NOON + HOUR]


async def test_no_more_uses_are_kept_than_can_be_written(house: House) -> None:
    uses = LastUses()
    for number in range(MOST + 10):
        uses.note_secret(ConnectorId(str(number)), b"", None, NOON)
    assert len(uses._secrets) == MOST


async def test_what_is_noted_is_written_when_the_server_stops(house: House) -> None:
    uses = LastUses()
    task = asyncio.create_task(keep_noting(house.store, uses))
    await asyncio.sleep(0)
    uses.note_secret(house.connector.id, HASHER.hash(house.connector.secret), None, NOON)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert await _of_secret(house) == NOON


async def test_notes_are_written_while_the_server_runs_and_a_failure_ends_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(last_uses, "EVERY_SECONDS", 0)
    uses = LastUses()
    written, write = asyncio.Event(), LastUses.write
    outcomes = [OSError("the disk is full"), None]

    async def write_or_fail(self: LastUses, store: Store) -> None:
        outcome = outcomes.pop(0) if outcomes else None
        if outcome is not None:
            raise outcome
        await write(self, store)
        written.set()

    monkeypatch.setattr(LastUses, "write", write_or_fail)
    uses.note_secret(house.connector.id, HASHER.hash(house.connector.secret), None, NOON)
    task = asyncio.create_task(keep_noting(house.store, uses))
    with capture_logs() as logged:
        await asyncio.wait_for(written.wait(), 30)
    assert await _of_secret(house) == NOON
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert [each["event"] for each in logged] == ["last uses not written"]
