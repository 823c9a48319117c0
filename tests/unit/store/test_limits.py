"""Whoever asks for so many rows gets no more: every list with a limit is found by its parameters, and tried.

A shorter answer is the beginning of a longer one, and goes on from its last row where there is a place to go on from.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any

import tenantry.store
from tenantry.access.actions import RoleId
from tenantry.core.clock import DAY
from tenantry.store.engine.interface import Store
from tenantry.store.overview import reports
from tenantry.store.users.user_lists import Order
from tests.support.clock import NOON
from tests.support.town import Quarter, Town

Lister = Callable[..., Awaitable[Sequence[Any]]]

NOW = NOON + 1
MANY = 50
ROOMS = ("connectors", "delegation", "devices", "overview", "tenants", "tokens", "users")


def _listers() -> Iterator[tuple[str, Lister]]:
    for room in ROOMS:
        package = importlib.import_module(f"{tenantry.store.__name__}.{room}")
        for found in pkgutil.iter_modules(package.__path__):
            module = importlib.import_module(f"{package.__name__}.{found.name}")
            for name, function in inspect.getmembers(module, inspect.iscoroutinefunction):
                parameters = inspect.signature(function).parameters
                if function.__module__ == module.__name__ and {"read", "limit"} <= parameters.keys():
                    yield f"{room}.{found.name}.{name}", function


LISTERS = dict(_listers())
_BY_NAME = ("name_key", "id")
GOES_ON: dict[str, tuple[str, ...]] = {
    "connectors.connector_lists.list_by_name": _BY_NAME,
    "connectors.connector_lists.list_waiting": ("waiting_since", "id"),
    "delegation.customer_paths.list_by_name": _BY_NAME,
    "delegation.relationships.list_by_standing": ("standing", "id"),
    "overview.reach.list_connector_paths": _BY_NAME,
    "overview.reach.list_partner_paths": _BY_NAME,
    "users.user_lists.list_members": ("display_name", "id"),
    "users.user_search.by_display_name": ("display_key", "id"),
}
"""Of which columns of its last row the place is made from which a list goes on."""


async def _known(store: Store, home: Quarter) -> dict[str, Any]:
    """What lists are asked about. Where the quarter has too few of a kind, more are made."""
    member = home.people.members[0]
    names = {
        "member": member.id,
        "tenant": home.tenant.id,
        "enterprise": home.devices.enterprises[0].id,
        "provider": home.people.providers[1],
        "group": home.groups.groups[0],
    }
    async with store.write() as tx:
        for sql in (
            "UPDATE managed_accounts SET user_id = :member WHERE tenant_id = :tenant",
            "UPDATE connectors SET created_by = :member WHERE tenant_id = :tenant",
            "UPDATE managed_accounts SET primary_email = 'ann@example.com' WHERE enterprise_id = :enterprise",
            "UPDATE connectors SET waiting_since = created_at, waiting_permissions = 'media' WHERE tenant_id = :tenant",
            "INSERT INTO shared_callbacks (tenant_id, provider_id) VALUES (:tenant, :provider)",
            "UPDATE grants SET user_id = :member WHERE tenant_id = :tenant",
            "UPDATE grants SET group_id = :group WHERE tenant_id = :tenant AND reach = 'group'",
        ):
            await tx.run(sql, **{name: names[name] for name in re.findall(r":(\w+)", sql)})
        [email] = await tx.all(str, "SELECT email FROM connectors WHERE id = :id", id=home.apps.service_accounts[0].id)
        imports = await tx.all(str, "SELECT id FROM user_imports WHERE tenant_id = :id", id=home.tenant.id)
    return {
        "tenant_id": home.tenant.id,
        "now": NOW,
        "user_id": member.id,
        "group_id": home.groups.groups[0],
        "connector_id": home.apps.connectors[0].id,
        "role_id": RoleId.DIRECTORY_READERS,
        "enterprise_id": home.devices.enterprises[0].id,
        "account_id": home.devices.accounts[0],
        "primary_email": "ann@example.com",
        "email": email,
        "named_like": "%",
        "prefix": "",
        "after_id": "",
        "after": ("", ""),
        "first": ("", ""),
        "last": ("~", "~"),
        "most": MANY,
        "before": NOON,
        "until": NOON + 4000 * DAY,
        "devices": 1,
        "deleted_after": None,
        "order": Order.DISPLAY_NAME,
        "powerless": "",
        "import_id": imports[0],
        "from_row": 0,
    }


FEW = {
    "overview.reports.list_ending",  # so many of each kind, see below
    "overview.reports.list_unguarded",
    "overview.reports.list_waiting_relationships",
    "users.user_search.blocked_by_display_name",
    "users.user_search.by_sign_in_name",
    "users.user_search.deleted_by_display_name",
    "users.user_search.holders_by_display_name",
    "users.user_imports.list_failed",
    "users.user_imports.list_rows",
    "tenants.tenants.list_deleted",
}
"""Of which a quarter has none or one: their own tests say how far they go."""


def _given(lister: Lister, known: Mapping[str, Any]) -> dict[str, Any]:
    parameters = inspect.signature(lister).parameters.items()
    return {name: known[name] for name, each in parameters if name in known and each.default is inspect.Parameter.empty}


def _plain(rows: Sequence[Any]) -> list[Any]:
    return [row._replace(of_all=0) if "of_all" in getattr(row, "_fields", ()) else row for row in rows]


async def test_a_limit_is_kept_and_a_list_goes_on_where_it_was_left(store: Store, town: Town) -> None:
    known = await _known(store, town.home)
    wrong: list[str] = []
    async with store.read() as read:
        for name, lister in LISTERS.items():
            if name in FEW:
                continue
            given = _given(lister, known)
            everything = _plain(await lister(read, **given, limit=MANY))
            if len(everything) < 2:
                wrong.append(f"{name}: too few to try a limit")
            parts = {limit: _plain(await lister(read, **given, limit=limit)) for limit in range(1, len(everything))}
            wrong += [f"{name}: another {limit}" for limit, part in parts.items() if part != everything[:limit]]
            for number, row in enumerate(everything[:-1], start=1):
                if "after_id" in given:
                    given["after_id"] = getattr(row, "id", row)
                elif name in GOES_ON:
                    given["after"] = tuple(getattr(row, column) for column in GOES_ON[name])
                else:
                    break
                if _plain(await lister(read, **given, limit=MANY)) != everything[number:]:
                    wrong.append(f"{name}: it does not go on after row {number}")
    assert not wrong, "\n".join(wrong)


async def test_of_what_ends_the_first_of_each_kind_are_listed(store: Store, town: Town) -> None:
    home = town.home
    later = {
        "delegated_relationships": home.relations.given[0],
        "partner_relationships": home.relations.held[0],
        "grants": home.apps.grants[0].id,
    }
    async with store.write() as tx:
        for table, row_id in later.items():
            await tx.run(f"UPDATE {table} SET expires_at = expires_at + 1 WHERE id = :id", id=row_id)
        secrets = await tx.all(
            str,
            "SELECT s.id FROM connector_secrets s JOIN connectors c ON c.id = s.connector_id WHERE c.tenant_id = :id",
            id=home.tenant.id,
        )
        for number, secret in enumerate(secrets):
            await tx.run(
                "UPDATE connector_secrets SET expires_at = :at WHERE id = :id", at=NOON + DAY - number, id=secret
            )
    async with store.read() as read:
        first = await reports.list_ending(read, home.tenant.id, NOW, NOON + 4000 * DAY, 1)
        two = await reports.list_ending(read, home.tenant.id, NOW, NOON + 4000 * DAY, 2)
    assert sorted(row.kind for row in first) == ["customer", "relationship", "secret", "token"]
    assert sorted(row.kind for row in two) == sorted(2 * [row.kind for row in first])
    assert not {row.id for row in first} & {*later.values(), *secrets[:-1]}
