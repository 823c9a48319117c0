"""Heavy things to change. What is done sixteen times at once is done to sixteen things of that size."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tenantry.access.actions import RoleId
from tenantry.core.clock import MINUTE
from tenantry.core.ids import ConnectorId, GroupId
from tenantry.directory.identity_providers import NewProvider, add_identity_provider
from tenantry.directory.own_phones import request_registration_pin
from tenantry.directory.phones import user_or_guest_of
from tenantry.directory.pins import PinRules
from tests.support.builders import (
    HASHER,
    KEY,
    OPERATOR,
    PASSWORD,
    SomeUser,
    a_connector,
    a_grant,
    a_group,
    a_relationship,
    a_session,
    a_tenant,
    a_user,
    a_webhook,
    as_user,
)
from tests.support.builders.stage import counted
from tests.support.crowds import (
    let_all_in,
    many_events,
    many_grants,
    many_linked,
    many_places,
    many_roles,
    many_sessions,
    many_users,
)
from tests.support.waits.doing import Ready, call, form, user_import
from tests.support.waits.hall import Hall
from tests.support.waits.heavy import Heavy, Seed, Who

GROUPS = "/kaizala/v1/groups"
_AREAS = ("206", "212", "253", "360", "415", "425", "503", "509")
TOKENS = 1_000
"""As many as a user or a group can have."""


def _each(seed_one: Callable[[Hall], Awaitable[Ready]]) -> Seed:
    async def seed(hall: Hall, many: int) -> list[Ready]:
        return [await seed_one(hall) for _ in range(many)]

    return seed


async def _large_group(hall: Hall) -> GroupId:
    """With tokens and webhooks of its own, as many as it can have."""
    now, group = hall.now, await hall.group()
    await let_all_in(hall.store, hall.tenant.id, group, hall.size.crowd, now)
    for number in range(10):
        await a_webhook(hall.store, hall.tenant, group, f"http://127.0.0.1:{number + 1}/", now=now)
    giver = await hall.user()
    await many_grants(hall.store, hall.tenant.id, hall.connector.id, giver.id, TOKENS, now, group_id=group)
    return group


async def _delete_group(hall: Hall) -> Ready:
    return form(await hall.cookie(hall.mal), f"/groups/{await _large_group(hall)}/delete")


async def _delete_group_by_app(hall: Hall) -> Ready:
    group = await _large_group(hall)
    return call(hall.connector, await hall.grant(hall.mal), "DELETE", f"{GROUPS}/{group}")


async def _rename_group(hall: Hall) -> Ready:
    name = f"Renamed {next(counted)}"
    return form(
        await hall.cookie(hall.mal), f"/groups/{await _large_group(hall)}/edit", name=name, welcome_message="Hi"
    )


def _numbers(many: int) -> list[str]:
    return [f"+1{_AREAS[(number := next(counted)) // 10_000 % 8]}555{number % 10_000:04}" for _ in range(many)]


async def _add_members(hall: Hall) -> Ready:
    path = f"{GROUPS}/{await hall.group()}/members"
    return call(hall.connector, await hall.grant(hall.mal), "PUT", path, {"members": _numbers(hall.size.several)})


async def _add_subscribers(hall: Hall) -> Ready:
    group = await a_group(hall.store, hall.tenant, admins=[hall.mal], subscribers=[], now=hall.now)
    grant = await hall.grant(hall.mal)
    return call(
        hall.connector, grant, "PUT", f"{GROUPS}/{group}/subscribers/add", {"subscribers": _numbers(hall.size.several)}
    )


async def _import_members(hall: Hall) -> Ready:
    lines = ["member,role", *(f"{number},member" for number in _numbers(hall.size.several))]
    file = "\r\n".join(lines).encode()
    return form(await hall.cookie(hall.mal), f"/groups/{await hall.group()}/members/import", file)


async def _new_group(hall: Hall) -> Ready:
    body = {
        "name": f"New {next(counted)}",
        "welcomeMessage": "Hi",
        "members": _numbers(hall.size.several),
        "groupType": "Group",
    }
    return call(hall.connector, await hall.grant(hall.mal), "POST", GROUPS, body)


async def _link_groups(hall: Hall) -> Ready:
    """Below the deepest one that may have another below it, or wherever it is refused."""
    group = await hall.group()
    return form(await hall.cookie(hall.mal), f"/groups/{hall.deep}/sub-groups/add", child_id=group)


async def _unlink_groups(hall: Hall) -> Ready:
    link = "INSERT INTO group_links (tenant_id, parent_id, child_id, created_at) VALUES (:tenant_id, :p, :c, :now)"
    top = await hall.group()
    await hall.store.run(link, tenant_id=hall.tenant.id, p=top, c=hall.wide, now=hall.now)
    return form(await hall.cookie(hall.mal), f"/groups/{top}/sub-groups/{hall.wide}/unlink")


async def a_user_who_holds_much(hall: Hall) -> SomeUser:
    """In thousands of groups, with as many tokens as a user can have, and sessions."""
    user, now = await hall.user(), hall.now
    await many_places(hall.store, hall.tenant.id, user.id, hall.size.places, now)
    await many_grants(hall.store, hall.tenant.id, hall.connector.id, user.id, TOKENS, now)
    await many_sessions(hall.store, hall.tenant.id, user.id, hall.size.places, now)
    return user


async def _delete_user(hall: Hall) -> Ready:
    return form(await hall.cookie(hall.boss), f"/users/{(await a_user_who_holds_much(hall)).id}/delete")


async def _block_user(hall: Hall) -> Ready:
    return form(await hall.cookie(hall.boss), f"/users/{(await a_user_who_holds_much(hall)).id}/block")


async def _set_password(hall: Hall) -> Ready:
    return form(await hall.cookie(hall.boss), f"/users/{(await a_user_who_holds_much(hall)).id}/password")


async def _rename_user(hall: Hall) -> Ready:
    user = await a_user_who_holds_much(hall)
    name = f"Renamed {next(counted)}"
    path, upn = f"/users/{user.id}/edit", user.user_principal_name
    return form(await hall.cookie(hall.boss), path, display_name=name, user_principal_name=upn, usage_location="US")


async def _block_hundred(hall: Hall) -> Ready:
    users = [await hall.user() for _ in range(20)]
    for user in users:
        await many_grants(hall.store, hall.tenant.id, hall.connector.id, user.id, TOKENS, hall.now)
    return form(await hall.cookie(hall.boss), "/users/block?" + "&".join(f"user={user.id}" for user in users))


async def _change_own_password(hall: Hall) -> Ready:
    user, new = await a_user_who_holds_much(hall), f"Another-Long-Word-{next(counted)}"
    return form(await hall.cookie(user), "/password", present_password=PASSWORD, password=new, repeated_password=new)


async def _end_sessions(hall: Hall) -> Ready:
    return form(await hall.cookie(await a_user_who_holds_much(hall)), "/sessions/end-others", page="/sessions")


async def _take_over_guest(hall: Hall) -> Ready:
    """Somebody proves the number by which a guest was let into thousands of groups."""
    (number,) = _numbers(1)
    async with hall.store.write() as tx:
        guest = await user_or_guest_of(tx, OPERATOR, hall.tenant.id, number, hall.now)
    await many_places(hall.store, hall.tenant.id, guest, hall.size.places, hall.now)
    user, rules = await hall.user(), PinRules(lifetime=5 * MINUTE, tries=5, sends_per_hour=5)
    async with hall.store.write() as tx:
        session = await a_session(tx, user, hall.now)
        pin = await request_registration_pin(tx, as_user(user), HASHER, session.id, number, rules, hall.now)
    cookie = {"Cookie": f"tenantry={session.secret}"}
    return form(cookie, f"/phones/verify?number=%2B{number[1:]}", number=number, pin=pin)


async def _delete_connector(hall: Hall) -> Ready:
    connector = await a_connector(hall.store, hall.tenant, now=hall.now)
    await _crowd_of_grants(hall, connector.id)
    return form(await hall.cookie(hall.boss), f"/connectors/{connector.id}/delete")


async def _crowd_of_grants(hall: Hall, connector_id: ConnectorId) -> None:
    await many_grants(hall.store, hall.tenant.id, connector_id, (await hall.user()).id, hall.size.crowd, hall.now)


async def _end_relationship(hall: Hall) -> Ready:
    """In an organisation of its own, whose partner made its users and gave them a role."""
    store, now, many = hall.store, hall.now, hall.size.places
    partner, customer = await a_tenant(store, now=now), await a_tenant(store, now=now)
    role = RoleId.USER_ADMINISTRATOR
    relationship = await a_relationship(store, partner, customer, roles=[role], now=now)
    boss = await a_user(store, customer, roles=[RoleId.GLOBAL_ADMINISTRATOR], now=now)
    agent = await a_user(store, partner, now=now)
    await many_users(store, customer.id, many, now)
    await many_roles(store, customer.id, role, partner.id, many, now)
    await many_events(store, customer.id, partner.id, many, now)
    await many_sessions(store, partner.id, agent.id, many, now, acting=customer.id)
    return form(await hall.cookie(boss), f"/partners/{relationship}/end")


async def _remove_provider(hall: Hall) -> Ready:
    issuer = f"https://login{next(counted)}.example"
    new = NewProvider(name="Provider", issuer=issuer, client_id="us", client_secret="secret")
    async with hall.store.write() as tx:
        provider = await add_identity_provider(tx, KEY, OPERATOR, hall.tenant.id, new, hall.now)
    await many_linked(hall.store, hall.tenant.id, provider, issuer, hall.size.crowd, hall.now)
    return form(await hall.cookie(hall.boss), f"/identity-providers/{provider}/remove")


def _file_of_users(hall: Hall, rows: int, *, passwords: bool = False) -> bytes:
    heading = "user_principal_name,display_name" + (",password" if passwords else "")
    end = f",{PASSWORD}" if passwords else ""
    names = (f"new{next(counted)}" for _ in range(rows))
    return "\r\n".join([heading, *(f"{name}@{hall.tenant.domain},{name.title()}{end}" for name in names)]).encode()


async def _import_users(hall: Hall) -> Ready:
    return user_import(await hall.cookie(hall.boss), _file_of_users(hall, hall.size.rows))


async def _import_passwords(hall: Hall) -> Ready:
    file = _file_of_users(hall, min(300, hall.size.rows), passwords=True)
    return user_import(await hall.cookie(hall.boss), file, with_passwords="yes")


async def _delete_customers_user(hall: Hall) -> Ready:
    """Through Partner Center's API; the user is in thousands of the customer's groups."""
    store, now = hall.store, hall.now
    partner = await a_tenant(store, now=now)
    await a_relationship(store, partner, hall.tenant, now=now)
    agent = await a_user(store, partner, phone=True, roles=[RoleId.GLOBAL_ADMINISTRATOR], now=now)
    connector = await a_connector(store, partner, now=now)
    user = await a_user_who_holds_much(hall)
    grant = await a_grant(store, connector, agent, now=now)
    path = f"/partnercenter/v1/customers/{hall.tenant.id}/users/{user.id}"
    return call(connector, grant, "DELETE", path, partner_center=True)


WRITES = [
    Heavy("delete-group", "delete a group of {crowd:,} members, 1,000 tokens", Who.GROUP_ADMIN, _each(_delete_group)),
    Heavy("delete-group-app", "the same through Kaizala's API", Who.APP, _each(_delete_group_by_app)),
    Heavy("rename-group", "rename a group of {crowd:,} members", Who.GROUP_ADMIN, _each(_rename_group)),
    Heavy("add-members", "add {several:,} members", Who.APP, _each(_add_members)),
    Heavy("add-subscribers", "add {several:,} subscribers", Who.APP, _each(_add_subscribers)),
    Heavy("new-group", "make a group of {several:,} members", Who.APP, _each(_new_group)),
    Heavy("import-members", "import a file of {several:,} members", Who.GROUP_ADMIN, _each(_import_members)),
    Heavy("link-groups", "put a group below one with {nested:,} others below it", Who.GROUP_ADMIN, _each(_link_groups)),
    Heavy("unlink-groups", "take {places:,} groups out of another", Who.GROUP_ADMIN, _each(_unlink_groups)),
    Heavy(
        "delete-user",
        "delete a user of {places:,} groups and sessions, 1,000 tokens; 10 webhooks are told",
        Who.ADMINISTRATOR,
        _each(_delete_user),
        rest="untold_changes",
    ),
    Heavy(
        "delete-customers-user",
        "the same through Partner Center's API",
        Who.PARTNER,
        _each(_delete_customers_user),
        rest="untold_changes",
    ),
    Heavy("block-user", "block such a user", Who.ADMINISTRATOR, _each(_block_user)),
    Heavy("set-password", "set such a user's password", Who.ADMINISTRATOR, _each(_set_password)),
    Heavy("rename-user", "rename such a user", Who.ADMINISTRATOR, _each(_rename_user)),
    Heavy("change-password", "change one's own password, as such a user", Who.MEMBER, _each(_change_own_password)),
    Heavy("end-sessions", "end one's {places:,} other sessions", Who.MEMBER, _each(_end_sessions)),
    Heavy("take-over", "prove the number of a guest in {places:,} groups", Who.MEMBER, _each(_take_over_guest)),
    Heavy("block-many", "block 20 users with 1,000 tokens each", Who.ADMINISTRATOR, _each(_block_hundred)),
    Heavy("delete-connector", "delete an app with {crowd:,} tokens", Who.ADMINISTRATOR, _each(_delete_connector)),
    Heavy(
        "end-relationship",
        "end a relationship by which {places:,} roles were given, {places:,} users made",
        Who.ADMINISTRATOR,
        _each(_end_relationship),
    ),
    Heavy(
        "remove-provider", "remove an identity provider of {crowd:,} users", Who.ADMINISTRATOR, _each(_remove_provider)
    ),
    Heavy("import-users", "import a file of {rows:,} users", Who.ADMINISTRATOR, _each(_import_users)),
    Heavy("import-passwords", "import 300 users with passwords", Who.ADMINISTRATOR, _each(_import_passwords)),
]
