"""Device tokens: single use, quota, and what ends them, on both engines."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tenantry.audit.marks import PER_MINUTE
from tenantry.core.clock import MINUTE, SECOND
from tenantry.core.errors import (
    DeviceLimitExceeded,
    DeviceTokenExpired,
    DeviceTokenNotFound,
    DeviceTokenUsed,
    DomainError,
    FailedPrecondition,
    InvalidValue,
    NotFound,
    StoreBusy,
)
from tenantry.core.ids import EnterpriseId, ManagedAccountId
from tenantry.devices.managed_accounts import AccountType
from tenantry.devices.redeem import Provisioned, parse_android_id
from tenantry.devices.revocation import delete_account, revoke_device_access
from tenantry.store.engine.interface import Store
from tenantry.tokens.secrets import SecretKind
from tests.support.builders import (
    DEVICE_LIMIT,
    HASHER,
    TOKEN_LIFETIME,
    SomeEnterprise,
    a_device_token,
    a_google_managed_account,
    a_managed_account,
    an_android_id,
    an_enterprise,
    device_count,
    live_credentials,
    live_devices,
    redeem,
)
from tests.support.clock import NOON
from tests.support.trail import types_of


async def fill(store: Store, enterprise: SomeEnterprise, account_id: ManagedAccountId, devices: int) -> None:
    for number in range(devices):
        await redeem(store, await a_device_token(store, enterprise, account_id), an_android_id(number))


async def attempt(store: Store, token: str, android_id: str, now: int = NOON) -> Provisioned | DomainError:
    """As a client that comes again when the store is busy."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await redeem(store, token, android_id, now=now)
            except StoreBusy:
                await asyncio.sleep(0.01)
            except DomainError as error:
                return error


async def test_a_token_provisions_one_device_and_is_then_used(store: Store) -> None:
    enterprise = await an_enterprise(store)
    account_id = await a_managed_account(store, enterprise)
    token = await a_device_token(store, enterprise, account_id)

    provisioned = await redeem(store, token, "00aa")

    assert (provisioned.account_id, provisioned.enterprise_id, provisioned.android_id) == (
        account_id,
        enterprise.id,
        "00aa",
    )
    assert await live_devices(store, enterprise, account_id) == ["00aa"]
    assert await live_credentials(store, enterprise, account_id) == ["00aa"]
    with pytest.raises(DeviceTokenUsed):
        await redeem(store, token, "00bb")
    assert await live_devices(store, enterprise, account_id) == ["00aa"]
    seen = await types_of(store, enterprise.tenant_id)
    assert [seen.count(f"device{word}") for word in ("_token.issued", ".provisioned", "_token.refused")] == [1, 1, 1]


async def test_neither_the_token_nor_the_credential_is_stored_or_shown_in_a_repr(store: Store) -> None:
    enterprise = await an_enterprise(store)
    token = await a_device_token(store, enterprise, await a_managed_account(store, enterprise))
    provisioned = await redeem(store, token, "00aa")
    assert provisioned.credential not in repr(provisioned)
    async with store.read() as read:
        rows = await read.all(lambda *columns: columns, "SELECT * FROM device_tokens")
        rows += await read.all(lambda *columns: columns, "SELECT * FROM device_credentials")
        rows += await read.all(lambda *columns: columns, "SELECT * FROM audit_events")
    shown = repr(rows)
    assert token not in shown
    assert provisioned.credential not in shown


async def test_a_used_token_sent_again_and_again_does_not_fill_the_trail(store: Store) -> None:
    enterprise = await an_enterprise(store)
    token = await a_device_token(store, enterprise, await a_managed_account(store, enterprise))
    await redeem(store, token, "00aa")
    for _ in range(PER_MINUTE + 5):
        with pytest.raises(DeviceTokenUsed):
            await redeem(store, token, "00bb")
    assert (await types_of(store, enterprise.tenant_id)).count("device_token.refused") == PER_MINUTE


@pytest.mark.parametrize("same_device", [True, False])
async def test_of_64_parallel_redeems_of_one_token_one_succeeds(store: Store, same_device: bool) -> None:
    enterprise = await an_enterprise(store)
    account_id = await a_managed_account(store, enterprise)
    token = await a_device_token(store, enterprise, account_id)

    answers = await asyncio.gather(
        *(attempt(store, token, an_android_id(0 if same_device else number)) for number in range(64))
    )

    assert [type(answer) for answer in answers].count(Provisioned) == 1
    assert [type(answer) for answer in answers].count(DeviceTokenUsed) == 63
    assert len(await live_devices(store, enterprise, account_id)) == 1
    assert len(await live_credentials(store, enterprise, account_id)) == 1
    assert await device_count(store, enterprise, account_id) == 1


async def test_of_64_parallel_redeems_of_64_tokens_of_a_user_with_9_devices_one_succeeds(store: Store) -> None:
    enterprise = await an_enterprise(store)
    account_id = await a_managed_account(store, enterprise)
    await fill(store, enterprise, account_id, DEVICE_LIMIT - 1)
    tokens = [await a_device_token(store, enterprise, account_id) for _ in range(64)]

    answers = await asyncio.gather(
        *(attempt(store, token, an_android_id(("new", number))) for number, token in enumerate(tokens))
    )

    assert [type(answer) for answer in answers].count(Provisioned) == 1
    assert [type(answer) for answer in answers].count(DeviceLimitExceeded) == 63
    assert len(await live_devices(store, enterprise, account_id)) == DEVICE_LIMIT
    assert await device_count(store, enterprise, account_id) == DEVICE_LIMIT


async def test_parallel_redeems_by_one_device_take_one_slot(store: Store) -> None:
    enterprise = await an_enterprise(store)
    account_id = await a_managed_account(store, enterprise)
    tokens = [await a_device_token(store, enterprise, account_id) for _ in range(8)]

    answers = await asyncio.gather(*(attempt(store, token, "00aa") for token in tokens))

    assert all(isinstance(answer, Provisioned) for answer in answers)
    assert await device_count(store, enterprise, account_id) == 1
    assert await live_credentials(store, enterprise, account_id) == ["00aa"]


async def test_a_full_account_gets_no_token_and_a_refused_redeem_leaves_its_token_good(store: Store) -> None:
    enterprise = await an_enterprise(store)
    account_id = await a_managed_account(store, enterprise)
    early = await a_device_token(store, enterprise, account_id)
    await fill(store, enterprise, account_id, DEVICE_LIMIT)

    with pytest.raises(DeviceLimitExceeded):
        await a_device_token(store, enterprise, account_id)
    with pytest.raises(DeviceLimitExceeded):
        await redeem(store, early, "00ff")
    assert "device_token.refused" in await types_of(store, enterprise.tenant_id)
    # A device that is provisioned again takes no slot, so the token that was refused works for it.
    await redeem(store, early, an_android_id(3))
    assert await device_count(store, enterprise, account_id) == DEVICE_LIMIT
    assert len(await live_credentials(store, enterprise, account_id)) == DEVICE_LIMIT


async def test_a_device_account_moves_to_the_device_that_redeems(store: Store) -> None:
    enterprise = await an_enterprise(store)
    account_id = await a_managed_account(store, enterprise, account_type=AccountType.DEVICE_ACCOUNT)
    await redeem(store, await a_device_token(store, enterprise, account_id), "00aa")
    await redeem(store, await a_device_token(store, enterprise, account_id), "00bb")
    assert await live_devices(store, enterprise, account_id) == ["00bb"]
    assert await live_credentials(store, enterprise, account_id) == ["00bb"]
    assert await device_count(store, enterprise, account_id) == 1
    assert "device.access_revoked" in await types_of(store, enterprise.tenant_id)


async def test_parallel_redeems_of_a_device_account_leave_one_device(store: Store) -> None:
    enterprise = await an_enterprise(store)
    account_id = await a_managed_account(store, enterprise, account_type=AccountType.DEVICE_ACCOUNT)
    tokens = [await a_device_token(store, enterprise, account_id) for _ in range(16)]
    await asyncio.gather(*(attempt(store, token, an_android_id(number)) for number, token in enumerate(tokens)))
    live = await live_devices(store, enterprise, account_id)
    assert len(live) == 1
    assert await live_credentials(store, enterprise, account_id) == live
    assert await device_count(store, enterprise, account_id) == 1


async def test_the_device_whose_answer_was_lost_is_provisioned_by_the_same_token(store: Store) -> None:
    enterprise = await an_enterprise(store)
    account_id = await a_managed_account(store, enterprise)
    token = await a_device_token(store, enterprise, account_id)
    first = await redeem(store, token, "00aa")

    again = await redeem(store, token, "00aa", now=NOON + 10 * SECOND)

    assert (again.account_id, again.android_id) == (first.account_id, first.android_id)
    assert again.credential != first.credential
    assert await live_credentials(store, enterprise, account_id) == ["00aa"]
    assert await device_count(store, enterprise, account_id) == 1
    for android_id, later in (("00bb", 10), ("00aa", 1), ("00aa", 61), ("00aa", -10)):
        with pytest.raises(DeviceTokenUsed):
            await redeem(store, token, android_id, now=NOON + later * SECOND)


async def test_a_neighbour_does_not_repeat_the_token_of_a_device(store: Store) -> None:
    enterprise = await an_enterprise(store)
    account_id = await a_managed_account(store, enterprise)
    token = await a_device_token(store, enterprise, account_id)
    await redeem(store, token, "00aa")
    await redeem(store, await a_device_token(store, enterprise, account_id), "00bb")
    with pytest.raises(DeviceTokenUsed):
        await redeem(store, token, "00bb", now=NOON + 10 * SECOND)


async def test_a_lost_answer_does_not_bring_a_revoked_device_back(store: Store) -> None:
    enterprise = await an_enterprise(store)
    account_id = await a_managed_account(store, enterprise)
    token = await a_device_token(store, enterprise, account_id)
    await redeem(store, token, "00aa")
    async with store.write() as tx:
        await revoke_device_access(tx, enterprise.caller, enterprise.id, account_id, NOON)
    with pytest.raises(DeviceTokenUsed):
        await redeem(store, token, "00aa", now=NOON + 10 * SECOND)
    assert await live_devices(store, enterprise, account_id) == []
    assert await live_credentials(store, enterprise, account_id) == []


async def test_a_token_expires_when_its_lifetime_is_over_and_not_before(store: Store) -> None:
    enterprise = await an_enterprise(store)
    account_id = await a_managed_account(store, enterprise)
    first, second = [await a_device_token(store, enterprise, account_id) for _ in range(2)]
    await redeem(store, first, "00aa", now=NOON + TOKEN_LIFETIME - 1)
    with pytest.raises(DeviceTokenExpired):
        await redeem(store, second, "00bb", now=NOON + TOKEN_LIFETIME)


async def test_garbage_unknown_truncated_altered_and_wrong_kind_are_not_known_and_leave_no_mark(store: Store) -> None:
    enterprise = await an_enterprise(store)
    token = await a_device_token(store, enterprise, await a_managed_account(store, enterprise))
    before = await types_of(store, enterprise.tenant_id)
    for raw in (
        "",
        "garbage",
        "\x00",
        "ä" * 102,
        token[:-1],
        token + "0",
        token[:40] + ("A" if token[40] != "A" else "B") + token[41:],
        HASHER.mint(SecretKind.REFRESH_TOKEN, enterprise.tenant_id),
        HASHER.mint(SecretKind.DEVICE_TOKEN, enterprise.tenant_id),
    ):
        with pytest.raises(DeviceTokenNotFound):
            await redeem(store, raw, "00aa")
    assert sorted(await types_of(store, enterprise.tenant_id)) == sorted(before)


async def test_revoking_access_ends_devices_credentials_and_unused_tokens_and_can_be_repeated(store: Store) -> None:
    enterprise = await an_enterprise(store)
    account_id = await a_managed_account(store, enterprise)
    await fill(store, enterprise, account_id, 3)
    unused = await a_device_token(store, enterprise, account_id)
    for _ in range(2):
        async with store.write() as tx:
            await revoke_device_access(tx, enterprise.caller, enterprise.id, account_id, NOON)
    assert await live_devices(store, enterprise, account_id) == []
    assert await live_credentials(store, enterprise, account_id) == []
    assert await device_count(store, enterprise, account_id) == 0
    with pytest.raises(DeviceTokenNotFound):
        await redeem(store, unused, "00aa")
    await fill(store, enterprise, account_id, DEVICE_LIMIT)
    assert len(await live_devices(store, enterprise, account_id)) == DEVICE_LIMIT


async def test_a_redeem_that_races_a_revocation_leaves_nothing_alive_behind_it(store: Store) -> None:
    enterprise = await an_enterprise(store)
    account_id = await a_managed_account(store, enterprise)
    tokens = [await a_device_token(store, enterprise, account_id) for _ in range(DEVICE_LIMIT)]

    async def revoke() -> None:
        async with store.write() as tx:
            await revoke_device_access(tx, enterprise.caller, enterprise.id, account_id, NOON)

    redeems = [attempt(store, token, an_android_id(number)) for number, token in enumerate(tokens)]
    await asyncio.gather(*redeems[:5], revoke(), *redeems[5:])
    assert await live_devices(store, enterprise, account_id) == []
    assert await live_credentials(store, enterprise, account_id) == []
    assert await device_count(store, enterprise, account_id) == 0


async def test_a_deleted_account_takes_its_devices_along_and_its_identifier_gives_a_new_id(store: Store) -> None:
    enterprise = await an_enterprise(store)
    account_id = await a_managed_account(store, enterprise, "asset#44418")
    await fill(store, enterprise, account_id, 2)
    unused = await a_device_token(store, enterprise, account_id)
    async with store.write() as tx:
        await delete_account(tx, enterprise.caller, enterprise.id, account_id, NOON)
    assert await live_credentials(store, enterprise, account_id) == []
    with pytest.raises(DeviceTokenNotFound):
        await redeem(store, unused, "00aa")
    with pytest.raises(NotFound):
        await a_device_token(store, enterprise, account_id)
    with pytest.raises(NotFound):
        async with store.write() as tx:
            await delete_account(tx, enterprise.caller, enterprise.id, account_id, NOON)
    assert await a_managed_account(store, enterprise, "asset#44418") != account_id


async def test_google_managed_accounts_are_refused_by_everything_that_changes(store: Store) -> None:
    enterprise = await an_enterprise(store)
    account_id = await a_google_managed_account(store, enterprise)
    with pytest.raises(FailedPrecondition):
        await a_device_token(store, enterprise, account_id)
    for end in (revoke_device_access, delete_account):
        with pytest.raises(FailedPrecondition):
            async with store.write() as tx:
                await end(tx, enterprise.caller, enterprise.id, account_id, NOON)


async def test_a_token_dies_with_its_tenant(store: Store) -> None:
    enterprise = await an_enterprise(store)
    token = await a_device_token(store, enterprise, await a_managed_account(store, enterprise))
    async with store.write() as tx:
        await tx.run("UPDATE tenants SET disabled_at = :now WHERE id = :id", now=NOON, id=enterprise.tenant_id)
    with pytest.raises(DeviceTokenNotFound):
        await redeem(store, token, "00aa")
    with pytest.raises(NotFound):
        await a_device_token(store, enterprise, ManagedAccountId("1"), now=NOON + MINUTE)


async def test_another_emm_finds_neither_the_enterprise_nor_the_account(store: Store) -> None:
    mine, other = await an_enterprise(store), await an_enterprise(store)
    account_id = await a_managed_account(store, mine)
    foreign = replace(mine, service_account=other.service_account)
    with pytest.raises(NotFound) as refused:
        await a_device_token(store, foreign, account_id)
    unknown = replace(other, id=EnterpriseId("LC00"))
    with pytest.raises(NotFound) as absent:
        await a_device_token(store, unknown, account_id)
    assert refused.value.public == absent.value.public
    # An account of one's own id space, but of another enterprise.
    with pytest.raises(NotFound):
        await a_device_token(store, other, account_id)


@pytest.mark.parametrize("raw", ["", "-1", "0" * 65, "12 34", "a/b", "\u0661", "12\n"])
def test_an_android_id_is_a_word_in_lower_case(raw: str) -> None:
    with pytest.raises(InvalidValue):
        parse_android_id(raw)
    assert (parse_android_id("00AAff"), parse_android_id("Device-1")) == ("00aaff", "device-1")
