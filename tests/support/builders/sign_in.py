"""What somebody signs in with, and sign-ins under way."""

from __future__ import annotations

from tenantry.core.clock import DAY, MINUTE, Micros
from tenantry.directory.identity_providers import NewProvider, add_identity_provider
from tenantry.directory.passkeys import registration_options, relying_party
from tenantry.directory.pins import PinPurpose, PinRules, PinUse, request_pin
from tenantry.directory.second_factors import use_phone
from tenantry.directory.sessions import NewSession, SessionTerms, start_session
from tenantry.directory.sign_in_steps import NextStep, begin_sign_in
from tenantry.directory.totp import begin_totp
from tenantry.store.engine.interface import Tx
from tenantry.store.sign_in import identity_providers, passkeys
from tests.support.app import BASE_URL
from tests.support.builders.directory import SomeUser, as_user
from tests.support.builders.stage import HASHER, KEY, OPERATOR
from tests.support.clock import NOON


async def add_factors(tx: Tx, user: SomeUser, now: Micros = NOON) -> None:
    """An app to be confirmed, a passkey, and a challenge for the next."""
    await begin_totp(tx, KEY, as_user(user), "a session", now)
    await passkeys.insert(
        tx,
        user.tenant_id,
        user.id,
        credential_id=f"key-of-{user.id}",
        name="Key ring",
        public_key=b"key",
        sign_count=0,
        is_synced=False,
        transports="usb",
        now=now,
    )
    await registration_options(
        tx,
        HASHER,
        as_user(user),
        relying_party(BASE_URL),
        user_principal_name=user.user_principal_name,
        display_name="Admin",
        now=now,
    )


async def federate(tx: Tx, user: SomeUser, number: int, now: Micros = NOON) -> str:
    """A provider where the user has an account, and a browser on its way there."""
    issuer = f"https://login{number}.example"
    new = NewProvider(name=f"Provider {number}", issuer=issuer, client_id="us", client_secret="secret")
    provider = await add_identity_provider(tx, KEY, OPERATOR, user.tenant_id, new, now)
    await identity_providers.link(
        tx, user.tenant_id, user.id, provider_id=provider, issuer=issuer, subject=f"subject-{number}", now=now
    )
    await identity_providers.insert_sign_in(
        tx,
        user.tenant_id,
        HASHER.hash(provider),
        provider_id=provider,
        back="/",
        prompt=None,
        max_age=None,
        expires_at=now + MINUTE,
        now=now,
    )
    return provider


async def begin_to_sign_in(tx: Tx, user: SomeUser, now: Micros = NOON) -> tuple[NewSession, NextStep]:
    """In one browser the user is in, in another a new password is asked for, and a PIN is on its way."""
    await use_phone(tx, HASHER, OPERATOR, user.tenant_id, user.id, str(user.phone_number), now)
    await request_pin(
        tx,
        OPERATOR,
        HASHER,
        user.tenant_id,
        use=PinUse(number=str(user.phone_number), purpose=PinPurpose.SECOND_FACTOR, subject=user.id),
        rules=PinRules(lifetime=5 * MINUTE, tries=5, sends_per_hour=5),
        now=now,
    )
    step = await begin_sign_in(
        tx,
        HASHER,
        as_user(user),
        terms=SessionTerms(tenant_id=user.tenant_id, user_id=user.id, amr=["pwd"], browser="", lifetime=DAY),
        must_change=True,
        now=now,
    )
    assert isinstance(step, NextStep)
    return await a_session(tx, user, now), step


async def a_session(tx: Tx, user: SomeUser, now: Micros = NOON) -> NewSession:
    return await start_session(
        tx,
        HASHER,
        as_user(user),
        terms=SessionTerms(tenant_id=user.tenant_id, user_id=user.id, amr=["pwd", "mfa"], browser="", lifetime=DAY),
        now=now,
    )
