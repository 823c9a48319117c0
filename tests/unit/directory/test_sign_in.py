"""directory/sign_in.py: one public answer, the reason in the trail."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tenantry.core.caller import Origin
from tenantry.core.errors import BadCredentials
from tenantry.core.ids import CorrelationId
from tenantry.directory.passwords import PasswordHasher
from tenantry.directory.sign_in import SignedIn, sign_in
from tenantry.directory.users import delete_user
from tenantry.store.engine.interface import Store
from tenantry.store.sign_in import passwords
from tenantry.store.trail import audit_events
from tests.support.builders import OPERATOR, PASSWORD, SomeTenant, a_tenant, a_user
from tests.support.clock import NOON

ORIGIN = Origin(CorrelationId("sign-in"), "192.0.2.1")


@pytest.fixture
def hasher() -> Iterator[PasswordHasher]:
    made = PasswordHasher(memory_kib=64, passes=1, workers=1)
    yield made
    made.close()


async def _sign_in(store: Store, hasher: PasswordHasher, name: str, password: str = PASSWORD) -> SignedIn:
    return await sign_in(store, hasher, user_principal_name=name, password=password, origin=ORIGIN, now=NOON)


async def _trail(store: Store, tenant: SomeTenant) -> list[audit_events.AuditEvent]:
    async with store.read() as read:
        found = await audit_events.list_latest(read, tenant.id, 100)
    return [event for event in found if event.type.startswith("sign_in.")]


async def test_the_right_password_signs_in_under_any_letter_case_of_the_name(
    store: Store, hasher: PasswordHasher
) -> None:
    tenant = await a_tenant(store)
    user = await a_user(store, tenant, must_change=True)
    signed_in = await _sign_in(store, hasher, user.user_principal_name.upper())
    assert (signed_in.user.id, signed_in.must_change) == (user.id, True)
    assert await _trail(store, tenant) == [], "what follows the password is recorded with what follows"


async def test_every_refusal_reads_the_same_and_the_trail_knows_why(store: Store, hasher: PasswordHasher) -> None:
    tenant = await a_tenant(store)
    user, deleted, disabled = [await a_user(store, tenant) for _ in range(3)]
    async with store.write() as tx:
        await delete_user(tx, OPERATOR, tenant.id, deleted.id, NOON)
        await tx.run("UPDATE users SET disabled_at = 1 WHERE id = :id", id=disabled.id)
    texts = set()
    for name, password in (
        (user.user_principal_name, "wrong"),
        (user.user_principal_name, "\ud800"),
        (deleted.user_principal_name, PASSWORD),
        (disabled.user_principal_name, PASSWORD),
        (f"nobody@{tenant.domain}", PASSWORD),
        ("nobody@nowhere.example", PASSWORD),
        ("\0", PASSWORD),
        ("x" * 100_000, PASSWORD),
        ("", ""),
    ):
        with pytest.raises(BadCredentials) as refused:
            await _sign_in(store, hasher, name, password)
        texts.add(refused.value.public)
    assert len(texts) == 1
    trail = await _trail(store, tenant)
    assert {event.type for event in trail} == {"sign_in.refused"}
    reasons = sorted(event.data.split('"reason":"')[1].split('"')[0] for event in trail)
    assert reasons == ["unknown_user", "unknown_user", "user_disabled", "wrong_password", "wrong_password"]
    assert all(PASSWORD not in event.data for event in trail)


async def test_a_hash_of_old_parameters_is_replaced_at_sign_in(store: Store, hasher: PasswordHasher) -> None:
    tenant = await a_tenant(store)
    user = await a_user(store, tenant)
    stronger = PasswordHasher(memory_kib=128, passes=1, workers=1)
    await _sign_in(store, stronger, user.user_principal_name)
    async with store.read() as read:
        credential = await passwords.find_credential(read, tenant.id, user.id)
    assert credential is not None
    assert not stronger.is_outdated(credential.password_hash)
    await _sign_in(store, stronger, user.user_principal_name)
    stronger.close()
