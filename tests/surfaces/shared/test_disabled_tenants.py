"""A disabled tenant over HTTP: each door into it is shut as that of a deleted one, and opens again with the tenant.

What is knocked with was all made before, and what is used once is not used up by knocking at a shut door.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import httpx
import pytest

from tenantry.access.actions import Permission, RoleId
from tenantry.app import App
from tenantry.core.caller import Audience, Reach
from tenantry.core.clock import MINUTE
from tenantry.core.ids import GroupId, ManagedAccountId
from tenantry.directory.tenants import disable_tenant, enable_tenant
from tenantry.store.engine.interface import Store
from tenantry.surfaces.portal.frame.guard import cookie_name
from tenantry.tokens.authorization_codes import CodeTerms, issue_code
from tests.support.app import RecordingMessages, an_app, client_for
from tests.support.builders import (
    HASHER,
    OPERATOR,
    PASSWORD,
    SomeConnector,
    SomeEnterprise,
    SomeGrant,
    SomeTenant,
    SomeUser,
    a_connector,
    a_device_token,
    a_grant,
    a_group,
    a_managed_account,
    a_relationship,
    a_tenant,
    a_user,
    an_access_token,
    an_enterprise,
    as_user,
)
from tests.support.clock import NOON
from tests.support.portal import Visitor, sign_in
from tests.surfaces.oauth.test_other_tokens import GRANT, assertion_of

BACK = "https://app.example/back"
_CHANGING = re.compile(r"[0-9a-f-]{36}|[0-9a-f]{32}|\d{4}-\d\d-\d\d[ T][0-9:]+Z?|tny_\w+")
"""Ids, form tokens and times: other ones in each answer."""


@dataclass
class World:
    """`tenant` is the one that is disabled. It is the customer of `partner` and, itself, the partner and the EMM of
    `other`. Each `door` calls with something that was good before.
    """

    app: App
    messages: RecordingMessages
    tenant: SomeTenant
    other: SomeTenant
    anna: SomeUser
    bert: SomeUser
    pat: SomeUser
    connector: SomeConnector
    grant: SomeGrant
    group: GroupId
    managed: SomeEnterprise
    account: ManagedAccountId
    own: SomeEnterprise
    own_account: ManagedAccountId
    http: httpx.AsyncClient
    browsers: list[httpx.AsyncClient] = field(default_factory=list)
    doors: dict[str, Callable[[], Awaitable[httpx.Response]]] = field(default_factory=dict)

    async def browser(self, user: SomeUser | None) -> Visitor:
        http = client_for(self.app)
        if user is not None:
            http.cookies.set(cookie_name(self.app.deps.settings), await sign_in(self.app, user))
        self.browsers.append(http)
        return Visitor(http)

    def token(self, audience: Audience, user: SomeUser, connector: SomeConnector, grant: SomeGrant) -> dict[str, str]:
        raw = an_access_token(self.app, connector, audience, user=user, grant=grant, amr=("pwd", "mfa"))
        return {"authorization": f"Bearer {raw}"}


async def _code(world: World) -> str:
    async with world.app.deps.store.write() as tx:
        return await issue_code(
            tx,
            HASHER,
            as_user(world.anna),
            tenant_id=world.tenant.id,
            terms=CodeTerms(connector_id=world.connector.id, redirect_uri=BACK, permissions=[Permission.GROUP_MEMBERS]),
            user_id=world.anna.id,
            amr=["pwd", "mfa"],
            lifetime=5 * MINUTE,
            now=NOON,
        )


async def add_kaizala(world: World) -> None:
    store, http, connector, anna = world.app.deps.store, world.http, world.connector, world.anna
    of_group = await a_grant(store, connector, anna, reach=Reach.GROUP, group_id=world.group)
    client = {"applicationId": connector.id, "applicationSecret": connector.secret}
    numbered = {"mobileNumber": anna.phone_number, "applicationId": connector.id}
    assert (await http.post("/kaizala/v1/generatePin", json=numbered)).status_code == 200
    pin = re.search(r"\b\d{6}\b", world.messages.sent[-1][1])
    assert pin is not None
    code = await _code(world)
    for name, grant in (("of a user", world.grant), ("of a group", of_group)):
        headers = {**client, "refreshToken": grant.refresh_token}
        raw = (await http.get("/kaizala/v1/accessToken", headers=headers)).json()["accessToken"]
        world.doors |= {
            f"kaizala refresh token {name}": lambda headers=headers: http.get(  # type: ignore[misc]
                "/kaizala/v1/accessToken", headers=headers
            ),
            f"kaizala access token {name}": lambda raw=raw: http.get(  # type: ignore[misc]
                f"/kaizala/v1/groups/{world.group}", headers={"accessToken": raw}
            ),
        }
    world.doors |= {
        "kaizala asking for a pin": lambda: http.post(
            "/kaizala/v1/generatePin", json={**numbered, "mobileNumber": world.bert.phone_number}
        ),
        "kaizala pin": lambda: http.post(
            "/kaizala/v1/loginWithPinAndApplicationId", json={**numbered, "pin": int(pin[0])}
        ),
        "kaizala code": lambda: http.post(
            "/kaizala/api/oauth/token",
            data={"client_id": connector.id, "client_secret": connector.secret, "code": code, "redirect_uri": BACK},
        ),
    }


async def add_oauth(world: World) -> None:
    http, connector, tenant = world.http, world.connector, world.tenant
    client = {"client_id": connector.id, "client_secret": connector.secret}
    refresh = {**client, "grant_type": "refresh_token", "refresh_token": world.grant.refresh_token}
    code = {**client, "grant_type": "authorization_code", "code": await _code(world), "redirect_uri": BACK}
    graph = world.token(Audience.DIRECTORY_GRAPH, world.anna, connector, world.grant)
    account = world.own.service_account
    world.doors |= {
        "oauth refresh token": lambda: http.post(f"/{tenant.id}/oauth2/token", data=refresh),
        "oauth by domain": lambda: http.post(f"/{tenant.domain}/oauth2/v2.0/token", data=refresh),
        "oauth app alone": lambda: http.post(
            "/common/oauth2/token", data={**client, "grant_type": "client_credentials"}
        ),
        "oauth code": lambda: http.post("/common/oauth2/token", data=code),
        "oauth token to exchange": lambda: http.post(
            "/partnercenter/generatetoken", headers=graph, data={"grant_type": "jwt_token"}
        ),
        "oauth assertion": lambda: http.post("/token", data={"grant_type": GRANT, "assertion": assertion_of(account)}),
        "oauth asking for consent": lambda: http.get(
            "/common/oauth2/authorize",
            params={"client_id": connector.id, "redirect_uri": BACK, "response_type": "code"},
        ),
    }


async def add_partner_center(world: World) -> None:
    store, http = world.app.deps.store, world.http
    of_partner = await a_connector(store, SomeTenant(world.pat.tenant_id, "partner.example"))
    inward = world.token(Audience.PARTNER_CENTER, world.pat, of_partner, await a_grant(store, of_partner, world.pat))
    outward = world.token(Audience.PARTNER_CENTER, world.anna, world.connector, world.grant)
    for name, headers, customer in (("partner in it", inward, world.tenant), ("as a partner", outward, world.other)):
        url = f"/partnercenter/v1/customers/{customer.id}/users"
        world.doors |= {
            f"partner center {name}": lambda url=url, headers=headers: http.get(url, headers=headers),  # type: ignore[misc]
            f"partner center {name}, creating": lambda url=url, headers=headers, customer=customer: http.post(  # type: ignore[misc]
                url,
                headers={**headers, "MS-RequestId": f"00000000-0000-0000-0000-{customer.id[-12:]}"},
                json={
                    "usageLocation": "US",
                    "userPrincipalName": f"new@{customer.domain}",
                    "displayName": "New",
                    "passwordProfile": {"password": "teRN58*q", "forceChangePassword": True},
                },
            ),
        }


async def add_devices(world: World) -> None:
    http = world.http
    device_token = await a_device_token(world.app.deps.store, world.managed, world.account)
    for name, enterprise, account in (
        ("enterprise of the tenant", world.managed, world.account),
        ("enterprise of a customer", world.own, world.own_account),
    ):
        raw = an_access_token(
            world.app,
            enterprise.service_account,
            Audience.ANDROID_ENTERPRISE,
            permissions=[Permission.ANDROID_ENTERPRISE],
        )
        user = f"/androidenterprise/v1/enterprises/{enterprise.id}/users/{account}"
        headers = {"authorization": f"Bearer {raw}"}
        inner = f"--b\r\nContent-Type: application/http\r\nContent-ID: <1>\r\n\r\nGET {user} HTTP/1.1\r\n"
        inner += f"authorization: Bearer {raw}\r\n\r\n\r\n--b--\r\n"
        world.doors |= {
            f"{name}: user": lambda user=user, headers=headers: http.get(user, headers=headers),  # type: ignore[misc]
            f"{name}: device token": lambda user=user, headers=headers: http.post(  # type: ignore[misc]
                f"{user}/authenticationToken", headers=headers
            ),
            f"{name}: batch": lambda inner=inner: _inner_of_batch(http, inner),  # type: ignore[misc]
        }
    assertion = assertion_of(world.own.service_account, aud=None)
    own_user = f"/androidenterprise/v1/enterprises/{world.own.id}/users/{world.own_account}"
    world.doors |= {
        "self-signed bearer": lambda: http.get(own_user, headers={"authorization": f"Bearer {assertion}"}),
        "provision": lambda: http.post("/device/v1/provision", json={"token": device_token, "androidId": "00aa"}),
    }


async def _inner_of_batch(http: httpx.AsyncClient, body: str) -> httpx.Response:
    """The answer inside."""
    whole = await http.post("/batch", content=body, headers={"content-type": "multipart/mixed; boundary=b"})
    assert whole.status_code == 200, whole.text
    status = re.search(r"HTTP/1.1 (\d+)", whole.text)
    assert status is not None
    return httpx.Response(int(status[1]), text=whole.text[status.end() :].partition("\r\n\r\n")[2])


async def add_portal(world: World) -> None:
    anna, pat = await world.browser(world.anna), await world.browser(world.pat)
    acting_in, acting_out = await world.browser(world.pat), await world.browser(world.anna)
    for visitor, customer in ((acting_in, world.tenant), (acting_out, world.other)):
        await visitor.open(f"/customers/{customer.id}/act")
        assert (await visitor.send(f"/customers/{customer.id}/act")).status_code == 303
    stranger = await world.browser(None)

    async def password() -> httpx.Response:
        await stranger.open("/sign-in")
        return await stranger.send("/sign-in", name=world.anna.user_principal_name, password=PASSWORD)

    world.doors |= {
        "portal session": lambda: anna.open("/groups"),
        "portal customer's page": lambda: pat.open(f"/customers/{world.tenant.id}"),
        "portal acting in it": lambda: _shown(acting_in, "/users", world.tenant.domain),
        "portal acting from it": lambda: _shown(acting_out, "/users", world.other.domain),
        "portal list of customers": lambda: _shown(pat, "/customers", "Disabled for a while"),
        "portal password": password,
    }


async def _shown(visitor: Visitor, path: str, text: str) -> httpx.Response:
    """The page; 404 when it does not show `text`."""
    page = await visitor.open(path)
    return page if text in page.text or page.status_code != 200 else httpx.Response(404)


SHUT = {
    "kaizala refresh token of a user": 401,
    "kaizala refresh token of a group": 401,
    "kaizala access token of a user": 401,
    "kaizala access token of a group": 401,
    "kaizala asking for a pin": 401,
    "kaizala pin": 401,
    "kaizala code": 401,
    "oauth refresh token": 400,
    "oauth by domain": 400,
    "oauth app alone": 401,
    "oauth code": 401,
    "oauth token to exchange": 401,
    "oauth assertion": 400,
    "oauth asking for consent": 404,
    "partner center partner in it": 404,
    "partner center partner in it, creating": 404,
    "partner center as a partner": 401,
    "partner center as a partner, creating": 401,
    "enterprise of the tenant: user": 404,
    "enterprise of the tenant: device token": 404,
    "enterprise of the tenant: batch": 404,
    "enterprise of a customer: user": 401,
    "enterprise of a customer: device token": 401,
    "enterprise of a customer: batch": 401,
    "self-signed bearer": 401,
    "provision": 404,
    "portal session": 303,
    "portal customer's page": 404,
    "portal acting in it": 404,
    "portal acting from it": 303,
    "portal list of customers": 404,
    "portal password": 422,
}
OPEN = {
    "oauth asking for consent": 303,
    "portal password": 303,
}
"""Where an open door answers other than 200."""


@pytest.fixture
async def world(store: Store) -> AsyncIterator[World]:
    messages = RecordingMessages()
    app = await an_app(store, messages=messages)
    tenant = await a_tenant(store, name="Disabled for a while")
    partner, other = await a_tenant(store), await a_tenant(store)
    anna = await a_user(store, tenant, name="anna", phone=True, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    pat = await a_user(store, partner, name="pat", roles=[RoleId.GLOBAL_ADMINISTRATOR])
    roles = [RoleId.USER_ADMINISTRATOR, RoleId.DIRECTORY_READERS]
    await a_relationship(store, partner, tenant, roles=roles)
    await a_relationship(store, tenant, other, roles=roles)
    managed, own = await an_enterprise(store, tenant, partner), await an_enterprise(store, other, tenant)
    connector = await a_connector(store, tenant, redirect_uris=[BACK])
    made = World(
        app=app,
        messages=messages,
        tenant=tenant,
        other=other,
        anna=anna,
        bert=await a_user(store, tenant, name="bert", phone=True),
        pat=pat,
        connector=connector,
        grant=await a_grant(store, connector, anna),
        group=await a_group(store, tenant, admins=[anna]),
        managed=managed,
        account=await a_managed_account(store, managed),
        own=own,
        own_account=await a_managed_account(store, own),
        http=client_for(app),
    )
    for add in (add_kaizala, add_oauth, add_partner_center, add_devices, add_portal):
        await add(made)
    yield made
    for http in (made.http, *made.browsers):
        await http.aclose()
    await app.close()


async def knock(world: World) -> dict[str, tuple[int, str]]:
    """What each door answers, without what differs from one answer to the next."""
    answers = {}
    for name, door in world.doors.items():
        answer = await door()
        answers[name] = answer.status_code, _CHANGING.sub("*", answer.text + answer.headers.get("location", ""))
    return answers


async def test_every_door_of_a_disabled_tenant_is_shut_as_of_a_deleted_one_until_it_is_enabled(world: World) -> None:
    store, tenant_id = world.app.deps.store, world.tenant.id
    async with store.write() as tx:
        await disable_tenant(tx, OPERATOR, tenant_id, NOON)
    disabled = await knock(world)
    assert {name: status for name, (status, _) in disabled.items()} == SHUT
    for name, (_, text) in disabled.items():
        assert "disabled" not in text.lower().replace("disabled for a while", ""), name
    async with store.write() as tx:
        await tx.run("UPDATE tenants SET deleted_at = :now WHERE id = :id", now=NOON, id=tenant_id)
    assert await knock(world) == disabled
    async with store.write() as tx:
        await tx.run("UPDATE tenants SET deleted_at = NULL WHERE id = :id", id=tenant_id)
        await enable_tenant(tx, OPERATOR, tenant_id, NOON)
    opened = {name: status for name, (status, _) in (await knock(world)).items()}
    assert opened == {name: OPEN.get(name, 200) for name in SHUT}
