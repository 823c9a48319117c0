"""Service accounts: their signed JWTs, exchanged for a token or used as one."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from tenantry.connectors.service_accounts import (
    add_service_account_key,
    generate_key_pair,
    revoke_service_account_key,
)
from tenantry.core.caller import Audience, Caller, CallerKind
from tenantry.core.clock import MINUTE, SECOND
from tenantry.core.errors import InvalidGrant, InvalidScope, InvalidToken
from tenantry.tokens import base64url
from tenantry.tokens.assertions import authenticate_self_signed
from tenantry.tokens.grant_types.jwt_bearer import exchange_assertion
from tenantry.tokens.issuing import Issued
from tests.support.builders import OPERATOR, SomeServiceAccount, a_service_account
from tests.support.clock import NOON
from tests.unit.tokens.conftest import House

SCOPE = "https://www.googleapis.com/auth/androidenterprise"
TOKEN_URI = "https://oauth2.googleapis.com/token"
ROOT = "https://tenantry.test/"


@pytest.fixture
async def account(house: House) -> SomeServiceAccount:
    return await a_service_account(house.store, house.tenant)


def _jwt(account: SomeServiceAccount, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """As `google-auth` makes it; None takes a claim, or a part of the header, away."""
    key = RSAKey.import_key(account.private_pem)
    now = NOON // SECOND
    values = {"iss": account.email, "aud": TOKEN_URI, "iat": now, "exp": now + 3600, "scope": SCOPE, **claims}
    present = {name: value for name, value in values.items() if value is not None}
    header = {"alg": "RS256", "kid": account.key_id, "typ": "JWT", **(header or {})}
    return jwt.encode({name: value for name, value in header.items() if value is not None}, present, key)


def _signed(account: SomeServiceAccount, header: dict[str, Any], payload: str) -> str:
    """Whatever the header says, signed by the account's key."""
    signed = base64url.encode(json.dumps(header).encode()) + b"." + payload.encode()
    key = load_pem_private_key(account.private_pem.encode(), None)
    assert isinstance(key, RSAPrivateKey)
    return (signed + b"." + base64url.encode(key.sign(signed, PKCS1v15(), SHA256()))).decode()


async def _exchange(house: House, assertion: str) -> Issued:
    ask = house.ask(Audience.ANDROID_ENTERPRISE)
    return await exchange_assertion(
        house.issuing(), ask, assertion, accepted_audiences=[TOKEN_URI], required_scope=SCOPE
    )


async def _self_signed(house: House, raw: str) -> Caller:
    async with house.store.read() as read:
        return await authenticate_self_signed(
            read,
            raw,
            accepted_audiences=[ROOT, None],
            required_scope=SCOPE,
            audience=Audience.ANDROID_ENTERPRISE,
            origin=OPERATOR.origin,
            now=house.clock(),
            leeway=MINUTE,
        )


async def test_an_assertion_gives_a_token_of_the_service_account(house: House, account: SomeServiceAccount) -> None:
    exchanged = await _exchange(house, _jwt(account))
    caller = await house.authenticate(exchanged.access_token.raw, Audience.ANDROID_ENTERPRISE)
    assert (caller.kind, caller.connector_id) == (CallerKind.SERVICE_ACCOUNT, account.id)
    assert "android_enterprise" in caller.permissions


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://other.test/token"},
        {"aud": None},
        {"exp": NOON // SECOND - 300},
        {"iat": NOON // SECOND + 301},
        {"exp": NOON // SECOND + 3601},
        {"sub": "somebody@contoso.example"},
        {"iss": "nobody@contoso.example"},
        {"iss": "\0"},
        {"padding": "x" * 9_000},
    ],
)
async def test_a_faulty_assertion_is_refused(house: House, account: SomeServiceAccount, claims: Any) -> None:
    with pytest.raises(InvalidGrant):
        await _exchange(house, _jwt(account, **claims))


async def test_skew_of_five_minutes_is_survived(house: House, account: SomeServiceAccount) -> None:
    now = NOON // SECOND
    skewed: list[dict[str, Any]] = [{"iat": now + 300, "exp": now + 3600}, {"iat": now - 3800, "exp": now - 299}]
    for claims in skewed:
        assert (await _exchange(house, _jwt(account, **claims))).connector_id == account.id


async def test_an_assertion_without_the_scope_is_told_so(house: House, account: SomeServiceAccount) -> None:
    with pytest.raises(InvalidScope):
        await _exchange(house, _jwt(account, scope="email"))


async def test_a_revoked_key_stops_at_once(house: House, account: SomeServiceAccount) -> None:
    raw, bearer = _jwt(account), _jwt(account, aud=None)
    await _self_signed(house, bearer)
    async with house.store.write() as tx:
        await revoke_service_account_key(tx, OPERATOR, house.tenant.id, account.id, account.key_id, NOON)
    with pytest.raises(InvalidGrant, match=r"key_revoked$"):
        await _exchange(house, raw)
    with pytest.raises(InvalidToken, match=r"key_revoked$"):
        await _self_signed(house, bearer)
    assert await house.reasons() == ["key_revoked"]


async def test_a_self_signed_token_has_a_scope_or_our_audience(house: House, account: SomeServiceAccount) -> None:
    accepted: list[dict[str, Any]] = [{"aud": None, "sub": account.email}, {"aud": ROOT, "scope": None}, {"aud": ROOT}]
    for claims in accepted:
        caller = await _self_signed(house, _jwt(account, **claims))
        assert (caller.kind, caller.tenant_id) == (CallerKind.SERVICE_ACCOUNT, house.tenant.id)
    refused: list[dict[str, Any]] = [
        {"aud": None, "scope": None},
        {"aud": None, "scope": "email"},
        {"aud": TOKEN_URI},
        {"aud": []},
        {"aud": ROOT, "scope": "email"},
        {"aud": ROOT, "padding": "x" * 9_000},
    ]
    for claims in refused:
        with pytest.raises(InvalidToken):
            await _self_signed(house, _jwt(account, **claims))


async def test_forged_assertions_are_refused(house: House, account: SomeServiceAccount) -> None:
    own = RSAKey.generate_key(2048)
    good = _jwt(account)
    header, payload, signature = good.split(".")
    claims = jwt.decode(good, RSAKey.import_key(account.private_pem)).claims
    public = RSAKey.import_key(account.private_pem).as_pem(private=False)
    forged = [
        jwt.encode({"alg": "RS256", "kid": account.key_id}, claims, own),
        jwt.encode({"alg": "RS256", "kid": account.key_id, "jwk": own.as_dict(private=False)}, claims, own),
        jwt.encode({"alg": "RS256", "kid": "key-of-nobody"}, claims, own),
        jwt.encode(
            {"alg": "HS256", "kid": account.key_id},
            claims,
            OctKey.import_key(bytes(public).replace(b"-----", b"")),
        ),
        f"eyJhbGciOiJub25lIiwia2lkIjoia2V5LTEifQ.{payload}.",
        f"{header}.{payload}.",
        f"{header}.{payload}.{signature[:-2]}",
        f"{header}.{payload}.{signature}=",
        f"{header}.{payload}",
        _signed(account, {"alg": "RS256", "kid": account.key_id, "crit": ["x"], "x": 1}, payload),
        "",
        "é",
        "." * 9_000,
    ]
    for raw in forged:
        with pytest.raises(InvalidGrant):
            await _exchange(house, raw)
        with pytest.raises(InvalidToken):
            await _self_signed(house, raw)
    for accepted in (good, _signed(account, {"alg": "RS256", "kid": account.key_id, "x": 1}, payload)):
        assert (await _exchange(house, accepted)).connector_id == account.id


async def _another_key(house: House, account: SomeServiceAccount, key_id: str) -> SomeServiceAccount:
    """The account with a second key, as while keys are rotated."""
    private_pem, public_pem = generate_key_pair()
    async with house.store.write() as tx:
        await add_service_account_key(tx, OPERATOR, house.tenant.id, account.id, key_id, public_pem, NOON + SECOND)
    return replace(account, key_id=key_id, private_pem=private_pem)


async def test_both_keys_of_an_account_count_while_they_are_rotated_with_their_ids_and_without(
    house: House, account: SomeServiceAccount
) -> None:
    neighbour = await a_service_account(house.store, house.tenant)
    new = await _another_key(house, account, "key-2")
    unnamed: dict[str, Any] = {"kid": None}
    for key in (account, new):
        for header in (None, unnamed):
            assert (await _exchange(house, _jwt(key, header))).connector_id == account.id
            assert (await _self_signed(house, _jwt(key, header, aud=ROOT))).connector_id == account.id
    with pytest.raises(InvalidGrant, match="signature"):
        await _exchange(house, _jwt(replace(new, key_id="key-1")))
    with pytest.raises(InvalidGrant, match="signature"):
        await _exchange(house, _jwt(replace(new, email=neighbour.email), unnamed))
    with pytest.raises(InvalidGrant, match="unknown_key"):
        await _exchange(house, _jwt(replace(new, email="nobody@contoso.example"), unnamed))
    async with house.store.write() as tx:
        await revoke_service_account_key(tx, OPERATOR, house.tenant.id, account.id, account.key_id, NOON)
    for header in (None, unnamed):
        with pytest.raises(InvalidGrant, match=r"key_revoked$"):
            await _exchange(house, _jwt(account, header))
        assert (await _exchange(house, _jwt(new, header))).connector_id == account.id


async def test_one_accepted_audience_among_several_is_enough(house: House, account: SomeServiceAccount) -> None:
    assert (await _exchange(house, _jwt(account, aud=["https://other.test/", TOKEN_URI]))).connector_id == account.id
    for refused in (["https://other.test/"], [], ["https://other.test/", TOKEN_URI.upper()]):
        with pytest.raises(InvalidGrant, match="audience"):
            await _exchange(house, _jwt(account, aud=refused))


async def test_an_assertion_without_any_scope_is_told_so_too(house: House, account: SomeServiceAccount) -> None:
    for scope in (None, "", f"{SCOPE}.readonly"):
        with pytest.raises(InvalidScope):
            await _exchange(house, _jwt(account, scope=scope))
