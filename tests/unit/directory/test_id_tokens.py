"""directory/id_tokens.py: what a provider signs need not be what a client can read."""

from __future__ import annotations

import json

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from tenantry.core.clock import SECOND
from tenantry.directory.id_tokens import MOST_KEYS, TokenRefused, verify_id_token
from tests.support.clock import NOON


def test_a_nonce_that_is_no_text_is_another_one() -> None:
    key = ECKey.generate_key("P-256", {"kid": "one"})
    seconds = NOON // SECOND
    claims = {
        "iss": "https://idp.example",
        "aud": "us",
        "nonce": "\ud800",
        "exp": seconds,
        "iat": seconds,
        "sub": "mia",
    }
    raw = jws.serialize_compact({"alg": "ES256", "kid": "one"}, json.dumps(claims).encode(), key)
    with pytest.raises(TokenRefused, match="wrong_nonce"):
        verify_id_token(
            raw,
            {"keys": [key.as_dict(private=False)]},
            issuer="https://idp.example",
            client_id="us",
            nonce="ours",
            leeway=0,
            now=NOON,
        )


def a_token(key: ECKey) -> str:
    seconds = NOON // SECOND
    claims = {
        "iss": "https://idp.example",
        "aud": "us",
        "nonce": "ours",
        "exp": seconds + 9,
        "iat": seconds,
        "sub": "m",
    }
    return jws.serialize_compact({"alg": "ES256", "kid": "one"}, json.dumps(claims).encode(), key)


def verify(raw: str, keys: list[object]) -> str:
    checked = {"issuer": "https://idp.example", "client_id": "us", "nonce": "ours"}
    return verify_id_token(raw, {"keys": keys}, **checked, leeway=0, now=NOON).subject


def test_a_provider_has_so_many_keys_and_no_more() -> None:
    key, other = ECKey.generate_key("P-256", {"kid": "one"}), ECKey.generate_key("P-256", {"kid": "other"})
    keys: list[object] = [other.as_dict(private=False)] * (MOST_KEYS - 1)
    assert verify(a_token(key), [*keys, key.as_dict(private=False)]) == "m"
    with pytest.raises(TokenRefused, match="too_many_keys"):
        verify(a_token(key), [*keys, key.as_dict(private=False), other.as_dict(private=False)])


def test_what_is_private_of_a_published_key_is_not_looked_at() -> None:
    """Looking whether its primes are prime takes a third of a second for each key."""
    key = ECKey.generate_key("P-256", {"kid": "one"})
    rsa = RSAKey.generate_key(2048, {"kid": "other"}).as_dict(private=False)
    absurd = {**rsa, **dict.fromkeys(("d", "p", "q", "dp", "dq", "qi"), "AQAB")}
    assert verify(a_token(key), [absurd, key.as_dict(private=False)]) == "m"


@pytest.mark.parametrize("keys", [[None], ["x"], [], [[]], [{}]])
def test_keys_that_are_none_prove_nothing(keys: list[object]) -> None:
    with pytest.raises(TokenRefused, match="bad_signature"):
        verify(a_token(ECKey.generate_key("P-256", {"kid": "one"})), keys)
