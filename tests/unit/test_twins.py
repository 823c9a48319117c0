"""What a twin has changes nothing: another user with the role, another connector of the group, another partner.

A condition that somebody drops from a statement shows only where there is a second row that it would have left out.
"""

from __future__ import annotations

import dataclasses

import pytest

from tenantry.access.actions import RoleId
from tenantry.core.caller import Audience, Caller, Reach
from tenantry.core.clock import DAY, HOUR, Micros
from tenantry.core.errors import DomainError, Forbidden, InvalidGrant, NotFound
from tenantry.core.ids import EnterpriseId
from tenantry.delegation.relationships import (
    create_reseller_relationship,
    end_reseller_relationship,
    request_relationship,
)
from tenantry.devices.device_tokens import generate_device_token
from tenantry.directory.roles import assign_role, remove_role
from tenantry.directory.tenants import delete_tenant
from tenantry.directory.user_properties import UserChanges
from tenantry.directory.users import RESTORABLE, delete_user, restore_user, update_user
from tenantry.store.delegation import relationships
from tenantry.store.engine.interface import Store
from tenantry.tokens.grant_types.authorization_code import PresentedCode, redeem_code
from tenantry.tokens.secrets import SecretKind
from tests.support.builders import (
    DEVICE_LIMIT,
    HASHER,
    OPERATOR,
    TOKEN_LIFETIME,
    SomeTenant,
    a_connector,
    a_group,
    a_managed_account,
    a_relationship,
    a_tenant,
    a_user,
    an_enterprise,
    as_user,
)
from tests.support.clock import NOON
from tests.unit.tokens.conftest import House, a_house


@pytest.fixture
async def house(store: Store) -> House:
    return await a_house(store)


async def test_a_demoted_administrators_token_loses_its_reach_though_another_holds_the_role(house: House) -> None:
    await a_user(house.store, house.tenant, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    await house.make_administrator()
    raw = (await house.exchange((await house.grant(Reach.TENANT)).refresh_token)).access_token.raw
    assert (await house.authenticate(raw)).reach is Reach.TENANT
    async with house.store.write() as tx:
        await remove_role(tx, OPERATOR, house.tenant.id, house.user.id, RoleId.GLOBAL_ADMINISTRATOR, NOON)
    assert (await house.authenticate(raw)).reach is Reach.USER


async def test_an_administrators_token_loses_its_reach_when_the_role_ends_and_not_before(house: House) -> None:
    async with house.store.write() as tx:
        role = RoleId.GLOBAL_ADMINISTRATOR
        await assign_role(tx, OPERATOR, house.tenant.id, house.user.id, role, NOON + HOUR // 2, NOON)
        await assign_role(tx, OPERATOR, house.tenant.id, house.user.id, RoleId.GLOBAL_READER, None, NOON)
    raw = (await house.exchange((await house.grant(Reach.TENANT)).refresh_token)).access_token.raw
    house.clock.advance(HOUR // 2 - 1)
    assert (await house.authenticate(raw)).reach is Reach.TENANT
    house.clock.advance(1)
    assert (await house.authenticate(raw)).reach is Reach.USER


@pytest.mark.parametrize(
    "changes",
    [
        UserChanges(phone_number="+14255550177"),
        UserChanges(immutable_id="someone-elses"),
        UserChanges(user_principal_name="other@replaced.example"),
    ],
    ids=lambda changes: next(name for name, value in dataclasses.asdict(changes).items() if value is not None),
)
async def test_a_lesser_administrator_changes_nothing_that_leads_to_a_greater_ones_account(
    store: Store, changes: UserChanges
) -> None:
    tenant = await a_tenant(store)
    lesser = await a_user(store, tenant, roles=[RoleId.USER_ADMINISTRATOR])
    greater = await a_user(store, tenant, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    plain = await a_user(store, tenant)
    if changes.user_principal_name:
        changes = UserChanges(user_principal_name=f"other@{tenant.domain}")
    with pytest.raises(Forbidden):
        async with store.write() as tx:
            await update_user(tx, as_user(lesser), tenant.id, greater.id, changes, NOON)
    async with store.write() as tx:
        await update_user(tx, as_user(lesser), tenant.id, plain.id, changes, NOON)


async def test_a_service_account_makes_tokens_in_the_enterprise_it_is_bound_to_and_in_no_other_of_the_tenant(
    store: Store,
) -> None:
    customer, emm, other_emm = [await a_tenant(store) for _ in range(3)]
    mine = await an_enterprise(store, customer, emm)
    theirs = await an_enterprise(store, customer, other_emm)
    account = await a_managed_account(store, theirs)
    await a_managed_account(store, mine)

    async def generate(caller: Caller, enterprise_id: EnterpriseId) -> None:
        await generate_device_token(
            store,
            HASHER,
            caller,
            enterprise_id=enterprise_id,
            account_id=account,
            device_limit=DEVICE_LIMIT,
            lifetime=TOKEN_LIFETIME,
            now=NOON,
        )

    for enterprise_id in (mine.id, theirs.id):
        with pytest.raises(NotFound):
            await generate(mine.caller, enterprise_id)
    await generate(theirs.caller, theirs.id)


async def test_an_ended_tenant_stops_its_own_tokens_and_nobody_elses(house: House) -> None:
    grant = await house.grant()
    for end in ("deleted_at", "disabled_at"):
        other = await a_tenant(house.store)
        await house.run(f"UPDATE tenants SET {end} = :now WHERE id = :id", now=NOON, id=other.id)
    raw = (await house.exchange(grant.refresh_token)).access_token.raw
    assert (await house.authenticate(raw)).user_id == house.user.id


async def test_of_two_resellers_one_is_ended(store: Store) -> None:
    customer, first, second = [await a_tenant(store) for _ in range(3)]
    async with store.write() as tx:
        for partner in (first, second):
            await create_reseller_relationship(
                tx, OPERATOR, customer_tenant_id=customer.id, partner_tenant_id=partner.id, now=NOON
            )
        await end_reseller_relationship(
            tx, OPERATOR, customer_tenant_id=customer.id, partner_tenant_id=first.id, now=NOON
        )
    async with store.read() as read:
        open_ones = [
            await relationships.has_open_reseller(read, customer.id, partner.id) for partner in (first, second)
        ]
    assert open_ones == [False, True]


async def test_a_reseller_relationship_begun_again_begins_then(store: Store) -> None:
    customer, partner = await a_tenant(store), await a_tenant(store)

    async def begun(now: Micros) -> int:
        async with store.write() as tx:
            await create_reseller_relationship(
                tx, OPERATOR, customer_tenant_id=customer.id, partner_tenant_id=partner.id, now=now
            )
            found = await tx.one_or_none(
                int,
                """
                SELECT created_at FROM reseller_relationships
                WHERE tenant_id = :tenant_id AND partner_tenant_id = :partner_tenant_id AND ended_at IS NULL
                """,
                tenant_id=customer.id,
                partner_tenant_id=partner.id,
            )
        assert found is not None
        return found

    assert [await begun(NOON), await begun(NOON + 1)] == [NOON, NOON]
    async with store.write() as tx:
        await end_reseller_relationship(
            tx, OPERATOR, customer_tenant_id=customer.id, partner_tenant_id=partner.id, now=NOON + DAY
        )
    assert await begun(NOON + 2 * DAY) == NOON + 2 * DAY


async def test_a_groups_new_token_replaces_that_of_its_connector_and_no_other(house: House) -> None:
    group = await a_group(house.store, house.tenant, admins=[house.user])
    twin = dataclasses.replace(house, connector=await a_connector(house.store, house.tenant))
    old, kept = await house.grant(Reach.GROUP, group), await twin.grant(Reach.GROUP, group)
    own = await house.grant()
    await house.grant(Reach.GROUP, group)
    await twin.exchange(kept.refresh_token)
    await house.exchange(own.refresh_token)
    with pytest.raises(DomainError):
        await house.exchange(old.refresh_token)


async def test_a_code_that_nobody_issued_is_an_invalid_grant(house: House) -> None:
    with pytest.raises(InvalidGrant):
        await redeem_code(
            house.issuing(),
            house.ask(Audience.PARTNER_CENTER),
            house.client,
            PresentedCode(
                HASHER.mint(SecretKind.AUTHORIZATION_CODE, house.tenant.id), "https://app.test/callback", "v" * 43
            ),
        )


@pytest.mark.parametrize("side", ["partner", "customer"])
async def test_a_deleted_organisation_neither_asks_for_a_relationship_nor_is_asked(store: Store, side: str) -> None:
    partner, customer = await a_tenant(store), await a_tenant(store)
    gone: SomeTenant = {"partner": partner, "customer": customer}[side]
    async with store.write() as tx:
        await delete_tenant(tx, OPERATOR, gone.id, NOON)
    with pytest.raises(NotFound) as refused:
        await a_relationship(store, partner, customer, approved=False, reseller=False)
    assert side in str(refused.value)


@pytest.mark.parametrize(("late", "comes_back"), [(-1, True), (0, False), (DAY, False)])
async def test_a_deleted_user_comes_back_within_thirty_days_and_is_no_ghost_after(
    store: Store, late: int, comes_back: bool
) -> None:
    tenant = await a_tenant(store)
    user = await a_user(store, tenant)
    async with store.write() as tx:
        await delete_user(tx, OPERATOR, tenant.id, user.id, NOON)

    async def restore() -> None:
        async with store.write() as tx:
            await restore_user(tx, OPERATOR, tenant.id, user.id, NOON + RESTORABLE + late)

    if comes_back:
        await restore()
    else:
        with pytest.raises(NotFound):
            await restore()


async def test_a_relationship_that_ends_now_is_over(store: Store) -> None:
    partner, customer = await a_tenant(store), await a_tenant(store)
    with pytest.raises(DomainError):
        async with store.write() as tx:
            await request_relationship(
                tx,
                OPERATOR,
                customer_tenant_id=customer.id,
                partner_tenant_id=partner.id,
                display_name="Administration",
                role_ids=[RoleId.USER_ADMINISTRATOR],
                expires_at=NOON,
                now=NOON,
            )
