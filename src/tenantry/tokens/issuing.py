"""The parts that every grant type uses, and the last step of all: mint a token and record it before it is handed out.

`app.build` makes one `Issuing`. A grant type takes that, the `TokenAsk` of a request, the client, and the credential
that the client presents.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from tenantry.audit.events import AccessTokenIssued
from tenantry.audit.record import record
from tenantry.core.caller import Audience, Caller, Origin
from tenantry.core.clock import DAY, HOUR, MINUTE, SECOND, Micros
from tenantry.core.hiding import hiding
from tenantry.core.ids import ConnectorId, GrantId, TenantId, UserId
from tenantry.settings import Settings
from tenantry.store.engine.interface import Store, Writes
from tenantry.tokens.keys.signing_keys import KeyRing
from tenantry.tokens.last_uses import LastUses
from tenantry.tokens.mint import AccessToken, Draft, draft_access_token
from tenantry.tokens.secrets import SecretHasher


class Lifetimes(NamedTuple):
    """How long tokens live: an access token by its audience, a refresh token and the grant behind it."""

    access: Mapping[Audience, Micros]
    refresh: Micros


class Issuing(NamedTuple):
    """The parts that issuing needs, for as long as the server runs. `leeway`: how far clocks may be apart."""

    store: Store
    ring: KeyRing
    hasher: SecretHasher
    issuer: str
    leeway: Micros
    lifetimes: Lifetimes
    uses: LastUses


def make_issuing(settings: Settings, store: Store, ring: KeyRing, hasher: SecretHasher) -> Issuing:
    """Make the one `Issuing` of the process from the settings."""
    access = dict.fromkeys(Audience, settings.access_token_minutes * MINUTE)
    access[Audience.KAIZALA] = settings.kaizala_access_token_hours * HOUR
    return Issuing(
        store,
        ring,
        hasher,
        settings.issuer,
        settings.clock_leeway_seconds * SECOND,
        Lifetimes(access, settings.refresh_token_days * DAY),
        LastUses(),
    )


class TokenAsk(NamedTuple):
    """One request for a token. `tenant`: the only tenant whose secrets are taken, if the request names one."""

    audience: Audience
    origin: Origin
    now: Micros
    tenant: TenantId | None = None


@hiding("refresh_token", "id_token")
class Issued(msgspec.Struct, frozen=True):
    """What a grant type issued. Without a user, the token is the connector's own and there is no grant."""

    access_token: AccessToken
    tenant_id: TenantId
    connector_id: ConnectorId
    permissions: tuple[str, ...]
    user_id: UserId | None = None
    grant_id: GrantId | None = None
    amr: tuple[str, ...] = ()
    refresh_token: str | None = None
    """None if no new refresh token was issued."""
    refresh_expires_at: Micros | None = None
    """When `refresh_token` expires, or else the one that was presented, if any."""
    id_token: str | None = None
    """None unless the request asked for an ID token."""
    has_sign_in: bool = False
    """Whether the grant whose refresh token was presented keeps a sign-in (id_tokens.py)."""


async def issue(
    issuing: Issuing,
    tx: Writes,
    ask: TokenAsk,
    caller: Caller,
    *,
    scope: str,
    amr: Iterable[str] = (),
    at_most: Micros | None = None,
    act: str | None = None,
) -> AccessToken:
    """As `draft`, signed at once. Hand it out only when `tx` is durable. 1 write, 1 signature."""
    drafted = await draft(issuing, tx, ask, caller, scope=scope, amr=amr, at_most=at_most, act=act)
    return drafted.sign()


async def draft(
    issuing: Issuing,
    tx: Writes,
    ask: TokenAsk,
    caller: Caller,
    *,
    scope: str,
    amr: Iterable[str] = (),
    at_most: Micros | None = None,
    act: str | None = None,
) -> Draft:
    """Draft a token of `caller` and record in `tx` that it was issued. Hand it out only when `tx` is durable. 1 write.

    The caller has a tenant and a connector. `at_most`: a shorter life than the audience's tokens have. `act`: the
    partner's user or connector that acts for the subject.
    """
    lifetime = issuing.lifetimes.access[ask.audience]
    tenant_id, connector_id = caller.tenant_id, caller.connector_id
    assert tenant_id is not None  # noqa: S101 - see above
    assert connector_id is not None  # noqa: S101 - see above
    token = draft_access_token(
        issuing.ring,
        issuer=issuing.issuer,
        audience=ask.audience,
        subject=caller.user_id or connector_id,
        tenant_id=tenant_id,
        client_id=connector_id,
        scope=scope,
        grant_id=caller.grant_id,
        amr=amr,
        lifetime=lifetime if at_most is None else min(lifetime, at_most),
        now=ask.now,
        act=act,
    )
    event = AccessTokenIssued(jti=token.jti, audience=ask.audience, expires_at=token.expires_at)
    await record(tx, tenant_id, caller, event, ask.now)
    return token
