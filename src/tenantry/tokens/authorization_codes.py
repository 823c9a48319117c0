"""Authorization codes: a signed-in user is sent back to a connector with one, which keeps what the user agreed to.

Sources: RFC 6749 §4.1.2, RFC 7636 (method S256 only), RFC 9700 §2.1.1 (a public client needs PKCE).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import NamedTuple

from tenantry.access.actions import Permission
from tenantry.audit.events import AuthorizationCodeIssued
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import InvalidValue, NotFound
from tenantry.core.ids import ConnectorId, TenantId, UserId
from tenantry.store.connectors import connectors
from tenantry.store.engine.interface import Tx
from tenantry.store.tokens import authorization_codes
from tenantry.tokens.id_tokens import SignIn
from tenantry.tokens.secrets import SecretHasher, SecretKind

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


class CodeTerms(NamedTuple):
    """What a user lets a connector have by a code. `sign_in`: when the user signed in, and what an ID token is to tell,
    which repeats `nonce` (OpenID Connect Core §2); None: none is wanted.
    """

    connector_id: ConnectorId
    redirect_uri: str
    permissions: Collection[Permission]
    nonce: str | None = None
    sign_in: SignIn | None = None
    code_challenge: str | None = None


async def issue_code(
    tx: Tx,
    hasher: SecretHasher,
    caller: Caller,
    *,
    tenant_id: TenantId,
    user_id: UserId,
    terms: CodeTerms,
    amr: Iterable[str],
    lifetime: Micros,
    now: Micros,
) -> str:
    """Issue a code for the user's consent to the terms. The caller has checked that `redirect_uri` is the connector's.

    Audited. Raises NotFound("connector"), InvalidValue(field="code_challenge").
    """
    connector_id, redirect_uri, permissions, nonce, sign_in, code_challenge = terms
    connector = await connectors.find(tx, tenant_id, connector_id)
    if connector is None:
        raise NotFound("connector")
    if code_challenge is None and connector.kind == "public":
        raise InvalidValue("A public connector needs PKCE: send a code_challenge.", field="code_challenge")
    if code_challenge is not None and not _CHALLENGE.fullmatch(code_challenge):
        raise InvalidValue("The code_challenge must be a SHA-256 in base64url.", field="code_challenge")
    code = hasher.mint(SecretKind.AUTHORIZATION_CODE, tenant_id)
    await authorization_codes.insert(
        tx,
        tenant_id,
        hasher.hash(code),
        connector_id=connector_id,
        user_id=user_id,
        redirect_uri=redirect_uri,
        scope=" ".join(sorted(permissions)),
        amr=" ".join(sorted(amr)),
        nonce=nonce,
        authenticated_at=sign_in.authenticated_at if sign_in else None,
        sign_in_scope=sign_in.scope if sign_in else None,
        code_challenge=code_challenge,
        expires_at=now + lifetime,
        now=now,
    )
    await record(tx, tenant_id, caller, AuthorizationCodeIssued(connector_id=connector_id, user_id=user_id), now)
    return code
