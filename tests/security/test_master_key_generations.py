"""A leaked pepper is left behind with its master key: secrets handed out go on, new ones need the new pepper, and the
old one is retired once nothing needs it."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from tenantry import retiring
from tenantry.audit import record as recording
from tenantry.audit.events import SYSTEM_TENANT
from tenantry.connectors.secrets import add_secret
from tenantry.core.caller import Audience
from tenantry.core.clock import DAY, MINUTE, SECOND, Micros
from tenantry.core.errors import InvalidGrant
from tenantry.core.files import write_private
from tenantry.devices.device_tokens import generate_device_token
from tenantry.devices.redeem import redeem_device_token
from tenantry.directory.enrolment import claim_enrolment_code, make_enrolment_code
from tenantry.directory.invitations import look_at_invitation
from tenantry.directory.second_factors import claim_factor_pin, claim_recovery_code, make_recovery_codes
from tenantry.directory.sessions import SessionTerms, find_session, start_session
from tenantry.directory.sign_in_steps import find_sign_in
from tenantry.rekeying import rotate_master_key
from tenantry.retiring import list_generations, retire
from tenantry.store import Store
from tenantry.store.devices.device_tokens import find as find_device_token
from tenantry.store.devices.devices import DeviceFacts
from tenantry.store.master_key.hashed import Hashed
from tenantry.store.schema import metadata
from tenantry.tokens.clients import Client
from tenantry.tokens.grant_types.refresh_token import exchange_refresh_token
from tenantry.tokens.issuing import TokenAsk
from tenantry.tokens.keys.master_key import MasterKey, load_master_key
from tenantry.tokens.keys.signing_keys import KeyRing
from tenantry.tokens.secrets import SecretHasher
from tests.support.app import MASTER_KEY
from tests.support.builders import HASHER, KEY, OPERATOR, a_device_token, a_session, a_tenant, a_user, as_user
from tests.support.clock import NOON, FakeClock
from tests.support.counting import CountingStore
from tests.support.issuing import issuing_on
from tests.support.town import Quarter, Town
from tests.support.trail import types_of

SOON = NOON + 30 * SECOND
"""When the key is changed: what was made at NOON is of the key before."""


async def nobody_else() -> None:
    """Nobody else is at the database."""


def a_key_file(directory: Path) -> Path:
    """With the key of the builders."""
    file = directory / "master.key"
    write_private(file, f"{MASTER_KEY}\n")
    return file


async def changed(store: Store, file: Path, now: Micros = SOON) -> MasterKey:
    await rotate_master_key(store, OPERATOR, file, now, nobody_else)
    return load_master_key(None, file)


def test_every_kind_of_hash_is_known() -> None:
    """A new one has to be thought of here: what is live of it keeps a pepper from being retired."""
    hashes = {
        (table.name, column.name)
        for table in metadata.sorted_tables
        for column in table.columns
        if column.name.endswith("_hash")
    }
    assert {table for table, _ in hashes - {("password_credentials", "password_hash")}} == {
        rows.table for rows in Hashed
    }


async def _works(store: Store, key: MasterKey, quarter: Quarter, now: Micros) -> dict[str, bool]:
    """What was handed out to the quarter, by name: whether it is known."""
    hasher, home = SecretHasher(key.peppers()), quarter.tenant.id
    ring = await KeyRing.load(store, key, FakeClock(now))
    connector, grant = quarter.apps.connectors[0], quarter.apps.grants[0]
    async with store.read() as read:
        found = {
            "session": await find_session(read, hasher, quarter.people.sessions[0].secret, now) is not None,
            "sign-in": await find_sign_in(read, hasher, quarter.people.under_way[0].secret, now) is not None,
            "device token": await find_device_token(read, home, hasher.hash(quarter.devices.tokens[0])) is not None,
        }
        invitation = quarter.groups.invitations[0].secret
        try:
            await look_at_invitation(read, as_user(quarter.people.members[1]), hasher, invitation, now)
            found["invitation"] = True
        except Exception:  # noqa: BLE001 - whatever it is called
            found["invitation"] = False
    try:
        await exchange_refresh_token(
            issuing_on(store, ring, hasher=hasher),
            TokenAsk(Audience.KAIZALA, OPERATOR.origin, now),
            Client(connector.id, connector.secret),
            grant.refresh_token,
        )
        found["refresh token"] = True
    except Exception:  # noqa: BLE001
        found["refresh token"] = False
    return found


async def test_what_was_handed_out_before_a_change_goes_on_until_it_is_retired(
    store: Store, town: Town, tmp_path: Path
) -> None:
    file = a_key_file(tmp_path)
    quarter = town.home
    before = await _works(store, KEY, quarter, SOON)
    assert all(before.values()), before
    for _ in range(2):
        key = await changed(store, file)
        assert await _works(store, key, quarter, SOON) == before
    assert await retire(store, OPERATOR, file, SOON, force=False) == [1]
    key = load_master_key(None, file)
    assert await _works(store, key, quarter, SOON) == before
    assert await retire(store, OPERATOR, file, SOON, force=True) == [0]
    key = load_master_key(None, file)
    assert await _works(store, key, quarter, SOON) == dict.fromkeys(before, False)
    assert list(key.peppers()) == [2]
    assert [generation.number for generation in key.generations] == [0, 1, 2]


async def test_codes_that_people_type_go_on_after_a_change(store: Store, town: Town, tmp_path: Path) -> None:
    file = a_key_file(tmp_path)
    quarter = town.home
    tenant_id, user = quarter.tenant.id, quarter.people.members[0]
    new = await a_user(store, quarter.tenant)
    async with store.write() as tx:
        codes = await make_recovery_codes(tx, HASHER, OPERATOR, tenant_id, user.id, NOON)
        enrolment = await make_enrolment_code(tx, HASHER, OPERATOR, tenant_id, new.id, NOON)
    key = await changed(store, file)
    hasher, caller = SecretHasher(key.peppers()), as_user(user)
    async with store.write() as tx:
        assert await claim_recovery_code(tx, hasher, caller, tenant_id, user.id, codes[0], SOON)
        assert not await claim_recovery_code(tx, hasher, caller, tenant_id, user.id, codes[0], SOON)
        assert await claim_enrolment_code(tx, hasher, as_user(new), tenant_id, new.id, enrolment, SOON)
        assert not await claim_enrolment_code(tx, hasher, as_user(new), tenant_id, new.id, enrolment, SOON)
        assert not await claim_factor_pin(tx, hasher, caller, tenant_id, user.id, "000000", SOON)
        fresh = await make_recovery_codes(tx, hasher, caller, tenant_id, user.id, SOON)
        assert not await claim_recovery_code(tx, HASHER, caller, tenant_id, user.id, fresh[0], SOON)
        assert await claim_recovery_code(tx, hasher, caller, tenant_id, user.id, fresh[0], SOON)
    async with store.read() as read:
        left = await read.one_or_none(
            int,
            "SELECT tries_left FROM phone_pins WHERE tenant_id = :t AND number = :n",
            t=tenant_id,
            n=user.phone_number,
        )
    assert left == 4, "a wrong PIN costs one try, however many peppers there are"


async def test_who_has_the_old_pepper_makes_nothing_that_is_taken_for_new(
    store: Store, town: Town, tmp_path: Path
) -> None:
    """Two secrets of one tenant: the one minted since is known by its new hash only."""
    file = a_key_file(tmp_path)
    quarter = town.home
    key = await changed(store, file)
    hasher, enterprise = SecretHasher(key.peppers()), quarter.devices.enterprises[0]
    issued = await generate_device_token(
        store,
        hasher,
        enterprise.caller,
        enterprise_id=enterprise.id,
        account_id=quarter.devices.accounts[0],
        device_limit=10,
        lifetime=MINUTE,
        now=SOON,
    )
    new = SecretHasher({number: pepper for number, pepper in key.peppers().items() if number == 1})
    async with store.read() as read:
        tenant_id = quarter.tenant.id
        assert await find_device_token(read, tenant_id, HASHER.hash(issued.token)) is None
        assert await find_device_token(read, tenant_id, new.hash(issued.token)) is not None


async def test_a_second_pepper_costs_no_statement(store: Store, town: Town, tmp_path: Path) -> None:
    file = a_key_file(tmp_path)
    quarter = town.home
    counted = CountingStore(store)
    tokens = [
        await a_device_token(store, quarter.devices.enterprises[0], quarter.devices.accounts[0]) for _ in range(2)
    ]
    costs: list[Any] = []
    for number, token in enumerate(tokens):
        hasher = SecretHasher(load_master_key(None, file).peppers())
        with counted.counting() as cost:
            await redeem_device_token(
                counted,
                hasher,
                token=token,
                facts=DeviceFacts(f"{number:04x}", model="Pixel"),
                device_limit=10,
                origin=OPERATOR.origin,
                now=SOON,
            )
        costs.append(cost)
        await changed(store, file)
    assert costs[0] == costs[1]
    assert len(load_master_key(None, file).peppers()) == 3


async def test_what_still_needs_a_pepper_is_said_and_keeps_it(store: Store, town: Town, tmp_path: Path) -> None:
    file = a_key_file(tmp_path)
    quarter = town.home
    key = await changed(store, file)
    first, newest = await list_generations(store, key, SOON)
    assert (first.generation, first.has_pepper, newest.has_pepper, newest.live) == (0, True, True, {})
    assert {"refresh_tokens", "connector_secrets", "device_credentials", "sessions"} <= first.live.keys()
    assert first.live["sessions"].until == NOON + DAY
    assert first.live["device_credentials"].endless == first.live["device_credentials"].rows
    assert first.live["connector_secrets"].until is None
    text = file.read_text()
    assert await retire(store, OPERATOR, file, SOON, force=False) == []
    assert file.read_text() == text
    assert all((await _works(store, key, quarter, SOON)).values())


async def test_what_ends_with_a_pepper_ends_in_the_store_too_and_in_every_trail(
    store: Store, town: Town, tmp_path: Path
) -> None:
    file = a_key_file(tmp_path)
    quarters = [town.home, town.neighbour]
    await changed(store, file)
    assert await retire(store, OPERATOR, file, SOON, force=True) == [0]
    for quarter in quarters:
        tenant_id = quarter.tenant.id
        assert (await types_of(store, tenant_id)).count("secrets.ended") == 1
        async with store.read() as read:
            live = await read.all(str, "SELECT id FROM grants WHERE tenant_id = :t AND revoked_at IS NULL", t=tenant_id)
            duties = await read.all(str, "SELECT user_id FROM recovery_codes WHERE tenant_id = :t", t=tenant_id)
        assert (live, duties) == ([], [])
    assert (await types_of(store, SYSTEM_TENANT)).count("pepper.retired") == 1


async def test_what_was_made_since_the_change_outlives_the_retirement(store: Store, tmp_path: Path) -> None:
    file = a_key_file(tmp_path)
    tenant = await a_tenant(store)
    user = await a_user(store, tenant, phone=True)
    key = await changed(store, file)
    hasher, now = SecretHasher(key.peppers()), SOON + 2 * MINUTE
    async with store.write() as tx:
        session = await start_session(
            tx,
            hasher,
            as_user(user),
            terms=SessionTerms(tenant_id=tenant.id, user_id=user.id, amr=["pwd"], browser="", lifetime=DAY),
            now=now,
        )
    assert await retire(store, OPERATOR, file, now, force=True) == [0]
    async with store.read() as read:
        assert await find_session(read, SecretHasher(load_master_key(None, file).peppers()), session.secret, now)


async def test_a_pepper_goes_by_itself_when_all_has_ended(store: Store, tmp_path: Path) -> None:
    file = a_key_file(tmp_path)
    tenant = await a_tenant(store)
    user = await a_user(store, tenant)
    async with store.write() as tx:
        await a_session(tx, user)
    await changed(store, file)
    assert await retire(store, OPERATOR, file, NOON + DAY - 1, force=False) == []
    assert await retire(store, OPERATOR, file, NOON + DAY, force=False) == [0]
    assert await retire(store, OPERATOR, file, NOON + DAY, force=True) == []


class Killed(BaseException):
    """As by kill -9: nothing runs afterwards."""


async def test_a_retirement_that_is_broken_off_is_taken_up(
    store: Store, town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = a_key_file(tmp_path)
    quarter = town.home
    await changed(store, file)
    real, calls = recording.record, 0

    async def record(*arguments: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise Killed
        await real(*arguments)

    monkeypatch.setattr(retiring, "record", record)
    with pytest.raises(Killed):
        await retire(store, OPERATOR, file, SOON, force=True)
    assert len(load_master_key(None, file).peppers()) == 2
    monkeypatch.setattr(retiring, "record", real)
    assert await retire(store, OPERATOR, file, SOON, force=True) == [0]
    assert (await types_of(store, quarter.tenant.id)).count("secrets.ended") == 1


async def test_a_file_of_before_there_were_generations_goes_on_and_can_be_changed(store: Store, tmp_path: Path) -> None:
    """In it the key has followed another, and its pepper and seal key are what they were."""
    file = tmp_path / "master.key"
    lines = {"pepper": KEY.peppers()[0], "audit_seals": KEY.seal_keys()[0].key}
    more = "".join(f"{name} {base64.b64encode(value).decode()}\n" for name, value in lines.items())
    write_private(file, f"{MasterKey.generate()}\n{more}")
    key = load_master_key(None, file)
    assert (key.peppers(), key.seal_keys()) == (KEY.peppers(), KEY.seal_keys())
    assert load_master_key(key.alone(), file).peppers() == KEY.peppers()
    user = await a_user(store, await a_tenant(store))
    async with store.write() as tx:
        session = await a_session(tx, user)
    key = await changed(store, file)
    assert key.peppers()[0] == KEY.peppers()[0]
    async with store.read() as read:
        assert await find_session(read, SecretHasher(key.peppers()), session.secret, SOON)


async def test_a_refresh_token_whose_pepper_is_retired_is_refused_as_any_unknown_one(
    store: Store, town: Town, tmp_path: Path
) -> None:
    file = a_key_file(tmp_path)
    quarter = town.home
    await changed(store, file)
    await retire(store, OPERATOR, file, SOON, force=True)
    key = load_master_key(None, file)
    ring, hasher = await KeyRing.load(store, key, FakeClock(SOON)), SecretHasher(key.peppers())
    connector = quarter.apps.connectors[0]
    async with store.write() as tx:
        secret = await add_secret(tx, OPERATOR, hasher, quarter.tenant.id, connector.id, now=SOON)
    with pytest.raises(InvalidGrant):
        await exchange_refresh_token(
            issuing_on(store, ring, hasher=hasher),
            TokenAsk(Audience.KAIZALA, OPERATOR.origin, SOON),
            Client(connector.id, secret.client_secret),
            quarter.apps.grants[0].refresh_token,
        )
