"""A real HTTP server on a free port, for clients that cannot be called in process."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn

from tenantry.app import App


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The signals stay pytest's."""
        yield


@asynccontextmanager
async def a_running_server(make_app: Callable[[str], Awaitable[App]]) -> AsyncIterator[str]:
    """The address of a server in this event loop. `make_app` is told that address, which is the issuer.

    Blocking clients run in a thread (`asyncio.to_thread`).
    """
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    app = await make_app(address)
    server = _Server(uvicorn.Config(app, log_config=None, access_log=False))
    serving = asyncio.create_task(server.serve([listener]))
    try:
        while not server.started:
            assert not serving.done(), "the server did not start"
            await asyncio.sleep(0.01)
        yield address
    finally:
        server.should_exit = True
        await serving
        listener.close()
