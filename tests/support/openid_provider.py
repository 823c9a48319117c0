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
import zlib
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from joserfc.jws import JWSRegistry
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
    header: dict[str, Any] = field(default_factory=dict)
    """Of the ID token, beside `alg` and `kid`; None removes one of those."""
    tokens: dict[str, Any] = field(default_factory=dict)
    """What the token endpoint answers beside the ID token."""
    userinfo: dict[str, Any] | None = None
    """What is claimed there beside `sub`. None: it has no userinfo."""
    signs_userinfo: bool = False
    takes_secret_in_form: bool = False
    path: str = ""
    """Of the issuer, such as `/realms/night`; a slash at the end belongs to it."""
    packed: str = ""
    """How its answers are encoded: gzip, deflate, or bare for deflate without zlib's frame."""
    client_secret: str = CLIENT_SECRET
    bearers: list[str] = field(default_factory=list)
    """The access tokens that userinfo was asked with."""
    now: int = NOON // SECOND
    asked: dict[str, str] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    """What each was asked with."""
    answers_with: dict[str, str] = field(default_factory=dict)
    """Parameters beside `code` and `state`, such as `iss`."""
    forwards_to: str | None = None
    """It is an attacker's: browsers go on to this address with their `state`, and codes are kept."""
    stolen: list[str] = field(default_factory=list)
    own_key: Any = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "one", "use": "sig"}))

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route(f"{self.path.rstrip('/')}/.well-known/openid-configuration", self._configuration),
                Route("/authorize", self._authorize),
                Route("/jwks", self._jwks),
                Route("/token", self._token, methods=["POST"]),
                Route("/userinfo", self._userinfo),
            ]
        )

    @property
    def root(self) -> str:
        """Of its addresses: the issuer without its path."""
        return self.issuer.removesuffix(self.path) if self.path else self.issuer

    def visit(self, address: str) -> dict[str, str]:
        """The browser arrives at the authorization endpoint; what it was sent with."""
        assert address.startswith(f"{self.root}/authorize?")
        self.asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        return self.asked

    async def _configuration(self, _request: Request) -> Response:
        known = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.root}/authorize",
            "token_endpoint": f"{self.root}/token",
            "jwks_uri": f"{self.root}/jwks",
            **({} if self.userinfo is None else {"userinfo_endpoint": f"{self.root}/userinfo"}),
        }
        return self._answer({**known, **self.discovery})

    async def _jwks(self, _request: Request) -> Response:
        return self._answer({**KeySet([self.own_key]).as_dict(private=False), **self.key_set})

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
        pair = f"{CLIENT_ID}:{quote_plus(self.client_secret)}"
        by_header = request.headers.get("authorization") == f"Basic {base64.b64encode(pair.encode()).decode()}"
        by_form = (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, self.client_secret)
        is_known = by_form and "authorization" not in request.headers if self.takes_secret_in_form else by_header
        verifier = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        challenge = _encode(verifier)
        if not is_known:
            return self._answer({"error": "invalid_client"}, 401)
        if challenge != self.asked["code_challenge"] or form["redirect_uri"] != self.asked["redirect_uri"]:
            return self._answer({"error": "invalid_grant"}, 400)
        answer = {"token_type": "Bearer", "access_token": "x", "id_token": self._make(), **self.tokens}
        return self._answer(answer, self.token_status)

    async def _userinfo(self, request: Request) -> Response:
        self.bearers.append(request.headers["authorization"].removeprefix("Bearer "))
        claims = {"sub": "subject-1", **(self.userinfo or {})}
        if not self.signs_userinfo:
            return self._answer(claims)
        signed = jwt.encode({"alg": self.algorithm, "kid": "one"}, claims, self.own_key, algorithms=[self.algorithm])
        return Response(signed, media_type="application/jwt")

    def _answer(self, content: dict[str, Any], status: int = 200) -> Response:
        plain = JSONResponse(content, status)
        if not self.packed:
            return plain
        packing = zlib.compressobj(wbits={"gzip": 31, "deflate": 15, "bare": -15}[self.packed])
        body = packing.compress(bytes(plain.body)) + packing.flush()
        coding = "gzip" if self.packed == "gzip" else "deflate"
        return Response(body, status, {"content-encoding": coding}, "application/json")

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
        header = {"alg": self.algorithm, "kid": "one", **self.header}
        header = {name: value for name, value in header.items() if value is not None}
        signed = ".".join(_encode(json.dumps(part).encode()) for part in (header, kept))
        signature = JWSRegistry.algorithms[self.algorithm].sign(signed.encode(), self.key or self.own_key)
        return f"{signed}.{_encode(signature)}"

    def _make_by_hand(self, claims: dict[str, Any]) -> str:
        """What a library would not make: unsigned, or signed with bytes that are no key for it."""
        parts = [{"alg": self.algorithm, "kid": "one"}, claims]
        signed = ".".join(_encode(json.dumps(part).encode()) for part in parts)
        signature = b"" if self.algorithm == "none" else hmac.digest(self.key, signed.encode(), "sha256")
        return f"{signed}.{_encode(signature)}"


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
