"""`tenantry init`: make a data directory with a master key, a commented configuration and an empty database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tenantry.cli.common import DataDir, failing_well, key_file_of, master_key_of, settings_of
from tenantry.cli.output import say

if TYPE_CHECKING:
    from tenantry.settings import Settings
    from tenantry.tokens.keys.master_key import MasterKey


def init(
    data_dir: DataDir = None,
    database_url: Annotated[
        str | None,
        typer.Option(
            "--database-url",
            help="postgresql://… instead of a SQLite file. Prefer TENANTRY_DATABASE_URL in the environment: everybody "
            "on the machine can read the password of a command line.",
        ),
    ] = None,
) -> None:
    """Prepare a data directory: master key, configuration, database. What is there already stays.

    Example: `tenantry init --data-dir /var/lib/tenantry`
    """
    settings = settings_of(data_dir, database_url=database_url)
    with failing_well():
        prepare(settings)
    for line in (
        f"Ready in {settings.data_dir.absolute()}.",
        "  1. Back up master.key apart from the database: without it no secret and no key of the database works.",
        "  2. Set public_url in tenantry.toml to the address that clients use.",
        f"  3. Start with: tenantry serve --data-dir {settings.data_dir}",
        f"  4. Make the first tenant: tenantry tenant create NAME --domain DOMAIN --data-dir {settings.data_dir}",
    ):
        say(line)


def prepare(settings: Settings) -> None:
    """Make what is missing, the first signing key too, by which a later start recognises the master key.

    Raises StoreUnavailable, MasterKeyError when there is a key that cannot be used.
    """
    import asyncio

    from tenantry.core.files import write_private
    from tenantry.settings import CONFIG_FILE
    from tenantry.store.engine import migrate

    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = settings.data_dir / CONFIG_FILE
    if not file.exists():
        write_private(file, _configuration(settings))  # a database address may hold a password
    ensure_master_key(settings)
    master_key = master_key_of(settings)
    migrate.upgrade(settings.store_url)
    asyncio.run(_make_first_key(settings, master_key))


async def _make_first_key(settings: Settings, master_key: MasterKey) -> None:
    from tenantry.core.clock import system_clock
    from tenantry.store.engine.opening import open_store
    from tenantry.tokens.keys.signing_keys import ensure_signing_key

    store = await open_store(settings.store_url, busy_timeout=10.0, pool_size=1)
    try:
        await ensure_signing_key(store, master_key, system_clock())
    finally:
        await store.close()


def ensure_master_key(settings: Settings) -> None:
    """Make the key file unless there is a key. Raises MasterKeyError."""
    from tenantry.tokens.keys.master_key import create_master_key_file

    path = key_file_of(settings)
    if settings.master_key is None and not path.exists():
        create_master_key_file(path)


def _configuration(settings: Settings) -> str:
    """The text of a configuration file that has every setting, commented out, with its meaning and its default."""
    lines = ["# Settings of Tenantry. TENANTRY_NAME in the environment wins over this file.", ""]
    for name, field in type(settings).model_fields.items():
        if name == "data_dir":
            continue
        default = field.get_default(call_default_factory=True)
        value = settings.database_url if name == "database_url" else None
        lines += [f"# {field.description}", f"{name} = {_toml(value)}" if value else f"# {name} = {_toml(default)}", ""]
    return "\n".join(lines)


def _toml(value: object) -> str:
    import json

    if isinstance(value, dict):
        return "{}"
    return '""' if value is None else json.dumps(str(value) if isinstance(value, Path) else value)
