"""Where an organisation requires a second factor, the password alone opens nothing, and nobody makes it enough."""

from __future__ import annotations

import pytest

from tenantry.core.clock import DAY
from tenantry.core.errors import FailedPrecondition
from tenantry.directory.own_phones import remove_own_phone
from tenantry.directory.phones import add_verified_phone, user_or_guest_of
from tenantry.directory.policies import Policies, Whom, change_policies
from tenantry.directory.second_factors import Method, use_phone
from tenantry.directory.sign_in_methods import remove_phone_of
from tenantry.directory.users import delete_user, restore_user
from tenantry.store.engine.interface import Store
from tests.support.builders import (
    HASHER,
    OPERATOR,
    SomeUser,
    a_tenant,
    a_user,
    as_user,
)
from tests.support.clock import NOON
from tests.support.first_factors import (
    ENROLMENT_CODE,
    add_app,
    code_of,
    methods_asked_of,
    tenant_of,
    type_password,
    wait,
)
from tests.support.portal import Portal
from tests.support.trail import types_of


@pytest.mark.parametrize("whom", [Whom.EVERYBODY, Whom.ADMINISTRATORS])
async def test_a_session_of_the_password_alone_ends_where_a_second_factor_becomes_required(
    portal: Portal, whom: Whom
) -> None:
    dana, mia, proven = [
        await portal.visit(*who) for who in ((portal.dana, "pwd"), (portal.mia, "pwd"), (portal.dana,))
    ]
    starts = portal.app.deps.clock() + DAY
    async with portal.app.deps.store.write() as tx:
        await change_policies(tx, OPERATOR, portal.tenant.id, Policies(whom, second_factor_from=starts), NOON)
    assert "asks for a second step from" in (await dana.open("/")).text
    assert ("asks for a second step from" in (await mia.open("/")).text) is (whom is Whom.EVERYBODY)
    assert (await type_password(portal, portal.dana)).page.headers["location"] == "/", "there is time until then"
    portal.app.deps.clock.advance(DAY)  # type: ignore[attr-defined]
    renewed = await portal.visit(portal.dana, "pwd")
    for visitor in (dana, renewed):
        for page in ("/", "/users", "/second-factor/totp"):
            assert (await visitor.open(page)).headers.get("location", "").startswith("/sign-in"), page
    del mia, proven
    assert (await (await portal.visit(portal.dana)).open("/users")).status_code == 200
    mias = await (await portal.visit(portal.mia, "pwd")).open("/")
    assert (mias.status_code == 303) is (whom is Whom.EVERYBODY)


async def test_who_decides_on_a_required_second_factor_sees_whom_it_meets(portal: Portal) -> None:
    visitor = await portal.visit(portal.dana)
    page = (await visitor.open("/settings/policies")).text
    assert "Of 1 administrators, 1 have none. Of 3 people, 3 have none." in page
    sent = {"second_factor": "everybody", "phone_sign_in": "everybody", "connector_registration": "everybody"}
    assert (await visitor.send("/settings/policies", second_factor_from="soon", **sent)).status_code == 422
    assert (await visitor.send("/settings/policies", second_factor_from="2031-03-31", **sent)).status_code == 303
    assert 'value="2031-03-31"' in (await visitor.open("/settings/policies")).text
    await visitor.send("/settings/policies", second_factor_from="2031-03-31", **sent)
    assert (await types_of(portal.app.deps.store, portal.tenant.id)).count("tenant.policies_changed") == 1


@pytest.mark.parametrize("whom", [Whom.EVERYBODY, Whom.ADMINISTRATORS])
async def test_where_a_second_factor_is_required_the_password_alone_opens_nothing(portal: Portal, whom: Whom) -> None:
    store = portal.app.deps.store
    async with store.write() as tx:
        await change_policies(tx, OPERATOR, portal.tenant.id, Policies(second_factor=whom), NOON)
    thief = await type_password(portal, portal.dana)
    assert (await thief.open("/")).status_code == 303
    assert "Enrolment code" in (await thief.open("/second-factor")).text
    assert (await thief.send("/second-factor", method="enrolment_code", code="222222-222222")).status_code == 422
    for path in ("/second-factor/totp", "/second-factor/passkey", "/phones"):
        assert (await thief.open(path)).status_code == 303
    mia = await type_password(portal, portal.mia)
    assert (await mia.open("/")).status_code == (200 if whom is Whom.ADMINISTRATORS else 303)


async def test_an_administrators_code_leads_to_a_second_factor_once(portal: Portal) -> None:
    store = portal.app.deps.store
    async with store.write() as tx:
        await change_policies(tx, OPERATOR, portal.tenant.id, Policies(second_factor=Whom.EVERYBODY), NOON)
    helper = await portal.visit(portal.dana)
    path = f"/users/{portal.mia.id}/enrolment-code"
    assert path in (await helper.open(f"/users/{portal.mia.id}")).text
    await helper.open(path)
    found = ENROLMENT_CODE.search((await helper.send(path)).text)
    assert found
    mia = await type_password(portal, portal.mia)
    await mia.open("/second-factor")
    done = await mia.send("/second-factor", method="enrolment_code", code=found[0].upper())
    assert done.headers["location"] == "/sessions?done=enrol"
    other = await type_password(portal, portal.mia)
    await other.open("/second-factor")
    assert (await other.send("/second-factor", method="enrolment_code", code=found[0])).status_code == 422
    secret = await add_app(portal, mia)
    assert "A second step was added" in (await mia.open("/sessions")).text
    wait(portal)
    again = await type_password(portal, portal.mia)
    await again.open("/second-factor")
    assert (await again.send("/second-factor", method="totp", code=code_of(portal, secret))).status_code == 303
    assert (await helper.open(path)).status_code == 409, "who has one needs no code"


async def test_whoever_requires_a_second_factor_has_one(portal: Portal) -> None:
    visitor = await portal.visit(portal.dana, "pwd")
    await visitor.open("/settings/policies")
    sent = {"phone_sign_in": "everybody", "connector_registration": "everybody"}
    assert (await visitor.send("/settings/policies", second_factor="everybody", **sent)).status_code == 422
    assert "sign in with it first" in visitor.text
    proven = await portal.visit(portal.dana)
    await proven.open("/settings/policies")
    assert (await proven.send("/settings/policies", second_factor="king", **sent)).status_code == 422
    assert (await proven.send("/settings/policies", second_factor="everybody", **sent)).status_code == 303
    assert "tenant.policies_changed" in await types_of(portal.app.deps.store, portal.tenant.id)


async def _a_guarded_user(store: Store) -> tuple[SomeUser, str]:
    """Her only second factor is her phone."""
    tenant = await a_tenant(store)
    user = await a_user(store, tenant, phone=True)
    number = str(user.phone_number)
    async with store.write() as tx:
        await use_phone(tx, HASHER, as_user(user), user.tenant_id, user.id, number, NOON)
    return user, number


@pytest.mark.parametrize("by", ["another who proves it", "whoever adds it to a group", "an administrator"])
async def test_no_act_of_somebody_else_lets_the_password_alone_sign_in(store: Store, by: str) -> None:
    user, number = await _a_guarded_user(store)
    tenant_id = user.tenant_id
    other = await a_user(store, tenant_of(user))
    async with store.write() as tx:
        if by == "an administrator":
            await remove_phone_of(tx, OPERATOR, tenant_id, user.id, number, NOON)
        else:
            await delete_user(tx, OPERATOR, tenant_id, user.id, NOON)
            if by == "another who proves it":
                await add_verified_phone(tx, as_user(other), tenant_id, other.id, number, NOON)
            else:
                await user_or_guest_of(tx, as_user(other), tenant_id, number, NOON)
            await restore_user(tx, OPERATOR, tenant_id, user.id, NOON)
    assert await methods_asked_of(store, user) == [Method.ENROLMENT_CODE]
    types = await types_of(store, tenant_id)
    assert {"phone.removed", "second_factor.removed", "enrolment.required"} <= set(types)
    async with store.read() as read:
        told = await read.all(str, "SELECT what FROM sign_in_notices WHERE user_id = :user", user=user.id)
    assert {"phone_removed", "factor_removed"} <= set(told)


async def test_ones_own_last_factor_stays_where_one_is_required(store: Store) -> None:
    user, number = await _a_guarded_user(store)
    async with store.write() as tx:
        await change_policies(tx, OPERATOR, user.tenant_id, Policies(second_factor=Whom.EVERYBODY), NOON)
    with pytest.raises(FailedPrecondition, match="Set up another one first"):
        async with store.write() as tx:
            await remove_own_phone(tx, as_user(user, "pwd", "sms"), "", number, NOON)
    assert Method.PHONE in await methods_asked_of(store, user)
