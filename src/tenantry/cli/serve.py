"""`tenantry serve`: run one server process.

1. Demo mode makes what is missing: key, database, demo tenants. A normal start refuses with a sentence instead.
2. The socket is bound before anything is built, since the port is part of the issuer.
3. A new SQLite file gets its tables from one script. Migrations run in a process of their own, since their tools are
   heavy. What a new demo needs much computing for is begun here, and made while this process loads the server.
4. The server gives tokens as soon as it listens. The past of a new demo is made after that, and the rest is loaded in a
   thread.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Annotated

import typer

from tenantry.cli.common import DataDir, fail, failing_well, key_file_of, settings_of
from tenantry.cli.output import say

if TYPE_CHECKING:
    import socket
    from concurrent.futures import Future

    from tenantry.app import App
    from tenantry.demo.data import Demo
    from tenantry.demo.key_pair import KeyPair
    from tenantry.settings import Settings


def serve(
    data_dir: DataDir = None,
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="0 takes a free one.", show_default="8080")
    ] = None,
    demo: Annotated[bool, typer.Option("--demo", help="With demo tenants and printed sign-ins.")] = False,
    demo_on_any_address: Annotated[
        bool,
        typer.Option("--demo-on-any-address", help="Also where others reach it, who read its PINs."),
    ] = False,
) -> None:
    """Start the server; Ctrl-C stops it.

    Examples: `tenantry serve --demo`, `tenantry serve --data-dir /var/lib/tenantry --host 0.0.0.0`
    """
    settings = settings_of(
        data_dir, host=host, port=port, demo=demo or None, demo_on_any_address=demo_on_any_address or None
    )
    with failing_well(), suppress(KeyboardInterrupt):
        _require_private_database(settings)
        key_pair = _prepare_demo(settings) if settings.demo else None
        from tenantry.cli.lock import serving

        with serving(settings.data_dir) if settings.data_dir.exists() else nullcontext():
            _remove_unfinished_key(settings)
            listener = _bind(settings)
            settings = _addressed(settings, listener)
            _note_address(settings)
            _run(settings, listener, key_pair)


def _require_private_database(settings: Settings) -> None:
    """Raise ExposedFileError when others can read the database's file."""
    from tenantry.core.files import require_private

    file = settings.sqlite_file
    for part in (file, file.with_name(f"{file.name}-wal")) if file else ():
        if part.exists():
            require_private(part)


def _remove_unfinished_key(settings: Settings) -> None:
    """Remove the file that a change of the master key may have left when it was killed. No such change is under way,
    since no server may run beside one.
    """
    from tenantry.core.files import remove_unfinished

    with suppress(OSError):  # the server may not write here, so nobody runs `master-key rotate` as the server
        remove_unfinished(key_file_of(settings))


def _prepare_demo(settings: Settings) -> Future[KeyPair] | None:
    """Make the directory, the key, and a SQLite file with tables where there is none. A demo that has none needs a key
    pair soon: it is begun here.
    """
    _require_demo_place(settings)
    from tenantry.cli.init import ensure_master_key
    from tenantry.store.engine.new_sqlite import create_tables

    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    ensure_master_key(settings)
    if settings.database_url is not None or not create_tables(settings.data_dir / "tenantry.db"):
        return None
    from tenantry.demo.key_pair import start_key_pair

    return start_key_pair()


def _require_demo_place(settings: Settings) -> None:
    """Refuse a demo where others reach it, or in the directory of real data: everybody who reaches a demo reads what it
    sends. Exits with 78.
    """
    from tenantry.demo.facts import known_facts
    from tenantry.settings import CONFIG_FILE, says_demo

    if not settings.address_is_loopback and not settings.demo_on_any_address:
        fail(
            f"A demo shows every PIN it would send to whoever opens it, so it listens on this machine only, and "
            f"{settings.host} is an address of others too. If you mean it, add --demo-on-any-address.",
            78,
        )
    here = settings.data_dir
    if (here / CONFIG_FILE).exists() and not says_demo(here) and next(known_facts(here), None) is None:
        fail(
            f"{here} was prepared for real data by `tenantry init`. A demo takes a directory of its own: choose "
            "another with --data-dir.",
            78,
        )


def _upgrade(settings: Settings) -> None:
    command = [sys.executable, "-m", "tenantry.cli", "db", "upgrade", "--data-dir", str(settings.data_dir)]
    if subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode != 0:  # noqa: S603 - our own program
        fail("The database could not be prepared.", 78)  # the child process has printed the reason


def _bind(settings: Settings) -> socket.socket:
    import socket

    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        fail(f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}. Choose another --port.", 1)
    except (TypeError, UnicodeError):  # the text cannot be the name of a host
        fail(f"Cannot listen on {settings.host}: that is no address. Choose another --host.", 1)
    return listener


def _addressed(settings: Settings, listener: socket.socket) -> Settings:
    """The settings with the port that was taken and, when none is set, with an address that clients can use."""
    port = listener.getsockname()[1]
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return settings.model_copy(update={"port": port, "public_url": settings.public_url or f"http://{host}:{port}"})


def _note_address(settings: Settings) -> None:
    """Note the server's address for commands that hand it out, since they do not know the port that this server was
    started with.
    """
    with suppress(OSError):  # a data directory that is read only is no reason not to start
        settings.address_file.write_text(f"{settings.issuer}\n")


def _run(settings: Settings, listener: socket.socket, key_pair: Future[KeyPair] | None) -> None:
    import asyncio
    import gc

    gc.disable()  # until everything is loaded: all of it stays, so looking for garbage in it is wasted start-up
    from tenantry.core.log import configure

    configure(settings.log_format)
    try:
        import uvloop
    except ModuleNotFoundError:
        asyncio.run(_serve(settings, listener, key_pair))
    else:
        uvloop.run(_serve(settings, listener, key_pair))


async def _serve(settings: Settings, listener: socket.socket, key_pair: Future[KeyPair] | None) -> None:
    import asyncio

    import uvicorn

    from tenantry.cli.direct import protocol_for

    app = await _build(settings)
    demo = await _demo(app, key_pair) if settings.demo else None

    class Server(uvicorn.Server):
        """Completes what no token needs once it listens, and says then where."""

        completing: asyncio.Task[None] | None = None

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                self.completing = asyncio.create_task(_complete(app, demo))

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            if self.completing is not None:
                self.completing.cancel()
            await super().shutdown(sockets)

    config = uvicorn.Config(
        app,
        http=protocol_for(settings, app),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the protocol believes them, for both ways of a request
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=10,
    )
    await Server(config).serve(sockets=[listener])


async def _build(settings: Settings) -> App:
    from tenantry.app import build
    from tenantry.store.engine.interface import SchemaOutdated

    try:
        return await build(settings)
    except SchemaOutdated:
        if not settings.demo:
            raise
    _upgrade(settings)
    return await build(settings)


async def _demo(app: App, key_pair: Future[KeyPair] | None) -> Demo:
    from tenantry.demo.data import ensure_demo

    return await ensure_demo(app.deps, key_pair)


async def _complete(app: App, demo: Demo | None) -> None:
    import asyncio

    from tenantry.core.log import get_logger

    try:
        if demo is not None:
            await _live_demo(app, demo)
        await asyncio.to_thread(_load_and_tell, app, demo)
    except Exception:  # noqa: BLE001 - what has been loaded goes on working
        get_logger().exception("not everything could be loaded")


async def _live_demo(app: App, demo: Demo) -> None:
    from tenantry.core.errors import DomainError
    from tenantry.core.log import get_logger
    from tenantry.demo.webhooks import ensure_webhook

    try:
        await ensure_webhook(app.deps, demo.facts, is_new=demo.is_new)
    except DomainError as error:  # this address leads elsewhere from here, as in a container whose port is another
        get_logger().warning("the demo's webhook does not reach the demo", reason=error.public)
    if demo.is_new:
        from tenantry.demo.history import live
        from tenantry.demo.maker import CUSTOMER_DOMAIN

        await live(app.deps, demo.facts, CUSTOMER_DOMAIN)


def _load_and_tell(app: App, demo: Demo | None) -> None:
    import gc

    settings = app.deps.settings
    if demo is None:
        say(f"Tenantry listens on {settings.issuer} (port {settings.port}). Ctrl-C stops it.")
    else:
        from tenantry.demo.stories import tell

        typer.echo(tell(demo.facts, settings.data_dir))  # our own words, in colours
    app.load()
    gc.collect()
    gc.freeze()
    gc.enable()
