"""OpenID providers where a tenant's users have accounts already; the tenant's administrators add and remove them.

Each provider sends people back to an address of its own, which names tenant and provider, so that an answer of one is
never taken for another's (RFC 9700 §4.4.2). The address is known before the provider is added, since it is registered
there first. Providers from earlier versions share one address until their administrator replaces it.
"""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from tenantry.access.actions import Action
from tenantry.access.decide import require
from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import FailedPrecondition, InvalidValue, NotFound
from tenantry.core.ids import TenantId
from tenantry.core.log import get_logger
from tenantry.core.names import read_name
from tenantry.store.engine.interface import Read, Store, Tx
from tenantry.store.sign_in import identity_providers, shared_callbacks
from tenantry.store.sign_in.identity_providers import IdentityProvider
from tenantry.tokens.keys.master_key import MasterKey

CALLBACK = "/sign-in/callback"
"""The path before the provider's id; without one, the address that all providers shared in earlier versions."""
_WARNED_OF = 100
LINKS_AT_ONCE = 500
"""How many accounts of a removed provider are forgotten in the transaction that removes it."""

_log = get_logger()


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
        object.__setattr__(self, "name", read_name(self.name, field="name", longest=64))
        for name, longest in (("issuer", 512), ("client_id", 256), ("client_secret", 1024)):
            if not getattr(self, name).strip() or len(getattr(self, name)) > longest:
                raise InvalidValue(f"This needs 1 to {longest} characters.", field=name)


async def add_identity_provider(
    tx: Tx,
    master_key: MasterKey,
    caller: Caller,
    tenant_id: TenantId,
    new: NewProvider,
    now: Micros,
    *,
    expected_id: str = "",
) -> str:
    """Add a provider. Answers its id, which is `expected_id`, the one that `list_providers` said.

    Raises FailedPrecondition when another provider got that id first, and what `access.require` does.
    """
    await require(tx, caller, Action.CHANGE_IDENTITY_PROVIDERS, tenant_id, now=now)
    provider_id = await _next_id(tx, tenant_id)
    is_added = expected_id in ("", provider_id) and await identity_providers.insert(
        tx,
        tenant_id,
        id=provider_id,
        name=new.name,
        issuer=new.issuer,
        client_id=new.client_id,
        client_secret=master_key.encrypt(new.client_secret.encode(), context_of(tenant_id, provider_id)),
        name_claim=new.name_claim,
        trusts_mfa=new.trusts_mfa,
        now=now,
    )
    if not is_added:
        raise FailedPrecondition(
            "Another provider was added meanwhile, and has the redirect address that was shown here. "
            "Register the one that is shown now."
        )
    await record(tx, tenant_id, caller, events.IdentityProviderAdded(provider_id=provider_id, issuer=new.issuer), now)
    return provider_id


async def remove_identity_provider(tx: Tx, caller: Caller, tenant_id: TenantId, provider_id: str, now: Micros) -> None:
    """Remove the provider, by which nobody signs in any more, and forget the accounts that people have there. Of more
    than LINKS_AT_ONCE housekeeping forgets the rest.

    Raises NotFound and what `access.require` does.
    """
    await require(tx, caller, Action.CHANGE_IDENTITY_PROVIDERS, tenant_id, now=now)
    if not await identity_providers.disable(tx, tenant_id, provider_id, now):
        raise NotFound("identity provider")
    await identity_providers.delete_links(tx, tenant_id, provider_id, LINKS_AT_ONCE)
    await shared_callbacks.replace(tx, tenant_id, provider_id, now)
    await record(tx, tenant_id, caller, events.IdentityProviderRemoved(provider_id=provider_id), now)


async def _next_id(read: Read, tenant_id: TenantId) -> str:
    """The id of the next provider. The ids of removed ones are not used again."""
    taken = set(await identity_providers.list_ids(read, tenant_id))
    ids = (str(uuid.uuid5(uuid.UUID(tenant_id), f"identity provider {number}")) for number in itertools.count(1))
    return next(provider_id for provider_id in ids if provider_id not in taken)


def callback_of(root: str, tenant_id: TenantId, provider_id: str) -> str:
    """The address to which the provider sends people back. `root` is the server's own address."""
    return f"{root}{CALLBACK}/{tenant_id}/{provider_id}"


def callback_in_use(root: str, tenant_id: TenantId, provider: IdentityProvider) -> str:
    """The redirect address with which the provider is registered: its own, or still the one that all of them shared."""
    return f"{root}{CALLBACK}" if provider.shares_callback else callback_of(root, tenant_id, provider.id)


async def replace_shared_callback(tx: Tx, caller: Caller, tenant_id: TenantId, provider_id: str, now: Micros) -> None:
    """Send people back to the provider's own address from now on, which is registered there. A second call changes
    nothing. Raises NotFound and what `access.require` does.
    """
    await require(tx, caller, Action.CHANGE_IDENTITY_PROVIDERS, tenant_id, now=now)
    await find_provider(tx, tenant_id, provider_id)
    if await shared_callbacks.replace(tx, tenant_id, provider_id, now):
        event = events.IdentityProviderCallbackReplaced(provider_id=provider_id)
        await record(tx, tenant_id, caller, event, now)


async def warn_of_shared_callbacks(store: Store, root: str) -> None:
    """Write a line to the log for each provider that still has the redirect address that all of them shared."""
    async with store.read() as read:
        found = await shared_callbacks.list_in_use(read, _WARNED_OF)
    for each in found:
        _log.warning(
            "identity provider registered with the callback address that all shared: register its own address "
            "there, then say so in the portal under Identity providers",
            tenant_id=each.tenant_id,
            provider_id=each.provider_id,
            own_address=callback_of(root, each.tenant_id, each.provider_id),
        )


class Providers(NamedTuple):
    """The tenant's providers, by name. `next_id` is the id of the next one, which stays the same until it is added, so
    that its redirect address can be registered first.
    """

    providers: list[IdentityProvider]
    next_id: str


async def list_providers(read: Read, caller: Caller, tenant_id: TenantId, now: Micros) -> Providers:
    """The providers, for a caller who may change them. Raises what `access.require` does."""
    await require(read, caller, Action.CHANGE_IDENTITY_PROVIDERS, tenant_id, now=now)
    return Providers(await identity_providers.list_live(read, tenant_id), await _next_id(read, tenant_id))


async def get_provider(
    read: Read, caller: Caller, tenant_id: TenantId, provider_id: str, now: Micros
) -> IdentityProvider:
    """One provider, for a caller who may change it. Raises NotFound and what `access.require` does."""
    await require(read, caller, Action.CHANGE_IDENTITY_PROVIDERS, tenant_id, now=now)
    return await find_provider(read, tenant_id, provider_id)


async def list_offered_providers(read: Read, tenant_id: TenantId) -> list[tuple[str, str]]:
    """Id and name of each provider, which the tenant's sign-in page offers to everybody."""
    return [(provider.id, provider.name) for provider in await identity_providers.list_live(read, tenant_id)]


async def find_provider(read: Read, tenant_id: TenantId, provider_id: str) -> IdentityProvider:
    """A provider of a live tenant, for a sign-in. Raises NotFound."""
    provider = await identity_providers.find_live(read, tenant_id, provider_id)
    if provider is None:
        raise NotFound("identity provider")
    return provider


def secret_of(master_key: MasterKey, tenant_id: TenantId, provider: IdentityProvider) -> str:
    """The client secret in clear. It is sent to the provider and to nobody else."""
    return master_key.decrypt(provider.client_secret, context_of(tenant_id, provider.id)).decode()


def context_of(tenant_id: TenantId, provider_id: str) -> bytes:
    """What the secret is bound to, see `MasterKey.encrypt`."""
    return f"identity provider {tenant_id} {provider_id}".encode()
