"""Bad credentials that come through a proxy which no setting names: one stranger must not make everybody wait."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from tenantry.core.ids import new_guid
from tenantry.store.engine.interface import Store
from tenantry.surfaces.shared import failures
from tests.support.app import an_app, client_for

FORM = {
    "grant_type": "client_credentials",
    "client_id": new_guid(),
    "client_secret": "x",
    "resource": "https://api.partnercenter.microsoft.com",
}
HEADERS = [{"x-forwarded-for": "203.0.113.9"}, {"forwarded": "for=203.0.113.9"}]


@pytest.fixture(autouse=True)
def first_warning() -> Iterator[None]:
    failures.warn_of_proxy.cache_clear()
    yield
    failures.warn_of_proxy.cache_clear()


async def statuses(store: Store, headers: dict[str, str], **settings: list[str]) -> list[int]:
    """Of bad credentials at each endpoint that counts them, where two in a minute are enough."""
    app = await an_app(
        store,
        rate_limits="on",
        refusals_per_address_per_minute=2,
        refusals_per_client_per_minute=2,
        **settings,  # type: ignore[arg-type]
    )
    found = []
    async with client_for(app, headers=headers) as http:
        for _ in range(4):
            found.append((await http.post("/common/oauth2/token", data=FORM)).status_code)
            ids = {"applicationId": new_guid(), "applicationSecret": "x", "refreshToken": "x"}
            found.append((await http.get("/kaizala/v1/accessToken", headers=ids)).status_code)
            found.append((await http.post("/device/v1/provision", json={"token": "x", "androidId": "1"})).status_code)
            code = {"client_id": new_guid(), "client_secret": "x", "code": "x", "grant_type": "authorization_code"}
            found.append((await http.post("/kaizala/api/oauth/token", data=code)).status_code)
    await app.close()
    return found


@pytest.mark.parametrize("headers", HEADERS)
async def test_who_comes_through_an_unnamed_proxy_counts_by_what_it_says(store: Store, headers: dict[str, str]) -> None:
    with capture_logs() as lines:
        assert (await statuses(store, headers))[-4:] == [429] * 4
    warnings = [line["event"] for line in lines if line["log_level"] == "warning"]
    assert len([text for text in warnings if "TENANTRY_TRUSTED_PROXIES" in text]) == 1


@pytest.mark.parametrize("headers", [{}, *HEADERS])
async def test_once_proxies_are_named_every_address_counts(store: Store, headers: dict[str, str]) -> None:
    assert (await statuses(store, headers, trusted_proxies=["192.0.2.200"]))[-4:] == [429] * 4


async def test_without_a_proxy_every_address_counts(store: Store) -> None:
    assert (await statuses(store, {}))[-4:] == [429] * 4
