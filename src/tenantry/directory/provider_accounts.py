"""Finds the user to whom an account at an OpenID provider belongs.

It is found by issuer and subject when the account is linked to a user. Otherwise it is found once by a name in a
verified domain of this very tenant that the provider vouches for, which links it. A user has one subject at a provider.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Origin, in_person
from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId
from tenantry.directory.id_tokens import IdToken, name_in
from tenantry.directory.provider_signatures import TokenRefused
from tenantry.store.engine.interface import Read, Tx
from tenantry.store.sign_in import identity_providers
from tenantry.store.sign_in.identity_providers import IdentityProvider
from tenantry.store.tenants import tenants
from tenantry.store.tokens import grants
from tenantry.store.users import users
from tenantry.store.users.users import User

FEDERATED = "fed"


class Arrival(NamedTuple):
    """A user who came back from a provider: how (`amr`) and when the provider authenticated the person, if it says so,
    and where to go now.
    """

    user: User
    amr: frozenset[str]
    authenticated_at: Micros | None
    back: str


async def enter(
    tx: Tx,
    tenant_id: TenantId,
    provider_id: str,
    token: IdToken,
    claims: Mapping[str, Any],
    back: str,
    origin: Origin,
    now: Micros,
) -> Arrival:
    """Find the user of the account, and link it when it is new, which is audited here; the sign-in is audited in
    sign_in_steps.py. Raises TokenRefused.
    """
    provider = await identity_providers.find_live(tx, tenant_id, provider_id)
    if provider is None:
        raise TokenRefused("provider_removed")
    user = await _match(tx, tenant_id, provider, token.subject, claims, origin, now)
    if user.disabled_at is not None or user.deleted_at is not None:
        raise TokenRefused("user_ended")
    amr = frozenset({FEDERATED, "mfa"} if provider.trusts_mfa and "mfa" in token.amr else {FEDERATED})
    return Arrival(user, amr, token.authenticated_at, back)


async def _match(
    tx: Tx,
    tenant_id: TenantId,
    provider: IdentityProvider,
    subject: str,
    claims: Mapping[str, Any],
    origin: Origin,
    now: Micros,
) -> User:
    linked = await identity_providers.find_linked_user(tx, tenant_id, provider.id, provider.issuer, subject)
    if linked is not None:
        user = await users.find(tx, tenant_id, linked)
        if user is None:
            raise TokenRefused("user_ended")
        return user
    user = await _find_by_name(tx, tenant_id, provider, claims)
    if user is None or not await grants.hold_user(tx, tenant_id, user.id):
        raise TokenRefused("unknown_user")
    if not await identity_providers.link(
        tx, tenant_id, user.id, provider_id=provider.id, issuer=provider.issuer, subject=subject, now=now
    ):
        raise TokenRefused("user_has_another_subject")
    caller = in_person(origin, tenant_id=tenant_id, user_id=user.id)
    event = events.IdentityLinked(user_id=user.id, provider_id=provider.id, subject=subject)
    await record(tx, tenant_id, caller, event, now)
    return user


async def _find_by_name(
    read: Read, tenant_id: TenantId, provider: IdentityProvider, claims: Mapping[str, Any]
) -> User | None:
    """The user with the name that the provider vouches for, only in a verified domain of this tenant."""
    name = name_in(claims, provider.name_claim)
    domain = await tenants.find_domain(read, tenant_id, name.rpartition("@")[2].lower())
    if domain is None or domain.verified_at is None:
        raise TokenRefused("foreign_domain")
    return await users.find_by_name(read, tenant_id, name)
