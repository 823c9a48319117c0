"""The key pair of the demo's service account: of all a first start makes, what takes longest."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

from tenantry.connectors.service_accounts import generate_key_pair

KeyPair = tuple[str, str]
"""Private and public, as PEM."""


def start_key_pair() -> Future[KeyPair]:
    """Make it in a thread, beside the imports that go on meanwhile: OpenSSL lets go of the interpreter."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="key-pair")
    made = pool.submit(generate_key_pair)
    pool.shutdown(wait=False)
    return made
