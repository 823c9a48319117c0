"""A real HTTP server on a free port, for clients that cannot be called in process."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tenantry.app import App


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The signals stay pytest's."""
        yield


@asynccontextmanager
async def a_running_server(
    make_app: Callable[[str], Awaitable[App]], certificate: Path | None = None
) -> AsyncIterator[str]:
    """The address of a server in this event loop. `make_app` is told that address, which is the issuer.

    With a certificate (`a_certificate`) it speaks TLS. Blocking clients run in a thread (`asyncio.to_thread`).
    """
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    scheme = "https" if certificate else "http"
    address = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
    app = await make_app(address)
    server = _Server(uvicorn.Config(app, log_config=None, access_log=False, ssl_certfile=certificate))
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


def a_certificate(directory: Path) -> Path:
    """A file with a certificate of 127.0.0.1 that vouches for itself, and with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    file = directory / "certificate.pem"
    file.write_bytes(certificate.public_bytes(pem) + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    return file
