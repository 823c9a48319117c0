"""Checks that an answer comes from the OpenID provider to which this browser was sent.

Sources: OpenID Connect Core §2 and §3.1.2, RFC 9207, RFC 9700 §4.4.2 (mix-up).
"""

from __future__ import annotations

import re

from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId
from tenantry.directory.id_tokens import IdToken
from tenantry.directory.identity_providers import callback_in_use
from tenantry.directory.provider_documents import Discovery
from tenantry.directory.provider_signatures import TokenRefused
from tenantry.store.engine.interface import Read
from tenantry.store.sign_in import identity_providers, shared_callbacks
from tenantry.store.sign_in.identity_providers import IdentityProvider, UpstreamSignIn

_WORD = re.compile(r"[A-Za-z0-9_.-]{1,64}")


async def provider_at(
    read: Read, tenant_id: TenantId, provider_id: str, root: str, arrived_at: str
) -> tuple[IdentityProvider, bool]:
    """The provider whose address this is, and whether providers of other tenants have the address too. Raises
    TokenRefused.
    """
    provider = await identity_providers.find_live(read, tenant_id, provider_id)
    if provider is None:
        raise TokenRefused("provider_removed")
    if arrived_at != callback_in_use(root, tenant_id, provider):
        raise TokenRefused("wrong_callback")
    return provider, bool(provider.shares_callback) and await shared_callbacks.is_of_several_tenants(read, tenant_id)


def check_answer(
    provider: IdentityProvider, discovery: Discovery, answer: dict[str, str], *, shared_by_several: bool
) -> None:
    """Raise TokenRefused unless the answer is this provider's. Nothing of it has been handed to anybody yet.

    `iss` is demanded where the provider promises it. At an address that providers of several tenants share, nothing
    else tells their answers apart, so it is demanded there in any case. Sources: RFC 9207 §2.4, RFC 9700 §4.4.2.
    """
    issuer = answer.get("iss")
    if issuer is None and shared_by_several:
        raise TokenRefused("shared_callback")
    if issuer is None and discovery.names_itself:
        raise TokenRefused("no_iss_in_answer")
    if issuer is not None and issuer != provider.issuer:
        raise TokenRefused("wrong_iss_in_answer")
    if "error" in answer:
        raise TokenRefused(f"provider_refused: {word(answer['error'])}")
    if not answer.get("code"):
        raise TokenRefused("no_code")


def check_age(token: IdToken, asked: UpstreamSignIn, leeway: Micros) -> None:
    """Raise TokenRefused unless the person was authenticated as recently as the connector demanded. For `max_age`, a
    provider has to say when that was (Core §2); for `prompt=login` it need not, and is believed.
    """
    age = 0 if asked.prompt is not None else asked.max_age
    if token.authenticated_at is None:
        if asked.max_age is not None:
            raise TokenRefused("no_auth_time")
    elif age is not None and token.authenticated_at < asked.created_at - age - leeway:
        raise TokenRefused("authenticated_too_long_ago")


def word(error: object) -> str:
    """The provider's error code, if it is well-formed."""
    return error if isinstance(error, str) and _WORD.fullmatch(error) else "unknown"
