"""A PIN by phone is one factor: it gives no more than one, and nothing once the number or the way in is gone."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tenantry.access.actions import RoleId
from tenantry.core.clock import SECOND
from tenantry.core.errors import BadCredentials
from tenantry.directory.own_phones import remove_own_phone
from tenantry.directory.phone_sign_in import request_sign_in_pin, sign_in_with_pin
from tenantry.directory.phones import add_verified_phone
from tenantry.directory.pins import PinRules
from tenantry.directory.policies import Policies, Whom, change_policies
from tenantry.directory.second_factors import use_phone
from tenantry.directory.sign_in_methods import remove_phone_of
from tenantry.store.engine.interface import Store
from tenantry.tokens.clients import Client
from tenantry.tokens.issuing import Issuing
from tenantry.tokens.keys.master_key import MasterKey
from tenantry.tokens.keys.signing_keys import KeyRing
from tests.support.app import MASTER_KEY
from tests.support.builders import (
    HASHER,
    OPERATOR,
    SomeUser,
    a_connector,
    a_grant,
    a_tenant,
    a_user,
    as_user,
)
from tests.support.clock import NOON, FakeClock
from tests.support.first_factors import (
    tenant_of,
)
from tests.support.issuing import issuing_on
from tests.support.kaizala import a_world

RULES = PinRules(lifetime=60 * SECOND, tries=3, sends_per_hour=None)


@pytest.mark.parametrize("by", ["the user", "an administrator", "another who proves it"])
async def test_a_grant_that_a_pin_gave_does_not_outlive_the_number(store: Store, by: str) -> None:
    tenant = await a_tenant(store)
    user, other = await a_user(store, tenant, phone=True), await a_user(store, tenant)
    app, number = await a_connector(store, tenant), str(user.phone_number)
    by_pin = await a_grant(store, app, user, amr=("otp", "sms"))
    by_password = await a_grant(store, await a_connector(store, tenant), user, amr=("pwd",))
    async with store.write() as tx:
        if by == "the user":
            await remove_own_phone(tx, as_user(user), "", number, NOON)
        elif by == "an administrator":
            await remove_phone_of(tx, OPERATOR, tenant.id, user.id, number, NOON)
        else:
            await tx.run("UPDATE users SET deleted_at = 1 WHERE tenant_id = :t AND id = :u", t=tenant.id, u=user.id)
            await add_verified_phone(tx, as_user(other), tenant.id, other.id, number, NOON)
    async with store.read() as read:
        live = await read.all(str, "SELECT id FROM grants WHERE tenant_id = :t AND revoked_at IS NULL", t=tenant.id)
    assert by_pin.id not in live
    assert by_password.id in live


async def _issuing(store: Store) -> Issuing:
    return issuing_on(store, await KeyRing.load(store, MasterKey.from_base64(MASTER_KEY), FakeClock(NOON)))


async def _reach_by_pin(store: Store, user: SomeUser) -> str | None:
    """None: no PIN is sent."""
    tenant = tenant_of(user)
    app, number = await a_connector(store, tenant), str(user.phone_number)
    to_send = await request_sign_in_pin(
        store, HASHER, OPERATOR.origin, connector_id=app.id, number=number, rules=RULES, now=NOON
    )
    if to_send is None:
        return None
    signed_in = await sign_in_with_pin(
        await _issuing(store),
        OPERATOR.origin,
        Client(app.id, app.secret),
        number=number,
        pin=to_send.pin,
        now=NOON,
    )
    async with store.read() as read:
        return await read.one_or_none(
            str, "SELECT reach FROM grants WHERE tenant_id = :t AND id = :id", t=tenant.id, id=signed_in.grant.grant_id
        )


async def test_a_pin_alone_does_not_reach_the_organisation_for_who_has_a_second_factor(store: Store) -> None:
    tenant, role = await a_tenant(store), RoleId.GLOBAL_ADMINISTRATOR
    plain = await a_user(store, tenant, phone=True, roles=[role])
    guarded = await a_user(store, tenant, phone=True, roles=[role])
    async with store.write() as tx:
        await use_phone(tx, HASHER, as_user(guarded), tenant.id, guarded.id, str(guarded.phone_number), NOON)
    assert await _reach_by_pin(store, plain) == "tenant"
    assert await _reach_by_pin(store, guarded) == "user"
    async with store.write() as tx:
        await change_policies(tx, OPERATOR, tenant.id, Policies(second_factor=Whom.ADMINISTRATORS), NOON)
    assert await _reach_by_pin(store, plain) == "user"


@pytest.mark.parametrize(
    ("whom", "administrator", "member"),
    [(Whom.NOT_ADMINISTRATORS, False, True), (Whom.NOBODY, False, False), (Whom.EVERYBODY, True, True)],
)
async def test_sign_in_by_phone_is_for_whom_the_organisation_says(
    store: Store, whom: Whom, administrator: bool, member: bool
) -> None:
    tenant = await a_tenant(store)
    admin = await a_user(store, tenant, phone=True, roles=[RoleId.USER_ADMINISTRATOR])
    mia = await a_user(store, tenant, phone=True)
    reader = await a_user(store, tenant, phone=True, roles=[RoleId.DIRECTORY_READERS])
    async with store.write() as tx:
        await change_policies(tx, OPERATOR, tenant.id, Policies(phone_sign_in=whom), NOON)
    assert (await _reach_by_pin(store, admin) is not None) is administrator
    assert (await _reach_by_pin(store, mia) is not None) is member
    assert (await _reach_by_pin(store, reader) is not None) is member, "a role that changes nothing makes none of them"


async def test_a_pin_that_was_sent_before_signs_nobody_in_once_sign_in_by_phone_is_off(store: Store) -> None:
    tenant = await a_tenant(store)
    mia, app = await a_user(store, tenant, phone=True), await a_connector(store, tenant)
    number = str(mia.phone_number)
    to_send = await request_sign_in_pin(
        store, HASHER, OPERATOR.origin, connector_id=app.id, number=number, rules=RULES, now=NOON
    )
    assert to_send is not None
    async with store.write() as tx:
        await change_policies(tx, OPERATOR, tenant.id, Policies(phone_sign_in=Whom.NOBODY), NOON)
    client = Client(app.id, app.secret)
    with pytest.raises(BadCredentials):
        await sign_in_with_pin(await _issuing(store), OPERATOR.origin, client, number=number, pin=to_send.pin, now=NOON)
    async with store.read() as read:
        assert await read.all(str, "SELECT id FROM grants WHERE tenant_id = :t", t=tenant.id) == []


@pytest.mark.parametrize("form", ["a number below 0", "a fraction", "another sign before it", "a list"])
async def test_what_only_has_the_digits_of_a_pin_signs_nobody_in(store: Store, form: str) -> None:
    world = await a_world(store)
    body: dict[str, Any] = {"mobileNumber": world.anna.phone_number, "applicationId": world.connector.id}
    assert (await world.client.post("/kaizala/v1/generatePin", json=body)).status_code == 200
    pin = re.findall(r"[1-9][0-9]{5}", world.messages.sent[-1][1])[0]
    sent: dict[str, Any] = {
        "a number below 0": -int(pin),
        "a fraction": float(pin),
        "another sign before it": f"#{pin}",
        "a list": [pin],
    }
    for tried, is_taken in ((sent[form], False), (pin, True)):
        answer = await world.client.post("/kaizala/v1/loginWithPinAndApplicationId", json={**body, "pin": tried})
        assert (answer.status_code == 200) is is_taken, answer.text
    await world.client.aclose()
    await world.app.close()
