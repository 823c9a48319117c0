"""How a client authenticates as a connector: by its ID, and by its secret if it has one (RFC 6749 §2.3)."""

from __future__ import annotations

from hmac import compare_digest
from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.errors import InvalidClient
from tenantry.core.hiding import hiding
from tenantry.core.ids import ConnectorId, TenantId, parse_guid
from tenantry.store.engine.interface import Read
from tenantry.store.tokens import presented
from tenantry.tokens.last_uses import LastUses
from tenantry.tokens.refusals import MALFORMED
from tenantry.tokens.secrets import SecretHasher, SecretKind, is_well_formed


@hiding("client_secret")
class Client(NamedTuple):
    """What a request says about its client, not verified yet. A client without a secret must be a public one."""

    client_id: str
    client_secret: str | None


class ConnectorIdentity(NamedTuple):
    """An authenticated connector of a live tenant. It may be deactivated."""

    connector_id: ConnectorId
    tenant_id: TenantId
    kind: str
    permissions: tuple[str, ...]
    is_active: bool


async def authenticate_connector(
    read: Read, hasher: SecretHasher, uses: LastUses, client: Client, now: Micros
) -> ConnectorIdentity:
    """The connector with this ID and secret; a public one has no secret. Raises InvalidClient. At most 1 read."""
    connector_id, presented_hash = read_client(hasher, client)
    row = await presented.find_connector(read, connector_id, presented_hash, now)
    if row is None:
        raise InvalidClient("unknown_connector")
    fault = fault_of_client(row.kind, row.deleted_at, presented_hash, row.secret_hash)
    if fault is not None:
        raise fault
    if row.tenant_ended_at is not None:
        raise InvalidClient("tenant_ended")
    if presented_hash:
        uses.note_secret(connector_id, presented_hash, row.secret_last_used_at, now)
    return ConnectorIdentity(
        row.id, row.tenant_id, row.kind, tuple(row.permissions.split()), is_active=row.deactivated_at is None
    )


def read_client(hasher: SecretHasher, client: Client) -> tuple[ConnectorId, bytes]:
    """The connector's id and the hash of its secret; empty for no secret. Raises InvalidClient for garbage. No I/O."""
    connector_id = parse_guid(client.client_id)
    if connector_id is None:
        raise InvalidClient(MALFORMED)
    if client.client_secret is None:
        return ConnectorId(connector_id), b""
    if not is_well_formed(client.client_secret, SecretKind.CONNECTOR_SECRET):
        raise InvalidClient(MALFORMED)
    return ConnectorId(connector_id), hasher.hash(client.client_secret)


def fault_of_client(
    kind: str, deleted_at: Micros | None, presented_hash: bytes, secret_hash: bytes | None
) -> InvalidClient | None:
    """Why client authentication fails, None if it does not. `secret_hash`: the hash of the live secret found."""
    if deleted_at is not None:
        return InvalidClient("connector_deleted")
    if kind == "public":
        return InvalidClient("public_with_secret") if presented_hash else None
    if kind != "confidential":
        return InvalidClient("wrong_kind")
    if not presented_hash:
        return InvalidClient("no_secret")
    if secret_hash is None or not compare_digest(secret_hash, presented_hash):
        return InvalidClient("wrong_secret")
    return None
