"""The rows of second factors: a code, a counter and a number count once, and only when they were confirmed."""

from __future__ import annotations

from tenantry.store.engine.interface import Store
from tenantry.store.sign_in import passkeys, phones, second_factors
from tests.support.builders import a_tenant, a_user
from tests.support.clock import NOON


async def test_an_app_counts_once_it_is_confirmed_and_is_confirmed_once(store: Store) -> None:
    user = await a_user(store, await a_tenant(store))
    where = (user.tenant_id, user.id)
    async with store.write() as tx:
        await second_factors.put_totp(tx, *where, secret=b"secret", now=NOON)
        assert not await second_factors.claim_totp_step(tx, *where, secret=b"secret", step=5)
        assert not await second_factors.confirm_totp(tx, *where, secret=b"other", step=1, now=NOON)
        assert await second_factors.confirm_totp(tx, *where, secret=b"secret", step=1, now=NOON)
        assert not await second_factors.confirm_totp(tx, *where, secret=b"secret", step=2, now=NOON)
        steps = [await second_factors.claim_totp_step(tx, *where, secret=b"secret", step=step) for step in (1, 2, 2, 1)]
        assert steps == [False, True, False, False]
        assert not await second_factors.claim_totp_step(tx, *where, secret=b"other", step=9)


async def test_a_number_is_verified_once_and_by_its_own_user(store: Store) -> None:
    tenant = await a_tenant(store)
    user, other = await a_user(store, tenant), await a_user(store, tenant)
    number = "+12065550001"
    async with store.write() as tx:
        await phones.insert(tx, tenant.id, number, user.id, verified_at=None, now=NOON)
        assert await phones.find_verified_user(tx, tenant.id, number) is None
        answers = [await phones.mark_verified(tx, tenant.id, number, who.id, NOON) for who in (other, user, user)]
        assert answers == [False, True, False]
        assert await phones.find_verified_user(tx, tenant.id, number) == user.id


async def test_a_number_that_is_not_verified_is_no_second_factor(store: Store) -> None:
    user = await a_user(store, await a_tenant(store), phone=True)
    where, number = (user.tenant_id, user.id), str(user.phone_number)
    async with store.write() as tx:
        assert await second_factors.put_phone_factor(tx, *where, number, NOON)
        found = await second_factors.find_factors(tx, *where)
        assert found is not None
        assert found.phone_number == number
        await tx.run("UPDATE phones SET verified_at = NULL WHERE tenant_id = :tenant", tenant=user.tenant_id)
        found = await second_factors.find_factors(tx, *where)
        assert found is not None
        assert found.phone_number is None


async def test_a_passkeys_counter_only_grows_unless_it_never_counts(store: Store) -> None:
    tenant = await a_tenant(store)
    user, other = await a_user(store, tenant), await a_user(store, tenant)

    async with store.write() as tx:
        for number, who in enumerate((user, other)):
            await passkeys.insert(
                tx,
                tenant.id,
                who.id,
                credential_id=f"key {number}",
                name="Key ring",
                public_key=b"key",
                sign_count=0,
                is_synced=False,
                transports="usb",
                now=NOON,
            )

        async def counts(sign_count: int, credential_id: str = "key 0") -> bool:
            return await passkeys.note_use(tx, tenant.id, user.id, credential_id, sign_count=sign_count, now=NOON)

        assert [await counts(number) for number in (0, 0, 5, 5, 4, 0, 6)] == [
            True,
            True,
            True,
            False,
            False,
            False,
            True,
        ]
        assert not await counts(7, "key 1")
