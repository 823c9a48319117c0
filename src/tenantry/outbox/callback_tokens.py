"""The tokens by which receivers recognise the server. They are kept encrypted under the master key, each for its own
webhook only.
"""

from __future__ import annotations

from tenantry.core.errors import FailedPrecondition
from tenantry.core.ids import TenantId
from tenantry.store.outbox.webhooks import Webhook
from tenantry.tokens.keys.master_key import MasterKey, MasterKeyError

UNREADABLE = "its token cannot be read with the master key of this server: enter the token again"


def seal(master_key: MasterKey, tenant_id: TenantId, webhook_id: str, token: str) -> bytes:
    """The token as it is stored, encrypted."""
    return master_key.encrypt(token.encode(), context_of(tenant_id, webhook_id))


def token_of(master_key: MasterKey, tenant_id: TenantId, webhook: Webhook) -> str | None:
    """The token in clear, for the receiver and for the connector that gave it. Raises FailedPrecondition when it cannot
    be decrypted.
    """
    if webhook.callback_token is None:
        return None
    try:
        return master_key.decrypt(webhook.callback_token, context_of(tenant_id, webhook.id)).decode()
    except MasterKeyError:
        raise FailedPrecondition(f"The webhook cannot be used: {UNREADABLE}.") from None


def is_token_readable(master_key: MasterKey, tenant_id: TenantId, webhook: Webhook) -> bool:
    """Whether the token can be decrypted; also True without a token."""
    try:
        token_of(master_key, tenant_id, webhook)
    except FailedPrecondition:
        return False
    return True


def context_of(tenant_id: TenantId, webhook_id: str) -> bytes:
    """What the secret is bound to, see `MasterKey.encrypt`."""
    return f"webhook {tenant_id} {webhook_id}".encode()
