"""Whoever knows the password alone must not become somebody who has proven a second factor."""

from __future__ import annotations

import re

import pyotp
import pytest
from msgspec.structs import replace

from tenantry.access.actions import Permission, RoleId
from tenantry.core.clock import DAY, SECOND
from tenantry.core.errors import BadCredentials, FailedPrecondition
from tenantry.core.ids import UserId
from tenantry.directory.enrolment import list_asked
from tenantry.directory.own_phones import remove_own_phone
from tenantry.directory.phone_sign_in import request_sign_in_pin, sign_in_with_pin
from tenantry.directory.phones import add_verified_phone, user_or_guest_of
from tenantry.directory.pins import PinRules
from tenantry.directory.policies import Policies, Whom, change_policies
from tenantry.directory.proofs import WAIT
from tenantry.directory.second_factors import Method, list_methods, use_phone
from tenantry.directory.sign_in_methods import remove_phone_of
from tenantry.directory.users import delete_user, restore_user
from tenantry.store.engine.interface import Store
from tenantry.tokens.clients import Client
from tenantry.tokens.issuing import Issuing
from tenantry.tokens.keys.master_key import MasterKey
from tenantry.tokens.keys.signing_keys import KeyRing
from tests.support.app import MASTER_KEY
from tests.support.builders import (
    HASHER,
    OPERATOR,
    PASSWORD,
    SomeTenant,
    SomeUser,
    a_connector,
    a_grant,
    a_relationship,
    a_tenant,
    a_user,
    add_factors,
    as_user,
)
from tests.support.clock import NOON, FakeClock
from tests.support.issuing import issuing_on
from tests.support.portal import Portal, Visitor
from tests.support.trail import types_of

KEY = re.compile(r"(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}")
CODE = re.compile(r"[2-9a-z]{6}-[2-9a-z]{6}")
RULES = PinRules(lifetime=60 * SECOND, tries=3, sends_per_hour=None)


async def _types_password(portal: Portal, user: SomeUser) -> Visitor:
    visitor = await portal.visit(None)
    await visitor.open("/sign-in")
    await visitor.send("/sign-in", name=user.user_principal_name, password=PASSWORD)
    return visitor


async def _adds_app(portal: Portal, visitor: Visitor, query: str = "") -> str:
    path = "/second-factor/totp" + query
    await visitor.open(path)
    await visitor.send(path, begin="1")
    found = KEY.search((await visitor.open(path)).text)
    assert found, visitor.text
    secret = found[0].replace(" ", "")
    await visitor.send(path, code=_code_of(portal, secret))
    return secret


def _code_of(portal: Portal, secret: str) -> str:
    return pyotp.TOTP(secret).at(portal.app.deps.clock() // SECOND)


def _wait(portal: Portal) -> None:
    portal.app.deps.clock.advance(30 * SECOND)  # type: ignore[attr-defined]


async def _a_partner(portal: Portal) -> str:
    """Dana's tenant may act in this one."""
    customer = await a_tenant(portal.app.deps.store)
    await a_relationship(portal.app.deps.store, portal.tenant, customer)
    return f"/customers/{customer.id}/act"


async def test_a_first_factor_does_not_let_the_session_that_added_it_act_for_a_customer(portal: Portal) -> None:
    act = await _a_partner(portal)
    visitor = await _types_password(portal, portal.dana)
    secret = await _adds_app(portal, visitor)
    for _ in range(2):
        await visitor.open("/customers")
        await visitor.send(act, form_id="x")
        assert (await visitor.open("/users")).status_code == 200
        assert portal.dana.user_principal_name in visitor.page.text, "these are the own users, not the customer's"
        _wait(portal)
        await visitor.open("/second-factor")
        assert "Sign in again" in visitor.text
        await visitor.send("/second-factor", method="totp", code=_code_of(portal, secret))
    async with portal.app.deps.store.read() as read:
        entered = await read.all(str, "SELECT tenant_id FROM audit_events WHERE type = 'customer.entered'")
        amr = await read.all(
            str, "SELECT amr FROM sessions WHERE tenant_id = :t AND ended_at IS NULL", t=portal.tenant.id
        )
    assert entered == []
    assert set(amr) == {"pwd"}
    assert await _acts(portal, await _signs_in(portal, portal.dana, secret), act)


async def _signs_in(portal: Portal, user: SomeUser, secret: str) -> Visitor:
    _wait(portal)
    visitor = await _types_password(portal, user)
    await visitor.open("/second-factor")
    assert (await visitor.send("/second-factor", method="totp", code=_code_of(portal, secret))).status_code == 303
    assert (await visitor.open("/users")).status_code == 200
    return visitor


async def _acts(portal: Portal, visitor: Visitor, act: str) -> bool:
    """Whether the visitor gets into the customer."""
    await visitor.open("/customers")
    await visitor.send(act, form_id=act + str(portal.app.deps.clock()))
    async with portal.app.deps.store.read() as read:
        return bool(await read.all(str, "SELECT tenant_id FROM audit_events WHERE type = 'customer.entered'"))


async def _is_to_ask(portal: Portal) -> None:
    """A second factor is about to be asked of everybody."""
    policies = Policies(Whom.EVERYBODY, second_factor_from=portal.app.deps.clock() + 30 * DAY)
    async with portal.app.deps.store.write() as tx:
        await change_policies(tx, OPERATOR, portal.tenant.id, policies, NOON)


async def test_a_factor_of_the_password_alone_in_an_account_that_had_another_waits_to_count(portal: Portal) -> None:
    act = await _a_partner(portal)
    await _adds_app(portal, await _types_password(portal, portal.dana))
    own = await portal.visit(portal.dana)
    await own.open("/second-factor/totp/remove")
    assert (await own.send("/second-factor/totp/remove")).status_code == 303
    secret = await _adds_app(portal, await _types_password(portal, portal.dana))
    assert not await _acts(portal, await _signs_in(portal, portal.dana, secret), act)
    portal.app.deps.clock.advance(WAIT)  # type: ignore[attr-defined]
    assert await _acts(portal, await _signs_in(portal, portal.dana, secret), act)


async def test_a_factor_that_the_password_alone_set_up_counts_a_day_later_at_the_next_sign_in(portal: Portal) -> None:
    act = await _a_partner(portal)
    await _is_to_ask(portal)
    secret = await _adds_app(portal, await _types_password(portal, portal.dana))
    early = await _signs_in(portal, portal.dana, secret)
    assert not await _acts(portal, early, act)
    assert "does not count yet" in (await early.open("/second-factor")).text
    _wait(portal)
    await early.send("/second-factor", method="totp", code=_code_of(portal, secret))
    assert not await _acts(portal, early, act)
    assert (await early.open("/second-factor/passkey")).status_code == 200, "another one can be set up"
    portal.app.deps.clock.advance(WAIT - 4 * 30 * SECOND)  # type: ignore[attr-defined]
    assert not await _acts(portal, await _signs_in(portal, portal.dana, secret), act)
    portal.app.deps.clock.advance(30 * SECOND)  # type: ignore[attr-defined]
    assert await _acts(portal, await _signs_in(portal, portal.dana, secret), act)


async def test_a_factor_of_the_password_alone_counts_once_somebody_with_a_factor_confirms_it(portal: Portal) -> None:
    act = await _a_partner(portal)
    await _is_to_ask(portal)
    pat = await a_user(portal.app.deps.store, portal.tenant, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    secret = await _adds_app(portal, await _types_password(portal, pat))
    path = f"/users/{pat.id}/second-factors/confirm"
    bare = await portal.visit(portal.dana, "pwd")
    await bare.open(path)
    assert (await bare.send(path)).status_code == 422
    assert "second step of your own first" in bare.text
    own = await _signs_in(portal, pat, secret)
    assert (await own.open(path)).status_code == 409, "nobody vouches for oneself"
    assert not await _acts(portal, own, act)
    helper = await portal.visit(portal.dana)
    assert path in (await helper.open(f"/users/{pat.id}")).text
    await helper.open(path)
    assert (await helper.send(path)).status_code == 303
    assert "second_factor.confirmed" in await types_of(portal.app.deps.store, portal.tenant.id)
    assert (await helper.open(path)).status_code == 409
    assert await _acts(portal, await _signs_in(portal, pat, secret), act)


async def test_an_enrolment_code_of_who_has_the_password_alone_makes_no_second_factor_that_counts(
    portal: Portal,
) -> None:
    act = await _a_partner(portal)
    pat = await a_user(portal.app.deps.store, portal.tenant, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    thief, path = await portal.visit(portal.dana, "pwd"), f"/users/{pat.id}/enrolment-code"
    await thief.open(path)
    found = CODE.search((await thief.send(path)).text)
    assert found
    made = await _types_password(portal, pat)
    await made.open("/second-factor")
    await made.send("/second-factor", method="enrolment_code", code=found[0])
    assert not await _acts(portal, made, act)
    secret = await _adds_app(portal, made)
    assert not await _acts(portal, await _signs_in(portal, pat, secret), act)


async def test_a_session_of_the_password_alone_sets_up_nothing_in_the_stead_of_who_got_the_code(portal: Portal) -> None:
    thief, helper = await _types_password(portal, portal.mia), await portal.visit(portal.dana)
    mia = await _types_password(portal, portal.mia)
    await mia.open("/second-factor/totp")
    path = f"/users/{portal.mia.id}/enrolment-code"
    await helper.open(path)
    assert CODE.search((await helper.send(path)).text)
    for visitor in (thief, mia):
        assert (await visitor.open("/second-factor/totp")).headers["location"].startswith("/sign-in")
    assert "session.all_ended" in await types_of(portal.app.deps.store, portal.tenant.id)


async def test_a_session_of_the_password_alone_outlives_no_loss_of_the_last_factor(portal: Portal) -> None:
    store, number = portal.app.deps.store, "+12065550177"
    thief = await _types_password(portal, portal.mia)
    async with store.write() as tx:
        await add_verified_phone(tx, as_user(portal.mia), portal.tenant.id, portal.mia.id, number, NOON)
        await use_phone(tx, HASHER, as_user(portal.mia), portal.tenant.id, portal.mia.id, number, NOON)
    assert "/second-factor?" in (await thief.open("/second-factor/totp")).headers["location"], "it is asked for first"
    async with store.write() as tx:
        await remove_phone_of(tx, OPERATOR, portal.tenant.id, portal.mia.id, number, NOON)
    assert (await thief.open("/second-factor/totp")).headers["location"].startswith("/sign-in")


async def test_a_session_of_the_password_alone_adds_no_phone_number_where_there_is_a_second_factor(
    portal: Portal,
) -> None:
    thief = await _types_password(portal, portal.mia)
    await _adds_app(portal, await _types_password(portal, portal.mia))
    await thief.open("/phones")
    for path, typed in (("/phones", {"number": "+12065550188"}), ("/phones/verify", {"number": "+12065550188"})):
        sent = await thief.send(path, **typed, pin="123456")
        assert sent.headers.get("location", "").startswith("/second-factor?"), path
    assert "pin.sent" not in await types_of(portal.app.deps.store, portal.tenant.id)


async def test_an_open_browser_sets_no_other_password_without_the_present_one(portal: Portal) -> None:
    thief, path = await portal.visit(portal.dana), f"/users/{portal.dana.id}/password"
    assert (await thief.open(path)).headers["location"] == "/password"
    await thief.open(f"/users/{portal.mia.id}/password")
    refused = await thief.send(path)
    assert refused.status_code == 422
    assert "your own password" in thief.text
    assert (await thief.open("/users")).status_code == 200


async def test_a_secret_that_a_thief_left_to_be_confirmed_is_never_shown_to_the_user(portal: Portal) -> None:
    path = "/second-factor/totp"
    thief = await _types_password(portal, portal.mia)
    await thief.open(path)
    await thief.send(path, begin="1")
    planted = KEY.search((await thief.open(path)).text)
    assert planted
    mia = await _types_password(portal, portal.mia)
    assert planted[0] not in (await mia.open(path)).text
    code = _code_of(portal, planted[0].replace(" ", ""))
    assert (await mia.send(path, code=code)).status_code == 404, "nor confirmed by who was told to type it"
    await _adds_app(portal, mia)
    assert (await thief.open(path)).status_code == 303


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
    assert (await _types_password(portal, portal.dana)).page.headers["location"] == "/", "there is time until then"
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


async def test_a_first_factor_gives_no_app_a_token_that_says_mfa(portal: Portal) -> None:
    store = portal.app.deps.store
    app = await a_connector(
        store, portal.tenant, permissions=[Permission.PARTNER_CENTER], redirect_uris=["https://app.example/cb"]
    )
    path = f"/oauth2/authorize?response_type=code&client_id={app.id}"
    visitor = await _types_password(portal, portal.dana)
    await _adds_app(portal, visitor)
    assert (await visitor.open(path)).headers["location"].startswith("/second-factor")
    await visitor.open("/phones")
    answer = await visitor.send(path, decision="allow")
    assert answer.status_code in (303, 403)
    assert "code=" not in answer.headers.get("location", "")
    async with store.read() as read:
        assert (
            await read.all(bytes, "SELECT code_hash FROM authorization_codes WHERE tenant_id = :t", t=app.tenant_id)
            == []
        )


@pytest.mark.parametrize("whom", [Whom.EVERYBODY, Whom.ADMINISTRATORS])
async def test_where_a_second_factor_is_required_the_password_alone_opens_nothing(portal: Portal, whom: Whom) -> None:
    store = portal.app.deps.store
    async with store.write() as tx:
        await change_policies(tx, OPERATOR, portal.tenant.id, Policies(second_factor=whom), NOON)
    thief = await _types_password(portal, portal.dana)
    assert (await thief.open("/")).status_code == 303
    assert "Enrolment code" in (await thief.open("/second-factor")).text
    assert (await thief.send("/second-factor", method="enrolment_code", code="222222-222222")).status_code == 422
    for path in ("/second-factor/totp", "/second-factor/passkey", "/phones"):
        assert (await thief.open(path)).status_code == 303
    mia = await _types_password(portal, portal.mia)
    assert (await mia.open("/")).status_code == (200 if whom is Whom.ADMINISTRATORS else 303)


async def test_an_administrators_code_leads_to_a_second_factor_once(portal: Portal) -> None:
    store = portal.app.deps.store
    async with store.write() as tx:
        await change_policies(tx, OPERATOR, portal.tenant.id, Policies(second_factor=Whom.EVERYBODY), NOON)
    helper = await portal.visit(portal.dana)
    path = f"/users/{portal.mia.id}/enrolment-code"
    assert path in (await helper.open(f"/users/{portal.mia.id}")).text
    await helper.open(path)
    found = CODE.search((await helper.send(path)).text)
    assert found
    mia = await _types_password(portal, portal.mia)
    await mia.open("/second-factor")
    done = await mia.send("/second-factor", method="enrolment_code", code=found[0].upper())
    assert done.headers["location"] == "/sessions?done=enrol"
    other = await _types_password(portal, portal.mia)
    await other.open("/second-factor")
    assert (await other.send("/second-factor", method="enrolment_code", code=found[0])).status_code == 422
    secret = await _adds_app(portal, mia)
    assert "A second step was added" in (await mia.open("/sessions")).text
    _wait(portal)
    again = await _types_password(portal, portal.mia)
    await again.open("/second-factor")
    assert (await again.send("/second-factor", method="totp", code=_code_of(portal, secret))).status_code == 303
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


async def _asked(store: Store, user: SomeUser) -> list[Method]:
    async with store.read() as read:
        return await list_asked(read, user.tenant_id, user.id, NOON)


@pytest.mark.parametrize("by", ["another who proves it", "whoever adds it to a group", "an administrator"])
async def test_no_act_of_somebody_else_lets_the_password_alone_sign_in(store: Store, by: str) -> None:
    user, number = await _a_guarded_user(store)
    tenant_id = user.tenant_id
    other = await a_user(store, _tenant_of(user))
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
    assert await _asked(store, user) == [Method.ENROLMENT_CODE]
    types = await types_of(store, tenant_id)
    assert {"phone.removed", "second_factor.removed", "enrolment.required"} <= set(types)
    async with store.read() as read:
        told = await read.all(str, "SELECT what FROM sign_in_notices WHERE user_id = :user", user=user.id)
    assert {"phone_removed", "factor_removed"} <= set(told)


def _tenant_of(user: SomeUser) -> SomeTenant:
    return SomeTenant(user.tenant_id, user.user_principal_name.rpartition("@")[2])


async def test_ones_own_last_factor_stays_where_one_is_required(store: Store) -> None:
    user, number = await _a_guarded_user(store)
    async with store.write() as tx:
        await change_policies(tx, OPERATOR, user.tenant_id, Policies(second_factor=Whom.EVERYBODY), NOON)
    with pytest.raises(FailedPrecondition, match="Set up another one first"):
        async with store.write() as tx:
            await remove_own_phone(tx, replace(as_user(user), amr=frozenset({"pwd", "sms"})), "", number, NOON)
    assert Method.PHONE in await _asked(store, user)


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
    tenant = _tenant_of(user)
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


async def test_a_reset_shows_and_takes_away_what_was_added_lately(portal: Portal) -> None:
    store = portal.app.deps.store
    nora = await a_user(store, portal.tenant, name="nora", phone="+12065557781")
    async with store.write() as tx:
        await use_phone(tx, HASHER, as_user(nora), nora.tenant_id, nora.id, "+12065557781", NOON)
    helper = await portal.visit(portal.dana)
    path = f"/users/{nora.id}/password"
    page = await helper.open(path)
    assert 'value="phone +12065557781" checked' in page.text
    shown = await helper.send(path, remove=["phone +12065557781", "totp", "passkey x"])
    assert CODE.search(shown.text), "an enrolment code, since no second step is left"
    assert "+12065557781" not in (await helper.open(f"/users/{nora.id}")).text
    assert await _asked(store, SomeUser(UserId(nora.id), nora.tenant_id, "", None)) == [Method.ENROLMENT_CODE]


@pytest.mark.parametrize("kind", [Method.TOTP, Method.PASSKEY, Method.PHONE, Method.RECOVERY_CODE])
async def test_whatever_a_thief_may_have_set_up_lately_is_shown_at_a_reset_and_taken_away(
    portal: Portal, kind: Method
) -> None:
    store, now = portal.app.deps.store, portal.app.deps.clock()
    nora = await a_user(store, portal.tenant, name="nora", phone="+12065557781")
    async with store.write() as tx:
        await add_factors(tx, nora, now)
        await tx.run(
            "UPDATE totp_credentials SET confirmed_at = created_at WHERE tenant_id = :t AND user_id = :u",
            t=nora.tenant_id,
            u=nora.id,
        )
        await use_phone(tx, HASHER, as_user(nora), nora.tenant_id, nora.id, "+12065557781", now)
    helper, path = await portal.visit(portal.dana), f"/users/{nora.id}/password"
    page = await helper.open(path)
    found = re.search(rf'value="({kind}[^"]*)" checked', page.text)
    assert found, "it is ticked, so that who does not look takes it away"
    await helper.send(path, remove=[found[1]])
    async with store.read() as read:
        left = await list_methods(read, nora.tenant_id, nora.id)
    assert set(left) == {Method.TOTP, Method.PASSKEY, Method.PHONE, Method.RECOVERY_CODE} - {kind}
    assert found[0] not in (await helper.open(path)).text
    portal.app.deps.clock.advance(31 * DAY)  # type: ignore[attr-defined]
    later = await portal.visit(portal.dana)
    assert 'name="remove"' not in (await later.open(path)).text, "what was there long before is the user's own"


async def test_a_reset_leaves_what_was_not_ticked(portal: Portal) -> None:
    nora = await a_user(portal.app.deps.store, portal.tenant, name="nora", phone="+12065557781")
    helper = await portal.visit(portal.dana)
    await helper.open(f"/users/{nora.id}/password")
    assert not CODE.search((await helper.send(f"/users/{nora.id}/password")).text)
    assert "+12065557781" in (await helper.open(f"/users/{nora.id}")).text
