"""directory/id_tokens.py: what a provider signs need not be what a client can read."""

from __future__ import annotations

import json

import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from tenantry.core.clock import SECOND
from tenantry.directory.id_tokens import TokenRefused, verify_id_token
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
