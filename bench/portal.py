"""`python -m bench.portal`: how long the first pages of the portal's lists take in a large directory on SQLite.

One tenant has 1,000,000 users and as many events in its trail, 100,000 groups, one with 100,000 members and one with as
many subscribers, and 100,000 managed accounts. It is one of 100,000 tenants, and the partner of all others. Pages are
asked for in process, one after the other, by an administrator; the table shows milliseconds.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import statistics
import time
from pathlib import Path
from typing import Annotated

import httpx
import structlog
import typer
from rich.console import Console
from rich.table import Table

from bench.portal_seed import BROADCAST, CROWD, DANA, ENTERPRISE, TENANT, Size, account_id, seed
from tenantry.access.actions import RoleId
from tenantry.app import App, build
from tenantry.core.caller import Origin, operator
from tenantry.core.clock import DAY, system_clock
from tenantry.core.ids import CorrelationId
from tenantry.directory.roles import assign_role
from tenantry.directory.sessions import SessionTerms, start_session
from tenantry.settings import Settings
from tenantry.store.migrations import HEAD
from tenantry.surfaces.portal.frame.guard import cookie_name

MASTER_KEY = base64.b64encode(bytes(32)).decode()
OPERATOR = operator(Origin(CorrelationId("bench"), ""))
TARGET = 100.0

PAGES = {
    "users, first page": "/users",
    "users by the start of a name": "/users?q=quinn%20m",
    "users by one letter": "/users?q=m",
    "users by sign-in name": "/users?q=user777",
    "users, nobody found": "/users?q=zzzz",
    "users, from the middle": "/users?key=nora&after=x",
    "deleted users": "/users?show=deleted",
    "one user": f"/users/{DANA}",
    "trail, newest": "/audit",
    "trail, one kind": "/audit?what=role.assigned",
    "trail, one kind that never was": "/audit?what=domain.added",
    "trail, one actor": f"/audit?who=user:{DANA}",
    "trail, tokens issued of one actor": f"/audit?what=access_token.issued&who=user:{DANA}",
    "trail, one number": "/audit/explain?number=request-7",
    "groups, first page": "/groups",
    "groups by the start of a name": "/groups?q=quinn%20m",
    "groups, nobody found": "/groups?q=zzzz",
    "groups, from the middle": "/groups?key=nora&after=x",
    "own groups": "/groups?show=mine",
    "own groups by the start of a name": "/groups?show=mine&q=quinn",
    "deleted groups": "/groups/deleted",
    "one group of 100,000": f"/groups/{CROWD}",
    "its members by the start of a name": f"/groups/{CROWD}?q=quinn%20m",
    "its members, from the middle": f"/groups/{CROWD}?key=nora&after=x",
    "subscribers of a broadcast group": f"/groups/{BROADCAST}/subscribers",
    "groups that may become sub-groups": f"/groups/{CROWD}/sub-groups/add",
    "work accounts, first page": "/devices",
    "work accounts by the start of a name": "/devices?q=asset-777",
    "work accounts, nobody found": "/devices?q=zzzz",
    "work accounts, from the middle": "/devices?key=asset-5&after=x",
    "one work account": f"/devices/{ENTERPRISE}/{account_id(77)}",
    "enterprises": "/enterprises",
    "customers, first page": "/customers",
    "customers by the start of a name": "/customers?q=tenant%204242",
    "partners": "/partners",
    "settings": "/settings",
}


def main(
    users: Annotated[int, typer.Option(min=1)] = 1_000_000,
    tenants: Annotated[int, typer.Option(min=1)] = 100_000,
    groups: Annotated[int, typer.Option(min=1)] = 100_000,
    accounts: Annotated[int, typer.Option(min=100)] = 100_000,
    runs: Annotated[int, typer.Option(min=1)] = 20,
    cache: Annotated[Path, typer.Option(help="Where the seeded database is kept.")] = Path("var/bench"),
) -> None:
    """Seed once, then print the time of each page; ends with 1 when one takes longer than it may."""
    size = Size(users, tenants, groups, accounts)
    path = cache / f"portal-{HEAD}-{'-'.join(map(str, size))}.db"
    title = f"{users:,} users, {tenants:,} tenants, {groups:,} groups, {accounts:,} managed accounts"
    if not path.exists():
        Console(stderr=True).print(f"Seeding {title} into {path} …")
        seed(path, size)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    times = asyncio.run(_measure(path.absolute(), runs))
    table = Table("page", "first", "median", "slowest", "", title=f"{title}; ms")
    for name, taken in times.items():
        middle = statistics.median(taken)
        verdict = "" if middle < TARGET else "slow"
        table.add_row(name, f"{taken[0]:.1f}", f"{middle:.1f}", f"{max(taken):.1f}", verdict)
    Console(width=None if Console().is_terminal else 120).print(table)
    if any(statistics.median(taken) >= TARGET for taken in times.values()):
        raise typer.Exit(1)


async def _measure(path: Path, runs: int) -> dict[str, list[float]]:
    settings = Settings(
        data_dir=path.parent,
        database_url=f"sqlite:///{path}",
        master_key=MASTER_KEY,  # type: ignore[arg-type]
        public_url="http://bench.test",
    )
    app = await build(settings)
    try:
        return await _measure_pages(app, runs)
    finally:
        await app.close()


async def _measure_pages(app: App, runs: int) -> dict[str, list[float]]:
    now = system_clock()
    async with app.deps.store.write() as tx:
        await assign_role(tx, OPERATOR, TENANT, DANA, RoleId.GLOBAL_ADMINISTRATOR, None, now)
        session = await start_session(
            tx,
            app.deps.hasher,
            OPERATOR,
            terms=SessionTerms(tenant_id=TENANT, user_id=DANA, amr=["pwd", "mfa"], browser="bench", lifetime=DAY),
            now=now,
        )
    cookies = {cookie_name(app.deps.settings): session.secret}
    transport = httpx.ASGITransport(app)
    times: dict[str, list[float]] = {}
    async with httpx.AsyncClient(transport=transport, base_url="http://bench.test", cookies=cookies) as http:
        await http.get("/sessions")  # what is loaded once
        for name, address in PAGES.items():
            for _ in range(runs):
                started = time.perf_counter()
                answer = await http.get(address)
                taken = (time.perf_counter() - started) * 1000
                answer.raise_for_status()
                times.setdefault(name, []).append(taken)
    return times


if __name__ == "__main__":
    typer.run(main)
