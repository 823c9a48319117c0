"""What a test issues tokens with."""

from __future__ import annotations

from tenantry.core.caller import Audience
from tenantry.core.clock import DAY, HOUR, MINUTE, Micros
from tenantry.store import Store
from tenantry.tokens.issuing import Issuing, Lifetimes
from tenantry.tokens.keys.signing_keys import KeyRing
from tenantry.tokens.last_uses import LastUses
from tenantry.tokens.secrets import SecretHasher
from tests.support.builders import HASHER

ISSUER = "https://tenantry.test"
YEAR = 365 * DAY


def issuing_on(
    store: Store,
    ring: KeyRing,
    *,
    hasher: SecretHasher = HASHER,
    access: Micros = HOUR,
    refresh: Micros = YEAR,
    uses: LastUses | None = None,
) -> Issuing:
    """Every audience's access tokens live for `access`."""
    lifetimes = Lifetimes(dict.fromkeys(Audience, access), refresh)
    return Issuing(store, ring, hasher, ISSUER, MINUTE, lifetimes, LastUses() if uses is None else uses)
