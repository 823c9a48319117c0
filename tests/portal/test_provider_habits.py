"""Habits of real OpenID providers: what is odd, and lets people in all the same; and what does not, with its reason.

docs/identity-providers.md has the table for administrators: each provider in it is a case here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from httpx import Response
from joserfc.jwk import ECKey, OKPKey, RSAKey

from tenantry.app import App
from tenantry.directory.identity_providers import NameClaim, NewProvider, add_identity_provider
from tenantry.store import Store, open_store
from tenantry.store.trail import audit_events
from tests.support.app import an_app
from tests.support.builders import OPERATOR
from tests.support.clock import NOON
from tests.support.openid_provider import CLIENT_ID, CLIENT_SECRET, Provider
from tests.support.portal import Portal, Visitor, a_portal
from tests.support.server import a_running_server

OWN = RSAKey.generate_key(2048, {"kid": "one"})
EC = ECKey.generate_key("P-256", {"kid": "one"})
ED = OKPKey.generate_key("Ed25519", {"kid": "one"})
PUBLIC = OWN.as_dict(private=False)
OTHER = RSAKey.generate_key(2048, {"kid": "two"}).as_dict(private=False)
VERIFIED = {"email": "MIA", "email_verified": True}


@dataclass
class Habit:
    """`provider`: fields of the odd provider. `claims` of the ID token; the text MIA becomes mia's name."""

    provider: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=lambda: dict(VERIFIED))
    name_claim: NameClaim = NameClaim.EMAIL
    answer: dict[str, str] = field(default_factory=dict)
    """Parameters beside `code` and `state` when the browser comes back; ISSUER is the provider's."""
    userinfo_is_asked: bool = False
    has_second_step: bool = False
    """It says so, and the administrator believes it."""


def keys(*more: Any, own: Any = None) -> dict[str, Any]:
    return {"algorithm": "RS256", "own_key": OWN, "key_set": {"keys": [*more, PUBLIC if own is None else own]}}


HABITS = {
    # Vendors, as their documents and bug reports show them
    "Entra ID": Habit(
        {
            **keys(OTHER, own={**PUBLIC, "x5t": "one", "x5c": ["MIIC"], "issuer": "https://login.example/{tenantid}"}),
            "header": {"typ": "JWT", "x5t": "one"},
            "path": "/f0e1/v2.0",
            "discovery": {
                "tenant_region_scope": "EU",
                "kerberos_endpoint": None,
                "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
            },
            "takes_secret_in_form": True,
        },
        {"preferred_username": "MIA", "oid": "o", "tid": "t", "aio": "x", "rh": "y", "uti": "z", "ver": "2.0"},
        NameClaim.UPN,
        {"session_state": "s"},
    ),
    "Google": Habit(
        keys(OTHER),
        {**VERIFIED, "hd": "a.example", "at_hash": "x", "azp": CLIENT_ID},
        answer={"scope": "email", "authuser": "0"},
    ),
    "Okta, whose ID token is thin": Habit(
        {**keys(), "path": "/oauth2/default", "userinfo": {**VERIFIED, "zoneinfo": "x"}},
        {"idp": "00o", "amr": ["pwd", "otp", "mfa"], "ver": 1},
        userinfo_is_asked=True,
        has_second_step=True,
    ),
    "Auth0, whose issuer ends in a slash": Habit({**keys(OTHER), "path": "/"}, {**VERIFIED, "nickname": "m"}),
    "Keycloak": Habit(
        {
            **keys(
                {**OTHER, "use": "enc", "alg": "RSA-OAEP"}, {**OTHER, "kid": "one", "use": "enc", "alg": "RSA-OAEP"}
            ),
            "path": "/realms/night",
            "discovery": {"authorization_response_iss_parameter_supported": True},
        },
        {**VERIFIED, "typ": "ID", "azp": CLIENT_ID, "acr": "1", "sid": "s"},
        answer={"session_state": "s", "iss": "ISSUER"},
    ),
    "Authelia, which claims at userinfo only": Habit(
        {
            **keys(),
            "userinfo": {**VERIFIED, "alt_emails": None},
            "discovery": {"authorization_response_iss_parameter_supported": True},
        },
        {"amr": ["pwd", "otp", "mfa"], "azp": CLIENT_ID, "email": None},
        answer={"iss": "ISSUER", "scope": "openid email profile"},
        userinfo_is_asked=True,
        has_second_step=True,
    ),
    "Kanidm, with a header of its own": Habit(
        {"header": {"client_id": CLIENT_ID, "typ": "JWT"}, "path": "/oauth2/openid/tenantry"},
    ),
    "CyberArk, with a header of its own": Habit({**keys(), "header": {"app_id": "a"}}),
    "Clerk, with a header of its own": Habit({**keys(), "header": {"cat": "cl_B7d4PD222AAA"}}),
    "Zitadel, which claims at userinfo and has several audiences": Habit(
        {**keys(), "userinfo": {**VERIFIED, "urn:zitadel:iam:org:domain": "x"}},
        {"aud": [CLIENT_ID, "a project"], "azp": CLIENT_ID, "client_id": CLIENT_ID},
        userinfo_is_asked=True,
    ),
    "authentik, with a scope mapping": Habit(
        {**keys(), "path": "/application/o/tenantry/"}, {**VERIFIED, "groups": [], "uid": "u"}
    ),
    "authentik, which calls no address verified": Habit(
        {**keys(), "path": "/application/o/tenantry/"},
        {"email": "MIA", "email_verified": False, "preferred_username": "MIA"},
        NameClaim.UPN,
    ),
    "Ping, with dots in its names": Habit(
        {**keys(), "path": "/f0e1/as", "header": {"pi.atm": "1", "x5t": "one"}, "userinfo": VERIFIED},
        {"pi.sri": "x"},
        userinfo_is_asked=True,
    ),
    "Cognito, whose userinfo has texts for booleans": Habit(
        {**keys(OTHER), "path": "/eu-west-1_aB3dE", "userinfo": {"email": "MIA", "email_verified": "true"}},
        {**VERIFIED, "cognito:username": "m", "token_use": "id", "event_id": "e", "origin_jti": "o"},
    ),
    # Headers
    "a header of null": Habit({"header": {"x5c": None, "jku": None}}),
    "a header of another type than registered": Habit({"header": {"x5t": 7, "cty": 1, "x5c": "no list", "jku": "x"}}),
    "a header with its certificates": Habit({"header": {"x5c": ["M" * 4_000]}}),
    "no key id, and several keys": Habit({**keys(OTHER), "header": {"kid": None}}),
    # Keys
    "keys of unknown kinds": Habit(
        keys(
            {"kty": "AKP", "alg": "ML-DSA-44", "pub": "x", "kid": "pq"},
            {"kty": "EC", "crv": "P-999", "x": "x", "y": "y", "kid": "one"},
            {"kty": "OKP", "crv": "X448", "x": "x", "kid": "one"},
            {"kty": "oct", "k": "c2VjcmV0", "kid": "one"},
            {"kty": "RSA", "kid": "one"},
            {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "one"},
            {"kty": "RSA", "n": 7, "e": None, "kid": "one"},
            {"kty": None},
            {},
            None,
            "text",
            [],
        )
    ),
    "keys for other ends": Habit(
        keys(
            {**OTHER, "kid": "one", "use": "tls"},
            {**OTHER, "kid": "one", "key_ops": ["wrapKey"]},
            {**OTHER, "kid": "one", "alg": "PS512"},
            {**OTHER, "kid": "one", "alg": "from-the-future"},
        )
    ),
    "two keys of one id": Habit(keys({**OTHER, "kid": "one"})),
    "a key with null members": Habit(keys(own={**PUBLIC, "use": None, "alg": None, "key_ops": None, "x5c": None})),
    "a key with unknown members": Habit(keys(own={**PUBLIC, "use": "sig", "key_ops": ["verify", "tickle"], "exp": 1})),
    "keys without ids": Habit(keys({**OTHER, "kid": None}, own={**PUBLIC, "kid": None})),
    "an elliptic key": Habit({"algorithm": "ES256", "own_key": EC}),
    "an Edwards key by its old name": Habit({"algorithm": "EdDSA", "own_key": ED}),
    "an Edwards key by its new name": Habit(
        {"algorithm": "EdDSA", "own_key": ED, "key_set": {"keys": [{**ED.as_dict(private=False), "alg": "Ed25519"}]}}
    ),
    # Documents
    "null for what discovery leaves out": Habit(
        {
            "discovery": {
                "token_endpoint_auth_methods_supported": None,
                "userinfo_endpoint": None,
                "authorization_response_iss_parameter_supported": None,
                "scopes_supported": None,
            }
        }
    ),
    "nonsense in what discovery may leave out": Habit(
        {
            "discovery": {
                "token_endpoint_auth_methods_supported": "client_secret_basic",
                "userinfo_endpoint": "ldap://inside",
                "authorization_response_iss_parameter_supported": "yes",
            }
        }
    ),
    "a way of naming clients that is not known": Habit(
        {"discovery": {"token_endpoint_auth_methods_supported": ["tls_client_auth", "client_secret_basic", None]}}
    ),
    "both ways of naming clients, and a secret that must be escaped": Habit(
        {
            "takes_secret_in_form": True,
            "discovery": {"token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"]},
        }
    ),
    "null in the tokens": Habit(
        {"tokens": {"refresh_token": None, "scope": None, "expires_in": None, "error": None, "error_description": None}}
    ),
    "null claims": Habit(claims={**VERIFIED, "azp": None, "nbf": None, "auth_time": None, "amr": None, "acr": None}),
    "an odd claim": Habit(claims={**VERIFIED, "groups": {"a": [1, None]}, "name": "\ud800", "n": float("nan")}),
    "gzip": Habit({"packed": "gzip", "userinfo": VERIFIED}, {}, userinfo_is_asked=True),
    "deflate": Habit({"packed": "deflate", "userinfo": VERIFIED}, {}, userinfo_is_asked=True),
    "deflate without its frame": Habit({"packed": "bare", "userinfo": VERIFIED}, {}, userinfo_is_asked=True),
    "parameters of its own in the answer": Habit(answer={"client_info": "x", "session_state": "y"}),
    # Userinfo
    "signed userinfo": Habit({"userinfo": VERIFIED, "signs_userinfo": True}, {}, userinfo_is_asked=True),
    "signed userinfo for us": Habit(
        {"userinfo": {**VERIFIED, "aud": [CLIENT_ID, "b"]}, "signs_userinfo": True}, {}, userinfo_is_asked=True
    ),
    "an address without a word for it": Habit(
        {"userinfo": VERIFIED}, {"email": "x@elsewhere.example"}, userinfo_is_asked=True
    ),
    "a user principal name at userinfo": Habit({"userinfo": {"upn": "MIA"}}, {}, NameClaim.UPN, userinfo_is_asked=True),
    "userinfo that nobody needs is not asked": Habit({"userinfo": {"sub": "somebody else"}}),
}

REFUSED = {
    "crit": (Habit({"header": {"crit": ["exp"], "exp": 1}}), "critical_header"),
    "crit of what is registered": (Habit({"header": {"crit": ["kid"]}}), "critical_header"),
    # Vendors, as they are before somebody has set them right
    "Entra ID, asked for an address": (
        Habit({**keys(OTHER), "path": "/f0e1/v2.0"}, {"email": "MIA", "preferred_username": "MIA"}),
        "name_not_verified",
    ),
    "Keycloak, before the address is verified": (
        Habit({**keys(), "path": "/realms/night"}, {"email": "MIA", "email_verified": False}),
        "name_not_verified",
    ),
    "authentik, which calls no address verified": (
        Habit({**keys(), "path": "/application/o/tenantry/"}, {"email": "MIA", "email_verified": False}),
        "name_not_verified",
    ),
    "authentik, without a signing key": (
        Habit({"algorithm": "HS256", "key": CLIENT_SECRET.encode(), "path": "/application/o/tenantry/"}),
        "bad_signature",
    ),
    "Google, with an account of another domain": (
        Habit(keys(OTHER), {"email": "mia@elsewhere.example", "email_verified": True, "hd": "elsewhere.example"}),
        "foreign_domain",
    ),
    "Keycloak, behind a proxy that drops its word for the answer": (
        Habit({**keys(), "discovery": {"authorization_response_iss_parameter_supported": True}}),
        "no_iss_in_answer",
    ),
    # Keys
    "no key of that id": (Habit(keys(own=OTHER)), "bad_signature"),
    "a key for encryption only": (Habit(keys(own={**PUBLIC, "use": "enc"})), "bad_signature"),
    "a key for another algorithm": (Habit(keys(own={**PUBLIC, "alg": "PS256"})), "bad_signature"),
    "a secret as key": (Habit({"key_set": {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "one"}]}}), "bad_signature"),
    "keys that are no list": (Habit({"key_set": {"keys": PUBLIC}}), "bad_signature"),
    "a text for a boolean": (Habit(claims={"email": "MIA", "email_verified": "true"}), "email_verified_not_boolean"),
    "a text for a boolean at userinfo": (
        Habit({"userinfo": {"email": "MIA", "email_verified": "true"}}, {}),
        "email_verified_not_boolean",
    ),
    "an address that is not verified": (
        Habit({"userinfo": VERIFIED}, {"email": "MIA", "email_verified": False}),
        "name_not_verified",
    ),
    "no userinfo": (Habit(claims={}), "name_not_verified"),
    "userinfo without an address": (Habit({"userinfo": {}}, {}), "name_not_verified"),
    "null at userinfo": (Habit({"userinfo": {**VERIFIED, "email": None}}, {}), "name_not_verified"),
    "an address of one document, the word for it of another": (
        Habit({"userinfo": {"email": "x@elsewhere.example", "email_verified": True}}, {"email": "MIA"}),
        "foreign_domain",
    ),
    "userinfo of somebody else": (Habit({"userinfo": {**VERIFIED, "sub": "subject-2"}}, {}), "wrong_sub_at_userinfo"),
    "userinfo of nobody": (Habit({"userinfo": {**VERIFIED, "sub": None}}, {}), "wrong_sub_at_userinfo"),
    "signed userinfo of another issuer": (
        Habit({"userinfo": {**VERIFIED, "iss": "https://x.example"}, "signs_userinfo": True}, {}),
        "wrong_userinfo",
    ),
    "signed userinfo for another client": (
        Habit({"userinfo": {**VERIFIED, "aud": "b"}, "signs_userinfo": True}, {}),
        "wrong_userinfo",
    ),
    "an access token that cannot be sent": (
        Habit({"userinfo": VERIFIED, "tokens": {"access_token": "a\r\nx: y"}}, {}),
        "name_not_verified",
    ),
    "null for an access token": (
        Habit({"userinfo": VERIFIED, "tokens": {"access_token": None}}, {}),
        "name_not_verified",
    ),
    "a secret that has ended": (Habit({"client_secret": "another"}), "provider_refused: invalid_client"),
    "an error with status 200": (
        Habit({"tokens": {"id_token": None, "error": "access_denied"}}),
        "provider_refused: access_denied",
    ),
    "an error that is no word": (
        Habit({"tokens": {"error": "<script>"}}),
        "provider_refused: unknown",
    ),
    "no ID token": (Habit({"tokens": {"id_token": None}}), "no_id_token"),
    "a server's error": (Habit({"token_status": 502}), "provider_unreachable: its token endpoint answered 502"),
}


class Case:
    """One portal for all habits, each with a provider of its own."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal

    async def come(self, habit: Habit) -> tuple[Visitor, Response, Provider]:
        """There and back."""
        deps, tenant = self.portal.app.deps, self.portal.tenant
        async with deps.store.write() as tx:
            for table in ("linked_identities", "sessions"):
                await tx.run(f"DELETE FROM {table} WHERE tenant_id = :t", t=tenant.id)
        provider = Provider(**self._filled(habit.provider), claims=self._filled(habit.claims))

        async def make_app(address: str) -> Any:
            provider.issuer = address + provider.path
            return provider.app()

        async with a_running_server(make_app):
            new = NewProvider(
                name="P",
                issuer=provider.issuer,
                client_id=CLIENT_ID,
                client_secret=CLIENT_SECRET,
                name_claim=habit.name_claim,
                trusts_mfa=habit.has_second_step,
            )
            async with deps.store.write() as tx:
                provider_id = await add_identity_provider(tx, deps.master_key, OPERATOR, tenant.id, new, NOON)
            visitor = await self.portal.visit(None)
            left = await visitor.open(f"/sign-in/at/{tenant.id}/{provider_id}")
            asked = provider.visit(left.headers["location"])
            answer = {"code": "c", "state": asked["state"], **habit.answer}
            answer = {name: value.replace("ISSUER", provider.issuer) for name, value in answer.items()}
            path = f"/sign-in/callback/{tenant.id}/{provider_id}"
            return visitor, await visitor.http.get(path, params=answer), provider

    def _filled(self, values: dict[str, Any]) -> dict[str, Any]:
        name = self.portal.mia.user_principal_name
        filled = {key: self._filled(value) if isinstance(value, dict) else value for key, value in values.items()}
        return {key: name if value == "MIA" else value for key, value in filled.items()}

    async def proofs(self) -> str:
        """Of the newest session: how its user was proven."""
        sql = "SELECT amr FROM sessions WHERE tenant_id = :t ORDER BY created_at DESC, id DESC LIMIT 1"
        async with self.portal.app.deps.store.read() as read:
            return await read.one_or_none(str, sql, t=self.portal.tenant.id) or ""

    async def reason(self) -> str:
        async with self.portal.app.deps.store.read() as read:
            trail = await audit_events.list_latest(read, self.portal.tenant.id, 20)
        return next(
            event.data.split('"reason":"')[1].split('"')[0]
            for event in trail
            if event.type == "upstream_sign_in.refused"
        )


@pytest.fixture
async def case(sqlite_url: str) -> AsyncIterator[Case]:
    store: Store = await open_store(sqlite_url)
    app: App = await an_app(store, outgoing_private_addresses=True)
    portal = await a_portal(app)
    yield Case(portal)
    for http in portal.visitors:
        await http.aclose()
    await app.close()
    await store.close()


async def test_habits_of_real_providers_let_people_in(case: Case, subtests: Any) -> None:
    for name, habit in HABITS.items():
        with subtests.test(msg=name):
            visitor, answer, provider = await case.come(habit)
            if answer.status_code != 303:
                raise AssertionError(await case.reason())
            assert answer.headers["location"] == "/"
            assert provider.bearers == (["x"] if habit.userinfo_is_asked else [])
            assert await case.proofs() == ("fed mfa" if habit.has_second_step else "fed")
            assert (await visitor.open("/sessions")).status_code == 200


def test_each_provider_of_the_table_for_administrators_is_a_case() -> None:
    page = (Path(__file__).parents[2] / "docs" / "identity-providers.md").read_text()
    table = page.partition("## What to type, by provider")[2].partition("\n## ")[0]
    providers = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(providers) == 11
    cases = {name.partition(",")[0] for name in HABITS}
    assert not [name for name in providers if not any(name.endswith(case) for case in cases)]


async def test_what_a_provider_must_not_do_lets_nobody_in_and_the_trail_says_why(case: Case, subtests: Any) -> None:
    for name, (habit, reason) in REFUSED.items():
        with subtests.test(msg=name):
            _visitor, answer, _provider = await case.come(habit)
            assert answer.status_code == 403
            assert await case.reason() == reason


async def test_a_user_who_is_linked_needs_no_name_any_more(case: Case) -> None:
    """And userinfo is asked no more."""
    deps, tenant = case.portal.app.deps, case.portal.tenant
    provider = Provider(userinfo=case._filled(VERIFIED))

    async def make_app(address: str) -> Any:
        provider.issuer = address
        return provider.app()

    async with a_running_server(make_app):
        new = NewProvider(name="P", issuer=provider.issuer, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
        async with deps.store.write() as tx:
            provider_id = await add_identity_provider(tx, deps.master_key, OPERATOR, tenant.id, new, NOON)
        for _time in range(2):
            visitor = await case.portal.visit(None)
            left = await visitor.open(f"/sign-in/at/{tenant.id}/{provider_id}")
            state = provider.visit(left.headers["location"])["state"]
            answer = await visitor.open(f"/sign-in/callback/{tenant.id}/{provider_id}?code=c&state={state}")
            assert answer.status_code == 303
            provider.userinfo = {"sub": "somebody else"}
    assert provider.bearers == ["x"]


MISTAKES = [
    ("/common/v2.0", "{root}/{{tenantid}}/v2.0", "in place of “common” or “organizations”"),
    ("", "{root}/", "It is the slash at the end"),
    ("/", "{root}", "It is the slash at the end"),
    ("/.well-known/openid-configuration", "{root}", "Type the issuer that it names"),
    ("", "https://sts.example/t/", "of another issuer"),
    ("/contoso.example/v2.0", "{root}/f0e1/v2.0", "of another issuer"),
]


@pytest.mark.parametrize(("typed", "claimed", "words"), MISTAKES)
async def test_a_mistyped_issuer_is_told_what_the_document_names(
    case: Case, typed: str, claimed: str, words: str
) -> None:
    provider = Provider(path=typed.partition("/.well-known")[0])

    async def make_app(address: str) -> Any:
        provider.issuer = claimed.format(root=address)
        root = address
        provider.discovery = dict.fromkeys(("authorization_endpoint", "token_endpoint", "jwks_uri"), f"{root}/x")
        return provider.app()

    async with a_running_server(make_app) as root:
        dana = await case.portal.visit(case.portal.dana)
        await dana.open("/identity-providers")
        form = {"name": "P", "client_id": "a", "client_secret": "b", "issuer": root + typed}
        assert (await dana.send("/identity-providers", **form)).status_code == 422
        assert words in dana.text
        assert claimed.format(root=root) in dana.text
        if "{" not in claimed and claimed.startswith("{root}"):
            await dana.send("/identity-providers", **{**form, "issuer": claimed.format(root=root)})


@pytest.mark.parametrize("claimed", [None, 7, "", "x\u202e", "x" * 600])
async def test_a_document_that_names_no_issuer_is_none(case: Case, claimed: Any) -> None:
    provider = Provider(discovery={"issuer": claimed})

    async def make_app(address: str) -> Any:
        provider.issuer = address
        return provider.app()

    async with a_running_server(make_app) as root:
        dana = await case.portal.visit(case.portal.dana)
        await dana.open("/identity-providers")
        form = {"name": "P", "client_id": "a", "client_secret": "b", "issuer": root}
        assert (await dana.send("/identity-providers", **form)).status_code == 422
        assert "names no issuer" in dana.text
