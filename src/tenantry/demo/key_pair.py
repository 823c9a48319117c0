"""The key pair of the demo's service account. Of all that a first start makes, it takes longest."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

from tenantry.connectors.service_accounts import generate_key_pair

KeyPair = tuple[str, str]
"""The private key and the public one, as PEM."""


def start_key_pair() -> Future[KeyPair]:
    """Begin to make the pair in a thread, beside the imports that go on meanwhile: OpenSSL does not hold the
    interpreter while it works.
    """
    pool = ThreadPoolExecutor(1, thread_name_prefix="key-pair")
    made = pool.submit(generate_key_pair)
    pool.shutdown(wait=False)
    return made
