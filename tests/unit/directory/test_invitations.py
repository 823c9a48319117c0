"""A link lets people of the organisation in until it ends, once each, and nobody else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

import msgspec
import pytest

from tenantry.access.actions import GroupRole, RoleId
from tenantry.core.clock import DAY
from tenantry.core.errors import FailedPrecondition, Forbidden, InvalidValue, NotFound
from tenantry.core.ids import GroupId
from tenantry.directory.invitations import (
    MOST_LIVE,
    Joined,
    NewInvitation,
    end_invitation,
    invite,
    join,
    list_invitations,
    look_at_invitation,
)
from tenantry.directory.members import Newcomers, add_members, remove_member, set_role
from tenantry.directory.roles import assign_role, remove_role
from tenantry.directory.users import delete_user, restore_user
from tenantry.housekeeping import tidy
from tenantry.store import open_store
from tenantry.store.engine.interface import Store, Tx
from tenantry.store.groups import members
from tenantry.store.trail import audit_events
from tenantry.tokens.secrets import SecretKind
from tests.support.builders import HASHER, OPERATOR, SomeUser, a_group, a_relationship, a_tenant, a_user, as_user
from tests.support.clock import NOON, FakeClock


async def make(store: Store, user: SomeUser, group: GroupId, lifetime: int = 7 * DAY) -> NewInvitation:
    async with store.write() as tx:
        return await invite(tx, as_user(user), HASHER, user.tenant_id, group, lifetime, NOON)


async def follow(store: Store, user: SomeUser, link: str, now: int = NOON) -> Joined:
    async with store.write() as tx:
        return await join(tx, as_user(user), HASHER, link, now)


async def end(store: Store, user: SomeUser, group: GroupId, link: NewInvitation, now: int = NOON) -> None:
    async with store.write() as tx:
        await end_invitation(tx, as_user(user), user.tenant_id, group, link.id, now)


async def test_a_link_lets_in_once_each_and_the_trail_says_by_which(store: Store) -> None:
    tenant = await a_tenant(store)
    admin, new = await a_user(store, tenant), await a_user(store, tenant)
    group = await a_group(store, tenant, admins=[admin])
    link = await make(store, admin, group)
    async with store.read() as read:
        seen = await look_at_invitation(read, as_user(new), HASHER, link.secret, NOON)
    assert (seen.group_id, seen.role, seen.own_role) == (group, "member", None)
    outcomes = await asyncio.gather(*(follow(store, new, link.secret) for _ in range(4)))
    assert sorted(outcome.is_new for outcome in outcomes) == [False, False, False, True]
    assert await follow(store, admin, link.secret) == Joined(group, GroupRole.ADMIN, is_new=False)
    async with store.read() as read:
        told = [json.loads(event.data) for event in await audit_events.list_after(read, tenant.id, "", 1000)]
    assert [data["user_id"] for data in told if data.get("invitation_id") == link.id and "user_id" in data] == [new.id]


async def test_a_broadcasting_groups_link_makes_subscribers(store: Store) -> None:
    tenant = await a_tenant(store)
    admin, new = await a_user(store, tenant), await a_user(store, tenant)
    group = await a_group(store, tenant, admins=[admin], subscribers=[])
    link = await make(store, admin, group)
    assert await follow(store, new, link.secret) == Joined(group, GroupRole.SUBSCRIBER, is_new=True)


async def test_it_leads_nowhere_for_strangers_when_ended_expired_or_never_made(store: Store) -> None:
    tenant, other = await a_tenant(store), await a_tenant(store)
    admin, new, stranger = await a_user(store, tenant), await a_user(store, tenant), await a_user(store, other)
    group = await a_group(store, tenant, admins=[admin])
    live, ended = await make(store, admin, group), await make(store, admin, group)
    await end(store, admin, group, ended)
    with pytest.raises(NotFound):
        await end(store, admin, group, ended)
    unknown = HASHER.mint(SecretKind.GROUP_INVITATION, tenant.id)
    other_kind = HASHER.mint(SecretKind.SESSION, tenant.id)
    for user, link, now in (
        (stranger, live.secret, NOON),
        (new, ended.secret, NOON),
        (new, live.secret, NOON + 7 * DAY),
        (new, unknown, NOON),
        (new, other_kind, NOON),
        (new, live.secret[:-1], NOON),
        (new, "", NOON),
    ):
        with pytest.raises(NotFound):
            await follow(store, user, link, now)
    async with store.read() as read:
        assert await members.find_role(read, tenant.id, group, new.id) is None
        listed = await list_invitations(read, as_user(admin), tenant.id, group, NOON)
    assert [row.id for row in listed] == [live.id]
    assert (await follow(store, new, live.secret, NOON + 7 * DAY - 1)).is_new


async def test_links_are_the_admins_to_make_list_and_end(store: Store) -> None:
    tenant = await a_tenant(store)
    admin, member = await a_user(store, tenant), await a_user(store, tenant)
    group, elsewhere = (
        await a_group(store, tenant, admins=[admin], members=[member]),
        await a_group(store, tenant, admins=[admin]),
    )
    link = await make(store, admin, group)
    with pytest.raises(Forbidden):
        await make(store, member, group)
    with pytest.raises(Forbidden):
        await end(store, member, group, link)
    with pytest.raises(NotFound):
        await end(store, admin, elsewhere, link)
    async with store.read() as read:
        with pytest.raises(Forbidden):
            await list_invitations(read, as_user(member), tenant.id, group, NOON)


async def test_a_link_lives_as_long_as_is_offered_and_there_are_not_too_many(store: Store) -> None:
    tenant = await a_tenant(store)
    admin = await a_user(store, tenant)
    group = await a_group(store, tenant, admins=[admin])
    for lifetime in (0, -DAY, 2 * DAY, 365 * DAY):
        with pytest.raises(InvalidValue):
            await make(store, admin, group, lifetime)
    link = await make(store, admin, group, DAY)
    for _ in range(MOST_LIVE - 1):
        await make(store, admin, group, DAY)
    with pytest.raises(FailedPrecondition):
        await make(store, admin, group)
    await end(store, admin, group, link)
    await make(store, admin, group)


async def test_the_link_itself_is_in_no_table_and_goes_a_month_after_its_end(store: Store) -> None:
    tenant = await a_tenant(store)
    admin = await a_user(store, tenant)
    link = await make(store, admin, await a_group(store, tenant, admins=[admin]))

    async def rows() -> list[tuple[object, ...]]:
        async with store.read() as read:
            return await read.all(
                lambda *row: row, "SELECT * FROM group_invitations WHERE tenant_id = :tenant_id", tenant_id=tenant.id
            )

    [row] = await rows()
    assert HASHER.hash(link.secret) in row
    assert link.secret not in repr(row)
    await tidy(store, OPERATOR, FakeClock(NOON + 37 * DAY))
    assert len(await rows()) == 1
    await tidy(store, OPERATOR, FakeClock(NOON + 37 * DAY + 1))
    assert await rows() == []


async def change(store: Store, work: Callable[[Tx], Awaitable[object]]) -> None:
    async with store.write() as tx:
        await work(tx)


async def test_a_link_leads_nowhere_while_who_made_it_may_make_none(store: Store) -> None:
    """No longer admin, out of the group, disabled, deleted: and again where it led when that is taken back."""
    tenant = await a_tenant(store)
    maker, other, new = [await a_user(store, tenant) for _ in range(3)]
    group = await a_group(store, tenant, admins=[maker, other])
    link = await make(store, maker, group)
    lasting = await make(store, other, group)
    tenant_id, user_id = tenant.id, maker.id

    async def works() -> bool:
        async with store.read() as read:
            listed = await list_invitations(read, as_user(other), tenant_id, group, NOON)
            leads = {row.id: bool(row.leads) for row in listed}
            try:
                await look_at_invitation(read, as_user(new), HASHER, link.secret, NOON)
            except NotFound:
                seen = False
            else:
                seen = True
        assert leads == {link.id: seen, lasting.id: True}
        return seen

    def role(given: GroupRole) -> Callable[[Tx], Awaitable[object]]:
        return lambda tx: set_role(tx, OPERATOR, tenant_id, group, user_id, given, NOON)

    def disabled(at: int | None) -> Callable[[Tx], Awaitable[object]]:
        sql = "UPDATE users SET disabled_at = :at WHERE tenant_id = :t AND id = :id"
        return lambda tx: tx.run(sql, at=at, t=tenant_id, id=user_id)

    newcomers = Newcomers(admin_ids=(user_id,))
    for ends, begins in (
        (role(GroupRole.MEMBER), role(GroupRole.ADMIN)),
        (
            lambda tx: remove_member(tx, OPERATOR, tenant_id, group, user_id, NOON),
            lambda tx: add_members(tx, OPERATOR, tenant_id, group, newcomers, NOON),
        ),
        (disabled(NOON), disabled(None)),
        (
            lambda tx: delete_user(tx, OPERATOR, tenant_id, user_id, NOON),
            lambda tx: restore_user(tx, OPERATOR, tenant_id, user_id, NOON),
        ),
    ):
        assert await works()
        await change(store, ends)
        assert not await works()
        with pytest.raises(NotFound):
            await follow(store, new, link.secret)
        await change(store, begins)
    assert (await follow(store, new, link.secret)).is_new


async def test_a_link_of_an_administrator_who_is_in_no_group_lasts_as_long_as_the_role(store: Store) -> None:
    tenant = await a_tenant(store)
    admin, maker, new = [await a_user(store, tenant) for _ in range(3)]
    group = await a_group(store, tenant, admins=[admin])
    role = RoleId.GROUPS_ADMINISTRATOR
    await change(store, lambda tx: assign_role(tx, OPERATOR, tenant.id, maker.id, role, None, NOON))
    link = await make(store, maker, group)
    async with store.read() as read:
        await look_at_invitation(read, as_user(new), HASHER, link.secret, NOON)
    await change(store, lambda tx: remove_role(tx, OPERATOR, tenant.id, maker.id, role, NOON))
    with pytest.raises(NotFound):
        await follow(store, new, link.secret)


async def test_of_a_demotion_and_a_join_at_once_one_comes_first(store: Store) -> None:
    """Whoever is in when the demotion has committed came before it; nobody comes after it."""
    tenant = await a_tenant(store)
    admin = await a_user(store, tenant)
    for _ in range(8):
        maker, new, late = [await a_user(store, tenant) for _ in range(3)]
        group = await a_group(store, tenant, admins=[admin, maker])
        link = await make(store, maker, group)

        async def demote(group: GroupId = group, maker: SomeUser = maker) -> None:
            async with store.write() as tx:
                await set_role(tx, OPERATOR, tenant.id, group, maker.id, GroupRole.MEMBER, NOON)

        joined, _ = await asyncio.gather(follow(store, new, link.secret), demote(), return_exceptions=True)
        assert isinstance(joined, Joined | NotFound)
        async with store.read() as read:
            is_in = await members.find_role(read, tenant.id, group, new.id) is not None
        assert is_in == isinstance(joined, Joined)
        with pytest.raises(NotFound):
            await follow(store, late, link.secret)


async def test_who_waits_for_a_demotion_to_commit_finds_the_link_dead(postgres_url: str) -> None:
    """The link is looked at before the group is held, and after it."""
    store = await open_store(postgres_url)
    tenant = await a_tenant(store)
    admin, maker, new = [await a_user(store, tenant) for _ in range(3)]
    group = await a_group(store, tenant, admins=[admin, maker])
    link = await make(store, maker, group)
    async with store.write() as tx:
        await set_role(tx, OPERATOR, tenant.id, group, maker.id, GroupRole.MEMBER, NOON)
        joining = asyncio.create_task(follow(store, new, link.secret))
        async with asyncio.timeout(10), store.read() as read:
            while not await read.one_or_none(int, "SELECT COUNT(*) FROM pg_locks WHERE NOT granted"):
                assert not joining.done()
                await asyncio.sleep(0.01)
    with pytest.raises(NotFound):
        await joining
    async with store.read() as read:
        assert await members.find_role(read, tenant.id, group, new.id) is None
    await store.close()


async def test_a_partners_user_makes_no_link(store: Store) -> None:
    """It would lead nowhere: who made it is no user of the organisation."""
    tenant, partner = await a_tenant(store), await a_tenant(store)
    technician = await a_user(store, partner)
    assigned = RoleId.GLOBAL_ADMINISTRATOR
    await change(store, lambda tx: assign_role(tx, OPERATOR, partner.id, technician.id, assigned, None, NOON))
    group = await a_group(store, tenant, admins=[await a_user(store, tenant)])
    await a_relationship(store, partner, tenant, roles=[RoleId.GROUPS_ADMINISTRATOR])
    caller = msgspec.structs.replace(as_user(technician), amr=frozenset({"pwd", "mfa"}))
    async with store.write() as tx:
        assert await list_invitations(tx, caller, tenant.id, group, NOON) == []
        with pytest.raises(NotFound):
            await invite(tx, caller, HASHER, tenant.id, group, DAY, NOON)
