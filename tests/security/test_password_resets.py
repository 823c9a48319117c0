"""A reset shows what a thief may have set up lately, and takes away what stays ticked."""

from __future__ import annotations

import re

import pytest

from tenantry.core.clock import DAY
from tenantry.core.ids import UserId
from tenantry.directory.second_factors import Method, list_methods, use_phone
from tests.support.builders import (
    HASHER,
    SomeUser,
    a_user,
    add_factors,
    as_user,
)
from tests.support.clock import NOON
from tests.support.first_factors import (
    ENROLMENT_CODE,
    methods_asked_of,
)
from tests.support.portal import Portal


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
    assert ENROLMENT_CODE.search(shown.text), "an enrolment code, since no second step is left"
    assert "+12065557781" not in (await helper.open(f"/users/{nora.id}")).text
    assert await methods_asked_of(store, SomeUser(UserId(nora.id), nora.tenant_id, "", None)) == [Method.ENROLMENT_CODE]


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
    assert not ENROLMENT_CODE.search((await helper.send(f"/users/{nora.id}/password")).text)
    assert "+12065557781" in (await helper.open(f"/users/{nora.id}")).text
