"""What the operator does from the command line beside the running server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from tenantry.core.clock import DAY
from tenantry.directory.group_deletion import delete_group
from tenantry.directory.tenants import delete_tenant
from tests.support.builders import OPERATOR, SomeTenant, a_group, a_tenant
from tests.support.crowds import let_all_in, many_events, many_users
from tests.support.waits.doing import Ready, command
from tests.support.waits.hall import Hall
from tests.support.waits.heavy import Heavy, Seed, Who
from tests.support.waits.writes import a_user_who_holds_much

_LONG_AGO = 400 * DAY


def _once(*words: str, ends_with: int = 0) -> Seed:
    async def seed(hall: Hall, many: int) -> list[Ready]:
        del many
        return [command(*(word.replace("{tenant}", hall.tenant.id) for word in words), ends_with=ends_with)]

    return seed


def _after(prepare: Callable[[Hall], Awaitable[tuple[str, ...]]]) -> Seed:
    async def seed(hall: Hall, many: int) -> list[Ready]:
        del many
        return [command(*await prepare(hall))]

    return seed


async def _a_large_tenant(hall: Hall, now: int) -> SomeTenant:
    """With as many users, all in one group, and as many events."""
    tenant = await a_tenant(hall.store, now=now)
    group = await a_group(hall.store, tenant, now=now)
    await many_users(hall.store, tenant.id, hall.size.crowd, now)
    await let_all_in(hall.store, tenant.id, group, hall.size.crowd, now)
    await many_events(hall.store, tenant.id, None, hall.size.crowd, now)
    return tenant


async def _delete_tenant(hall: Hall) -> tuple[str, ...]:
    return ("tenant", "delete", (await _a_large_tenant(hall, hall.now)).id)


async def _housekeeping(hall: Hall) -> tuple[str, ...]:
    """With a tenant and a group that can no longer be restored."""
    then = hall.now - _LONG_AGO
    tenant, group = await _a_large_tenant(hall, then), await hall.group()
    await let_all_in(hall.store, hall.tenant.id, group, hall.size.crowd, then)
    async with hall.store.write() as tx:
        await delete_tenant(tx, OPERATOR, tenant.id, then)
        await delete_group(tx, OPERATOR, hall.tenant.id, group, then)
    return ("housekeeping",)


async def _block_user(hall: Hall) -> tuple[str, ...]:
    user = await a_user_who_holds_much(hall)
    return ("user", "block", user.user_principal_name, "--tenant", hall.tenant.id)


def _command(name: str, what: str, seed: Seed, **options: Any) -> Heavy:
    return Heavy(name, what, Who.OPERATOR, seed, alone_only=True, **options)


COMMANDS = [
    _command("key-rotate", "`key rotate`", _once("key", "rotate")),
    _command(
        "master-key-rotate",
        "`master-key rotate`, which is refused beside a server",
        _once("master-key", "rotate", ends_with=75),
    ),
    _command("tenant-delete", "`tenant delete` of one with {crowd:,} users", _after(_delete_tenant)),
    _command(
        "housekeeping", "`housekeeping`, with such a tenant and a group of {crowd:,} to purge", _after(_housekeeping)
    ),
    _command("user-block", "`user block` of a user of {places:,} groups and sessions", _after(_block_user)),
    _command("audit-seal", "`audit seal` of {crowd:,} events", _once("audit", "seal")),
    _command("audit-verify", "`audit verify` of {crowd:,} events", _once("audit", "verify", "--tenant", "{tenant}")),
    _command("backup", "`db backup`", _once("db", "backup", "{data_dir}/backup.db"), engines=("sqlite",)),
]
