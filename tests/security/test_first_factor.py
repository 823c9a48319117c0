"""Whoever knows the password alone must not become somebody who has proven a second factor."""

from __future__ import annotations

from tenantry.access.actions import Permission, RoleId
from tenantry.core.clock import DAY, SECOND
from tenantry.directory.phones import add_verified_phone
from tenantry.directory.policies import Policies, Whom, change_policies
from tenantry.directory.proofs import WAIT
from tenantry.directory.second_factors import use_phone
from tenantry.directory.sign_in_methods import remove_phone_of
from tests.support.builders import (
    HASHER,
    OPERATOR,
    SomeUser,
    a_connector,
    a_relationship,
    a_tenant,
    a_user,
    as_user,
)
from tests.support.clock import NOON
from tests.support.first_factors import (
    APP_KEY,
    ENROLMENT_CODE,
    add_app,
    code_of,
    type_password,
    wait,
)
from tests.support.portal import Portal, Visitor
from tests.support.trail import types_of


async def _a_partner(portal: Portal) -> str:
    """Dana's tenant may act in this one."""
    customer = await a_tenant(portal.app.deps.store)
    await a_relationship(portal.app.deps.store, portal.tenant, customer)
    return f"/customers/{customer.id}/act"


async def test_a_first_factor_does_not_let_the_session_that_added_it_act_for_a_customer(portal: Portal) -> None:
    act = await _a_partner(portal)
    visitor = await type_password(portal, portal.dana)
    secret = await add_app(portal, visitor)
    for _ in range(2):
        await visitor.open("/customers")
        await visitor.send(act, form_id="x")
        assert (await visitor.open("/users")).status_code == 200
        assert portal.dana.user_principal_name in visitor.page.text, "these are the own users, not the customer's"
        wait(portal)
        await visitor.open("/second-factor")
        assert "Sign in again" in visitor.text
        await visitor.send("/second-factor", method="totp", code=code_of(portal, secret))
    async with portal.app.deps.store.read() as read:
        entered = await read.all(str, "SELECT tenant_id FROM audit_events WHERE type = 'customer.entered'")
        amr = await read.all(
            str, "SELECT amr FROM sessions WHERE tenant_id = :t AND ended_at IS NULL", t=portal.tenant.id
        )
    assert entered == []
    assert set(amr) == {"pwd"}
    assert await _acts(portal, await _signs_in(portal, portal.dana, secret), act)


async def _signs_in(portal: Portal, user: SomeUser, secret: str) -> Visitor:
    wait(portal)
    visitor = await type_password(portal, user)
    await visitor.open("/second-factor")
    assert (await visitor.send("/second-factor", method="totp", code=code_of(portal, secret))).status_code == 303
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
    await add_app(portal, await type_password(portal, portal.dana))
    own = await portal.visit(portal.dana)
    await own.open("/second-factor/totp/remove")
    assert (await own.send("/second-factor/totp/remove")).status_code == 303
    secret = await add_app(portal, await type_password(portal, portal.dana))
    assert not await _acts(portal, await _signs_in(portal, portal.dana, secret), act)
    portal.app.deps.clock.advance(WAIT)  # type: ignore[attr-defined]
    assert await _acts(portal, await _signs_in(portal, portal.dana, secret), act)


async def test_a_factor_that_the_password_alone_set_up_counts_a_day_later_at_the_next_sign_in(portal: Portal) -> None:
    act = await _a_partner(portal)
    await _is_to_ask(portal)
    secret = await add_app(portal, await type_password(portal, portal.dana))
    early = await _signs_in(portal, portal.dana, secret)
    assert not await _acts(portal, early, act)
    assert "does not count yet" in (await early.open("/second-factor")).text
    wait(portal)
    await early.send("/second-factor", method="totp", code=code_of(portal, secret))
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
    secret = await add_app(portal, await type_password(portal, pat))
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
    found = ENROLMENT_CODE.search((await thief.send(path)).text)
    assert found
    made = await type_password(portal, pat)
    await made.open("/second-factor")
    await made.send("/second-factor", method="enrolment_code", code=found[0])
    assert not await _acts(portal, made, act)
    secret = await add_app(portal, made)
    assert not await _acts(portal, await _signs_in(portal, pat, secret), act)


async def test_a_session_of_the_password_alone_sets_up_nothing_in_the_stead_of_who_got_the_code(portal: Portal) -> None:
    thief, helper = await type_password(portal, portal.mia), await portal.visit(portal.dana)
    mia = await type_password(portal, portal.mia)
    await mia.open("/second-factor/totp")
    path = f"/users/{portal.mia.id}/enrolment-code"
    await helper.open(path)
    assert ENROLMENT_CODE.search((await helper.send(path)).text)
    for visitor in (thief, mia):
        assert (await visitor.open("/second-factor/totp")).headers["location"].startswith("/sign-in")
    assert "session.all_ended" in await types_of(portal.app.deps.store, portal.tenant.id)


async def test_a_session_of_the_password_alone_outlives_no_loss_of_the_last_factor(portal: Portal) -> None:
    store, number = portal.app.deps.store, "+12065550177"
    thief = await type_password(portal, portal.mia)
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
    thief = await type_password(portal, portal.mia)
    await add_app(portal, await type_password(portal, portal.mia))
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
    thief = await type_password(portal, portal.mia)
    await thief.open(path)
    await thief.send(path, begin="1")
    planted = APP_KEY.search((await thief.open(path)).text)
    assert planted
    mia = await type_password(portal, portal.mia)
    assert planted[0] not in (await mia.open(path)).text
    code = code_of(portal, planted[0].replace(" ", ""))
    assert (await mia.send(path, code=code)).status_code == 404, "nor confirmed by who was told to type it"
    await add_app(portal, mia)
    assert (await thief.open(path)).status_code == 303


async def test_a_first_factor_gives_no_app_a_token_that_says_mfa(portal: Portal) -> None:
    store = portal.app.deps.store
    app = await a_connector(
        store, portal.tenant, permissions=[Permission.PARTNER_CENTER], redirect_uris=["https://app.example/cb"]
    )
    path = f"/oauth2/authorize?response_type=code&client_id={app.id}"
    visitor = await type_password(portal, portal.dana)
    await add_app(portal, visitor)
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
