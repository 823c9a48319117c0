"""Forged access tokens, each in one known way, are refused with one public answer."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import KeySet

from tenantry.core.caller import Audience
from tenantry.core.clock import HOUR, MINUTE, SECOND
from tenantry.core.errors import InvalidToken
from tenantry.core.ids import GrantId, TenantId, new_guid
from tenantry.tokens import base64url
from tenantry.tokens.keys.signing_keys import SigningKey, der_to_raw
from tenantry.tokens.mint import draft_access_token
from tenantry.tokens.verify import verify_access_token
from tests.support.clock import NOON
from tests.support.issuing import ISSUER
from tests.unit.tokens.conftest import House


def _mint(house: House, **changes: Any) -> str:
    arguments: dict[str, Any] = {
        "issuer": ISSUER,
        "audience": Audience.KAIZALA,
        "subject": "u",
        "tenant_id": TenantId(new_guid()),
        "client_id": "c",
        "scope": "media",
        "grant_id": GrantId("g"),
        "amr": ["pwd"],
        "lifetime": HOUR,
        "now": NOON,
    }
    return draft_access_token(house.ring, **{**arguments, **changes}).sign().raw


def _verify(house: House, raw: str, now: int = NOON) -> Any:
    return verify_access_token(house.ring, raw, issuer=ISSUER, audience=Audience.KAIZALA, now=now, leeway=MINUTE)


def _b64(value: Any) -> bytes:
    return base64url.encode(json.dumps(value).encode())


def _header(raw: str) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(base64url.decode(raw.split(".", maxsplit=1)[0].encode()) or b"")
    return decoded


def _payload(raw: str) -> bytes:
    return raw.split(".")[1].encode()


def _signed(key: SigningKey, header: Any, payload: bytes) -> str:
    """What an attacker could make who had our key: so only the header is at fault."""
    return _signed_as_it_is(key, _b64(header) + b"." + payload)


def _signed_as_it_is(key: SigningKey, data: bytes) -> str:
    return (data + b"." + base64url.encode(key.sign(data))).decode()


def _hs256_over_the_public_key(raw: str, key: SigningKey) -> str:
    public = key.private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    data = _b64({**_header(raw), "alg": "HS256"}) + b"." + _payload(raw)
    return (data + b"." + base64url.encode(hmac.digest(public, data, hashlib.sha256))).decode()


def _own_key_in_the_header(raw: str, _: SigningKey) -> str:
    own = ec.generate_private_key(ec.SECP256R1())
    numbers = own.public_key().public_numbers()
    jwk = {
        "kty": "EC",
        "crv": "P-256",
        "x": base64url.encode(numbers.x.to_bytes(32)).decode(),
        "y": base64url.encode(numbers.y.to_bytes(32)).decode(),
    }
    data = _b64({**_header(raw), "jwk": jwk}) + b"." + _payload(raw)
    from tenantry.tokens.keys.signing_keys import _ECDSA

    return (data + b"." + base64url.encode(der_to_raw(own.sign(data, _ECDSA)))).decode()


def _with(**header: Any) -> Callable[[str, SigningKey], str]:
    return lambda raw, key: _signed(key, {**_header(raw), **header}, _payload(raw))


def _claims_changed(raw: str, _: SigningKey) -> str:
    head, payload, signature = raw.split(".")
    claims = json.loads(base64url.decode(payload.encode()) or b"")
    return f"{head}.{_b64({**claims, 'tid': new_guid()}).decode()}.{signature}"


FORGERIES: dict[str, Callable[[str, SigningKey], str]] = {
    "alg none, no signature": lambda raw, _: (
        (_b64({**_header(raw), "alg": "none"}) + b"." + _payload(raw)).decode() + "."
    ),
    "alg none, our kid": _with(alg="none"),
    "hs256 over the public key": _hs256_over_the_public_key,
    "jwk": _own_key_in_the_header,
    "jku": _with(jku="https://evil.test/jwks.json"),
    "x5c": _with(x5c=["MIIB"]),
    "x5u": _with(x5u="https://evil.test/cert.pem"),
    "crit": _with(crit=["exp"]),
    "unknown kid": _with(kid="0" * 32),
    "kid of another type": _with(kid=["x"]),
    "typ of an ID token": _with(typ="JWT"),
    "rs256": _with(alg="RS256"),
    "claims changed": _claims_changed,
    "a header too deep to parse": lambda raw, _: (
        (base64url.encode(b"[" * 5000) + b"." + _payload(raw)).decode() + ".AAAA"
    ),
    "signature of zeros": lambda raw, _: raw.rsplit(".", 1)[0] + "." + "A" * 86,
    "signature cut": lambda raw, _: raw[:-1],
    "no signature": lambda raw, _: raw.rsplit(".", 1)[0] + ".",
    "two parts": lambda raw, _: raw.rsplit(".", 1)[0],
    "four parts": lambda raw, _: raw + ".x",
    "padding": lambda raw, _: raw + "==",
    "empty": lambda raw, _: "",
    "not a header": lambda raw, key: _signed(key, [1], _payload(raw)),
    "our header, written otherwise": _with(),
    "not claims": lambda raw, key: _signed_as_it_is(key, raw.split(".", 1)[0].encode() + b"." + _b64([1])),
    "claims that are no text": lambda raw, key: _signed_as_it_is(key, raw.split(".", 1)[0].encode() + b".gIGC"),
    "not ascii": lambda raw, _: raw + "é",
    "huge": lambda raw, _: raw + "A" * 10_000,
}


REASONS = {
    "alg none, no signature": "algorithm",
    "alg none, our kid": "algorithm",
    "hs256 over the public key": "algorithm",
    "jwk": "key_in_header",
    "jku": "key_in_header",
    "x5c": "key_in_header",
    "x5u": "key_in_header",
    "crit": "critical_header",
    "unknown kid": "unknown_key",
    "kid of another type": "unknown_key",
    "typ of an ID token": "header",
    "rs256": "algorithm",
    "claims changed": "signature",
    "a header too deep to parse": "malformed",
    "signature of zeros": "signature",
    "signature cut": "signature",
    "no signature": "signature",
    "two parts": "signature",
    "four parts": "signature",
    "padding": "signature",
    "empty": "malformed",
    "not a header": "malformed",
    "our header, written otherwise": "header",
    "not claims": "claims",
    "claims that are no text": "claims",
    "not ascii": "malformed",
    "huge": "malformed",
}
"""What the trail says of each, which the public answer does not."""


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_a_forged_token_is_refused(house: House, forgery: str) -> None:
    raw = _mint(house)
    _verify(house, raw)
    with pytest.raises(InvalidToken) as refused:
        _verify(house, FORGERIES[forgery](raw, house.ring.signer(NOON)))
    assert refused.value.public == InvalidToken.default
    assert refused.value.internal == REASONS[forgery]


async def test_a_token_for_another_audience_or_issuer_is_refused(house: House) -> None:
    with pytest.raises(InvalidToken, match="audience"):
        _verify(house, _mint(house, audience=Audience.PARTNER_CENTER))
    with pytest.raises(InvalidToken, match="issuer"):
        _verify(house, _mint(house, issuer="https://other.test"))


async def test_skew_within_the_leeway_is_survived_and_not_beyond(house: House) -> None:
    raw = _mint(house)
    for now in (NOON - MINUTE, NOON - 2 * SECOND, NOON + HOUR + MINUTE - 1):
        _verify(house, raw, now)
    for now, reason in ((NOON - MINUTE - 1, "not_yet_valid"), (NOON + HOUR + MINUTE, "expired")):
        with pytest.raises(InvalidToken) as refused:
            _verify(house, raw, now)
        assert refused.value.reason == reason
    with pytest.raises(InvalidToken, match="not_yet_valid"):
        _verify(house, _mint(house, extra={"nbf": NOON // SECOND + 3600}))
    assert _verify(house, _mint(house, extra={"nbf": NOON // SECOND + 60})).nbf == NOON // SECOND + 60
    with pytest.raises(InvalidToken, match="malformed"):
        _verify(house, _mint(house, extra={"padding": "x" * 9_000}))


async def test_a_foreign_library_verifies_our_tokens_by_our_jwks(house: House) -> None:
    keys = KeySet.import_key_set(json.loads(house.ring.jwks(NOON)))
    token = jwt.decode(_mint(house, act="partner-user"), keys, algorithms=["ES256"])
    assert token.header["typ"] == "at+jwt"
    assert token.claims["aud"] == f"{ISSUER}/kaizala"
    assert token.claims["act"] == {"sub": "partner-user"}
    assert "d" not in json.loads(house.ring.jwks(NOON))["keys"][0]


async def test_extra_claims_cannot_replace_ours(house: House) -> None:
    assert _verify(house, _mint(house, extra={"sub": "somebody else", "gid": "x"})).sub == "u"


@given(st.integers(1, 2**256 - 1), st.integers(1, 2**256 - 1))
def test_a_signature_is_64_bytes_whatever_der_made_of_it(r: int, s: int) -> None:
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    assert der_to_raw(encode_dss_signature(r, s)) == r.to_bytes(32) + s.to_bytes(32)
