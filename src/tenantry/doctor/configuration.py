"""The settings, and who else can read the files that hold secrets."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from tenantry.core.files import ExposedFileError, require_private
from tenantry.doctor.finding import Finding, fine, look, mend
from tenantry.settings import Settings, file_with_secrets
from tenantry.tokens.keys.master_key import MasterKeyError, load_master_key


def check_configuration(settings: Settings) -> list[Finding]:
    """Everything that can be seen without the database and the network."""
    return [
        _address(settings),
        *_proxies(settings),
        *_switches(settings),
        _gateway(settings),
        *_permissions(settings),
        _master_key(settings),
    ]


def _address(settings: Settings) -> Finding:
    if settings.public_url is None:
        return look(
            "public_url",
            f"It is not set, so tokens and links say {settings.known_address}, which only this machine can reach."
            if settings.address_is_loopback
            else f"It is not set, so tokens and links say {settings.known_address}.",
            "Set it once to the address that clients use: another one later ends every access token.",
        )
    parts = urlsplit(settings.public_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return mend("public_url", f"{settings.public_url} is no address.", "Write it as https://id.example.com.")
    if parts.scheme == "http" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
        return mend(
            "public_url",
            f"{settings.public_url} is plain http: passwords and tokens pass readable to all on the way.",
            "Put a proxy with TLS in front (docs/operating.md) and write https.",
        )
    return fine("public_url", settings.public_url)


def _proxies(settings: Settings) -> Iterator[Finding]:
    is_https = (settings.public_url or "").startswith("https:")
    if is_https and not settings.trusted_proxies:
        yield mend(
            "proxy headers",
            "Clients come over https, so by a proxy, and trusted_proxies is empty: the trail and the limits know the "
            "proxy's address only.",
            'Name the proxy, such as trusted_proxies = ["127.0.0.1"], and let it send X-Forwarded-For.',
        )
    elif settings.trusted_proxies:
        yield fine("proxy headers", f"Believed from {', '.join(settings.trusted_proxies)}.")
    if is_https and not settings.address_is_loopback:
        yield look(
            "host",
            f"The server listens on {settings.host}, without TLS of its own.",
            "Let nobody but the proxy reach the port, or listen on 127.0.0.1 with the proxy on this machine.",
        )


def _switches(settings: Settings) -> Iterator[Finding]:
    if settings.rate_limits == "off":
        yield mend("rate_limits", "They are off: passwords and PINs can be guessed without end.", "Set them to on.")
    if settings.demo:
        yield look("demo", "This is a demo: its sign-ins and PINs are for all to see.", "Never use it for real data.")
    if settings.outgoing_private_addresses:
        yield look(
            "outgoing_private_addresses",
            "Webhooks and providers may be in private networks: whoever may register one reaches into yours.",
            "Leave it off unless all tenants are your own.",
        )
    if settings.assertion_audiences == "any":
        yield look(
            "assertion_audiences",
            "Assertions made out to the bare issuer are taken.",
            'Set "own" or "vendor" unless a client needs it.',
        )


def _gateway(settings: Settings) -> Finding:
    """Whether apprise understands each address. Nothing is sent."""
    subject = "message_urls"
    if settings.demo:
        return fine(subject, "The demo shows messages instead of sending them.")
    if not settings.message_urls:
        return look(
            subject,
            "There is no gateway: nobody can sign in by a PIN, or prove a phone number.",
            "Set message_urls to your SMS or mail gateway, or leave it if nobody needs PINs.",
        )
    from apprise import Apprise

    unknown = [number for number, url in enumerate(settings.message_urls, 1) if not Apprise().add(_addressed(url))]
    if unknown:  # an address holds the gateway's password, so it is named by its place
        which = ", ".join(map(str, unknown))
        return mend(subject, f"Address {which} in the list is none that apprise understands.", "Correct it.")
    if not all("{phone}" in url for url in settings.message_urls):
        return look(
            subject,
            "Some address has no {phone}: whatever number is asked for, its messages go to one place.",
            "Write {phone} where the gateway wants the number.",
        )
    return fine(subject, f"{len(settings.message_urls)} understood. Whether one delivers, only a message shows.")


def _addressed(url: str) -> str:
    return url.replace("{phone}", "%2B12065550142")


def _permissions(settings: Settings) -> Iterator[Finding]:
    """Who can read the files with secrets. A start stops at the first one that is open; here all are named."""
    database = settings.sqlite_file
    candidates = [
        file_with_secrets(settings.data_dir),
        database,
        database and database.with_name(f"{database.name}-wal"),
    ]
    exposed = 0
    for file in candidates:
        if file is not None and file.exists():
            try:
                require_private(file)
            except ExposedFileError as error:
                exposed += 1
                yield mend("permissions", *_sentences(error))
    if not exposed:
        yield fine("permissions", "The files with secrets are the server's alone.")
    yield from _open_directory(settings.data_dir)


def _open_directory(directory: Path) -> Iterator[Finding]:
    if directory.is_dir() and stat.S_IMODE(directory.stat().st_mode) & 0o007:
        yield look(
            "data directory",
            f"Everybody on this machine can look into {directory}.",
            f"Run `chmod 700 {directory}`.",
        )


def _master_key(settings: Settings) -> Finding:
    value = settings.master_key.get_secret_value() if settings.master_key else None
    file = settings.master_key_file or settings.data_dir / "master.key"
    try:
        load_master_key(value, file)
    except (MasterKeyError, ExposedFileError) as error:
        return mend("master key", *_sentences(error))
    except OSError as error:
        return mend("master key", f"{file}: {error.strerror}.", "Run this as the user that the server runs as.")
    if value is None and file.resolve().parent == settings.data_dir.resolve():
        return look(
            "master key",
            "It lies beside the database: a backup of the directory takes both, and whoever has both has all.",
            "Keep it elsewhere (master_key_file), with a copy in a safe place. See docs/operating.md.",
        )
    return fine("master key", "It is there, and apart from the data.")


def _sentences(error: Exception) -> tuple[str, str]:
    """An error's text in two parts: its first sentence says what is so, the rest what to do."""
    found, _, how = str(error).partition(". ")
    return f"{found.rstrip('.')}.", how
