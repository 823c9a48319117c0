"""Where an organisation's people have their accounts already: OpenID providers, set up by its administrators."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from tenantry.access.actions import Action
from tenantry.access.decide import require
from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import InvalidValue, NotFound
from tenantry.core.ids import TenantId, new_guid
from tenantry.store import identity_providers
from tenantry.store.engine import Read, Tx
from tenantry.store.identity_providers import IdentityProvider
from tenantry.tokens.master_key import MasterKey


class NameClaim(StrEnum):
    """What names a user who signs in for the first time, in a domain of the tenant."""

    EMAIL = "email"  # only when the provider says `email_verified`
    UPN = "upn"  # `upn` or `preferred_username`, for a provider that lets nobody choose it, such as Entra ID


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProvider:
    """What the provider's administrator hands over. Raises InvalidValue when made."""

    name: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    name_claim: NameClaim = NameClaim.EMAIL
    trusts_mfa: bool = False

    def __post_init__(self) -> None:
        for name, longest in (("name", 64), ("issuer", 512), ("client_id", 256), ("client_secret", 1024)):
            if not getattr(self, name).strip() or len(getattr(self, name)) > longest:
                raise InvalidValue(f"This needs 1 to {longest} characters.", field=name)


async def add_identity_provider(
    tx: Tx, master_key: MasterKey, caller: Caller, tenant_id: TenantId, new: NewProvider, now: Micros
) -> str:
    """The id of the new provider. Raises what `access.require` does."""
    await require(tx, caller, Action.CHANGE_IDENTITY_PROVIDERS, tenant_id, now=now)
    provider_id = new_guid()
    await identity_providers.insert(
        tx,
        tenant_id,
        id=provider_id,
        name=new.name.strip(),
        issuer=new.issuer,
        client_id=new.client_id,
        client_secret=master_key.encrypt(new.client_secret.encode(), _context(tenant_id, provider_id)),
        name_claim=new.name_claim,
        trusts_mfa=new.trusts_mfa,
        now=now,
    )
    await record(tx, tenant_id, caller, events.IdentityProviderAdded(provider_id=provider_id, issuer=new.issuer), now)
    return provider_id


async def remove_identity_provider(tx: Tx, caller: Caller, tenant_id: TenantId, provider_id: str, now: Micros) -> None:
    """Nobody signs in by it any more; whom it knew is forgotten. Raises NotFound and what `access.require` does."""
    await require(tx, caller, Action.CHANGE_IDENTITY_PROVIDERS, tenant_id, now=now)
    if not await identity_providers.disable(tx, tenant_id, provider_id, now):
        raise NotFound("identity provider")
    await record(tx, tenant_id, caller, events.IdentityProviderRemoved(provider_id=provider_id), now)


async def list_identity_providers(read: Read, tenant_id: TenantId) -> list[IdentityProvider]:
    """The tenant's providers by name: what its sign-in page offers to everybody."""
    return await identity_providers.list_live(read, tenant_id)


async def get_identity_provider(read: Read, tenant_id: TenantId, provider_id: str) -> IdentityProvider:
    """One of a live tenant. Raises NotFound."""
    provider = await identity_providers.find_live(read, tenant_id, provider_id)
    if provider is None:
        raise NotFound("identity provider")
    return provider


def secret_of(master_key: MasterKey, tenant_id: TenantId, provider: IdentityProvider) -> str:
    """In clear, to be sent to the provider only."""
    return master_key.decrypt(provider.client_secret, _context(tenant_id, provider.id)).decode()


def _context(tenant_id: TenantId, provider_id: str) -> bytes:
    return f"identity provider {tenant_id} {provider_id}".encode()
