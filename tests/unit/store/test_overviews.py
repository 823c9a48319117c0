"""What stands in an overview holds at the moment: whatever ends is gone from each list and count, and nothing else is.

Each change is made to a tenant that has two of everything, one at a time, and taken back.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tenantry.access.actions import RoleId
from tenantry.core.clock import DAY, HOUR
from tenantry.core.ids import ConnectorId
from tenantry.store.delegation import customer_paths
from tenantry.store.engine.interface import Read, Store, Tx
from tenantry.store.overview import blast_radius, reach, reports
from tests.support.clock import NOON
from tests.support.town import ANDROID_IDS, Quarter, Town

NOW = NOON + HOUR
LATEST = NOON + 4000 * DAY
MANY = 50
ALL, BEFORE_ALL, AFTER_ALL = "%", ("", ""), ("~", "~")

Change = tuple[str, int]
"""A statement, and by how much it changes what is asked."""
Ask = Callable[[Read, Mapping[str, Any]], Awaitable[int]]


def _by_key(table: str, key: str, *sets: str) -> list[str]:
    """Statements which set something of one row; `key` names it."""
    return [f"UPDATE {table} SET {each} WHERE id = :{key}" for each in sets]


def _each(by: int, *statements: list[str]) -> list[Change]:
    return [(statement, by) for some in statements for statement in some]


def _tenant_ends(key: str) -> list[str]:
    return _by_key("tenants", key, "deleted_at = :now", "disabled_at = :now")


def _grant_ends(key: str) -> list[str]:
    return _by_key("grants", key, "revoked_at = :now", "expires_at = :now")


def _user_ends(key: str) -> list[str]:
    return _by_key("users", key, "deleted_at = :now", "disabled_at = :now")


def _relationship_ends(table: str, key: str) -> list[str]:
    return _by_key(table, key, "status = 'terminated'", "expires_at = :now")


def _role(*sets: str) -> list[str]:
    return [f"UPDATE role_assignments SET {each} WHERE tenant_id = :tenant AND user_id = :admin" for each in sets]


def _device(*sets: str) -> list[str]:
    where = "tenant_id = :tenant AND managed_account_id = :account AND android_id = :android"
    return [f"UPDATE devices SET {each} WHERE {where}" for each in sets]


def _secret(*sets: str) -> list[str]:
    newest = "(SELECT MAX(id) FROM connector_secrets WHERE connector_id = :connector)"
    return [f"UPDATE connector_secrets SET {each} WHERE connector_id = :connector AND id = {newest}" for each in sets]


async def _partners(read: Read, at: Mapping[str, Any]) -> int:
    found = await reach.list_partner_paths(read, at["tenant"], NOW, named_like=ALL, after=BEFORE_ALL, limit=MANY)
    keys = [(path.name_key, path.id) for path in found]
    assert keys == sorted(keys)
    return len(found)


async def _holders(read: Read, at: Mapping[str, Any]) -> int:
    found = await reach.list_holders(read, at["tenant"], NOW, named_like=ALL, limit=MANY)
    assert {holder.of_all for holder in found} == {len(found)}
    return len(found)


async def _app_paths(read: Read, at: Mapping[str, Any], named_like: str = ALL) -> list[reach.ConnectorPath]:
    found = await reach.list_connector_paths(
        read, at["tenant"], NOW, named_like=named_like, after=BEFORE_ALL, limit=MANY, most=MANY
    )
    keys = [(path.name_key, path.id) for path in found]
    assert keys == sorted(keys)
    return found


async def _apps(read: Read, at: Mapping[str, Any]) -> int:
    return len(await _app_paths(read, at))


async def _apps_by_group(read: Read, at: Mapping[str, Any]) -> int:
    return len(await _app_paths(read, at, at["group_key"]))


def _tokens(kind: str) -> Ask:
    async def ask(read: Read, at: Mapping[str, Any]) -> int:
        return sum(getattr(path, f"{kind}_tokens") for path in await _app_paths(read, at))

    return ask


def _shown_givers(kind: str) -> Ask:
    async def ask(read: Read, at: Mapping[str, Any]) -> int:
        return sum(getattr(path, f"{kind}_giver") is not None for path in await _app_paths(read, at))

    return ask


async def _group_tokens(read: Read, at: Mapping[str, Any]) -> int:
    found = await reach.list_group_tokens(read, at["tenant"], NOW, first=BEFORE_ALL, last=AFTER_ALL, limit=MANY)
    return len(found)


def _total(field: str) -> Ask:
    async def ask(read: Read, at: Mapping[str, Any]) -> int:
        return int(getattr(await reach.count_things(read, at["tenant"], NOW, MANY), field))

    return ask


def _customer(field: str | None) -> Ask:
    async def ask(read: Read, at: Mapping[str, Any]) -> int:
        found = await customer_paths.list_by_name(
            read, at["tenant"], NOW, named_like=ALL, after=BEFORE_ALL, limit=MANY, most=MANY
        )
        assert {path.of_all for path in found} == {len(found)}
        return len(found) if field is None else sum(getattr(path, field) for path in found)

    return ask


def _of_connector(field: str, key: str = "connector") -> Ask:
    async def ask(read: Read, at: Mapping[str, Any]) -> int:
        found = await blast_radius.count_of_connector(read, at["tenant"], ConnectorId(at[key]), NOW, MANY)
        return int(getattr(found, field))

    return ask


def _of_user(field: str, key: str = "member") -> Ask:
    async def ask(read: Read, at: Mapping[str, Any]) -> int:
        return int(getattr(await blast_radius.count_of_user(read, at["tenant"], at[key], NOW, MANY), field))

    return ask


async def _apps_of_user(read: Read, at: Mapping[str, Any]) -> int:
    found = await blast_radius.list_connectors_of_user(read, at["tenant"], at["member"], NOW, limit=MANY, most=MANY)
    return len(found)


async def _led_alone(read: Read, at: Mapping[str, Any]) -> int:
    return len(await blast_radius.list_led_alone(read, at["tenant"], at["member"], limit=MANY, most=MANY))


async def _device_found(read: Read, at: Mapping[str, Any]) -> int:
    found = await blast_radius.find_device(read, at["tenant"], at["account"], at["android"])
    return int(found is not None)


def _ending(kind: str) -> Ask:
    async def ask(read: Read, at: Mapping[str, Any]) -> int:
        found = await reports.list_ending(read, at["tenant"], NOW, LATEST, MANY)
        assert [row.ends_at for row in found] == sorted(row.ends_at for row in found)
        return sum(row.kind == kind for row in found)

    return ask


async def _waiting(read: Read, at: Mapping[str, Any]) -> int:
    found = await reports.list_waiting_relationships(read, at["tenant"], NOW, MANY)
    assert {row.of_all for row in found} <= {len(found)}
    return len(found)


async def _double_secrets(read: Read, at: Mapping[str, Any]) -> int:
    return len(await reports.list_double_secrets(read, at["tenant"], NOW, NOON, MANY))


async def _unguarded(read: Read, at: Mapping[str, Any]) -> int:
    return len(await reports.list_unguarded(read, at["tenant"], RoleId.GLOBAL_ADMINISTRATOR, NOW, MANY))


async def _administrators(read: Read, at: Mapping[str, Any]) -> int:
    return await reports.count_holders(read, at["tenant"], RoleId.GLOBAL_ADMINISTRATOR, NOW, MANY)


async def _callbacks(read: Read, at: Mapping[str, Any]) -> int:
    return len(await reports.list_shared_callbacks(read, at["tenant"], MANY))


async def _full_accounts(read: Read, at: Mapping[str, Any]) -> int:
    return len(await reports.list_full_accounts(read, at["tenant"], len(ANDROID_IDS), MANY))


async def _counted_accounts(read: Read, at: Mapping[str, Any]) -> int:
    return sum(count.accounts for count in await reports.count_accounts_by_devices(read, at["tenant"], MANY))


HELD = [*_by_key("connectors", "connector", "deactivated_at = :now"), *_role("expires_at = :later")]
"""What ends nothing."""
HOLDER = _each(-1, _role("expires_at = :now"), _user_ends("admin"))
TOKEN_OF_APP = _each(-1, _grant_ends("group_grant"))
CUSTOMERS = [
    *_each(-1, _relationship_ends("partner_relationships", "held"), _tenant_ends("customer")),
    *_each(0, _by_key("partner_relationships", "held", "expires_at = :later")),
]
ENTERPRISE_ENDS = _by_key("enterprises", "enterprise", "unenrolled_at = :now")
WEBHOOK = _by_key("webhooks", "webhook", "deleted_at = :now", "disabled_at = :now", "expires_at = :now")
GIVEN = [
    *_each(-1, _relationship_ends("delegated_relationships", "given"), _tenant_ends("partner")),
    *_each(0, _by_key("delegated_relationships", "given", "expires_at = :later")),
]

ASKED: dict[str, tuple[Ask, int, list[Change]]] = {
    "ways in": (
        _partners,
        4,
        [
            *GIVEN,
            *_each(0, _by_key("delegated_relationships", "given", "status = 'approvalPending'")),
            *_each(-1, ENTERPRISE_ENDS, _tenant_ends("emm")),
            *_each(-1, _by_key("enterprises", "enterprise", "emm_tenant_id = tenant_id")),
        ],
    ),
    "holders": (_holders, 2, [*HOLDER, *_each(0, HELD)]),
    "apps": (
        _apps,
        6,
        [
            *_each(-1, _by_key("connectors", "connector", "deleted_at = :now"), _grant_ends("grant")),
            *_each(-1, _by_key("connectors", "service_account", "deleted_at = :now")),
            *_each(0, HELD, _grant_ends("group_grant")),
        ],
    ),
    "apps by the name of a group": (
        _apps_by_group,
        1,
        [*_each(-1, _grant_ends("group_grant"), _by_key("grants", "group_grant", "reach = 'user'"))],
    ),
    "tokens for the tenant": (_tokens("tenant"), 1, _each(-1, _grant_ends("tenant_grant"))),
    "tokens for users": (_tokens("user"), 1, _each(-1, _grant_ends("grant"))),
    "tokens for groups": (_tokens("group"), 2, TOKEN_OF_APP),
    "givers of tokens for the tenant": (_shown_givers("tenant"), 1, _each(-1, _grant_ends("tenant_grant"))),
    "givers of tokens for users": (_shown_givers("user"), 1, _each(-1, _grant_ends("grant"))),
    "group tokens": (
        _group_tokens,
        2,
        [
            *TOKEN_OF_APP,
            *_each(-1, _by_key("grants", "group_grant", "reach = 'user'")),
            *_each(-1, _by_key("groups", "group", "deleted_at = :now")),
            *_each(-2, _by_key("users", "member", "deleted_at = :now")),
            *_each(-2, _by_key("connectors", "connector", "deleted_at = :now")),
        ],
    ),
    "users": (_total("users"), 6, _each(-1, _by_key("users", "member", "deleted_at = :now"))),
    "groups": (_total("groups"), 6, _each(-1, _by_key("groups", "group", "deleted_at = :now"))),
    "devices": (_total("devices"), 4, _each(-1, _device("removed_at = :now", "provisioned_at = NULL"))),
    "managed": (
        _total("managed"),
        2,
        [
            *_each(-1, _by_key("enterprises", "managed", "unenrolled_at = :now"), _tenant_ends("customer")),
            *_each(0, _by_key("enterprises", "enterprise", "emm_tenant_id = tenant_id")),
        ],
    ),
    "customers": (_total("customers"), 2, CUSTOMERS),
    "reached customers": (
        _customer(None),
        2,
        [*CUSTOMERS, *_each(0, _by_key("partner_relationships", "held", "status = 'approvalPending'"))],
    ),
    "live relationships with customers": (_customer("live"), 2, CUSTOMERS),
    "tokens of the app for groups": (_of_connector("group_tokens"), 2, TOKEN_OF_APP),
    "tokens of the app for the tenant": (
        _of_connector("tenant_tokens"),
        1,
        _each(-1, _grant_ends("tenant_grant")),
    ),
    "tokens of the app for users": (
        _of_connector("user_tokens", "other_connector"),
        1,
        _each(-1, _grant_ends("grant")),
    ),
    "secrets of the app": (
        _of_connector("secrets"),
        2,
        [*_each(-1, _secret("ended_at = :now", "expires_at = :now")), *_each(0, _secret("expires_at = :later"))],
    ),
    "keys of the account": (
        _of_connector("keys", "service_account"),
        2,
        _each(-1, _by_key("service_account_keys", "key", "revoked_at = :now")),
    ),
    "webhooks of the app": (_of_connector("webhooks"), 1, _each(-1, WEBHOOK)),
    "sessions": (
        _of_user("sessions"),
        2,
        _each(-1, _by_key("sessions", "session", "ended_at = :now", "expires_at = :now")),
    ),
    "tokens of the user": (_of_user("tokens"), 3, _each(-1, _grant_ends("tenant_grant"), _grant_ends("group_grant"))),
    "groups led": (
        _of_user("groups"),
        6,
        _each(-1, ["UPDATE group_members SET role = 'member' WHERE user_id = :member AND group_id = :group"]),
    ),
    "connectors made": (
        _of_user("connectors"),
        1,
        _each(-1, _by_key("connectors", "connector", "deleted_at = :now", "created_by = NULL")),
    ),
    "devices of the user": (
        _of_user("devices"),
        2,
        _each(-2, _by_key("managed_accounts", "account", "deleted_at = :now", "user_id = NULL")),
    ),
    "apps of the user": (
        _apps_of_user,
        1,
        [
            *_each(-1, _by_key("connectors", "connector", "deleted_at = :now")),
            *_each(
                -1,
                [
                    f"UPDATE grants SET {each} WHERE user_id = :member"
                    for each in ("revoked_at = :now", "expires_at = :now")
                ],
            ),
        ],
    ),
    "groups led alone": (
        _led_alone,
        6,
        [
            *_each(-1, ["UPDATE group_members SET role = 'member' WHERE user_id = :member AND group_id = :group"]),
            *_each(-1, ["UPDATE group_members SET role = 'admin' WHERE user_id = :other AND group_id = :group"]),
            *_each(-1, _by_key("groups", "group", "deleted_at = :now")),
        ],
    ),
    "the device": (
        _device_found,
        1,
        [
            *_each(-1, _device("removed_at = :now", "provisioned_at = NULL"), ENTERPRISE_ENDS),
            *_each(-1, _by_key("managed_accounts", "account", "deleted_at = :now")),
        ],
    ),
    "relationships that end": (
        _ending("relationship"),
        2,
        [
            *GIVEN,
            *_each(
                -1, _by_key("delegated_relationships", "given", "status = 'approvalPending'", "expires_at = :too_late")
            ),
            *_each(0, _by_key("delegated_relationships", "given", "expires_at = :latest")),
        ],
    ),
    "relationships with customers that end": (
        _ending("customer"),
        2,
        [
            *CUSTOMERS,
            *_each(
                -1, _by_key("partner_relationships", "held", "status = 'approvalPending'", "expires_at = :too_late")
            ),
            *_each(0, _by_key("partner_relationships", "held", "expires_at = :latest")),
        ],
    ),
    "secrets that end": (
        _ending("secret"),
        4,
        [
            *_each(-1, _secret("ended_at = :now", "expires_at = :now", "expires_at = :too_late", "expires_at = NULL")),
            *_each(0, _secret("expires_at = :latest")),
            *_each(-2, _by_key("connectors", "connector", "deleted_at = :now")),
        ],
    ),
    "tokens that end": (
        _ending("token"),
        4,
        [
            *_each(-1, _grant_ends("grant"), _by_key("grants", "grant", "expires_at = :too_late")),
            *_each(0, _by_key("grants", "grant", "expires_at = :latest")),
            *_each(-3, _by_key("users", "member", "deleted_at = :now")),
            *_each(-1, _by_key("connectors", "other_connector", "deleted_at = :now")),
        ],
    ),
    "requests": (
        _waiting,
        0,
        [
            *_each(1, _by_key("delegated_relationships", "given", "status = 'approvalPending'")),
            *_each(0, _by_key("delegated_relationships", "given", "status = 'approvalPending', expires_at = :now")),
        ],
    ),
    "apps with two secrets": (
        _double_secrets,
        2,
        [
            *_each(-1, _secret("ended_at = :now", "expires_at = :now", "created_at = created_at + 1")),
            *_each(-1, _by_key("connectors", "connector", "deleted_at = :now")),
            *_each(0, _secret("expires_at = :later")),
        ],
    ),
    "administrators without a second factor": (
        _unguarded,
        0,
        [
            *_each(1, ["UPDATE role_assignments SET user_id = :newcomer WHERE user_id = :admin"]),
            *_each(0, ["UPDATE role_assignments SET user_id = :newcomer, expires_at = :now WHERE user_id = :admin"]),
        ],
    ),
    "administrators": (_administrators, 2, [*HOLDER, *_each(0, HELD)]),
    "callbacks that all share": (
        _callbacks,
        1,
        [
            *_each(-1, ["UPDATE shared_callbacks SET replaced_at = :now WHERE tenant_id = :tenant"]),
            *_each(-1, ["UPDATE identity_providers SET disabled_at = :now WHERE tenant_id = :tenant"]),
        ],
    ),
    "accounts that are full": (
        _full_accounts,
        2,
        _each(-1, _by_key("managed_accounts", "account", "deleted_at = :now", "device_count = device_count - 1")),
    ),
    "accounts counted": (_counted_accounts, 4, _each(-1, _by_key("managed_accounts", "account", "deleted_at = :now"))),
}
"""What is asked, how much there is at first, and what each change does to that."""


async def _stage(store: Store, home: Quarter) -> dict[str, Any]:
    """One of each kind to change. What the builders leave out is put in."""
    member, other = home.people.members
    connector, other_connector = home.apps.connectors
    at: dict[str, Any] = {
        "tenant": home.tenant.id,
        "now": NOW,
        "later": NOW + 1,
        "latest": LATEST,
        "too_late": LATEST + 1,
        "admin": home.people.admins[0].id,
        "member": member.id,
        "other": other.id,
        "session": home.people.sessions[0].id,
        "newcomer": home.people.newcomers[0].id,
        "connector": connector.id,
        "other_connector": other_connector.id,
        "service_account": home.apps.service_accounts[0].id,
        "key": home.apps.service_accounts[0].key_id,
        "tenant_grant": home.apps.grants[0].id,
        "grant": home.apps.grants[1].id,
        "group_grant": home.apps.group_grants[0].id,
        "group": home.groups.groups[0],
        "webhook": home.groups.webhooks[0],
        "enterprise": home.devices.enterprises[0].id,
        "account": home.devices.accounts[0],
        "android": ANDROID_IDS[0],
        "given": home.relations.given[0],
        "held": home.relations.held[0],
        "partner": home.relations.partners[0].id,
        "customer": home.relations.customers[0].id,
        "managed": home.relations.managed[0].id,
    }
    async with store.write() as tx:
        for statement in (
            "UPDATE grants SET reach = 'tenant' WHERE id = :tenant_grant",
            "UPDATE connectors SET created_by = :member WHERE id = :connector",
            "UPDATE managed_accounts SET user_id = :member WHERE id = :account",
            "UPDATE webhooks SET connector_id = :connector WHERE id = :webhook",
            "UPDATE connector_secrets SET expires_at = :latest WHERE connector_id IN (:connector, :other_connector)",
        ):
            await _run(tx, statement, at)
        at["emm"] = await _one(tx, "SELECT emm_tenant_id FROM enterprises WHERE id = :enterprise", at)
        at["group_key"] = await _one(tx, "SELECT name_key FROM groups WHERE id = :group", at)
    return at


def _used(sql: str, at: Mapping[str, Any]) -> dict[str, Any]:
    return {name: at[name] for name in re.findall(r":(\w+)", sql)}


async def _run(tx: Tx, sql: str, at: Mapping[str, Any]) -> int:
    return await tx.run(sql, **_used(sql, at))


async def _one(tx: Tx, sql: str, at: Mapping[str, Any]) -> str:
    found = await tx.one_or_none(str, sql, **_used(sql, at))
    assert found is not None
    return found


class TakenBackError(Exception):
    """Ends a transaction of which nothing shall stay."""


async def _changed(store: Store, at: Mapping[str, Any], statement: str, ask: Ask) -> int:
    answers: list[int] = []
    with contextlib.suppress(TakenBackError):
        await _change_and_take_back(store, at, statement, ask, answers)
    return answers[0]


async def _change_and_take_back(
    store: Store, at: Mapping[str, Any], statement: str, ask: Ask, answers: list[int]
) -> None:
    async with store.write() as tx:
        assert await _run(tx, statement, at), statement
        answers.append(await ask(tx, at))
        raise TakenBackError


async def test_what_ended_is_in_no_overview_and_all_else_is(store: Store, town: Town) -> None:
    at = await _stage(store, town.home)
    wrong: list[str] = []
    for name, (ask, at_first, changes) in ASKED.items():
        async with store.read() as read:
            found = await ask(read, at)
        if found != at_first:
            wrong.append(f"{name}: {found}, not {at_first}")
        for statement, by in changes:
            after = await _changed(store, at, statement, ask)
            if after != at_first + by:
                wrong.append(f"{name}: {after}, not {at_first + by}, after {statement}")
    assert not wrong, "\n".join(wrong)
