"""What an app does without a user ends with its tenant, with itself and with its key: every door, every end."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable

import pytest

from tenantry.core.caller import Audience
from tenantry.core.clock import HOUR
from tenantry.core.errors import DomainError, InvalidToken
from tenantry.tokens.grant_types.client_credentials import exchange_client_credentials
from tenantry.tokens.issuing import Issued
from tenantry.tokens.mint import draft_access_token
from tests.support.builders import SomeServiceAccount, a_connector, a_service_account, a_tenant
from tests.support.clock import NOON
from tests.support.issuing import ISSUER
from tests.unit.tokens.conftest import House
from tests.unit.tokens.test_assertions import ROOT, SCOPE, _exchange, _jwt, _self_signed

ENDS = {
    "nothing": ("UPDATE tenants SET name = name WHERE id = :tenant", set()),
    "the tenant is disabled": ("UPDATE tenants SET disabled_at = :now WHERE id = :tenant", {"new", "old"}),
    "the tenant is deleted": ("UPDATE tenants SET deleted_at = :now WHERE id = :tenant", {"new", "old"}),
    "the app is deleted": ("UPDATE connectors SET deleted_at = :now WHERE id = :app", {"new", "old"}),
    # What it holds goes on until its end; it gets nothing new.
    "the app is deactivated": ("UPDATE connectors SET deactivated_at = :now WHERE id = :app", {"new"}),
}
KEY_ENDS = {
    "the key is revoked": ("UPDATE service_account_keys SET revoked_at = :now WHERE connector_id = :app", {"new"})
}


async def _works(use: Callable[[], Awaitable[object]]) -> bool:
    try:
        await use()
    except DomainError:
        return False
    return True


async def _end(house: House, sql: str, app_id: str) -> None:
    named: dict[str, str | int] = {"tenant": house.tenant.id, "app": app_id, "now": NOON}
    await house.run(sql, **{name: value for name, value in named.items() if f":{name}" in sql})


async def _as_itself(house: House) -> Issued:
    return await exchange_client_credentials(house.issuing(), house.ask(Audience.PARTNER_CENTER), house.client)


@pytest.mark.parametrize("end", ENDS)
async def test_an_app_with_a_secret_ends_as_itself(house: House, end: str) -> None:
    sql, closes = ENDS[end]
    held = (await _as_itself(house)).access_token.raw
    twin = dataclasses.replace(house, connector=await a_connector(house.store, await a_tenant(house.store)))
    await _end(house, sql, house.connector.id)
    doors: dict[str, Callable[[], Awaitable[object]]] = {
        "new": lambda: _as_itself(house),
        "old": lambda: house.authenticate(held, Audience.PARTNER_CENTER),
    }
    assert {name for name, door in doors.items() if not await _works(door)} == closes
    assert await _works(lambda: _as_itself(twin)), "another's app goes on"


@pytest.mark.parametrize("end", [*ENDS, *KEY_ENDS])
async def test_a_service_account_ends_as_itself(house: House, end: str) -> None:
    sql, closes = {**ENDS, **KEY_ENDS}[end]
    account = await a_service_account(house.store, house.tenant)
    twin = await a_service_account(house.store, await a_tenant(house.store))
    held = (await _exchange(house, _jwt(account))).access_token.raw
    await _end(house, sql, account.id)

    def doors(of: SomeServiceAccount) -> dict[str, Callable[[], Awaitable[object]]]:
        return {
            "assertion": lambda: _exchange(house, _jwt(of)),
            "assertion without a key id": lambda: _exchange(house, _jwt(of, {"kid": None})),
            "its own token": lambda: _self_signed(house, _jwt(of, aud=ROOT, scope=SCOPE)),
        }

    new = {name: await _works(door) for name, door in doors(account).items()}
    assert set(new.values()) == {"new" not in closes}, new
    assert await _works(lambda: house.authenticate(held, Audience.ANDROID_ENTERPRISE)) == ("old" not in closes)
    for name, door in doors(twin).items():
        assert await _works(door), f"another's account goes on: {name}"


async def test_a_token_of_an_app_that_names_another_tenant_than_the_apps_is_nobodys(house: House) -> None:
    """None is minted; what is true of an app in its own tenant must not be believed of another."""
    other = await a_tenant(house.store)
    own, foreign = [
        draft_access_token(
            house.ring,
            issuer=ISSUER,
            audience=Audience.PARTNER_CENTER,
            subject=house.connector.id,
            tenant_id=tenant.id,
            client_id=house.connector.id,
            scope="",
            grant_id=None,
            amr=(),
            lifetime=HOUR,
            now=house.clock(),
        )
        .sign()
        .raw
        for tenant in (house.tenant, other)
    ]
    assert (await house.authenticate(own, Audience.PARTNER_CENTER)).tenant_id == house.tenant.id
    with pytest.raises(InvalidToken):
        await house.authenticate(foreign, Audience.PARTNER_CENTER)
