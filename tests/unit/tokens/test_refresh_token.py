"""Refresh token -> access token: what it answers, what it refuses, and what the trail says."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any

import pytest

from tenantry.access.actions import RoleId
from tenantry.audit import marks
from tenantry.connectors.connectors import deactivate_connector, delete_connector
from tenantry.connectors.secrets import add_secret
from tenantry.core.caller import Audience, Reach
from tenantry.core.clock import DAY, MINUTE
from tenantry.core.errors import BadCredentials, FailedPrecondition, InvalidClient, InvalidGrant, InvalidToken, NotFound
from tenantry.core.ids import TenantId, new_guid
from tenantry.directory.own_password import replace_own_password
from tenantry.directory.roles import remove_role
from tenantry.directory.users import delete_user, restore_user, set_password
from tenantry.store.trail import audit_events
from tenantry.tokens.grants import revoke_grant
from tenantry.tokens.secrets import SecretKind
from tests.support.builders import HASHER, OPERATOR, a_connector, a_grant, a_group, a_tenant, a_user, as_user
from tests.support.faults import FaultyStore, InjectedFault
from tests.support.issuing import YEAR
from tests.unit.tokens.conftest import House, a_house


async def test_a_refresh_token_gives_an_access_token_that_proves_its_user(house: House) -> None:
    await house.make_administrator()
    grant = await house.grant(Reach.TENANT)
    exchanged = await house.exchange(grant.refresh_token)
    caller = await house.authenticate(exchanged.access_token.raw)
    assert (caller.user_id, caller.tenant_id, caller.connector_id) == (
        house.user.id,
        house.tenant.id,
        house.connector.id,
    )
    assert (caller.grant_id, caller.reach, caller.amr) == (grant.id, Reach.TENANT, frozenset({"pwd", "mfa"}))
    assert caller.permissions == set(exchanged.permissions)
    assert exchanged.refresh_token is None
    assert exchanged.refresh_expires_at == grant.expires_at
    assert (await house.trail()).count("access_token.issued") == 1


async def test_the_token_of_a_former_administrator_reaches_the_own_groups_only(house: House) -> None:
    await house.make_administrator()
    raw = (await house.exchange((await house.grant(Reach.TENANT)).refresh_token)).access_token.raw
    assert (await house.authenticate(raw)).reach is Reach.TENANT
    async with house.store.write() as tx:
        await remove_role(tx, OPERATOR, house.tenant.id, house.user.id, RoleId.GLOBAL_ADMINISTRATOR, house.clock())
    assert (await house.authenticate(raw)).reach is Reach.USER


async def _reasons(house: House) -> list[str]:
    async with house.store.read() as read:
        found = await audit_events.list_latest(read, house.tenant.id, 100)
    return sorted(json.loads(event.data)["reason"] for event in found if event.type == "grant.revoked")


async def test_a_password_that_somebody_else_sets_ends_what_the_user_granted(house: House) -> None:
    """Whoever knew the old one may have given an app a token, which must not outlive the cure."""
    group_id = await a_group(house.store, house.tenant, admins=[house.user])
    grants = [await house.grant(), await house.grant(Reach.GROUP, group_id)]
    async with house.store.write() as tx:
        own = as_user(house.user)
        await replace_own_password(tx, own, "$own", house.clock())
    raw = (await house.exchange(grants[0].refresh_token)).access_token.raw
    other = await a_user(house.store, house.tenant)
    kept = await a_grant(house.store, house.connector, other, now=house.clock())
    async with house.store.write() as tx:
        await set_password(tx, OPERATOR, house.tenant.id, house.user.id, "$new", True, house.clock())
    for grant in grants:
        with pytest.raises(InvalidGrant):
            await house.exchange(grant.refresh_token)
    with pytest.raises(InvalidToken):
        await house.authenticate(raw)
    await house.exchange(kept.refresh_token)
    assert await _reasons(house) == ["password_reset"] * 2


async def test_who_restores_a_user_does_not_bring_its_tokens_back(house: House) -> None:
    grant, group_id = await house.grant(), await a_group(house.store, house.tenant, admins=[house.user])
    of_group = await house.grant(Reach.GROUP, group_id)
    async with house.store.write() as tx:
        await delete_user(tx, OPERATOR, house.tenant.id, house.user.id, house.clock())
        await restore_user(tx, OPERATOR, house.tenant.id, house.user.id, house.clock())
    for dead in (grant, of_group):
        with pytest.raises(InvalidGrant):
            await house.exchange(dead.refresh_token)
    await house.exchange((await house.grant()).refresh_token)
    assert await _reasons(house) == ["user_deleted"] * 2


async def test_either_of_two_live_secrets_will_do(house: House) -> None:
    grant = await house.grant()
    async with house.store.write() as tx:
        second = await add_secret(tx, OPERATOR, HASHER, house.tenant.id, house.connector.id, now=house.clock())
    for secret in (house.connector.secret, second.client_secret):
        assert (await house.exchange(grant.refresh_token, client_secret=secret)).grant_id == grant.id


async def test_a_refresh_token_is_used_again_and_renewed_from_ninety_percent_on(house: House) -> None:
    grant = await house.grant()
    house.clock.advance(YEAR * 9 // 10 - 1)
    assert (await house.exchange(grant.refresh_token)).refresh_token is None
    house.clock.advance(1)
    first, second = await house.exchange(grant.refresh_token), await house.exchange(grant.refresh_token)
    assert first.refresh_token is not None
    assert second.refresh_token not in (None, first.refresh_token)
    trail = await house.trail()
    assert (trail.count("refresh_token.issued"), trail.count("access_token.issued")) == (2, 3)
    house.clock.advance(YEAR // 10)
    with pytest.raises(InvalidGrant):
        await house.exchange(grant.refresh_token)  # the old one, past its own end
    renewed = await house.exchange(first.refresh_token)
    assert renewed.refresh_token is None
    assert renewed.grant_id == grant.id


def _ends(house: House) -> dict[str, Any]:
    tenant, user = house.tenant.id, house.user.id

    async def revoked(grant_id: Any) -> None:
        async with house.store.write() as tx:
            await revoke_grant(tx, OPERATOR, tenant, grant_id, "test", house.clock())

    async def connector_deleted(_: Any) -> None:
        async with house.store.write() as tx:
            await delete_connector(tx, OPERATOR, tenant, house.connector.id, house.clock())

    async def user_deleted(_: Any) -> None:
        await house.run("UPDATE users SET deleted_at = 1 WHERE tenant_id = :t AND id = :u", t=tenant, u=user)

    async def user_disabled(_: Any) -> None:
        await house.run("UPDATE users SET disabled_at = 1 WHERE tenant_id = :t AND id = :u", t=tenant, u=user)

    async def tenant_disabled(_: Any) -> None:
        await house.run("UPDATE tenants SET disabled_at = 1 WHERE id = :t", t=tenant)

    async def tenant_deleted(_: Any) -> None:
        await house.run("UPDATE tenants SET deleted_at = 1 WHERE id = :t", t=tenant)

    return {
        "revoked": revoked,
        "connector_deleted": connector_deleted,
        "user_deleted": user_deleted,
        "user_disabled": user_disabled,
        "tenant_disabled": tenant_disabled,
        "tenant_deleted": tenant_deleted,
    }


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        ("revoked", "revoked"),
        ("connector_deleted", "connector_deleted"),
        ("user_deleted", "user_ended"),
        ("user_disabled", "user_ended"),
        ("tenant_disabled", "tenant_ended"),
        ("tenant_deleted", "tenant_ended"),
    ],
)
async def test_what_ends_a_grant_ends_its_tokens_at_once(house: House, end: str, reason: str) -> None:
    grant = await house.grant()
    access_token = (await house.exchange(grant.refresh_token)).access_token.raw
    await _ends(house)[end](grant.id)
    with pytest.raises(BadCredentials) as refused:
        await house.exchange(grant.refresh_token)
    assert refused.value.reason == reason
    assert await house.reasons() == [reason]
    with pytest.raises(InvalidToken) as denied:
        await house.authenticate(access_token)
    assert denied.value.reason == reason


async def test_a_group_grant_dies_with_its_group(house: House) -> None:
    group_id = await a_group(house.store, house.tenant)
    grant = await house.grant(Reach.GROUP, group_id)
    exchanged = await house.exchange(grant.refresh_token)
    assert (await house.authenticate(exchanged.access_token.raw)).group_id == group_id
    await house.run("UPDATE groups SET deleted_at = 1 WHERE id = :g", g=group_id)
    with pytest.raises(InvalidGrant, match="group_deleted"):
        await house.exchange(grant.refresh_token)
    with pytest.raises(InvalidToken, match="group_deleted"):
        await house.authenticate(exchanged.access_token.raw)
    with pytest.raises(NotFound):
        await house.grant(Reach.GROUP, group_id)


async def test_a_deactivated_connector_keeps_its_grants_and_gets_no_new_ones(house: House) -> None:
    grant = await house.grant()
    async with house.store.write() as tx:
        await deactivate_connector(tx, OPERATOR, house.tenant.id, house.connector.id, house.clock())
    exchanged = await house.exchange(grant.refresh_token)
    await house.authenticate(exchanged.access_token.raw)
    with pytest.raises(FailedPrecondition):
        await house.grant()
    await house.exchange(grant.refresh_token)  # the refused new grant has replaced nothing


async def test_a_new_grant_replaces_the_users_earlier_one_but_not_those_of_groups(house: House) -> None:
    group_id = await a_group(house.store, house.tenant)
    for_group, earlier, later = await house.grant(Reach.GROUP, group_id), await house.grant(), await house.grant()
    with pytest.raises(InvalidGrant, match="revoked"):
        await house.exchange(earlier.refresh_token)
    await house.exchange(for_group.refresh_token)
    other_admin = await a_user(house.store, house.tenant)
    again = await house.grant(Reach.GROUP, group_id, other_admin)
    with pytest.raises(InvalidGrant, match="revoked"):
        await house.exchange(for_group.refresh_token)
    for live in (again, later):
        await house.exchange(live.refresh_token)


async def test_of_twins_that_grant_at_once_one_stays(house: House) -> None:
    twins = await asyncio.gather(*[house.grant() for _ in range(8)])
    outcomes = await asyncio.gather(*[house.exchange(g.refresh_token) for g in twins], return_exceptions=True)
    assert sum(not isinstance(outcome, Exception) for outcome in outcomes) == 1


async def test_every_fault_of_a_kind_has_one_public_answer_and_its_own_reason(house: House) -> None:
    grant = await house.grant()
    stranger = await a_connector(house.store, house.tenant)
    foreign = await a_connector(house.store, await a_tenant(house.store))
    unknown_token = HASHER.mint(SecretKind.REFRESH_TOKEN, house.tenant.id)
    faults: list[tuple[type[BadCredentials], str, dict[str, Any]]] = [
        (InvalidClient, "unknown_connector", {"client_id": new_guid()}),
        (InvalidClient, "wrong_secret", {"client_secret": stranger.secret}),
        (InvalidClient, "wrong_secret", {"client_secret": stranger.secret, "refresh_token": unknown_token}),
        (InvalidClient, "no_secret", {"client_secret": None}),
        (InvalidGrant, "unknown", {"refresh_token": unknown_token}),
        (InvalidGrant, "wrong_connector", {"client_id": stranger.id, "client_secret": stranger.secret}),
        (InvalidGrant, "wrong_connector", {"client_id": foreign.id, "client_secret": foreign.secret}),
        (InvalidGrant, "wrong_tenant", {"tenant": foreign.tenant_id}),
    ]
    answers: dict[type, set[str]] = {InvalidClient: set(), InvalidGrant: set()}
    for number, (kind, reason, changes) in enumerate(faults):
        with pytest.raises(kind) as refused:
            await house.exchange(**{"refresh_token": grant.refresh_token, **changes})
        assert refused.value.reason == reason
        assert (await house.reasons()).count(reason) == sum(reason == other for _, other, _ in faults[: number + 1])
        answers[kind].add(refused.value.public)
    assert [len(texts) for texts in answers.values()] == [1, 1]


@pytest.mark.parametrize("table", ["grants", "refresh_tokens"])
async def test_what_has_expired_is_refused_as_expired(house: House, table: str) -> None:
    grant = await house.grant()
    async with house.store.write() as tx:
        sql = f"UPDATE {table} SET expires_at = :end WHERE tenant_id = :tenant_id"
        await tx.run(sql, end=house.clock() + 1, tenant_id=house.tenant.id)
    await house.exchange(grant.refresh_token)
    house.clock.advance(1)
    with pytest.raises(InvalidGrant) as refused:
        await house.exchange(grant.refresh_token)
    assert refused.value.reason == "expired"


class NoStore:
    """A store nobody may ask."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} was asked")


@pytest.mark.parametrize(
    "changes",
    [
        {"refresh_token": "x"},
        {"refresh_token": ""},
        {"refresh_token": "\0"},
        {"client_secret": "x"},
        {"client_secret": "\ud800"},
        {"client_id": "x\0"},
        {"client_id": "' OR 1=1"},
    ],
)
async def test_garbage_costs_no_io(house: House, changes: dict[str, Any]) -> None:
    grant = await house.grant()
    with pytest.raises(BadCredentials):
        await house.exchange(**{"refresh_token": grant.refresh_token, "store": NoStore(), **changes})


async def test_an_unknown_tenant_leaves_no_mark_and_a_known_one_only_so_many(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = len(await house.trail())
    monkeypatch.setattr(marks, "PER_MINUTE", 3)
    for tenant_id in (TenantId(new_guid()), *[house.tenant.id] * 5):
        with pytest.raises(InvalidGrant):
            await house.exchange(HASHER.mint(SecretKind.REFRESH_TOKEN, tenant_id))
    assert len(await house.trail()) == before + 3
    house.clock.advance(MINUTE)
    with pytest.raises(InvalidGrant):
        await house.exchange(HASHER.mint(SecretKind.REFRESH_TOKEN, house.tenant.id))
    assert len(await house.trail()) == before + 4


async def test_an_access_token_is_for_one_surface(house: House) -> None:
    exchanged = await house.exchange((await house.grant()).refresh_token)
    with pytest.raises(InvalidToken, match="audience"):
        await house.authenticate(exchanged.access_token.raw, Audience.PARTNER_CENTER)


async def test_a_grant_revoked_while_it_is_renewed_gives_nothing(house: House) -> None:
    grant = await house.grant()
    house.clock.advance(360 * DAY)

    class RevokesFirst(FaultyStore):
        def write(self) -> Any:
            return _revoking(self.healed().write(), house, grant.id)

    with pytest.raises(InvalidGrant, match="revoked"):
        await house.exchange(grant.refresh_token, store=RevokesFirst(house.store, fail_at=0))
    assert "access_token.issued" not in await house.trail()


class _revoking:  # noqa: N801 - a block, used like a function
    """A write block whose first step is what somebody else did a moment ago."""

    def __init__(self, block: Any, house: House, grant_id: Any) -> None:
        self.block, self.house, self.grant_id = block, house, grant_id

    async def __aenter__(self) -> Any:
        tx = await self.block.__aenter__()
        await tx.run("UPDATE grants SET revoked_at = 1 WHERE id = :g", g=self.grant_id)
        return tx

    async def __aexit__(self, *exc_info: object) -> None:
        await self.block.__aexit__(*exc_info)


async def test_whichever_write_of_a_renewal_fails_nothing_half_done_is_kept(house: House) -> None:
    grant = await house.grant()
    house.clock.advance(360 * DAY)
    before = await house.trail()
    for n in itertools.count(1):
        faulty = FaultyStore(house.store, fail_at=n)
        try:
            exchanged = await house.exchange(grant.refresh_token, store=faulty)
        except InjectedFault:
            assert await house.trail() == before
            async with house.store.read() as read:
                assert await read.one_or_none(int, "SELECT count(*) FROM refresh_tokens") == 1
        else:
            assert n == 7  # look, prolong, token, two events, commit: all of them were tried
            assert exchanged.refresh_token is not None
            break


async def test_two_houses_do_not_know_each_other(house: House) -> None:
    other = await a_house(house.store)
    mine, theirs = await house.grant(), await other.grant()
    access_token = (await house.exchange(mine.refresh_token)).access_token.raw
    assert (await house.authenticate(access_token)).tenant_id == house.tenant.id
    with pytest.raises(InvalidGrant, match=r"wrong_connector$"):
        await house.exchange(theirs.refresh_token)
