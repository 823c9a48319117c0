"""The client `msal` from PyPI, unmodified: how partners' apps get their tokens. It takes no address without TLS."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msal  # type: ignore[import-untyped]
import pytest
import requests

from tenantry.access.actions import Permission, RoleId
from tenantry.app import App
from tenantry.core.clock import system_clock
from tenantry.store.engine.interface import Store
from tests.support.app import an_app
from tests.support.builders import (
    PASSWORD,
    SomeConnector,
    SomeTenant,
    SomeUser,
    a_connector,
    a_grant,
    a_relationship,
    a_tenant,
    a_user,
)
from tests.support.partner_center import a_body
from tests.support.person import Person
from tests.support.server import a_certificate, a_running_server

pytestmark = pytest.mark.filterwarnings("ignore:response_mode='form_post' is recommended")

SCOPES = ["https://api.partnercenter.microsoft.com/user_impersonation"]
REDIRECT_URI = "https://contoso.example/back"


@dataclass(frozen=True)
class Place:
    """A server with TLS, a partner with an app, and a customer whose users the partner may create."""

    store: Store
    address: str
    certificate: str
    session: requests.Session
    customer: SomeTenant
    connector: SomeConnector
    user: SomeUser

    def app(self, secret: str | None = None, *, is_generic: bool = False) -> Any:
        """The partner's app, as it is built on this client; `is_generic`, as for any OpenID provider."""
        tenant = f"{self.address}/{self.user.tenant_id}"
        as_entra: dict[str, Any] = {"authority": tenant, "instance_discovery": False}
        return msal.ConfidentialClientApplication(
            self.connector.id,
            client_credential=secret or self.connector.secret,
            http_client=self.session,
            **({"oidc_authority": f"{tenant}/v2.0"} if is_generic else as_entra),
        )

    async def agree(self, flow: dict[str, Any]) -> dict[str, str]:
        """What comes back in the address when the user has signed in and consented in a browser."""
        person = Person(self.address, self.user.user_principal_name, PASSWORD, self.certificate)
        return await asyncio.to_thread(person.agree, flow["auth_uri"])

    async def create_user(self, access_token: str) -> httpx.Response:
        async with httpx.AsyncClient(verify=ssl.create_default_context(cafile=self.certificate)) as client:
            return await client.post(
                f"{self.address}/partnercenter/v1/customers/{self.customer.id}/users",
                headers={"Authorization": f"Bearer {access_token}"},
                json=a_body(self.customer, "ann"),
            )


@pytest.fixture
async def place(store: Store, tmp_path: Path) -> AsyncIterator[Place]:
    async def make_app(address: str) -> App:
        return await an_app(store, public_url=address, clock=system_clock)

    partner, customer = await a_tenant(store), await a_tenant(store)
    await a_relationship(store, partner, customer)
    connector = await a_connector(store, partner, redirect_uris=[REDIRECT_URI])
    user = await a_user(store, partner, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    certificate = a_certificate(tmp_path)
    async with a_running_server(make_app, certificate) as address:
        with requests.Session() as session:
            session.verify, session.trust_env = str(certificate), False
            yield Place(store, address, str(certificate), session, customer, connector, user)


async def test_a_refresh_token_becomes_an_access_token_that_creates_a_user(place: Place) -> None:
    grant = await a_grant(place.store, place.connector, place.user, permissions=[Permission.PARTNER_CENTER])
    app = await asyncio.to_thread(place.app)
    result = await asyncio.to_thread(app.acquire_token_by_refresh_token, grant.refresh_token, SCOPES)
    assert result["token_type"] == "Bearer"
    assert (await place.create_user(result["access_token"])).status_code == 200


@pytest.mark.parametrize("is_generic", [False, True])
async def test_a_code_becomes_tokens_and_an_account_that_the_client_finds_again(place: Place, is_generic: bool) -> None:
    app = await asyncio.to_thread(place.app, is_generic=is_generic)
    flow = await asyncio.to_thread(app.initiate_auth_code_flow, SCOPES, REDIRECT_URI)
    result = await asyncio.to_thread(app.acquire_token_by_auth_code_flow, flow, await place.agree(flow))
    assert result.get("error_description") is None
    assert result["id_token_claims"]["sub"] == place.user.id
    assert (await place.create_user(result["access_token"])).status_code == 200
    [account] = app.get_accounts()
    assert account["username"] == place.user.user_principal_name
    silent = await asyncio.to_thread(app.acquire_token_silent, SCOPES, account, force_refresh=True)
    assert silent["access_token"] != result["access_token"]
    assert silent["id_token_claims"]["preferred_username"] == place.user.user_principal_name
    assert [known["username"] for known in app.get_accounts(account["username"])] == [account["username"]]


async def test_the_client_gets_a_token_for_graph_beside_by_a_scope_of_graphs_and_keeps_it(place: Place) -> None:
    app = await asyncio.to_thread(place.app)
    flow = await asyncio.to_thread(app.initiate_auth_code_flow, SCOPES, REDIRECT_URI)
    await asyncio.to_thread(app.acquire_token_by_auth_code_flow, flow, await place.agree(flow))
    [account] = app.get_accounts()
    for scopes in (["User.Read"], ["https://graph.microsoft.com/Directory.Read.All"]):
        tokens = [await asyncio.to_thread(app.acquire_token_silent, scopes, account) for _ in range(2)]
        assert [token["token_source"] for token in tokens] == ["identity_provider", "cache"]
        assert (await place.create_user(tokens[0]["access_token"])).status_code == 401, "it is not for Partner Center"


async def test_an_app_alone_gets_a_token_that_is_too_little_to_create_a_user(place: Place) -> None:
    app = await asyncio.to_thread(place.app)
    scope = ["https://api.partnercenter.microsoft.com/.default"]
    result = await asyncio.to_thread(app.acquire_token_for_client, scope)
    refused = await place.create_user(result["access_token"])
    assert (refused.status_code, refused.json()["code"]) == (403, 2032)


async def test_the_client_is_told_that_its_secret_is_wrong(place: Place) -> None:
    app = await asyncio.to_thread(place.app, "wrong")
    result = await asyncio.to_thread(app.acquire_token_by_refresh_token, "anything", SCOPES)
    assert result["error"] == "invalid_client"
    assert "7000215" in result["error_description"]
