"""The database: whether it answers, keeps what it promised, and agrees with this machine's clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator

from tenantry.audit.events import SYSTEM_TENANT
from tenantry.core.clock import MINUTE, Micros, to_iso
from tenantry.core.errors import StoreBusy, StoreUnavailable
from tenantry.core.ids import TenantId
from tenantry.doctor.finding import Finding, fine, look, mend
from tenantry.settings import Settings
from tenantry.store.engine import health
from tenantry.store.engine.interface import Read, SchemaOutdated, Store
from tenantry.store.engine.opening import open_store
from tenantry.store.tenants import tenants
from tenantry.store.trail import audit_events, audit_seals, audit_search

SOME_TENANTS = 20
"""How many tenants are looked at: the cost of a look does not grow with their number."""
SOME_SIGN_INS = 10
FEW_CONNECTIONS = 20
"""How many connections to leave for backups, commands and people."""
_LOST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


async def check_database(settings: Settings, now: Micros) -> list[Finding]:
    """Open the store as the server does, and look at what it holds. A store that does not answer is a finding, and no
    error.
    """
    database = settings.sqlite_file
    if database is not None and not database.exists():
        how = f"Run `tenantry init --data-dir {settings.data_dir}`."
        return [mend("database", f"There is none at {database}.", how)]
    try:
        store = await open_store(settings.store_url, busy_timeout=10.0, pool_size=1)
    except SchemaOutdated as error:
        found, _, how = str(error).partition(". ")
        return [mend("schema", f"{found}.", how)]
    except (StoreUnavailable, ValueError):
        return [mend("database", "It does not answer.", "Look whether it runs, and at database_url.")]
    try:
        return [finding async for finding in _look_at(store, settings, now)]
    except (StoreBusy, StoreUnavailable):
        return [mend("database", "It answers, and then no more.", "Look into its own log.")]
    finally:
        await store.close()


async def _look_at(store: Store, settings: Settings, now: Micros) -> AsyncIterator[Finding]:
    yield fine("schema", "It is this version's.")
    async with store.read() as read:
        if store.engine == "postgresql":
            for finding in await _postgres(read, settings):
                yield finding
        yield await _clock(read, now)
        known = [SYSTEM_TENANT, *await tenants.list_ids(read, "", SOME_TENANTS)]
        yield await _seals(read, settings, known, now)
        if settings.trusted_proxies:
            yield await _addresses(read, settings, known)


async def _postgres(read: Read, settings: Settings) -> list[Finding]:
    found = await health.read_postgres_settings(read)
    if found is None:
        return []
    lost = [name for name, word in _LOST.items() if getattr(found, name) == word]
    findings = [
        mend(
            "durability",
            f"PostgreSQL {found.version} has {', '.join(f'{name} = off' for name in lost)}: what was answered may "
            "be lost when the power goes.",
            "Set it to on.",
        )
        if lost
        else fine("durability", f"PostgreSQL {found.version} puts each change on disk before it is answered.")
    ]
    if settings.postgres_connections > found.max_connections - FEW_CONNECTIONS:
        findings.append(
            look(
                "connections",
                f"A server opens up to {settings.postgres_connections} of PostgreSQL's {found.max_connections}.",
                "Raise max_connections, or lower postgres_connections: all servers together stay below it.",
            )
        )
    return findings


async def _clock(read: Read, now: Micros) -> Finding:
    """Whether this machine's clock is behind the trail. The system's trail is looked at, which gets notes each day."""
    last = next(iter(await audit_events.list_latest(read, SYSTEM_TENANT, 1)), None)
    if last is not None and last.at > now + MINUTE:
        return mend(
            "time of the trail",
            f"It has events of {to_iso(last.at)}, and this machine's clock says {to_iso(now)}.",
            "Set the clock right: tokens and codes live too long or too short until then.",
        )
    return fine("time of the trail", "It holds nothing of the future.")


async def _seals(read: Read, settings: Settings, known: list[TenantId], now: Micros) -> Finding:
    subject, patience = "seals", 3 * settings.audit_seal_minutes * MINUTE
    for tenant_id in known:
        seal = await audit_seals.find_last(read, tenant_id)
        after = seal.last_event_id if seal else ""
        waiting = next(iter(await audit_events.list_after(read, tenant_id, after, 1)), None)
        if waiting is not None and waiting.at < now - patience:
            return look(
                subject,
                f"In the trail of {tenant_id} nothing is sealed since {to_iso(waiting.at)}.",
                "A running server seals each hour. Start it, or run `tenantry audit seal`; its log says why not.",
            )
    return fine(subject, f"The trails looked at ({len(known)}) are sealed up to now.")


async def _addresses(read: Read, settings: Settings, known: list[TenantId]) -> Finding:
    """Whether the proxy sends the clients' addresses. If it does not, all sign-ins come from the proxy's own."""
    seen: Counter[str] = Counter()
    for tenant_id in known:
        found = await audit_search.of_type(
            read, tenant_id, "session.started", since=audit_search.FIRST, before=audit_search.LAST, limit=SOME_SIGN_INS
        )
        seen.update(event.address for event in found if event.address)
    subject = "addresses in the trail"
    if seen.total() >= SOME_SIGN_INS and len(seen) == 1 and next(iter(seen)) in settings.trusted_proxies:
        return mend(
            subject,
            f"The last {seen.total()} sign-ins all come from {next(iter(seen))}, the proxy.",
            "Let the proxy send X-Forwarded-For with the client's address (docs/operating.md).",
        )
    return fine(subject, "Sign-ins come from clients' addresses." if seen else "Nobody has signed in yet.")
