"""Signs in as a service account over HTTP, with a key file and nothing else (RFC 7523 §2.1)."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from base64 import urlsafe_b64encode
from collections.abc import Mapping

SCOPE = "https://www.googleapis.com/auth/androidenterprise"


class SignInFailed(Exception):
    """The server refused the sign-in, or could not be reached. The text says which."""


def fetch_token(key_file: Mapping[str, str]) -> str:
    """Get an access token for the account of the key file. Raises SignInFailed; KeyError and ValueError when it is no
    key file.
    """
    form = urllib.parse.urlencode(
        {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": _assertion(key_file)}
    )
    uri = key_file["token_uri"]
    if not uri.startswith(("http://", "https://")):
        raise ValueError("token_uri is no web address")
    try:
        with urllib.request.urlopen(uri, form.encode(), timeout=10) as answer:  # noqa: S310 - checked above
            return str(json.load(answer)["access_token"])
    except urllib.error.HTTPError as error:
        raise SignInFailed(f"{uri} answered {error.code}: {error.read(1000).decode(errors='replace')}") from None
    except OSError as error:
        raise SignInFailed(f"{uri} cannot be reached: {error}") from None


def _assertion(key_file: Mapping[str, str]) -> str:
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = load_pem_private_key(key_file["private_key"].encode(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("private_key is not RSA")  # noqa: TRY004 - a wrong file, not a wrong call
    now = int(time.time())
    claims = {
        "iss": key_file["client_email"],
        "aud": "https://oauth2.googleapis.com/token",
        "scope": SCOPE,
        "iat": now,
        "exp": now + 3600,
    }
    header = {"typ": "JWT", "alg": "RS256", "kid": key_file["private_key_id"]}
    signed = f"{_encode(json.dumps(header).encode())}.{_encode(json.dumps(claims).encode())}"
    return f"{signed}.{_encode(key.sign(signed.encode(), padding.PKCS1v15(), SHA256()))}"


def _encode(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
