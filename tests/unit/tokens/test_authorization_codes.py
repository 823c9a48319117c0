"""Authorization codes and applications alone."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import pytest

from tenantry.access.actions import Permission
from tenantry.connectors.connectors import deactivate_connector
from tenantry.core.caller import Audience, CallerKind
from tenantry.core.clock import MINUTE
from tenantry.core.errors import BadCredentials, InvalidClient, InvalidGrant, InvalidToken, InvalidValue
from tenantry.core.ids import TenantId, new_guid
from tenantry.tokens import base64url
from tenantry.tokens.authorization_codes import CodeTerms, issue_code
from tenantry.tokens.clients import Client
from tenantry.tokens.grant_types.authorization_code import PresentedCode, redeem_code
from tenantry.tokens.grant_types.client_credentials import exchange_client_credentials
from tenantry.tokens.issuing import Issued
from tenantry.tokens.secrets import SecretKind
from tests.support.builders import HASHER, OPERATOR, a_connector, a_service_account
from tests.unit.tokens.conftest import House

CALLBACK = "https://app.test/callback"
VERIFIER = "v" * 43
CHALLENGE = base64url.encode(hashlib.sha256(VERIFIER.encode()).digest()).decode()


async def _issue(house: House, **changes: Any) -> str:
    arguments: dict[str, Any] = {
        "tenant_id": house.tenant.id,
        "connector_id": house.connector.id,
        "user_id": house.user.id,
        "redirect_uri": CALLBACK,
        "permissions": [Permission.PARTNER_CENTER],
        "amr": ["pwd", "mfa"],
        "code_challenge": CHALLENGE,
        "lifetime": 5 * MINUTE,
        "now": house.clock(),
    }
    arguments |= changes
    terms = CodeTerms(**{name: arguments.pop(name) for name in CodeTerms._fields if name in arguments})
    async with house.store.write() as tx:
        return await issue_code(tx, HASHER, OPERATOR, terms=terms, **arguments)


async def _redeem(house: House, code: str, *, tenant: TenantId | None = None, **changes: Any) -> Issued:
    """`changes` are those of a PresentedCode and of a Client."""
    of_client = {name: changes.pop(name) for name in Client._fields if name in changes}
    presented, client = PresentedCode(code, CALLBACK, VERIFIER)._replace(**changes), house.client._replace(**of_client)
    return await redeem_code(house.issuing(), house.ask(Audience.PARTNER_CENTER, tenant), client, presented)


async def test_a_code_gives_tokens_of_the_user_who_agreed(house: House) -> None:
    exchanged = await _redeem(house, await _issue(house))
    caller = await house.authenticate(exchanged.access_token.raw, Audience.PARTNER_CENTER)
    assert (caller.user_id, caller.permissions, caller.amr) == (
        house.user.id,
        frozenset({"partner_center"}),
        frozenset({"pwd", "mfa"}),
    )
    assert exchanged.refresh_token is not None
    assert (await house.exchange(exchanged.refresh_token)).grant_id == exchanged.grant_id


async def test_a_code_used_again_takes_the_tokens_of_its_first_use_with_it(house: House) -> None:
    code = await _issue(house)
    exchanged = await _redeem(house, code)
    with pytest.raises(InvalidGrant, match="code_reused"):
        await _redeem(house, code)
    with pytest.raises(InvalidToken):
        await house.authenticate(exchanged.access_token.raw, Audience.PARTNER_CENTER)
    with pytest.raises(InvalidGrant, match="revoked"):
        await house.exchange(exchanged.refresh_token or "")
    assert "authorization_code.reused" in await house.trail()


async def test_of_many_who_redeem_one_code_at_once_at_most_one_gets_tokens(house: House) -> None:
    code = await _issue(house)
    outcomes = await asyncio.gather(*[_redeem(house, code) for _ in range(16)], return_exceptions=True)
    assert sum(isinstance(outcome, Issued) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, InvalidGrant) for outcome in outcomes) == 15


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"redirect_uri": "https://evil.test/"}, "wrong_redirect_uri_or_verifier"),
        ({"code_verifier": "w" * 43}, "wrong_redirect_uri_or_verifier"),
        ({"code_verifier": None}, "wrong_redirect_uri_or_verifier"),
        ({"code_verifier": "\0"}, "wrong_redirect_uri_or_verifier"),
        ({"code": "garbage"}, "malformed"),
        ({"client_secret": "garbage"}, "malformed"),
        ({"client_id": new_guid()}, "unknown_connector"),
    ],
)
async def test_a_fault_refuses_the_code_and_does_not_burn_it(house: House, changes: Any, reason: str) -> None:
    code = await _issue(house)
    with pytest.raises(BadCredentials) as refused:
        await _redeem(house, **{"code": code, **changes})
    assert refused.value.reason == reason
    assert await house.reasons() == ([] if reason == "malformed" else [reason])
    await _redeem(house, code)


async def test_another_connector_cannot_redeem_or_burn_a_code(house: House) -> None:
    code = await _issue(house)
    other = await a_connector(house.store, house.tenant)
    with pytest.raises(InvalidGrant, match=r"wrong_connector$"):
        await _redeem(house, code, client_id=other.id, client_secret=other.secret)
    await _redeem(house, code)


async def test_a_code_ends(house: House) -> None:
    code = await _issue(house)
    house.clock.advance(5 * MINUTE)
    with pytest.raises(InvalidGrant, match=r"expired$"):
        await _redeem(house, code)


async def test_a_verifier_for_a_code_without_challenge_is_refused(house: House) -> None:
    with pytest.raises(InvalidGrant):
        await _redeem(house, await _issue(house, code_challenge=None))


async def test_a_public_connector_needs_pkce_and_no_secret(house: House) -> None:
    public = await a_connector(house.store, house.tenant, permissions=[Permission.PARTNER_CENTER], kind="public")
    with pytest.raises(InvalidValue):
        await _issue(house, connector_id=public.id, code_challenge=None)
    code = await _issue(house, connector_id=public.id)
    exchanged = await _redeem(house, code, client_id=public.id, client_secret=None)
    assert exchanged.connector_id == public.id


@pytest.mark.parametrize("challenge", ["", "v" * 42, "v" * 44, "=" * 43])
async def test_a_challenge_that_no_verifier_can_have_is_refused(house: House, challenge: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        await _issue(house, code_challenge=challenge)
    assert refused.value.field == "code_challenge"


async def test_a_service_account_is_no_client(house: House) -> None:
    account = await a_service_account(house.store, house.tenant)
    with pytest.raises(InvalidClient, match=r"wrong_kind$"):
        await _redeem(house, await _issue(house), client_id=account.id)


async def test_a_code_of_a_connector_deactivated_since_gives_nothing(house: House) -> None:
    code = await _issue(house)
    async with house.store.write() as tx:
        await deactivate_connector(tx, OPERATOR, house.tenant.id, house.connector.id, house.clock())
    with pytest.raises(InvalidGrant, match="cannot_grant"):
        await _redeem(house, code)


async def _alone(house: House, *, tenant: str | None = None, **changes: Any) -> Issued:
    """`changes` are those of a Client."""
    ask = house.ask(Audience.PARTNER_CENTER, TenantId(tenant or house.tenant.id))
    return await exchange_client_credentials(house.issuing(), ask, house.client._replace(**changes))


async def test_an_application_alone_has_no_user(house: House) -> None:
    exchanged = await _alone(house)
    caller = await house.authenticate(exchanged.access_token.raw, Audience.PARTNER_CENTER)
    assert (caller.kind, caller.user_id, caller.amr) == (CallerKind.CONNECTOR, None, frozenset())
    await house.run("UPDATE connectors SET deleted_at = 1 WHERE id = :c", c=house.connector.id)
    with pytest.raises(InvalidToken, match=r"connector_deleted$"):
        await house.authenticate(exchanged.access_token.raw, Audience.PARTNER_CENTER)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"client_id": new_guid()}, "unknown_connector"),
        ({"tenant": new_guid()}, "wrong_tenant"),
        ({"client_secret": "x"}, "malformed"),
        ({"client_secret": None}, "no_secret"),
    ],
)
async def test_an_application_that_proves_nothing_gets_nothing(house: House, changes: Any, reason: str) -> None:
    with pytest.raises(InvalidClient) as refused:
        await _alone(house, **changes)
    assert refused.value.reason == reason


async def test_a_tried_secret_leaves_its_mark_in_the_trail_of_the_tenant_it_leads_to(house: House) -> None:
    wrong = HASHER.mint(SecretKind.CONNECTOR_SECRET, house.tenant.id)
    for changes in ({"client_secret": wrong}, {"tenant": new_guid()}, {"client_secret": "x"}):
        with pytest.raises(InvalidClient):
            await _alone(house, **changes)
    await house.run("UPDATE connectors SET deactivated_at = 1 WHERE id = :c", c=house.connector.id)
    with pytest.raises(InvalidClient):
        await _alone(house)
    assert sorted(await house.reasons()) == ["connector_deactivated", "wrong_secret", "wrong_tenant"]
