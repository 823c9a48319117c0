"""An assertion that was made out to somebody else is taken only where that is asked for."""

from __future__ import annotations

import itertools
from typing import Literal

import pytest

from tenantry.store import Store
from tenantry.tokens.assertions import TOKEN_PATHS, VENDOR_AUDIENCES
from tests.support.app import BASE_URL, an_app, client_for
from tests.support.builders import a_service_account, a_tenant
from tests.surfaces.oauth.test_other_tokens import GRANT, assertion_of

OWN = [f"{BASE_URL}{path}" for path in TOKEN_PATHS]
BARE = [BASE_URL, f"{BASE_URL}/"]
NEVER = ["https://elsewhere.example/token", "", "token", f"{BASE_URL}/token/", f"{BASE_URL}.example/token"]
TAKEN: dict[Literal["own", "vendor", "any"], list[str]] = {
    "own": OWN,
    "vendor": [*OWN, *VENDOR_AUDIENCES],
    "any": [*OWN, *VENDOR_AUDIENCES, *BARE],
}


@pytest.mark.parametrize("setting", [None, *TAKEN])
async def test_an_assertion_for_another_address_is_refused_unless_the_setting_names_it(
    store: Store, setting: Literal["own", "vendor", "any"] | None
) -> None:
    app = await (an_app(store, assertion_audiences=setting) if setting else an_app(store))
    account = await a_service_account(store, await a_tenant(store))
    taken = TAKEN[setting or "vendor"]
    async with client_for(app) as client:
        for audience in itertools.chain(OWN, VENDOR_AUDIENCES, BARE, NEVER):
            form = {"grant_type": GRANT, "assertion": assertion_of(account, aud=audience)}
            answer = await client.post("/token", data=form)
            assert answer.status_code == (200 if audience in taken else 400), audience
        form = {"grant_type": GRANT, "assertion": assertion_of(account, aud=None)}
        assert (await client.post("/token", data=form)).status_code == 400
    await app.close()


@pytest.mark.parametrize("setting", ["own", "vendor", "any"])
async def test_a_bearer_token_that_names_no_server_is_refused_where_only_this_ones_are_taken(
    store: Store, setting: Literal["own", "vendor", "any"]
) -> None:
    app = await an_app(store, assertion_audiences=setting)
    account = await a_service_account(store, await a_tenant(store))
    path = "/androidenterprise/v1/enterprises?domain=nobody.example"
    async with client_for(app) as client:
        for audience, taken in ((BASE_URL, True), (f"{BASE_URL}/", True), (None, setting != "own"), (NEVER[0], False)):
            header = {"authorization": f"Bearer {assertion_of(account, aud=audience)}"}
            assert ((await client.get(path, headers=header)).status_code != 401) is taken, audience
    await app.close()
