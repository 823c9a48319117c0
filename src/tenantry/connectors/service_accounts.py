"""Service accounts: connectors that authenticate with an RSA key instead of a secret.

Source: Play EMM contract §4 and §5.4: the key file's fields, RS256, the key's id as `kid`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tenantry.access.actions import Action, Permission
from tenantry.access.decide import require
from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.connectors.connectors import insert_connector
from tenantry.connectors.ownership import require_change
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import AlreadyExists, FailedPrecondition, InvalidValue, NotFound
from tenantry.core.ids import ConnectorId, TenantId, new_guid
from tenantry.directory.tenants import parse_domain
from tenantry.store.connectors import connectors, service_account_keys
from tenantry.store.engine.interface import Read, Tx

_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """A service account. `email` is the `client_email` of its key files and the `iss` of its assertions."""

    connector_id: ConnectorId
    email: str


async def register_service_account(
    tx: Tx, caller: Caller, *, tenant_id: TenantId, name: str, domain: str, now: Micros
) -> ServiceAccount:
    """Register an account `name@domain` for the Play EMM API, which has no key yet.

    Its one permission is a sensitive one, so only an administrator may register it. Raises InvalidValue,
    NotFound("tenant"), AlreadyExists when the address is taken, and what `access.require` does.
    """
    await require(tx, caller, Action.APPROVE_CONNECTOR, tenant_id, now=now)
    if not _NAME.fullmatch(name):
        raise InvalidValue("The name is lower-case letters, digits and dashes, a letter first.", field="name")
    account = ServiceAccount(ConnectorId(new_guid()), f"{name}@{parse_domain(domain)}")
    await insert_connector(
        tx,
        caller,
        account.connector_id,
        tenant_id,
        kind="service_account",
        name=name,
        description="",
        permissions=[Permission.ANDROID_ENTERPRISE],
        email=account.email,
        now=now,
    )
    return account


def generate_key_pair() -> tuple[str, str]:
    """A new RSA 2048 pair as PEM: private (PKCS #8), public. Slow (tenths of a second): call it outside a write."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private_pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public_pem = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private_pem.decode(), public_pem.decode()


async def add_service_account_key(
    tx: Tx,
    caller: Caller,
    tenant_id: TenantId,
    connector_id: ConnectorId,
    key_id: str,
    public_key_pem: str,
    now: Micros,
) -> None:
    """Accept assertions signed by this key.

    Raises NotFound("service account"), InvalidValue, AlreadyExists, and what `require_change` does.
    """
    await require_change(tx, caller, tenant_id, connector_id, now)
    if not _KEY_ID.fullmatch(key_id):
        raise InvalidValue("The key ID is letters, digits, - and _.", field="key_id")
    _check_public_key(public_key_pem)
    connector = await connectors.hold(tx, tenant_id, connector_id)
    if connector is None:
        raise NotFound("service account")
    if connector.kind != "service_account":
        raise FailedPrecondition("Only a service account has keys.")
    if not await service_account_keys.insert(
        tx, connector_id, key_id, algorithm="RS256", public_key=public_key_pem, now=now
    ):
        raise AlreadyExists("The service account has a key of this ID.", field="key_id", value=key_id)
    event = events.ServiceAccountKeyAdded(connector_id=connector_id, key_id=key_id)
    await record(tx, tenant_id, caller, event, now)


async def revoke_service_account_key(
    tx: Tx, caller: Caller, tenant_id: TenantId, connector_id: ConnectorId, key_id: str, now: Micros
) -> None:
    """Refuse assertions signed by this key. Raises NotFound("connector" or "key"), and what `require_change` does."""
    await require_change(tx, caller, tenant_id, connector_id, now)
    if not await service_account_keys.mark_revoked(tx, connector_id, key_id, now):
        raise NotFound("key")
    event = events.ServiceAccountKeyRevoked(connector_id=connector_id, key_id=key_id)
    await record(tx, tenant_id, caller, event, now)


async def list_service_account_keys(
    read: Read, caller: Caller, tenant_id: TenantId, connector_id: ConnectorId, now: Micros
) -> list[service_account_keys.ServiceAccountKey]:
    """The keys of the account, revoked ones included. Raises what `access.require` does; NotFound("service
    account").
    """
    await require(read, caller, Action.READ_CONNECTOR, tenant_id, now=now)
    if await connectors.find(read, tenant_id, connector_id) is None:
        raise NotFound("service account")
    return await service_account_keys.list_of_connector(read, connector_id)


def key_file(
    *, email: str, connector_id: ConnectorId, key_id: str, private_pem: str, token_uri: str, project_id: str
) -> dict[str, str]:
    """The key file that Google's client libraries load. `token_uri` alone points an unmodified client at this
    server.
    """
    return {
        "type": "service_account",
        "project_id": project_id,
        "private_key_id": key_id,
        "private_key": private_pem,
        "client_email": email,
        "client_id": connector_id,
        "token_uri": token_uri,
    }


def _check_public_key(pem: str) -> None:
    try:
        key = serialization.load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise InvalidValue("The public key is not PEM.", field="public_key") from exc
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < 2048:
        raise InvalidValue("The public key must be RSA of at least 2048 bits.", field="public_key")
