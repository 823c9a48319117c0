"""What overviews are asked: each answers how much there is of something."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tenantry.access.actions import RoleId
from tenantry.core.clock import DAY, HOUR
from tenantry.core.ids import ConnectorId
from tenantry.store.delegation import customer_paths
from tenantry.store.engine.interface import Read
from tenantry.store.overview import blast_radius, reach, reports
from tests.support.clock import NOON
from tests.support.town import ANDROID_IDS

NOW = NOON + HOUR
LATEST = NOON + 4000 * DAY
MANY = 50
ALL, BEFORE_ALL, AFTER_ALL = "%", ("", ""), ("~", "~")

Ask = Callable[[Read, Mapping[str, Any]], Awaitable[int]]


async def partners(read: Read, at: Mapping[str, Any]) -> int:
    found = await reach.list_partner_paths(read, at["tenant"], NOW, named_like=ALL, after=BEFORE_ALL, limit=MANY)
    keys = [(path.name_key, path.id) for path in found]
    assert keys == sorted(keys)
    return len(found)


async def holders(read: Read, at: Mapping[str, Any]) -> int:
    found = await reach.list_holders(read, at["tenant"], NOW, named_like=ALL, limit=MANY)
    assert {holder.of_all for holder in found} == {len(found)}
    return len(found)


async def app_paths(read: Read, at: Mapping[str, Any], named_like: str = ALL) -> list[reach.ConnectorPath]:
    found = await reach.list_connector_paths(
        read, at["tenant"], NOW, named_like=named_like, after=BEFORE_ALL, limit=MANY, most=MANY
    )
    keys = [(path.name_key, path.id) for path in found]
    assert keys == sorted(keys)
    return found


async def apps(read: Read, at: Mapping[str, Any]) -> int:
    return len(await app_paths(read, at))


async def apps_by_group(read: Read, at: Mapping[str, Any]) -> int:
    return len(await app_paths(read, at, at["group_key"]))


def tokens(kind: str) -> Ask:
    async def ask(read: Read, at: Mapping[str, Any]) -> int:
        return sum(getattr(path, f"{kind}_tokens") for path in await app_paths(read, at))

    return ask


def shown_givers(kind: str) -> Ask:
    async def ask(read: Read, at: Mapping[str, Any]) -> int:
        return sum(getattr(path, f"{kind}_giver") is not None for path in await app_paths(read, at))

    return ask


async def group_tokens(read: Read, at: Mapping[str, Any]) -> int:
    found = await reach.list_group_tokens(read, at["tenant"], NOW, first=BEFORE_ALL, last=AFTER_ALL, limit=MANY)
    return len(found)


def total(field: str) -> Ask:
    async def ask(read: Read, at: Mapping[str, Any]) -> int:
        return int(getattr(await reach.count_things(read, at["tenant"], NOW, MANY), field))

    return ask


def customer(field: str | None) -> Ask:
    async def ask(read: Read, at: Mapping[str, Any]) -> int:
        found = await customer_paths.list_by_name(
            read, at["tenant"], NOW, named_like=ALL, after=BEFORE_ALL, limit=MANY, most=MANY
        )
        assert {path.of_all for path in found} == {len(found)}
        return len(found) if field is None else sum(getattr(path, field) for path in found)

    return ask


def of_connector(field: str, key: str = "connector") -> Ask:
    async def ask(read: Read, at: Mapping[str, Any]) -> int:
        found = await blast_radius.count_of_connector(read, at["tenant"], ConnectorId(at[key]), NOW, MANY)
        return int(getattr(found, field))

    return ask


def of_user(field: str, key: str = "member") -> Ask:
    async def ask(read: Read, at: Mapping[str, Any]) -> int:
        return int(getattr(await blast_radius.count_of_user(read, at["tenant"], at[key], NOW, MANY), field))

    return ask


async def apps_of_user(read: Read, at: Mapping[str, Any]) -> int:
    found = await blast_radius.list_connectors_of_user(read, at["tenant"], at["member"], NOW, limit=MANY, most=MANY)
    return len(found)


async def led_alone(read: Read, at: Mapping[str, Any]) -> int:
    return len(await blast_radius.list_led_alone(read, at["tenant"], at["member"], limit=MANY, most=MANY))


async def device_found(read: Read, at: Mapping[str, Any]) -> int:
    found = await blast_radius.find_device(read, at["tenant"], at["account"], at["android"])
    return int(found is not None)


def ending(kind: str) -> Ask:
    async def ask(read: Read, at: Mapping[str, Any]) -> int:
        found = await reports.list_ending(read, at["tenant"], NOW, LATEST, MANY)
        assert [row.ends_at for row in found] == sorted(row.ends_at for row in found)
        return sum(row.kind == kind for row in found)

    return ask


async def waiting(read: Read, at: Mapping[str, Any]) -> int:
    found = await reports.list_waiting_relationships(read, at["tenant"], NOW, MANY)
    assert {row.of_all for row in found} <= {len(found)}
    return len(found)


async def double_secrets(read: Read, at: Mapping[str, Any]) -> int:
    return len(await reports.list_double_secrets(read, at["tenant"], NOW, NOON, MANY))


async def unguarded(read: Read, at: Mapping[str, Any]) -> int:
    return len(await reports.list_unguarded(read, at["tenant"], RoleId.GLOBAL_ADMINISTRATOR, NOW, MANY))


async def administrators(read: Read, at: Mapping[str, Any]) -> int:
    return await reports.count_holders(read, at["tenant"], RoleId.GLOBAL_ADMINISTRATOR, NOW, MANY)


async def callbacks(read: Read, at: Mapping[str, Any]) -> int:
    return len(await reports.list_shared_callbacks(read, at["tenant"], MANY))


async def full_accounts(read: Read, at: Mapping[str, Any]) -> int:
    return len(await reports.list_full_accounts(read, at["tenant"], len(ANDROID_IDS), MANY))


async def counted_accounts(read: Read, at: Mapping[str, Any]) -> int:
    return sum(count.accounts for count in await reports.count_accounts_by_devices(read, at["tenant"], MANY))
