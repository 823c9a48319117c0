"""A signed-in user lets a connector act for the user, by an authorization code (RFC 6749 §4.1).

1. `find_authorizable` leads from what the connector says of itself to its registration, before anything is believed:
   nobody is ever sent to an address that is not registered, character for character (RFC 9700 §4.1.1).
2. `wanted_permissions` says what is asked for; the page shows it.
3. `authorize` issues the code. Partner Center needs a second factor behind it (Partner Center contract §1.3).
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import NamedTuple

from tenantry.access.actions import KAIZALA_PERMISSIONS, Action, Permission
from tenantry.access.decide import require
from tenantry.access.own import require_own
from tenantry.connectors.ownership import registrant_of
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import FailedPrecondition, InvalidScope, MfaRequired, NotFound
from tenantry.core.ids import ConnectorId, TenantId, parse_guid
from tenantry.store.connectors import connectors
from tenantry.store.connectors.connectors import Connector
from tenantry.store.engine.interface import Read, Tx
from tenantry.store.tenants import tenants
from tenantry.store.tokens import grant_lists
from tenantry.store.users.users import User
from tenantry.tokens.authorization_codes import CodeTerms, issue_code
from tenantry.tokens.id_tokens import without_sign_in
from tenantry.tokens.secrets import SecretHasher

_WORDS = frozenset(permission.value for permission in Permission)
_USER_PERMISSIONS = KAIZALA_PERMISSIONS | {Permission.PARTNER_CENTER}


async def find_authorizable(read: Read, client_id: str) -> Connector | None:
    """The connector with that id, when users of a live tenant can be asked for consent to it."""
    connector_id = parse_guid(client_id)
    if connector_id is None:
        return None
    connector = await connectors.find_by_id(read, ConnectorId(connector_id))
    if connector is None or connector.deleted_at is not None or connector.kind == "service_account":
        return None
    return connector if await tenants.find_live(read, connector.tenant_id) is not None else None


def match_redirect_uri(connector: Connector, redirect_uri: str | None) -> str | None:
    """The registered address that was asked for, or the only one there is when none was; None when there is no such
    one.
    """
    registered: list[str] = json.loads(connector.redirect_uris)
    if redirect_uri is None:
        return registered[0] if len(registered) == 1 else None
    return redirect_uri if redirect_uri in registered else None


def wanted_permissions(
    connector: Connector, scope: str, *, is_partner_center: bool = False, is_kaizala: bool = False
) -> list[Permission]:
    """What the connector asks for: permissions by their own names, else all that users can give it at this address.

    `is_partner_center`: a resource of Partner Center was named. Raises InvalidScope when it asks for what it was not
    registered with, or for nothing that a user can give.
    """
    held = {Permission(word) for word in connector.permissions.split()} & _USER_PERMISSIONS
    if is_kaizala:
        held &= KAIZALA_PERMISSIONS
    named = without_sign_in(scope, _WORDS)
    if is_partner_center:
        asked = {Permission.PARTNER_CENTER}
    elif named:
        if not _WORDS.issuperset(named):
            raise InvalidScope("A requested scope is unknown.", field="scope")
        asked = {Permission(word) for word in named}
    else:
        asked = held
    if not asked or not asked <= held:
        raise InvalidScope("The app asks for more than it was registered with.", field="scope")
    return sorted(asked)


class Consent(NamedTuple):
    """What a page says before the caller agrees. `registrant`: see `registrant_of`. `group_count`: how many groups the
    token will reach: those of the caller, also when the caller is an administrator. None when its permissions reach
    none.
    """

    registrant: User | None
    group_count: int | None


async def look_at_consent(
    read: Read, caller: Caller, connector: Connector, permissions: Collection[Permission], now: Micros
) -> Consent:
    """What the caller would agree to. Raises what `require_own` does; NotFound for a connector of another tenant."""
    tenant_id, user_id = await require_own(read, caller, Action.GRANT_CONNECTOR, now)
    if connector.tenant_id != tenant_id:
        raise NotFound("connector")
    count = None
    if KAIZALA_PERMISSIONS.intersection(permissions):
        groups = await grant_lists.list_reached_by_user(read, tenant_id, user_id, limit=1)
        count = groups[0].of_all if groups else 0
    return Consent(await registrant_of(read, connector), count)


async def authorize(
    tx: Tx,
    caller: Caller,
    hasher: SecretHasher,
    *,
    tenant_id: TenantId,
    terms: CodeTerms,
    lifetime: Micros,
    now: Micros,
) -> str:
    """Issue the code for the caller's consent; the redirect address was matched before. Audited.

    Raises NotFound("connector"), FailedPrecondition when it is deactivated, MfaRequired, InvalidValue for PKCE, and
    what `access.require` does.
    """
    await require(tx, caller, Action.GRANT_CONNECTOR, tenant_id, now=now)
    connector = await connectors.find(tx, tenant_id, terms.connector_id)
    if connector is None or caller.user_id is None:
        raise NotFound("connector")
    if connector.deactivated_at is not None:
        raise FailedPrecondition("The connector is deactivated: it gets no new tokens.")
    if needs_mfa(terms.permissions) and "mfa" not in caller.amr:
        raise MfaRequired
    return await issue_code(
        tx,
        hasher,
        caller,
        tenant_id=tenant_id,
        user_id=caller.user_id,
        terms=terms,
        amr=caller.amr,
        lifetime=lifetime,
        now=now,
    )


def needs_mfa(permissions: Collection[Permission]) -> bool:
    """Whether a second factor must stand behind the consent."""
    return Permission.PARTNER_CENTER in permissions
