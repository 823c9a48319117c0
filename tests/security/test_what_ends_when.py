"""What was obtained before something happened, against whether it still works: the table of docs/what-ends-when.md.

The table is the test: each cell of it is tried on the real functions, on both engines.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pyotp
import pytest

from tenantry.core.clock import DAY, MINUTE, SECOND
from tenantry.core.errors import DomainError
from tenantry.core.ids import UserId
from tenantry.directory.blocking import block_user, unblock_user
from tenantry.directory.invitations import look_at_invitation
from tenantry.directory.own_password import replace_own_password
from tenantry.directory.passwords import PasswordHasher
from tenantry.directory.phone_sign_in import request_sign_in_pin, sign_in_with_pin
from tenantry.directory.pins import PinRules
from tenantry.directory.second_factors import claim_recovery_code, make_recovery_codes
from tenantry.directory.sessions import NewSession, SessionTerms, end_sessions, find_session
from tenantry.directory.sign_in import sign_in
from tenantry.directory.sign_in_methods import remove_phone_of, reset_second_factors
from tenantry.directory.sign_in_steps import NextStep, begin_sign_in, find_sign_in, finish_sign_in
from tenantry.directory.tenants import disable_tenant, enable_tenant
from tenantry.directory.totp import begin_totp, claim_totp, confirm_totp
from tenantry.directory.users import delete_user, restore_user, set_password
from tenantry.store.engine.interface import Store
from tenantry.store.outbox import subscriptions
from tenantry.store.sign_in import passkeys
from tenantry.store.tenants.tenants import find_live
from tenantry.tokens.grant_types.authorization_code import PresentedCode, redeem_code
from tests.support.builders import (
    HASHER,
    KEY,
    OPERATOR,
    PASSWORD,
    SomeUser,
    as_user,
    redeem,
)
from tests.support.stage import Stage, a_stage
from tests.support.town import Quarter, Town
from tests.unit.tokens.conftest import House, a_house_in

TABLE = Path(__file__).parents[2] / "docs" / "what-ends-when.md"
_ROW = re.compile(r"^\| (?P<thing>[^|]+?) \| (?P<cells>.+) \|$", re.MULTILINE)
_WORKS, _ENDED = "works", "ended"
_CALLBACK = "https://app.test/callback"
_RULES = PinRules(lifetime=5 * MINUTE, tries=5, sends_per_hour=None)


@dataclass
class Held:
    """What ann, or somebody in her name, had before; the guest was invited by her."""

    house: House
    stage: Stage
    guest: SomeUser
    code: str
    under_way: str
    session: str
    access_token: str
    totp_secret: str
    recovery_codes: list[str]
    hasher: PasswordHasher
    pin: str = ""

    @property
    def ann(self) -> SomeUser:
        return self.stage.ann


async def _hold(store: Store, home: Quarter) -> Held:
    """Ann is a member of the town, with whatever members have; what else one can have she gets."""
    house = await a_house_in(store, home)
    async with store.read() as read:
        stage = await a_stage(read, home)
    ann, now, caller = stage.ann, house.clock(), as_user(stage.ann)
    async with store.write() as tx:
        names = {"tenant": home.tenant.id, "ann": ann.id, "by": f"user:{ann.id}", "account": stage.account}
        for sql in (
            "UPDATE managed_accounts SET user_id = :ann WHERE tenant_id = :tenant AND id = :account",
            "UPDATE webhooks SET created_by = :by WHERE tenant_id = :tenant",
            "UPDATE sign_ins SET must_change = 0 WHERE tenant_id = :tenant AND user_id = :ann",
            "DELETE FROM phone_pins WHERE tenant_id = :tenant",
        ):
            await tx.run(sql, **{name: names[name] for name in re.findall(r":(\w+)", sql)})
        totp_secret = await begin_totp(tx, KEY, caller, "a session", now)
        code = pyotp.TOTP(totp_secret).at(now // SECOND)
        await confirm_totp(tx, KEY, HASHER, caller, ann.tenant_id, ann.id, "a session", code, now)
        recovery_codes = await make_recovery_codes(tx, HASHER, caller, ann.tenant_id, ann.id, now)
        await passkeys.insert(
            tx,
            ann.tenant_id,
            ann.id,
            credential_id="a2V5",
            name="Key",
            public_key=b"key",
            sign_count=0,
            is_synced=False,
            transports="usb",
            now=now,
        )
    held = Held(
        house,
        stage,
        home.people.newcomers[0],
        code=home.apps.codes[0],
        under_way=home.people.under_way[0].secret,
        session=home.people.sessions[0].secret,
        access_token=(await house.exchange(stage.grant.refresh_token)).access_token.raw,
        totp_secret=totp_secret,
        recovery_codes=recovery_codes,
        hasher=PasswordHasher(memory_kib=64, passes=1),
    )
    held.pin = await _send_pin(held) or ""
    house.clock.advance(30 * SECOND)
    return held


async def _send_pin(held: Held) -> str | None:
    to_send = await request_sign_in_pin(
        held.house.store,
        HASHER,
        OPERATOR.origin,
        connector_id=held.house.connector.id,
        number=str(held.ann.phone_number),
        rules=_RULES,
        now=held.house.clock(),
    )
    return None if to_send is None else to_send.pin


async def _use_pin(held: Held, pin: str | None) -> object:
    if pin is None:
        return None
    return await sign_in_with_pin(
        held.house.issuing(),
        OPERATOR.origin,
        held.house.client,
        number=str(held.ann.phone_number),
        pin=pin,
        now=held.house.clock(),
    )


# What the things are good for: each is used as whoever holds it would use it.


async def _code(held: Held) -> object:
    return await redeem_code(
        held.house.issuing(), held.house.ask(), held.house.client, PresentedCode(held.code, _CALLBACK, None)
    )


async def _sign_in_under_way(held: Held) -> object:
    async with held.house.store.write() as tx:
        found = await find_sign_in(tx, HASHER, held.under_way, held.house.clock())
        return found and await finish_sign_in(
            tx,
            HASHER,
            held.under_way,
            found,
            OPERATOR.origin,
            amr=["otp", "mfa"],
            browser="",
            lifetime=DAY,
            now=held.house.clock(),
        )


async def _session(held: Held) -> object:
    async with held.house.store.read() as read:
        return await find_session(read, HASHER, held.session, held.house.clock())


async def _sent_pin(held: Held) -> object:
    return await _use_pin(held, held.pin)


async def _phone_number(held: Held) -> object:
    return await _use_pin(held, await _send_pin(held))


async def _enter(held: Held) -> NextStep | NewSession:
    """The password, and on to whatever is asked for next. Raises BadCredentials."""
    now = held.house.clock()
    entered = await sign_in(
        held.house.store,
        held.hasher,
        user_principal_name=held.ann.user_principal_name,
        password=PASSWORD,
        origin=OPERATOR.origin,
        now=now,
    )
    async with held.house.store.write() as tx:
        return await begin_sign_in(
            tx,
            HASHER,
            as_user(held.ann),
            terms=SessionTerms(
                tenant_id=held.ann.tenant_id, user_id=held.ann.id, amr=["pwd"], browser="", lifetime=DAY
            ),
            must_change=entered.must_change,
            password_hash=entered.password_hash,
            now=now,
        )


async def _password(held: Held) -> object:
    return await _enter(held)


async def _whoever(held: Held) -> UserId | None:
    """Ann, if a proof of hers would still count: nobody asks for one of a user who is blocked, deleted or gone."""
    async with held.house.store.read() as read:
        return await read.one_or_none(
            UserId,
            """
            SELECT u.id FROM users u JOIN tenants t ON t.id = u.tenant_id
            WHERE u.tenant_id = :tenant AND u.id = :ann AND u.disabled_at IS NULL AND u.deleted_at IS NULL
              AND t.disabled_at IS NULL AND t.deleted_at IS NULL
            """,
            tenant=held.ann.tenant_id,
            ann=held.ann.id,
        )


async def _authenticator_app(held: Held) -> object:
    now = held.house.clock()
    async with held.house.store.write() as tx:
        code = pyotp.TOTP(held.totp_secret).at(now // SECOND)
        return await _whoever(held) and await claim_totp(
            tx, KEY, as_user(held.ann), held.ann.tenant_id, held.ann.id, code, now
        )


async def _passkey(held: Held) -> object:
    async with held.house.store.read() as read:
        return await _whoever(held) and await passkeys.list_of_user(read, held.ann.tenant_id, held.ann.id)


async def _recovery_codes(held: Held) -> object:
    async with held.house.store.write() as tx:
        return await _whoever(held) and await claim_recovery_code(
            tx,
            HASHER,
            as_user(held.ann),
            held.ann.tenant_id,
            held.ann.id,
            held.recovery_codes[0],
            held.house.clock(),
        )


async def _refresh_token(held: Held) -> object:
    return await held.house.exchange(held.stage.grant.refresh_token)


async def _group_token(held: Held) -> object:
    return await held.house.exchange(held.stage.group_grant.refresh_token)


async def _access_token(held: Held) -> object:
    return await held.house.authenticate(held.access_token)


async def _invitation(held: Held) -> object:
    """Who follows it is signed in, which in a tenant that has ended nobody is."""
    async with held.house.store.read() as read:
        return await find_live(read, held.ann.tenant_id) and await look_at_invitation(
            read, as_user(held.guest), HASHER, held.stage.invitation, held.house.clock()
        )


async def _webhook(held: Held) -> object:
    async with held.house.store.read() as read:
        heard = await subscriptions.list_subscribed(read, held.ann.tenant_id, held.stage.group, held.house.clock())
        return await find_live(read, held.ann.tenant_id) and heard


async def _device_token(held: Held) -> object:
    return await redeem(held.house.store, held.stage.device_token, "00cc")


THINGS: dict[str, Callable[[Held], Awaitable[object]]] = {
    "code that a connector has not redeemed": _code,
    "sign-in under way": _sign_in_under_way,
    "session": _session,
    "PIN that was sent": _sent_pin,
    "phone number": _phone_number,
    "password": _password,
    "authenticator app": _authenticator_app,
    "passkey": _passkey,
    "recovery codes": _recovery_codes,
    "refresh token": _refresh_token,
    "refresh token for a group": _group_token,
    "access token": _access_token,
    "invitation by the user": _invitation,
    "webhook by the user": _webhook,
    "token to set up a device": _device_token,
}


async def _nothing(held: Held) -> None:
    pass


async def _own_password(held: Held) -> None:
    async with held.house.store.write() as tx:
        new = await held.hasher.hash("Another-Horse-8")
        await replace_own_password(tx, as_user(held.ann), new, held.house.clock())


async def _reset(held: Held) -> None:
    async with held.house.store.write() as tx:
        new = await held.hasher.hash("Another-Horse-8")
        await set_password(tx, OPERATOR, held.ann.tenant_id, held.ann.id, new, True, held.house.clock())


async def _reset_factors(held: Held) -> None:
    async with held.house.store.write() as tx:
        await reset_second_factors(tx, OPERATOR, held.ann.tenant_id, held.ann.id, held.house.clock())


async def _remove_phone(held: Held) -> None:
    async with held.house.store.write() as tx:
        number = str(held.ann.phone_number)
        await remove_phone_of(tx, OPERATOR, held.ann.tenant_id, held.ann.id, number, held.house.clock())


async def _sign_out_everywhere(held: Held) -> None:
    async with held.house.store.write() as tx:
        now = held.house.clock()
        await end_sessions(tx, as_user(held.ann), held.ann.tenant_id, held.ann.id, now, reason="ended_by_user")


async def _block(held: Held) -> None:
    async with held.house.store.write() as tx:
        await block_user(tx, OPERATOR, held.ann.tenant_id, held.ann.id, held.house.clock())


async def _unblock(held: Held) -> None:
    await _block(held)
    async with held.house.store.write() as tx:
        await unblock_user(tx, OPERATOR, held.ann.tenant_id, held.ann.id, held.house.clock())


async def _delete(held: Held) -> None:
    async with held.house.store.write() as tx:
        await delete_user(tx, OPERATOR, held.ann.tenant_id, held.ann.id, held.house.clock())


async def _restore(held: Held) -> None:
    await _delete(held)
    async with held.house.store.write() as tx:
        await restore_user(tx, OPERATOR, held.ann.tenant_id, held.ann.id, held.house.clock())


async def _disable(held: Held) -> None:
    async with held.house.store.write() as tx:
        await disable_tenant(tx, OPERATOR, held.ann.tenant_id, held.house.clock())


async def _enable(held: Held) -> None:
    await _disable(held)
    async with held.house.store.write() as tx:
        await enable_tenant(tx, OPERATOR, held.ann.tenant_id, held.house.clock())


EVENTS: dict[str, Callable[[Held], Awaitable[None]]] = {
    "nothing": _nothing,
    "own new password": _own_password,
    "signed out everywhere": _sign_out_everywhere,
    "password reset": _reset,
    "second factors reset": _reset_factors,
    "phone number removed": _remove_phone,
    "user blocked": _block,
    "blocked, unblocked": _unblock,
    "user deleted": _delete,
    "deleted, restored": _restore,
    "tenant disabled": _disable,
    "disabled, enabled": _enable,
}


def _table() -> dict[str, dict[str, str]]:
    """By event, then by thing: `works` or `ended`."""
    rows = [
        (row["thing"], [cell.strip() for cell in row["cells"].split("|")]) for row in _ROW.finditer(TABLE.read_text())
    ]
    (_, events), *rest = rows
    things = [(thing, cells) for thing, cells in rest if not thing.startswith("--")]
    return {event: {thing: cells[number] for thing, cells in things} for number, event in enumerate(events)}


async def _works(held: Held, thing: str) -> bool:
    try:
        return bool(await THINGS[thing](held))
    except DomainError:
        return False


def test_the_table_has_a_cell_for_everything_and_no_other_words() -> None:
    table = _table()
    assert set(table) == set(EVENTS) - {"nothing"}
    for event, cells in table.items():
        assert set(cells) == set(THINGS), event
        assert set(cells.values()) <= {_WORKS, _ENDED}, event


@pytest.mark.parametrize("event", EVENTS)
async def test_nothing_obtained_before_goes_on_but_what_the_table_says(store: Store, town: Town, event: str) -> None:
    """The password, and what spends a code of the app, come last: they change what the others find."""
    held = await _hold(store, town.home)
    await EVENTS[event](held)
    found = {thing: _WORKS if await _works(held, thing) else _ENDED for thing in THINGS}
    held.hasher.close()
    assert found == _table().get(event, dict.fromkeys(THINGS, _WORKS))
