"""Two strangers on one server: each side has a partner, a customer with a group, an enterprise, and a token for each
surface. What one side may do, the other may not even see."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import httpx

from tenantry.access.actions import Permission, RoleId
from tenantry.app import App
from tenantry.core.caller import Audience, Reach
from tenantry.core.ids import TenantId
from tenantry.pages import Route
from tenantry.store.engine.interface import Store
from tenantry.store.schema import metadata
from tests.support.builders import (
    a_connector,
    a_device_token,
    a_grant,
    a_group,
    a_managed_account,
    a_relationship,
    a_tenant,
    a_user,
    a_webhook,
    an_access_token,
    an_enterprise,
    redeem,
)


class Auth(StrEnum):
    """How a surface takes its access token."""

    NONE = "none"
    KAIZALA = "kaizala"
    PARTNER_CENTER = "partnercenter"
    ANDROID_ENTERPRISE = "androidenterprise"


def headers_for(auth: Auth, token: str) -> dict[str, str]:
    """The header a client of the surface sends its token in."""
    return {"accessToken": token} if auth is Auth.KAIZALA else {"Authorization": f"Bearer {token}"}


@dataclass
class Side:
    """`names` fill the braces of a case's paths and bodies."""

    tenants: list[TenantId]
    names: dict[str, str]
    tokens: dict[Auth, str] = field(default_factory=dict)
    powerless: dict[Auth, str] = field(default_factory=dict)
    """Tokens of the same people, without the permission that the surface's actions need."""

    async def rows(self, store: Store) -> dict[str, list[tuple[object, ...]]]:
        """Every owned row of this side's tenants, save the trail."""
        found: dict[str, list[tuple[object, ...]]] = {}
        async with store.read() as read:
            for table in metadata.sorted_tables:
                if table.info["kind"] != "owned" or table.name in ("audit_events", "idempotency_keys"):
                    continue
                for tenant_id in self.tenants:
                    sql = f"SELECT * FROM {table.name} WHERE tenant_id = :tenant_id"
                    found[f"{table.name} {tenant_id}"] = sorted(
                        await read.all(lambda *row: row, sql, tenant_id=tenant_id), key=repr
                    )
        return found

    async def denials(self, store: Store) -> set[str]:
        """The actions that the trail of any tenant of this side says were denied."""
        async with store.read() as read:
            return {
                action
                for tenant_id in self.tenants
                for action in await read.all(
                    str,
                    "SELECT data FROM audit_events WHERE tenant_id = :tenant_id AND type = 'access.denied'",
                    tenant_id=tenant_id,
                )
            }


async def a_side(app: App, *, receiver: str = "http://127.0.0.1:1/") -> Side:
    """Everything made by the functions that make it in production. `receiver` is where its webhooks go."""
    store = app.deps.store
    partner, customer = await a_tenant(store), await a_tenant(store)
    await a_relationship(store, partner, customer)
    agent = await a_user(store, partner, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    admin, member = await a_user(store, customer, phone=True), await a_user(store, customer, phone=True)
    connector = await a_connector(store, customer)
    group = await a_group(store, customer, admins=[admin], members=[member])
    broadcast = await a_group(store, customer, admins=[admin], subscribers=[member])
    enterprise = await an_enterprise(store)
    account = await a_managed_account(store, enterprise)
    device_token = await a_device_token(store, enterprise, account)
    await redeem(store, device_token, "00c0ffee")
    side = Side(
        tenants=[partner.id, customer.id, enterprise.tenant_id, enterprise.service_account.tenant_id],
        names={
            "partner": partner.id,
            "customer": customer.id,
            "domain": customer.domain,
            "connector": connector.id,
            "secret": connector.secret,
            "group": group,
            "broadcast": broadcast,
            "user": member.id,
            "phone": str(member.phone_number),
            "enterprise": enterprise.id,
            "webhook": await a_webhook(store, customer, group, receiver),
            "receiver": receiver,
            "account": account,
            "device": "00c0ffee",
            "device_token": await a_device_token(store, enterprise, account),
        },
    )
    grant = await a_grant(store, connector, admin, reach=Reach.TENANT)
    side.names["refresh_token"] = grant.refresh_token
    for tokens, permissions in ((side.tokens, tuple(Permission)), (side.powerless, (Permission.REACTIONS,))):
        for auth, owner, user in ((Auth.KAIZALA, customer, admin), (Auth.PARTNER_CENTER, partner, agent)):
            client = await a_connector(store, owner)
            grant = await a_grant(store, client, user, reach=Reach.TENANT, permissions=permissions)
            tokens[auth] = an_access_token(
                app, client, Audience(auth), user=user, grant=grant, permissions=permissions, amr=("pwd", "mfa")
            )
        tokens[Auth.ANDROID_ENTERPRISE] = an_access_token(
            app, enterprise.service_account, Audience.ANDROID_ENTERPRISE, permissions=permissions
        )
    return side


def names_of_values(side: Side, path: str) -> dict[str, str]:
    """What of this side each value in the path of a declared operation names."""
    return {
        "group_id": side.names["broadcast" if "/subscribers" in path else "group"],
        "member_id": side.names["user"],
        "tenant": side.names["customer"],
        "webhook_id": side.names["webhook"],
        "enterprise_id": side.names["enterprise"],
        "user_id": side.names["account"],
        "device_id": side.names["device"],
        "customer": side.names["customer"],
        "user": side.names["user"],
        "domain": side.names["domain"],
    }


def is_page(route: Route) -> bool:
    """Whether a person opens it in a browser."""
    return route.endpoint.__module__.startswith("tenantry.surfaces.portal.")


def is_error_body(path: str, answer: httpx.Response) -> bool:
    """Whether the answer has the error form of the surface that owns the path."""
    body = answer.json()
    first = path.split("/")[1].lower()
    if first == "kaizala":
        return set(body) == {"message", "errorCode", "errorCategoryKey"}
    if first == "partnercenter" and "generatetoken" not in path:
        return {"code", "description"} <= set(body) and isinstance(body["code"], int)
    if first in ("androidenterprise", "batch", "device", "discovery"):
        return {"code", "message", "errors", "status"} <= set(body["error"])
    return isinstance(body["error"], str) and bool(body["error"])
