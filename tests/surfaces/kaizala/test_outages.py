"""A store that is busy, and a bug: neither may look like a bad token or an absent group."""

from __future__ import annotations

from typing import Any

import pytest

from tenantry.core.errors import StoreBusy, StoreUnavailable
from tests.support.kaizala import World


def failing(error: Exception) -> Any:
    def fail(*_arguments: object) -> Any:
        raise error

    return fail


async def answers(world: World, headers: dict[str, str], exchange: dict[str, str]) -> list[Any]:
    pin = {"mobileNumber": world.anna.phone_number, "applicationId": world.connector.id, "pin": 123456}
    return [
        await world.client.get("/kaizala/v1/accessToken", headers=exchange),
        await world.client.get("/kaizala/v1/groups", headers=headers),
        await world.client.get(f"/kaizala/v1/groups/{world.group}", headers=headers),
        await world.client.post("/kaizala/v1/generatePin", json=pin),
        await world.client.post("/kaizala/v1/loginWithPinAndApplicationId", json=pin),
    ]


@pytest.mark.parametrize("error", [StoreBusy(), StoreUnavailable()], ids=["busy", "unavailable"])
async def test_a_store_that_cannot_answer_gives_503_with_retry_after(
    world: World, error: StoreBusy, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = await world.token(world.bob)
    exchange = world.exchange_headers(await world.refresh_token(world.anna))
    for method in ("read", "write", "transact", "queue"):
        monkeypatch.setattr(type(world.store), method, failing(error))
    for answer in await answers(world, headers, exchange):
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == str(error.retry_after)
        assert set(answer.json()) == {"message", "errorCode", "errorCategoryKey"}


async def test_a_bug_gives_500_with_the_correlation_id_and_nothing_else(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = await world.token(world.bob)
    exchange = world.exchange_headers(await world.refresh_token(world.anna))
    for method in ("read", "write", "transact", "queue"):
        monkeypatch.setattr(type(world.store), method, failing(RuntimeError("inner workings")))
    for answer in (
        await world.client.get("/kaizala/v1/accessToken", headers=exchange),
        await world.client.get("/kaizala/v1/groups", headers=headers),
    ):
        assert answer.status_code == 500
        correlation_id = answer.headers["x-correlation-id"]
        assert answer.json() == {
            "message": f"Internal error. Correlation id: {correlation_id}",
            "errorCode": "InternalError",
            "errorCategoryKey": "ServiceException",
        }
