"""What every command needs: its options, the opened store, the codes that it exits with. `output.py` says how results
look.

Exit codes: 0 done, 1 refused, 2 wrong usage or value, 3 exists already, 4 not found, 75 busy (retry; EX_TEMPFAIL), 78
configuration (EX_CONFIG).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

from tenantry.cli.output import say

if TYPE_CHECKING:
    from tenantry.core.caller import Caller
    from tenantry.core.clock import Micros
    from tenantry.core.ids import TenantId, UserId
    from tenantry.settings import Settings
    from tenantry.store.engine.interface import Read, Store
    from tenantry.store.tenants.tenants import Tenant
    from tenantry.tokens.keys.master_key import MasterKey
    from tenantry.tokens.secrets import SecretHasher

T = TypeVar("T")

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="The data directory.", envvar="TENANTRY_DATA_DIR", show_default="var")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
InTenant = Annotated[str, typer.Option("--tenant", "-t", help="The tenant: its ID or one of its domains.")]
After = Annotated[str, typer.Option("--after", help="Go on behind this ID, the last one of the page before.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="Rows of one page.")]


@dataclass(frozen=True, slots=True)
class Desk:
    """What the operator works with: settings, store, caller and time."""

    settings: Settings
    store: Store
    caller: Caller
    now: Micros

    @property
    def master_key(self) -> MasterKey:
        """The master key. Raises MasterKeyError."""
        return master_key_of(self.settings)

    @property
    def hasher(self) -> SecretHasher:
        """What hashes secrets under the master key. Raises MasterKeyError."""
        from tenantry.tokens.secrets import SecretHasher

        return SecretHasher(self.master_key.peppers())


def noun(help_text: str) -> typer.Typer:
    """A group of commands about one noun."""
    return typer.Typer(
        help=help_text, no_args_is_help=True, rich_markup_mode="markdown", pretty_exceptions_enable=False
    )


def settings_of(data_dir: Path | None, **overrides: Any) -> Settings:
    """Read the settings; exit with 78 when they are not valid."""
    from pydantic import ValidationError

    from tenantry.core.files import ExposedFileError, require_private
    from tenantry.settings import file_with_secrets, load

    try:
        settings = load(data_dir=data_dir, **overrides)
        file = file_with_secrets(settings.data_dir)
        if file is not None:
            require_private(file)
    except ExposedFileError as error:
        fail(str(error), 78)
    except ValidationError as error:
        lines = [_complaint(".".join(map(str, found["loc"])), found) for found in error.errors(include_input=False)]
        fail(
            f"The configuration is not valid: {'; '.join(lines)}. Correct tenantry.toml or TENANTRY_*, then retry.", 78
        )
    except ValueError as error:  # what is no TOML, or no JSON in the environment
        fail(f"The configuration cannot be read: {error}", 78)
    return settings


def _complaint(name: str, found: Mapping[str, Any]) -> str:
    return f"there is no setting {name}" if found["type"] == "extra_forbidden" else f"{name}: {found['msg']}"


def master_key_of(settings: Settings) -> MasterKey:
    """Read the master key. Raises MasterKeyError."""
    from tenantry.tokens.keys.master_key import load_master_key

    value = settings.master_key.get_secret_value() if settings.master_key else None
    return load_master_key(value, key_file_of(settings))


def key_file_of(settings: Settings) -> Path:
    """Where the file with the master key is, unless a setting holds the key."""
    return settings.master_key_file or settings.data_dir / "master.key"


def run(data_dir: Path | None, work: Callable[[Desk], Awaitable[T]]) -> T:
    """Open the store, do the work as the operator, close the store. An error becomes a sentence and an exit code."""
    import asyncio

    settings = settings_of(data_dir)
    with failing_well():
        return asyncio.run(_run(settings, work))


async def _run(settings: Settings, work: Callable[[Desk], Awaitable[T]]) -> T:
    from tenantry.core.caller import Origin, operator
    from tenantry.core.clock import system_clock
    from tenantry.core.ids import CorrelationId, new_guid
    from tenantry.store.engine.opening import open_store

    store = await open_store(settings.store_url, busy_timeout=10.0, pool_size=1)
    try:
        origin = Origin(CorrelationId(new_guid()), "")
        return await work(Desk(settings, store, operator(origin), system_clock()))
    finally:
        await store.close()


@contextmanager
def failing_well() -> Iterator[None]:
    """Turn an error that a person can do something about into one sentence and an exit code. Any other error is a bug,
    and goes up as it is.
    """
    from tenantry.core.errors import AlreadyExists, DomainError, InvalidValue, NotFound, StoreBusy
    from tenantry.core.files import ExposedFileError
    from tenantry.store.engine.interface import SchemaOutdated
    from tenantry.tokens.keys.master_key import MasterKeyError

    codes: dict[type[DomainError], int] = {InvalidValue: 2, AlreadyExists: 3, NotFound: 4, StoreBusy: 75}
    try:
        yield
    except DomainError as error:
        code = next((code for kind, code in codes.items() if isinstance(error, kind)), 1)
        what = f"{error.field}: " if error.field else ""
        fail(f"{what}{error.public}", code)
    except (SchemaOutdated, MasterKeyError, ExposedFileError) as error:
        fail(str(error), 78)


def fail(sentence: str, code: int) -> NoReturn:
    """Print the sentence to standard error, and exit with the code."""
    say(sentence, err=True)
    raise typer.Exit(code)


async def tenant_named(read: Read, name_or_id: str) -> TenantId:
    """The tenant with this domain or ID. Of a disabled one, standard error says that it is disabled, since some
    commands find nothing in it. Raises NotFound("tenant").
    """
    tenant = await undeleted_tenant_named(read, name_or_id)
    if tenant.disabled_at is not None:
        say(f"The tenant {name_or_id} is disabled; `tenantry tenant enable` lets it in again.", err=True)
    return tenant.id


async def undeleted_tenant_named(read: Read, name_or_id: str) -> Tenant:
    """The tenant with this domain or ID, disabled or not. Raises NotFound("tenant")."""
    from tenantry.core.errors import NotFound
    from tenantry.directory.tenants import resolve_undeleted_tenant

    tenant = await resolve_undeleted_tenant(read, name_or_id)
    if tenant is None:
        raise NotFound("tenant", f"No tenant has the ID or the domain {name_or_id}.")
    return tenant


async def user_named(read: Read, tenant_id: TenantId, name_or_id: str) -> UserId:
    """The user with this user principal name or ID. Raises NotFound("user")."""
    from tenantry.core.errors import NotFound
    from tenantry.core.ids import UserId, parse_guid
    from tenantry.store.users import users

    user_id = parse_guid(name_or_id)
    if user_id is not None:
        return UserId(user_id)
    user = await users.find_by_name(read, tenant_id, name_or_id)
    if user is None:
        raise NotFound("user", f"The tenant has no user {name_or_id}.")
    return user.id
