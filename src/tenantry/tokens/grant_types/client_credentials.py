"""A connector gets a token for itself, by its ID and secret, without a user (RFC 6749 §4.4)."""

from __future__ import annotations

from tenantry.core.caller import Caller, CallerKind
from tenantry.core.errors import BadCredentials, InvalidClient
from tenantry.tokens.clients import Client, ConnectorIdentity, authenticate_connector
from tenantry.tokens.issuing import Issued, Issuing, TokenAsk, issue
from tenantry.tokens.refusals import note_refusal
from tenantry.tokens.secrets import SecretKind, tenant_of


async def exchange_client_credentials(issuing: Issuing, ask: TokenAsk, client: Client) -> Issued:
    """Issue a token of the connector itself. A deactivated one is refused: there is no grant that could go on.

    Raises InvalidClient. 1 read, 1 write, 1 signature.
    """
    try:
        connector = await _authenticate(issuing, ask, client)
    except BadCredentials as refused:
        secret_tenant = tenant_of(client.client_secret or "", SecretKind.CONNECTOR_SECRET)
        if secret_tenant is not None:
            await note_refusal(issuing.store, ask, secret_tenant, refused, client.client_id)
        raise
    tenant_id, connector_id, permissions = connector.tenant_id, connector.connector_id, connector.permissions
    caller = Caller(CallerKind.CONNECTOR, ask.origin, tenant_id=tenant_id, connector_id=connector_id)
    access_token = await issue(issuing, issuing.store, ask, caller, scope=" ".join(permissions))
    return Issued(access_token, tenant_id, connector_id, permissions)


async def _authenticate(issuing: Issuing, ask: TokenAsk, client: Client) -> ConnectorIdentity:
    """The connector, if it may have a token of its own."""
    async with issuing.store.read() as read:
        connector = await authenticate_connector(read, issuing.hasher, issuing.uses, client, ask.now)
    if ask.tenant not in (None, connector.tenant_id):
        raise InvalidClient("wrong_tenant")
    if connector.kind == "public":
        raise InvalidClient("wrong_kind")
    if not connector.is_active:
        raise InvalidClient("connector_deactivated")
    return connector
