"""An OpenID provider of which a test can have anything, also what no honest one would answer.

A test may tell it that the browser arrived (`visit`) and bring any code back; or send a browser to its authorization
endpoint, which makes codes that are good for what they were asked with.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tenantry.core.clock import SECOND
from tests.support.clock import NOON

CLIENT_ID, CLIENT_SECRET = "tenantry", "s3cret:with+colon"


@dataclass
class Provider:
    """`claims` change the ID token (None removes one); `algorithm` and `key` how it is signed."""

    issuer: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    algorithm: str = "ES256"
    key: Any = None
    discovery: dict[str, Any] = field(default_factory=dict)
    token_status: int = 200
    key_set: dict[str, Any] = field(default_factory=dict)
    raw_token: str | None = None
    now: int = NOON // SECOND
    asked: dict[str, str] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    """What each was asked with."""
    answers_with: dict[str, str] = field(default_factory=dict)
    """Parameters beside `code` and `state`, such as `iss`."""
    forwards_to: str | None = None
    """It is an attacker's: browsers go on to this address with their `state`, and codes are kept."""
    stolen: list[str] = field(default_factory=list)
    own_key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "one", "use": "sig"}))

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._configuration),
                Route("/authorize", self._authorize),
                Route("/jwks", self._jwks),
                Route("/token", self._token, methods=["POST"]),
            ]
        )

    def visit(self, address: str) -> dict[str, str]:
        """The browser arrives at the authorization endpoint; what it was sent with."""
        assert address.startswith(f"{self.issuer}/authorize?")
        self.asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        return self.asked

    async def _configuration(self, _request: Request) -> Response:
        known = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
        }
        return JSONResponse({**known, **self.discovery})

    async def _jwks(self, _request: Request) -> Response:
        return JSONResponse({**KeySet([self.own_key]).as_dict(private=False), **self.key_set})

    async def _authorize(self, request: Request) -> Response:
        """Whoever comes is signed in already."""
        asked = dict(request.query_params)
        if self.forwards_to is not None:
            return RedirectResponse(f"{self.forwards_to}&{urlencode({'state': asked['state']})}", 303)
        code = secrets.token_hex(8)
        self.codes[code] = asked
        answer = {"code": code, "state": asked["state"], **self.answers_with}
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(answer)}", 303)

    async def _token(self, request: Request) -> Response:
        form = await request.form()
        code = str(form["code"])
        if self.forwards_to is not None:
            self.stolen.append(code)
        self.asked = self.codes.pop(code, self.asked)
        expected = base64.b64encode(f"{CLIENT_ID}:s3cret%3Awith%2Bcolon".encode()).decode()
        verifier = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        challenge = _encode(verifier)
        right = (
            request.headers.get("authorization") == f"Basic {expected}" and challenge == self.asked["code_challenge"]
        )
        if not right or form["redirect_uri"] != self.asked["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse({"token_type": "Bearer", "access_token": "x", "id_token": self._make()}, self.token_status)

    def _make(self) -> str:
        if self.raw_token is not None:
            return self.raw_token
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": "subject-1",
            "exp": self.now + 300,
            "iat": self.now,
            "nonce": self.asked["nonce"],
            **self.claims,
        }
        kept = {name: value for name, value in claims.items() if value is not None}
        if self.algorithm in ("none", "HS256"):
            return self._make_by_hand(kept)
        header = {"alg": self.algorithm, "kid": "one"}
        return jwt.encode(header, kept, self.key or self.own_key, algorithms=[self.algorithm])

    def _make_by_hand(self, claims: dict[str, Any]) -> str:
        """What a library would not make: unsigned, or signed with bytes that are no key for it."""
        parts = [{"alg": self.algorithm, "kid": "one"}, claims]
        signed = ".".join(_encode(json.dumps(part).encode()) for part in parts)
        signature = b"" if self.algorithm == "none" else hmac.digest(self.key, signed.encode(), "sha256")
        return f"{signed}.{_encode(signature)}"


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
