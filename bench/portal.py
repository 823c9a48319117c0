"""`python -m bench.portal`: how long the first pages of the portal's lists take in a large directory on SQLite.

One tenant has 1,000,000 users and as many events in its trail; it is one of 100,000 tenants, and the partner of all
others. Pages are asked for in process, one after the other, by an administrator; the table shows milliseconds.
"""

from __future__ import annotations

import asyncio
import base64
import sqlite3
import statistics
import time
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.table import Table

from tenantry.access.actions import RoleId
from tenantry.app import App, build
from tenantry.core.caller import Origin, operator
from tenantry.core.clock import DAY, system_clock
from tenantry.core.ids import CorrelationId, TenantId, UserId
from tenantry.directory.roles import assign_role
from tenantry.directory.sessions import start_session
from tenantry.settings import Settings
from tenantry.store import migrate
from tenantry.surfaces.portal.guard import cookie_name

TENANT = TenantId("00000000-0000-4000-8000-000000000001")
DANA = UserId("00000000-0000-4000-8000-0000000000da")
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
    "customers, first page": "/customers",
    "customers by the start of a name": "/customers?q=tenant%204242",
    "partners": "/partners",
    "settings": "/settings",
}


def main(
    users: Annotated[int, typer.Option(min=1)] = 1_000_000,
    tenants: Annotated[int, typer.Option(min=1)] = 100_000,
    runs: Annotated[int, typer.Option(min=1)] = 20,
    cache: Annotated[Path, typer.Option(help="Where the seeded database is kept.")] = Path("var/bench"),
) -> None:
    """Seed once, then print the time of each page; ends with 1 when one takes longer than it may."""
    path = cache / f"portal-{migrate.check('sqlite:///none').head}-{users}-{tenants}.db"
    if not path.exists():
        Console(stderr=True).print(f"Seeding {users:,} users and {tenants:,} tenants into {path} …")
        _seed(path, users, tenants)
    times = asyncio.run(_measure(path.absolute(), runs))
    table = Table("page", "first", "median", "slowest", "", title=f"{users:,} users, {tenants:,} tenants; ms")
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
            tenant_id=TENANT,
            user_id=DANA,
            amr=["pwd", "mfa"],
            browser="bench",
            lifetime=DAY,
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


_NAMES = [
    "ana",
    "ben",
    "chen",
    "dana",
    "erik",
    "fatima",
    "goran",
    "hana",
    "igor",
    "jana",
    "kofi",
    "lena",
    "mia",
    "nora",
    "omar",
    "priya",
    "quinn",
    "rosa",
    "sam",
    "tara",
    "uma",
    "vera",
    "wei",
    "xenia",
    "yusuf",
    "zoe",
]
_COUNT = "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {last})"


def _seed(path: Path, users: int, tenants: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".half")
    half.unlink(missing_ok=True)
    migrate.upgrade(f"sqlite:///{half.absolute()}")
    db = sqlite3.connect(half, isolation_level=None)
    db.execute("PRAGMA synchronous = OFF")
    db.execute("PRAGMA cache_size = -500000")
    db.create_function("name_of", 1, lambda number: _NAMES[number * 7919 % len(_NAMES)], deterministic=True)
    now = system_clock()
    year = 365 * DAY
    db.execute("BEGIN")
    db.execute(
        f"""
        INSERT INTO tenants (id, name, country, created_at)
        {_COUNT.format(last=tenants)}
        SELECT printf('00000000-0000-4000-8000-%012d', i), 'Tenant ' || i, 'US', {now} FROM n WHERE i > 0
        """
    )
    db.execute(
        f"""
        INSERT INTO users (tenant_id, id, user_principal_name, upn_key, user_type, display_name, display_key,
                           created_at, updated_at, soft_deleted_at)
        {_COUNT.format(last=users - 1)}
        SELECT '{TENANT}', printf('%08x-0000-4000-8000-000000000000', i * 2654435761 % 4294967296),
               'user' || i || '@bench.example', 'user' || i || '@bench.example', 'member',
               name_of(i) || ' ' || name_of(i / 26) || ' ' || i, name_of(i) || ' ' || name_of(i / 26) || ' ' || i,
               {now - year}, {now}, CASE WHEN i % 100 = 0 THEN {now} END
        FROM n
        """
    )
    db.execute(
        """
        INSERT INTO users (tenant_id, id, user_principal_name, upn_key, user_type, display_name, display_key,
                           created_at, updated_at)
        VALUES (?, ?, 'dana@bench.example', 'dana@bench.example', 'member', 'Dana', 'dana', ?, ?)
        """,
        (TENANT, DANA, now, now),
    )
    db.execute(
        f"""
        INSERT INTO audit_events (tenant_id, id, at, type, actor, correlation_id, address, data)
        {_COUNT.format(last=users - 1)}
        SELECT '{TENANT}', printf('%014x%012x', {now - year} + i, i), {now - year} + i,
               CASE WHEN i % 50 = 0 THEN 'role.assigned' ELSE 'access_token.issued' END,
               'user:' || CASE WHEN i % 1000 = 0 THEN '{DANA}' ELSE i END, 'request-' || (i / 50), '', '{{}}'
        FROM n
        """
    )
    db.execute(
        f"""
        INSERT INTO partner_customers (tenant_id, customer_tenant_id, name_key, is_reseller, created_at)
        SELECT '{TENANT}', id, LOWER(name), 1, {now - year} FROM tenants WHERE id <> '{TENANT}'
        """
    )
    db.execute(
        f"""
        INSERT INTO partner_relationships (tenant_id, id, customer_tenant_id, status, expires_at)
        SELECT '{TENANT}', id, id, 'active', {now + year} FROM tenants WHERE id <> '{TENANT}'
        """
    )
    db.execute("COMMIT")
    db.close()
    half.rename(path)


if __name__ == "__main__":
    typer.run(main)
