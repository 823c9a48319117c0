"""Each sign-in stands once in the trail, with how it was proven and from where; a first step alone says so."""

from __future__ import annotations

import json

from tenantry.core.clock import DAY
from tenantry.directory.second_factors import use_phone
from tenantry.directory.sessions import SessionTerms
from tenantry.directory.sign_in_steps import NextStep, begin_sign_in
from tests.support.builders import HASHER, OPERATOR, PASSWORD, SomeUser, a_tenant, a_user, as_user
from tests.support.clock import NOON
from tests.support.portal import Portal
from tests.support.trail import types_of

ABOUT_SIGNING_IN = ("session.", "sign_in.", "second_factor.")


async def _told(portal: Portal) -> list[tuple[str, list[str], str]]:
    async with portal.app.deps.store.read() as read:
        rows = await read.all(
            lambda *row: row,
            "SELECT type, data, address FROM audit_events WHERE tenant_id = :t ORDER BY id",
            t=portal.tenant.id,
        )
    return [
        (type_, json.loads(data).get("amr", []), address)
        for type_, data, address in rows
        if type_.startswith(ABOUT_SIGNING_IN)
    ]


async def _types_password(portal: Portal, user: SomeUser) -> None:
    visitor = await portal.visit(None)
    await visitor.open("/sign-in")
    assert (await visitor.send("/sign-in", name=user.user_principal_name, password=PASSWORD)).status_code == 303


async def test_a_sign_in_with_the_password_alone_is_one_event(portal: Portal) -> None:
    await _types_password(portal, portal.mia)
    assert await _told(portal) == [("session.started", ["pwd"], "192.0.2.1")]


async def test_a_right_password_that_does_not_suffice_says_that_the_first_step_passed(portal: Portal) -> None:
    store = portal.app.deps.store
    user = await a_user(store, portal.tenant, phone=True)
    async with store.write() as tx:
        await use_phone(tx, HASHER, OPERATOR, user.tenant_id, user.id, str(user.phone_number), NOON)
    before = len(await _told(portal))
    await _types_password(portal, user)
    assert (await _told(portal))[before:] == [("sign_in.first_step_passed", ["pwd"], "192.0.2.1")]
    expired = await a_user(store, portal.tenant, must_change=True)
    await _types_password(portal, expired)
    assert [type_ for type_, _, _ in (await _told(portal))[before:]] == ["sign_in.first_step_passed"] * 2


async def test_a_sign_in_at_the_organisations_provider_is_one_event_too(portal: Portal) -> None:
    store, tenant = portal.app.deps.store, await a_tenant(portal.app.deps.store)
    user = await a_user(store, tenant)
    async with store.write() as tx:
        begun = await begin_sign_in(
            tx,
            HASHER,
            as_user(user),
            terms=SessionTerms(tenant_id=tenant.id, user_id=user.id, amr=["fed"], browser="", lifetime=DAY),
            must_change=False,
            now=NOON,
        )
    assert not isinstance(begun, NextStep)
    told = [type_ for type_ in await types_of(store, tenant.id) if type_.startswith(ABOUT_SIGNING_IN)]
    assert told == ["session.started"]


async def test_proving_more_in_a_session_is_no_second_sign_in(portal: Portal) -> None:
    store = portal.app.deps.store
    user = await a_user(store, portal.tenant, phone=True)
    visitor = await portal.visit(user, "pwd")
    before = len(await _told(portal))
    await visitor.open("/second-factor/phone")
    await visitor.send("/second-factor/phone", number=str(user.phone_number))
    types = [type_ for type_, _, _ in (await _told(portal))[before:]]
    assert types.count("session.raised") == 1
    assert "session.started" not in types
    assert "session.ended" not in types
