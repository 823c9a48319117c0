"""A phone number given up or taken, and second factors taken from somebody who lost them: what ends, and who may."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tenantry.access.actions import RoleId
from tenantry.core.caller import Caller
from tenantry.core.clock import DAY, MINUTE
from tenantry.core.errors import FailedPrecondition, Forbidden, NotFound
from tenantry.core.ids import TenantId, UserId
from tenantry.directory.own_phones import remove_own_phone
from tenantry.directory.passkeys import remove_passkey
from tenantry.directory.phones import add_verified_phone
from tenantry.directory.pins import PinPurpose, PinRules, PinUse, claim_pin, request_pin
from tenantry.directory.second_factors import find_factors, use_phone
from tenantry.directory.sessions import SessionTerms, list_sessions, start_session
from tenantry.directory.sign_in_methods import remove_phone_of, reset_second_factors
from tenantry.directory.user_properties import UserChanges
from tenantry.directory.users import get_user, update_user
from tenantry.store.engine.interface import Store
from tenantry.store.sign_in import passkeys, phones, second_factors
from tenantry.store.users import users
from tests.support.builders import HASHER, OPERATOR, SomeTenant, SomeUser, a_tenant, a_user, as_user
from tests.support.clock import NOON
from tests.support.trail import types_of

NUMBER, OTHER = "+12065557771", "+12065557772"
RULES = PinRules(lifetime=5 * MINUTE, tries=3, sends_per_hour=1)


async def a_user_with_everything(store: Store, tenant: SomeTenant) -> SomeUser:
    """Two numbers, one of them a second factor, an app, a passkey, recovery codes, a session."""
    user = await a_user(store, tenant)
    async with store.write() as tx:
        for number in (NUMBER, OTHER):
            await add_verified_phone(tx, OPERATOR, tenant.id, user.id, number, NOON)
        await use_phone(tx, HASHER, OPERATOR, tenant.id, user.id, NUMBER, NOON)
        await second_factors.put_totp(tx, tenant.id, user.id, secret=b"secret", now=NOON)
        await second_factors.confirm_totp(tx, tenant.id, user.id, secret=b"secret", step=1, now=NOON)
        await passkeys.insert(
            tx,
            tenant.id,
            user.id,
            credential_id=f"key of {user.id}",
            name="Key ring",
            public_key=b"key",
            sign_count=0,
            is_synced=False,
            transports="usb",
            now=NOON,
        )
        await start_session(
            tx,
            HASHER,
            as_user(user),
            terms=SessionTerms(tenant_id=tenant.id, user_id=user.id, amr=("pwd", "mfa"), browser="test", lifetime=DAY),
            now=NOON,
        )
    return user


async def numbers_of(store: Store, user: SomeUser) -> list[str]:
    async with store.read() as read:
        return [phone.number for phone in await phones.list_of_user(read, user.tenant_id, user.id)]


async def drop(store: Store, user: SomeUser, number: str, caller: Caller | None = None) -> None:
    async with store.write() as tx:
        proven = replace(as_user(user), amr=frozenset({"pwd", "otp"}))
        await remove_own_phone(tx, caller or proven, "", number, NOON)


async def test_a_number_goes_with_its_pins_and_what_it_proved_and_nothing_else_does(store: Store) -> None:
    tenant = await a_tenant(store)
    user = await a_user_with_everything(store, tenant)
    async with store.write() as tx:
        await update_user(tx, OPERATOR, tenant.id, user.id, UserChanges(phone_number="+1 (206) 555-7771"), NOON)
        pin = await request_pin(
            tx,
            OPERATOR,
            HASHER,
            tenant.id,
            use=PinUse(number=NUMBER, purpose=PinPurpose.SECOND_FACTOR, subject=user.id),
            rules=RULES,
            now=NOON,
        )
    await drop(store, user, NUMBER)
    assert await numbers_of(store, user) == [OTHER]
    async with store.read() as read:
        factors = await find_factors(read, tenant.id, user.id)
        assert (factors.phone_number, factors.passkeys, factors.totp_since) == (None, 1, NOON)
        assert factors.recovery_codes > 0
        assert (await get_user(read, OPERATOR, tenant.id, user.id, NOON)).phone_number is None
        assert await phones.find_verified_user(read, tenant.id, NUMBER) is None
        assert await list_sessions(read, tenant.id, user.id, NOON)
    async with store.write() as tx:
        assert not await claim_pin(
            tx,
            OPERATOR,
            HASHER,
            tenant.id,
            use=PinUse(number=NUMBER, purpose=PinPurpose.SECOND_FACTOR, subject=user.id),
            pin=pin,
            now=NOON,
        )
    assert {"phone.removed", "second_factor.removed", "user.updated"} <= set(await types_of(store, tenant.id))


async def test_a_contact_phone_that_is_another_number_or_none_stays(store: Store) -> None:
    tenant = await a_tenant(store)
    user = await a_user_with_everything(store, tenant)
    for contact in (OTHER, "ask the night desk"):
        async with store.write() as tx:
            await users.update(tx, tenant.id, user.id, phone_number=contact, now=NOON)  # as kept by an earlier version
            await add_verified_phone(tx, OPERATOR, tenant.id, user.id, NUMBER, NOON)
        await drop(store, user, NUMBER)
        async with store.read() as read:
            assert (await get_user(read, OPERATOR, tenant.id, user.id, NOON)).phone_number == contact


async def test_with_the_only_second_factor_the_recovery_codes_go(store: Store) -> None:
    tenant = await a_tenant(store)
    user = await a_user(store, tenant, phone=NUMBER)
    async with store.write() as tx:
        await use_phone(tx, HASHER, OPERATOR, tenant.id, user.id, NUMBER, NOON)
    await drop(store, user, NUMBER)
    async with store.read() as read:
        assert (await find_factors(read, tenant.id, user.id)).recovery_codes == 0


async def test_a_removed_number_can_be_another_users_at_once(store: Store) -> None:
    tenant = await a_tenant(store)
    user, other = await a_user(store, tenant, phone=NUMBER), await a_user(store, tenant)
    await drop(store, user, NUMBER)
    async with store.write() as tx:
        await add_verified_phone(tx, OPERATOR, tenant.id, other.id, NUMBER, NOON)
    assert await numbers_of(store, other) == [NUMBER]
    with pytest.raises(NotFound):
        await drop(store, user, NUMBER)
    assert await numbers_of(store, other) == [NUMBER]


async def take_phone(store: Store, caller: SomeUser, user: SomeUser) -> None:
    async with store.write() as tx:
        await remove_phone_of(tx, as_user(caller), user.tenant_id, user.id, NUMBER, NOON)


async def test_a_passkey_is_removed_once_and_the_recovery_codes_go_with_the_last_second_factor(store: Store) -> None:
    tenant = await a_tenant(store)
    user = await a_user_with_everything(store, tenant)

    async def remove(credential_id: str) -> None:
        async with store.write() as tx:
            await remove_passkey(tx, as_user(user), tenant.id, user.id, credential_id, NOON)

    async def codes() -> int:
        async with store.read() as read:
            return (await find_factors(read, tenant.id, user.id)).recovery_codes

    await remove(f"key of {user.id}")
    assert (await types_of(store, tenant.id))[-1] == "second_factor.removed"
    assert await codes() > 0
    async with store.write() as tx:
        await passkeys.insert(
            tx,
            tenant.id,
            user.id,
            credential_id="the last",
            name="Key ring",
            public_key=b"key",
            sign_count=0,
            is_synced=False,
            transports="usb",
            now=NOON,
        )
        await tx.run("DELETE FROM totp_credentials WHERE tenant_id = :t", t=tenant.id)
        await tx.run("DELETE FROM phone_factors WHERE tenant_id = :t", t=tenant.id)
    await remove("the last")
    assert await codes() == 0
    before = await types_of(store, tenant.id)
    with pytest.raises(NotFound):
        await remove("the last")
    assert await types_of(store, tenant.id) == before


async def reset(store: Store, caller: SomeUser, tenant_id: TenantId, user_id: UserId) -> None:
    async with store.write() as tx:
        await reset_second_factors(tx, as_user(caller), tenant_id, user_id, NOON)


async def test_a_reset_takes_every_second_factor_and_ends_the_sessions(store: Store) -> None:
    tenant = await a_tenant(store)
    admin = await a_user(store, tenant, roles=[RoleId.USER_ADMINISTRATOR])
    user = await a_user_with_everything(store, tenant)
    await reset(store, admin, tenant.id, user.id)
    async with store.read() as read:
        assert await find_factors(read, tenant.id, user.id) == second_factors.Factors(None, None, 0, 0)
        assert await list_sessions(read, tenant.id, user.id, NOON) == []
    assert await numbers_of(store, user) == [NUMBER, OTHER]
    assert (await types_of(store, tenant.id))[-3:] == [
        "session.all_ended",
        "enrolment.required",
        "second_factor.all_reset",
    ]
    with pytest.raises(FailedPrecondition):
        await reset(store, admin, tenant.id, user.id)


@pytest.mark.parametrize(
    ("holds", "over", "may"),
    [
        (RoleId.USER_ADMINISTRATOR, None, True),
        (RoleId.USER_ADMINISTRATOR, RoleId.HELPDESK_ADMINISTRATOR, True),
        (RoleId.USER_ADMINISTRATOR, RoleId.GLOBAL_ADMINISTRATOR, False),
        (RoleId.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR, RoleId.GLOBAL_ADMINISTRATOR, True),
        (RoleId.GLOBAL_ADMINISTRATOR, RoleId.GLOBAL_ADMINISTRATOR, True),
        (RoleId.DIRECTORY_WRITERS, None, False),
        (RoleId.GLOBAL_READER, None, False),
    ],
)
async def test_who_could_not_set_the_password_cannot_take_what_protects_it(
    store: Store, holds: RoleId, over: RoleId | None, may: bool
) -> None:
    tenant = await a_tenant(store)
    caller = await a_user(store, tenant, roles=[holds])
    user = await a_user(store, tenant, phone=NUMBER, roles=[over] if over else [])
    async with store.write() as tx:
        await use_phone(tx, HASHER, OPERATOR, tenant.id, user.id, NUMBER, NOON)
    if may:
        await reset(store, caller, tenant.id, user.id)
        await take_phone(store, caller, user)
        assert await numbers_of(store, user) == []
        return
    with pytest.raises(Forbidden):
        await reset(store, caller, tenant.id, user.id)
    with pytest.raises(Forbidden):
        await take_phone(store, caller, user)
    assert await numbers_of(store, user) == [NUMBER]


async def test_nobody_does_it_to_oneself_or_to_a_stranger(store: Store) -> None:
    tenant = await a_tenant(store)
    admin = await a_user(store, tenant, phone=NUMBER, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    async with store.write() as tx:
        await use_phone(tx, HASHER, OPERATOR, tenant.id, admin.id, NUMBER, NOON)
    with pytest.raises(FailedPrecondition):
        await reset(store, admin, tenant.id, admin.id)
    with pytest.raises(FailedPrecondition):
        await take_phone(store, admin, admin)
    stranger = await a_user(store, await a_tenant(store), phone=NUMBER)
    with pytest.raises(NotFound):
        await reset(store, admin, tenant.id, stranger.id)
    gone = await a_user(store, tenant)
    async with store.write() as tx:
        await users.soft_delete(tx, tenant.id, gone.id, NOON)
    with pytest.raises(NotFound):
        await reset(store, admin, tenant.id, gone.id)
