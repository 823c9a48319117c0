"""A code that leads to a second factor is as good as one: what makes an account safe again must end it."""

from __future__ import annotations

import pytest

from tenantry.directory.blocking import block_user, unblock_user
from tenantry.directory.enrolment import claim_enrolment_code, make_enrolment_code
from tenantry.directory.user_properties import NewPassword, UserChanges
from tenantry.directory.users import update_user
from tenantry.store.engine.interface import Store
from tests.support.builders import HASHER, OPERATOR, SomeUser, a_tenant, a_user, as_user
from tests.support.clock import NOON


async def _given_code(store: Store, user: SomeUser) -> str:
    async with store.write() as tx:
        return await make_enrolment_code(tx, HASHER, OPERATOR, user.tenant_id, user.id, NOON)


async def _is_taken(store: Store, user: SomeUser, code: str) -> bool:
    async with store.write() as tx:
        return await claim_enrolment_code(tx, HASHER, as_user(user), user.tenant_id, user.id, code, NOON)


@pytest.mark.parametrize("by", ["a new password", "a block"])
async def test_a_code_that_somebody_may_have_got_hold_of_is_refused_after(store: Store, by: str) -> None:
    tenant = await a_tenant(store)
    user, other = await a_user(store, tenant), await a_user(store, tenant)
    code, of_other = await _given_code(store, user), await _given_code(store, other)
    async with store.write() as tx:
        if by == "a block":
            await block_user(tx, OPERATOR, tenant.id, user.id, NOON)
            await unblock_user(tx, OPERATOR, tenant.id, user.id, NOON)
        else:
            await update_user(
                tx, OPERATOR, tenant.id, user.id, UserChanges(), NOON, password=NewPassword("hash", False)
            )
    assert not await _is_taken(store, user, code)
    assert await _is_taken(store, other, of_other)


async def test_a_code_is_good_for_the_user_it_was_made_for_alone(store: Store) -> None:
    tenant = await a_tenant(store)
    user, other = await a_user(store, tenant), await a_user(store, tenant)
    code = await _given_code(store, user)
    await _given_code(store, other)
    assert not await _is_taken(store, other, code)
    assert await _is_taken(store, user, code)


@pytest.mark.parametrize("kind", ["digits of another script", "full width", "blanks", "another sign within"])
async def test_a_code_is_read_as_every_code_that_people_type(store: Store, kind: str) -> None:
    """Digits of any script and blanks are taken, and a text with a sign that no code has is none."""
    tenant = await a_tenant(store)
    user = await a_user(store, tenant)
    code = await _given_code(store, user)
    while not set(code) & set("23456789"):
        code = await _given_code(store, user)
    typed = {
        "digits of another script": "".join(chr(0x660 + int(sign)) if sign.isdigit() else sign for sign in code),
        "full width": "".join(chr(ord(sign) + 0xFEE0) for sign in code.upper()),
        "blanks": f" {code[:3]} {code[3:].upper()} ".replace("-", " \u2013 "),
        "another sign within": f"{code[:3]}!{code[3:]}",
    }
    assert await _is_taken(store, user, typed[kind]) is (kind != "another sign within")
