"""ID tokens: what they tell, of whom, and what a refresh says again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tenantry.access.actions import Permission
from tenantry.core.caller import Audience
from tenantry.core.clock import DAY, MINUTE, SECOND
from tenantry.core.errors import InvalidGrant, InvalidToken
from tenantry.directory.id_tokens import verify_id_token
from tenantry.directory.user_properties import UserChanges
from tenantry.directory.users import delete_user, update_user
from tenantry.tokens import base64url
from tenantry.tokens.authorization_codes import CodeTerms, issue_code
from tenantry.tokens.grant_types.authorization_code import PresentedCode, redeem_code
from tenantry.tokens.grant_types.refresh_token import refresh_sign_in
from tenantry.tokens.id_tokens import SignIn, issue_id_token, sign_in_scope, without_sign_in
from tenantry.tokens.issuing import Issued
from tests.support.builders import HASHER, OPERATOR, SomeUser, a_tenant, a_user
from tests.support.issuing import ISSUER
from tests.unit.tokens.conftest import House

CALLBACK = "https://app.test/callback"
PROFILE = {"name", "given_name", "family_name", "preferred_username"}


async def sign_in_of(house: House, user: SomeUser, scope: str | None = "openid profile") -> Issued:
    """The user signed in a minute before the clock, agreed, and the app has redeemed the code."""
    now = house.clock()
    async with house.store.write() as tx:
        code = await issue_code(
            tx,
            HASHER,
            OPERATOR,
            tenant_id=house.tenant.id,
            terms=CodeTerms(
                connector_id=house.connector.id,
                redirect_uri=CALLBACK,
                permissions=[Permission.PARTNER_CENTER],
                nonce="n-1",
                sign_in=SignIn(now - MINUTE, scope) if scope else None,
            ),
            user_id=user.id,
            amr=["pwd", "mfa"],
            lifetime=5 * MINUTE,
            now=now,
        )
    ask = house.ask(Audience.PARTNER_CENTER)
    return await redeem_code(house.issuing(), ask, house.client, PresentedCode(code, CALLBACK, None))


async def told_again(house: House, refresh_token: str | None, scope: str | None = None) -> Issued:
    """By a refresh that asks with these words."""
    ask = house.ask(Audience.PARTNER_CENTER)
    return await refresh_sign_in(house.issuing(), ask, house.client, refresh_token or "", scope)


def claims_of(token: str | None, part: int = 1) -> dict[str, Any]:
    assert token is not None
    found: dict[str, Any] = json.loads(base64url.decode(token.encode().split(b".")[part]) or b"")
    return found


async def test_it_tells_who_signed_in_and_when_to_whoever_verifies_it_and_opens_no_door(house: House) -> None:
    signed_in_at = house.clock() - MINUTE
    issued = await sign_in_of(house, house.user)
    assert issued.id_token is not None
    assert issued.id_token not in repr(issued)
    now = house.clock()
    verified = verify_id_token(
        issued.id_token,
        json.loads(house.ring.jwks(now)),
        issuer=ISSUER,
        client_id=house.connector.id,
        nonce="n-1",
        leeway=0,
        now=now,
    )
    assert (verified.subject, verified.authenticated_at) == (house.user.id, signed_in_at)
    assert verified.amr == {"pwd", "mfa"}
    claims = claims_of(issued.id_token)
    assert (claims["iat"], claims["auth_time"], claims["tid"]) == (
        now // SECOND,
        signed_in_at // SECOND,
        house.tenant.id,
    )
    assert claims_of(issued.id_token, 0) == {"alg": "ES256", "kid": house.ring.signer(now).kid, "typ": "JWT"}
    with pytest.raises(InvalidToken):
        await house.authenticate(issued.id_token, Audience.PARTNER_CENTER)


async def test_names_are_told_to_whoever_asked_for_the_profile_and_to_nobody_else(house: House) -> None:
    changes = UserChanges(display_name="Nora Nilsen", given_name="Nora", family_name="Nilsen")
    async with house.store.write() as tx:
        await update_user(tx, OPERATOR, house.tenant.id, house.user.id, changes, house.clock())
    claims = claims_of((await sign_in_of(house, house.user)).id_token)
    assert {name: claims[name] for name in PROFILE} == {
        "name": "Nora Nilsen",
        "given_name": "Nora",
        "family_name": "Nilsen",
        "preferred_username": house.user.user_principal_name,
    }
    for scope in ("openid", "email offline_access openid"):
        assert not PROFILE & claims_of((await sign_in_of(house, house.user, scope)).id_token).keys()


async def test_a_name_that_is_not_known_is_left_out(house: House) -> None:
    nothing = UserChanges(given_name="", family_name="")
    async with house.store.write() as tx:
        await update_user(tx, OPERATOR, house.tenant.id, house.user.id, nothing, house.clock())
    claims = claims_of((await sign_in_of(house, house.user)).id_token)
    assert PROFILE & claims.keys() == {"name", "preferred_username"}


async def test_a_refresh_tells_of_the_same_sign_in_without_the_nonce_and_by_the_name_of_today(house: House) -> None:
    """OpenID Connect Core §12.2. Of two users of one app each is told of, and not the other."""
    other = await a_user(house.store, house.tenant, name="other")
    first, _second = await sign_in_of(house, house.user), await sign_in_of(house, other)
    before = claims_of(first.id_token)
    house.clock.advance(DAY)
    async with house.store.write() as tx:
        await update_user(
            tx, OPERATOR, house.tenant.id, house.user.id, UserChanges(display_name="New name"), house.clock()
        )
    after = claims_of((await told_again(house, first.refresh_token)).id_token)
    kept = ("iss", "sub", "aud", "auth_time", "amr", "tid", "preferred_username")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert "nonce" not in after
    assert (after["iat"] - before["iat"], after["exp"] - before["exp"]) == (DAY // SECOND, DAY // SECOND)
    assert (before["nonce"], after["name"]) == ("n-1", "New name")


async def test_the_last_refresh_token_of_a_grant_and_the_one_after_it_tell_of_it_too(house: House) -> None:
    issued = await sign_in_of(house, house.user)
    house.clock.advance(360 * DAY)
    renewed = await told_again(house, issued.refresh_token)
    assert renewed.refresh_token not in (None, issued.refresh_token)
    for told in (renewed, await told_again(house, renewed.refresh_token)):
        assert claims_of(told.id_token)["auth_time"] == claims_of(issued.id_token)["auth_time"]


@pytest.mark.parametrize("scope", ["profile", "https://elsewhere.example/.default", "openid2", ""])
async def test_a_refresh_that_leaves_openid_out_is_told_nothing(house: House, scope: str) -> None:
    issued = await sign_in_of(house, house.user)
    assert (await told_again(house, issued.refresh_token, scope)).id_token is None
    assert (await told_again(house, issued.refresh_token, "openid")).id_token is not None


async def test_who_did_not_ask_for_one_gets_none_now_or_later(house: House) -> None:
    issued = await sign_in_of(house, house.user, None)
    assert issued.id_token is None
    refreshed = await told_again(house, issued.refresh_token, "openid profile")
    assert (refreshed.id_token, refreshed.has_sign_in) == (None, False)


async def test_nothing_is_told_of_a_sign_in_when_its_user_is_gone(house: House) -> None:
    issued = await sign_in_of(house, house.user)
    async with house.store.write() as tx:
        await delete_user(tx, OPERATOR, house.tenant.id, house.user.id, house.clock())
    with pytest.raises(InvalidGrant):
        await told_again(house, issued.refresh_token)


async def test_nothing_is_told_of_a_sign_in_of_another_tenant(house: House) -> None:
    issued = await sign_in_of(house, house.user)
    assert issued.grant_id is not None
    stranger = await a_tenant(house.store)
    async with house.store.read() as read:
        told = await issue_id_token(house.issuing(), read, house.ask(), stranger.id, issued.grant_id)
    assert told is None


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ("openid", "openid"),
        ("profile openid  openid offline_access", "offline_access openid profile"),
        ("openid email group_information phone", "email openid"),
        ("profile email", None),
        ("OPENID openid2", None),
        ("", None),
    ],
)
def test_only_words_of_a_sign_in_are_kept_and_none_without_openid(asked: str, kept: str | None) -> None:
    assert sign_in_scope(asked) == kept


@pytest.mark.parametrize(
    ("scope", "left"),
    [
        ("openid profile phone address groups media", ["media"]),
        ("phone openid urn:zitadel:iam:org", []),
        ("openid https://elsewhere.example/.default", ["https://elsewhere.example/.default"]),
        ("openid User.Read", ["User.Read"]),
        ("profile email offline_access", []),
        ("phone media", ["phone", "media"]),
    ],
)
def test_what_nobody_understands_asks_for_nothing_beside_openid_but_anothers_resource(
    scope: str, left: list[str]
) -> None:
    """OpenID Connect Core §3.1.2.1."""
    assert without_sign_in(scope, {"media"}) == left
