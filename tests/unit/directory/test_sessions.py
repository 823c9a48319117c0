"""directory/sessions.py: who is signed in, until when, and what ends it."""

from __future__ import annotations

import pytest

from tenantry.core.clock import HOUR
from tenantry.core.errors import NotFound
from tenantry.directory.sessions import (
    NewSession,
    SessionTerms,
    end_session,
    end_sessions,
    find_session,
    list_sessions,
    start_session,
)
from tenantry.directory.users import delete_user, restore_user, set_password
from tenantry.store.engine.interface import Store
from tenantry.store.sign_in.sessions import FoundSession
from tenantry.store.trail import audit_events
from tenantry.tokens.secrets import SecretHasher, SecretKind
from tests.support.builders import HASHER, OPERATOR, SomeUser, a_tenant, a_user, as_user
from tests.support.clock import NOON


async def _start(store: Store, user: SomeUser, now: int = NOON) -> NewSession:
    async with store.write() as tx:
        return await start_session(
            tx,
            HASHER,
            as_user(user),
            terms=SessionTerms(
                tenant_id=user.tenant_id,
                user_id=user.id,
                amr=["pwd", "mfa", "otp", "pwd"],
                browser="Firefox\r\n" + "x" * 1_000,
                lifetime=HOUR,
            ),
            now=now,
        )


async def _find(store: Store, raw: str, now: int = NOON) -> FoundSession | None:
    async with store.read() as read:
        return await find_session(read, HASHER, raw, now)


async def test_a_session_is_found_by_its_secret_until_it_expires(store: Store) -> None:
    user = await a_user(store, await a_tenant(store))
    session = await _start(store, user)
    found = await _find(store, session.secret)
    assert found is not None
    assert (found.id, found.user_id, found.user_principal_name) == (session.id, user.id, user.user_principal_name)
    assert found.amr == "mfa otp pwd"
    assert await _find(store, session.secret, NOON + HOUR - 1) is not None
    assert await _find(store, session.secret, NOON + HOUR) is None


async def test_what_is_no_live_session_finds_nothing(store: Store) -> None:
    tenant = await a_tenant(store)
    session = await _start(store, await a_user(store, tenant))
    for raw in ("", session.id, session.secret[:-1], session.secret + "x", "\ud800" * 79):
        assert await _find(store, raw) is None
    assert await _find(store, HASHER.mint(SecretKind.SESSION, tenant.id)) is None
    async with store.read() as read:
        assert await find_session(read, SecretHasher({0: b"y" * 32}), session.secret, NOON) is None


async def test_only_the_hash_of_the_secret_is_stored(store: Store) -> None:
    user = await a_user(store, await a_tenant(store))
    session = await _start(store, user)
    async with store.read() as read:
        rows = await read.all(lambda *row: row, "SELECT * FROM sessions WHERE tenant_id = :t", t=user.tenant_id)
        events = await audit_events.list_latest(read, user.tenant_id, 100)
    assert session.secret not in repr(rows)
    assert all(session.secret not in event.data for event in events)


async def test_one_session_is_ended_by_its_user_only_and_once(store: Store) -> None:
    tenant = await a_tenant(store)
    user, other = await a_user(store, tenant), await a_user(store, tenant)
    session, twin = await _start(store, user), await _start(store, user, NOON + 1)
    with pytest.raises(NotFound):
        async with store.write() as tx:
            await end_session(tx, as_user(other), tenant.id, other.id, session.id, NOON)
    async with store.read() as read:
        listed = await list_sessions(read, tenant.id, user.id, NOON)
    assert [row.id for row in listed] == [twin.id, session.id]
    assert listed[0].browser.startswith("Firefoxxx")
    assert len(listed[0].browser) == 256
    async with store.write() as tx:
        await end_session(tx, as_user(user), tenant.id, user.id, session.id, NOON)
    assert await _find(store, session.secret) is None
    assert await _find(store, twin.secret) is not None
    with pytest.raises(NotFound):
        async with store.write() as tx:
            await end_session(tx, as_user(user), tenant.id, user.id, session.id, NOON)


async def test_all_sessions_but_one_end_together(store: Store) -> None:
    user = await a_user(store, await a_tenant(store))
    kept, first, second = [await _start(store, user) for _ in range(3)]
    async with store.write() as tx:
        assert await end_sessions(tx, as_user(user), user.tenant_id, user.id, NOON, reason="asked", but=kept.id) == 2
    assert [await _find(store, each.secret) is not None for each in (kept, first, second)] == [True, False, False]


async def test_a_new_password_ends_every_session(store: Store) -> None:
    user, other = [await a_user(store, await a_tenant(store)) for _ in range(2)]
    session, others = await _start(store, user), await _start(store, other)
    async with store.write() as tx:
        await set_password(tx, OPERATOR, user.tenant_id, user.id, "hash", False, NOON)
    assert await _find(store, session.secret) is None
    assert await _find(store, others.secret) is not None


async def test_a_session_dies_with_its_user_for_good_and_with_its_tenant(store: Store) -> None:
    user = await a_user(store, await a_tenant(store))
    session = await _start(store, user)
    async with store.write() as tx:
        await delete_user(tx, OPERATOR, user.tenant_id, user.id, NOON)
    async with store.write() as tx:
        await restore_user(tx, OPERATOR, user.tenant_id, user.id, NOON)
    assert await _find(store, session.secret) is None
    again = await _start(store, user)
    async with store.write() as tx:
        await tx.run("UPDATE tenants SET disabled_at = 1 WHERE id = :id", id=user.tenant_id)
    assert await _find(store, again.secret) is None


async def test_expired_sessions_are_forgotten_at_the_next_sign_in(store: Store) -> None:
    user = await a_user(store, await a_tenant(store))
    await _start(store, user)
    await _start(store, user, NOON + HOUR)
    async with store.read() as read:
        rows = await read.all(str, "SELECT id FROM sessions WHERE tenant_id = :t", t=user.tenant_id)
    assert len(rows) == 1
