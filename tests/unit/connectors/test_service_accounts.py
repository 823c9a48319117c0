"""Service accounts: one address, keys that are RSA, a key file that Google's library loads."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from google.oauth2 import service_account

from tenantry.connectors.service_accounts import (
    add_service_account_key,
    key_file,
    list_service_account_keys,
    register_service_account,
    revoke_service_account_key,
)
from tenantry.core.errors import AlreadyExists, FailedPrecondition, InvalidValue, NotFound
from tenantry.store.engine.interface import Store
from tests.support.builders import OPERATOR, a_connector, a_service_account, a_tenant
from tests.support.clock import NOON
from tests.support.trail import types_of


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


async def test_googles_library_loads_the_key_file_and_finds_the_token_address(store: Store) -> None:
    tenant = await a_tenant(store)
    account = await a_service_account(store, tenant, name="emm")
    info = key_file(
        email=account.email,
        connector_id=account.id,
        key_id="key-1",
        private_pem=account.private_pem,
        token_uri="http://tenantry.test/token",
        project_id="tenantry",
    )
    credentials = service_account.Credentials.from_service_account_info(info)  # type: ignore[no-untyped-call]
    assert credentials.service_account_email == f"emm@{tenant.domain}"
    assert credentials._token_uri == "http://tenantry.test/token"


async def test_an_address_is_taken_once_in_the_installation(store: Store) -> None:
    for tenant, taken in ((await a_tenant(store), False), (await a_tenant(store), True)):
        async with store.write() as tx:
            registered = register_service_account(
                tx, OPERATOR, tenant_id=tenant.id, name="emm", domain="accounts.example", now=NOON
            )
            if not taken:
                await registered
            else:
                with pytest.raises(AlreadyExists):
                    await registered


@pytest.mark.parametrize("name", ["", "Emm", "1emm", "e mm", "e@mm", "a" * 64, "emm\n"])
async def test_a_name_that_makes_no_address_is_refused(store: Store, name: str) -> None:
    tenant = await a_tenant(store)
    async with store.write() as tx:
        with pytest.raises(InvalidValue) as refused:
            await register_service_account(tx, OPERATOR, tenant_id=tenant.id, name=name, domain="a.example", now=NOON)
    assert refused.value.field == "name"


async def test_a_key_that_is_added_is_told_in_the_trail(store: Store) -> None:
    tenant = await a_tenant(store)
    await a_service_account(store, tenant)
    assert (await types_of(store, tenant.id))[-1] == "service_account_key.added"


async def test_a_key_is_added_once_and_revoked_once(store: Store) -> None:
    tenant, other = await a_tenant(store), await a_tenant(store)
    account = await a_service_account(store, tenant)
    pem = _pem(rsa.generate_private_key(65537, 2048))
    async with store.write() as tx:
        with pytest.raises(AlreadyExists):
            await add_service_account_key(tx, OPERATOR, tenant.id, account.id, "key-1", pem, NOON)
        with pytest.raises(NotFound):
            await add_service_account_key(tx, OPERATOR, other.id, account.id, "key-2", pem, NOON)
        with pytest.raises(NotFound):
            await revoke_service_account_key(tx, OPERATOR, other.id, account.id, "key-1", NOON)
        await revoke_service_account_key(tx, OPERATOR, tenant.id, account.id, "key-1", NOON)
        with pytest.raises(NotFound):
            await revoke_service_account_key(tx, OPERATOR, tenant.id, account.id, "key-1", NOON)
        [key] = await list_service_account_keys(tx, OPERATOR, tenant.id, account.id, NOON)
    assert key.revoked_at == NOON


async def test_only_a_service_account_has_keys_and_only_strong_rsa_ones(store: Store) -> None:
    tenant = await a_tenant(store)
    account = await a_service_account(store, tenant)
    connector = await a_connector(store, tenant)
    good = _pem(rsa.generate_private_key(65537, 2048))
    async with store.write() as tx:
        with pytest.raises(FailedPrecondition):
            await add_service_account_key(tx, OPERATOR, tenant.id, connector.id, "key-2", good, NOON)
        weak = (_pem(rsa.generate_private_key(65537, 2047)), _pem(ec.generate_private_key(ec.SECP256R1())))
        for pem in ("", "-----BEGIN PUBLIC KEY-----", *weak):
            with pytest.raises(InvalidValue):
                await add_service_account_key(tx, OPERATOR, tenant.id, account.id, "key-2", pem, NOON)
        with pytest.raises(InvalidValue):
            await add_service_account_key(tx, OPERATOR, tenant.id, account.id, "a b", good, NOON)
