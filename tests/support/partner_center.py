"""The people of the Partner Center tests: a partner, its customers, and calls with the headers clients send."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import httpx

from tenantry.access.actions import Permission, RoleId
from tenantry.app import App
from tenantry.core.caller import Audience
from tenantry.directory.passwords import PasswordHasher
from tenantry.store.engine.interface import Store
from tests.support.app import an_app, client_for
from tests.support.builders import (
    SomeConnector,
    SomeTenant,
    SomeUser,
    a_connector,
    a_grant,
    a_relationship,
    a_tenant,
    a_user,
    an_access_token,
)


@dataclass(frozen=True, slots=True)
class Stage:
    """An app with a partner that holds User Administrator and Directory Writers in `customer`, and its own
    administrator, who may use both."""

    app: App
    store: Store
    client: httpx.AsyncClient
    partner: SomeTenant
    customer: SomeTenant
    connector: SomeConnector
    user: SomeUser
    token: str

    @property
    def users(self) -> str:
        """Where the customer's users are."""
        return f"/partnercenter/v1/customers/{self.customer.id}/users"

    async def call(self, method: str, url: str, *, token: str | None = None, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token or self.token}", **options.pop("headers", {})}
        return await self.client.request(method, url, headers=headers, **options)

    async def create(self, name: str, **values: Any) -> Any:
        """A user of the customer, as its creation showed it."""
        answer = await self.call("POST", self.users, json=a_body(self.customer, name, **values))
        assert answer.status_code == 200, answer.text
        return answer.json()


def a_body(customer: SomeTenant, name: str, **values: Any) -> dict[str, Any]:
    """The vendor's sample."""
    return {
        "usageLocation": "US",
        "userPrincipalName": f"{name}@{customer.domain}",
        "firstName": "First",
        "lastName": "Last",
        "displayName": name.title(),
        "immutableId": "Some unique ID",
        "passwordProfile": {"password": "teRN58*q", "forceChangePassword": True},
        "attributes": {"objectType": "CustomerUser"},
        **values,
    }


async def a_stage(
    store: Store, *, roles: Collection[RoleId] = (RoleId.USER_ADMINISTRATOR, RoleId.DIRECTORY_WRITERS), **settings: Any
) -> Stage:
    """Close `client` afterwards, or use the `stage` fixture."""
    app = await an_app(store, **settings)
    object.__setattr__(app.deps, "passwords", PasswordHasher(memory_kib=64, passes=1, workers=1))  # tests have many
    partner, customer = await a_tenant(store), await a_tenant(store)
    await a_relationship(store, partner, customer, roles=roles)
    connector = await a_connector(store, partner)
    user = await a_user(store, partner, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    token = await a_token(app, store, connector, user)
    return Stage(app, store, client_for(app), partner, customer, connector, user, token)


async def a_token(
    app: App,
    store: Store,
    connector: SomeConnector,
    user: SomeUser | None,
    *,
    amr: Collection[str] = ("pwd", "mfa"),
    audience: Audience = Audience.PARTNER_CENTER,
    permissions: Collection[Permission] = (Permission.PARTNER_CENTER,),
) -> str:
    """An access token of a user's grant; without a user, of the connector alone."""
    grant = None if user is None else await a_grant(store, connector, user, permissions=permissions, amr=amr)
    proofs = amr if user else ()
    return an_access_token(app, connector, audience, user=user, grant=grant, permissions=permissions, amr=proofs)
