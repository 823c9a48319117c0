"""What `app.build` makes once and every request may use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from tenantry.core.clock import Clock
from tenantry.core.dns import TextRecords
from tenantry.core.fair_shares import FairThreads
from tenantry.core.http import OutgoingHttp
from tenantry.directory.messages import Messages
from tenantry.directory.passwords import PasswordHasher
from tenantry.metrics import Metrics
from tenantry.settings import Settings
from tenantry.store.engine.interface import Store
from tenantry.store.engine.shares import Shares
from tenantry.surfaces.shared.limits import RateLimiter
from tenantry.surfaces.shared.long_answers import LongAnswers
from tenantry.tokens.issuing import Issuing
from tenantry.tokens.keys.master_key import MasterKey
from tenantry.tokens.keys.signing_keys import KeyRing
from tenantry.tokens.secrets import SecretHasher

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection


@dataclass(frozen=True, slots=True)
class Deps:
    """What lives as long as the application. Each request has `tx`, `caller` and `now` besides."""

    settings: Settings
    store: Store
    clock: Clock
    keys: KeyRing
    hasher: SecretHasher
    issuing: Issuing
    master_key: MasterKey
    passwords: PasswordHasher
    messages: Messages
    limits: RateLimiter
    long_answers: LongAnswers
    metrics: Metrics
    bulk: Shares
    """Turns for writers of much, who write in parts: at most one of a tenant at once, and two in all. Only other such
    writers wait for them.
    """
    files: FairThreads
    """The thread that reads files which people sent: one file at a time, since each holds the interpreter."""
    http: OutgoingHttp
    dns: TextRecords


def deps_of(connection: HTTPConnection) -> Deps:
    """The `Deps` that `app.build` attached to the application."""
    return cast(Deps, connection.app.state.deps)
