"""A service account presents an assertion signed by its key, as `google-auth` does (RFC 7523 §2.1)."""

from __future__ import annotations

from collections.abc import Collection

from tenantry.core.caller import Caller, CallerKind
from tenantry.core.errors import InvalidGrant, InvalidScope
from tenantry.tokens.assertions import ASSERTION_LEEWAY, AssertionRefused, verify_assertion
from tenantry.tokens.issuing import Issued, Issuing, TokenAsk, issue
from tenantry.tokens.refusals import note_refusal


async def exchange_assertion(
    issuing: Issuing, ask: TokenAsk, assertion: str, *, accepted_audiences: Collection[str], required_scope: str
) -> Issued:
    """Issue a token of the service account. `required_scope`: a value that its `scope` claim must contain.

    Raises InvalidGrant for every fault of the assertion, InvalidScope. 1 read, 1 write, 1 signature.
    """
    try:
        async with issuing.store.read() as read:
            claims, account = await verify_assertion(read, assertion, accepted_audiences, ask.now, ASSERTION_LEEWAY)
    except AssertionRefused as refused:
        fault = InvalidGrant(refused.reason)
        if refused.tenant_id is not None:
            await note_refusal(issuing.store, ask, refused.tenant_id, fault, "")
        raise fault from None
    if required_scope not in (claims.scope or "").split():
        raise InvalidScope(f"The assertion's scope must hold {required_scope}.")
    tenant_id, connector_id, scope = account.tenant_id, account.connector_id, account.permissions
    caller = Caller(CallerKind.SERVICE_ACCOUNT, ask.origin, tenant_id=tenant_id, connector_id=connector_id)
    access_token = await issue(issuing, issuing.store, ask, caller, scope=scope)
    return Issued(access_token, tenant_id, connector_id, tuple(scope.split()))
