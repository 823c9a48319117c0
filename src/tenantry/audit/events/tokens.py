"""Events of grants and tokens, and of what was refused."""

from __future__ import annotations

import msgspec

from tenantry.audit.events.base import Event, Mark


class GrantCreated(Event, tag="grant.created"):
    grant_id: str
    connector_id: str
    user_id: str
    reach: str
    permissions: list[str]
    expires_at: int
    group_id: str | None = None


class GrantRevoked(Event, tag="grant.revoked"):
    grant_id: str
    connector_id: str
    reason: str


class RefreshTokenIssued(Event, tag="refresh_token.issued"):
    grant_id: str
    expires_at: int


class AuthorizationCodeIssued(Event, tag="authorization_code.issued"):
    connector_id: str
    user_id: str


class AuthorizationCodeReused(Mark, tag="authorization_code.reused"):
    connector_id: str
    grant_id: str


class AccessTokenIssued(Event, tag="access_token.issued"):
    jti: str
    audience: str
    expires_at: int


class TokenRefused(Mark, tag="token.refused"):
    """An exchange that was refused; `reason` is what the client is not told."""

    reason: str
    audience: str


class AccessDenied(Mark, tag="access.denied"):
    """A decision against an authenticated caller, with the facts that led to it."""

    action: str
    reason: str
    facts: list[str] = msgspec.field(default_factory=list)

    def detail(self) -> str:
        return f"{self.action} {self.reason}"


class EventsLeftOut(Event, tag="events.left_out"):
    """How many marks of each kind were left out, because the trail had many like them lately."""

    count: int
    kinds: dict[str, int]


class SigningKeyRotated(Event, tag="signing_key.rotated"):
    key_id: str
    signs_from: int


class MasterKeyRotated(Event, tag="master_key.rotated"):
    """`rows` rows were encrypted again. New secrets are of this `generation` from `since` on."""

    rows: int
    generation: int
    since: int


class PepperRetired(Event, tag="pepper.retired"):
    """No secret of this generation is known any more."""

    generation: int


class SecretsEnded(Event, tag="secrets.ended"):
    """The operator has ended the secrets of this generation of the master key: how many of each kind."""

    generation: int
    kinds: dict[str, int]


class SigningKeyRevoked(Event, tag="signing_key.revoked"):
    key_id: str
