"""A leaked master key can be changed, and a change that is killed anywhere loses nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tenantry import rekeying
from tenantry.audit.events import SYSTEM_TENANT
from tenantry.core.files import write_private
from tenantry.rekeying import rotate_master_key
from tenantry.store import Store
from tenantry.store.master_key import encrypted
from tenantry.store.master_key.encrypted import Owned
from tenantry.store.schema import metadata
from tenantry.store.trail import audit_seals
from tenantry.tokens.keys import signing_keys
from tenantry.tokens.keys.master_key import MasterKey, MasterKeyError, create_master_key_file, load_master_key
from tenantry.tokens.keys.signing_keys import KeyRing
from tests.support.app import MASTER_KEY
from tests.support.builders import OPERATOR
from tests.support.clock import NOON, FakeClock
from tests.support.trail import types_of


def _a_key_file(file: Path) -> MasterKey:
    """With the key of the builders."""
    write_private(file, f"{MASTER_KEY}\n")
    return load_master_key(None, file)


async def nobody_else() -> None:
    """Nobody else is at the database."""


_ENCRYPTED = 1 + 4 * (2 + 2 + 2)
"""In a town: the signing key, and each tenant's authenticator apps, identity providers and webhooks."""


async def _plain(store: Store, key: MasterKey) -> list[bytes]:
    """Everything that is encrypted, as the key reads it. Raises MasterKeyError."""
    async with store.read() as read:
        keys = await encrypted.list_keys(read)
        rows = [(kind, row) for kind in Owned for row in await encrypted.list_rows(read, kind, "", "", 1000)]
    found = [key.decrypt(each.sealed, signing_keys.context_of(each.id)) for each in keys]
    return found + [key.decrypt(row.sealed, rekeying._context_of(kind, row)) for kind, row in rows]


def test_everything_that_is_encrypted_is_known() -> None:
    """Columns of bytes that are no hash: a new one has to be thought of here."""
    blobs = {
        (table.name, column.name)
        for table in metadata.sorted_tables
        for column in table.columns
        if str(column.type) == "BLOB" and not column.name.endswith("_hash")
    }
    known = {(rows.table, rows.column) for rows in Owned} | {("signing_keys", "private_key")}
    assert blobs - known == {("passkeys", "public_key"), ("audit_seals", "digest")}


@pytest.mark.usefixtures("town")
async def test_after_a_change_the_old_key_opens_nothing_and_older_hashes_and_seals_go_on(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rekeying, "PAGE", 1)
    file = tmp_path / "master.key"
    old = _a_key_file(file)
    before, text = await _plain(store, old), file.read_text()
    for _ in range(2):
        assert await rotate_master_key(store, OPERATOR, file, NOON, nobody_else) == (len(before), 0)
    assert len(before) == _ENCRYPTED
    new = load_master_key(None, file)
    assert await _plain(store, new) == before
    assert new.peppers().items() > old.peppers().items()
    assert new.seal_keys()[0] == old.seal_keys()[0]
    assert len(new.peppers()) == len(new.seal_keys()) == 3
    assert text.strip() not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    async with store.read() as read:
        rows = [(kind, row) for kind in Owned for row in await encrypted.list_rows(read, kind, "", "", 1000)]
    for kind, row in rows:
        with pytest.raises(MasterKeyError):
            old.decrypt(row.sealed, rekeying._context_of(kind, row))
    with pytest.raises(MasterKeyError):
        await KeyRing.load(store, old, FakeClock())
    assert (await types_of(store, SYSTEM_TENANT)).count("master_key.rotated") == 2


class Killed(BaseException):
    """As by kill -9: nothing runs afterwards."""


@pytest.mark.usefixtures("town")
async def test_a_change_that_is_killed_at_any_step_is_taken_up_and_what_is_started_meanwhile_works(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "master.key"
    old = _a_key_file(file)
    before = await _plain(store, old)
    steps = 0
    real = {name: getattr(module, name) for module, name in _STEPS}

    for killed_at in range(1, 3 * _ENCRYPTED):
        steps = 0

        def stepping(name: str, killed_at: int = killed_at) -> Any:
            def step(*args: Any, **options: Any) -> Any:
                nonlocal steps
                steps += 1
                if steps == killed_at:
                    raise Killed
                return real[name](*args, **options)

            return step

        for module, name in _STEPS:
            monkeypatch.setattr(module, name, stepping(name))
        try:
            await rotate_master_key(store, OPERATOR, file, NOON, nobody_else)
            is_done = True
        except Killed:
            is_done = False
        for module, name in _STEPS:
            monkeypatch.setattr(module, name, real[name])
        key = load_master_key(None, file)
        assert await _plain(store, key) == before, killed_at
        assert key.peppers().items() >= old.peppers().items()
        await KeyRing.load(store, key, FakeClock())
        if is_done:
            break
    else:
        pytest.fail("never done")
    assert not load_master_key(None, file).is_following
    assert killed_at > 3


_STEPS: list[tuple[Any, str]] = [
    (encrypted, "replace"),
    (encrypted, "replace_key"),
    (rekeying, "write_private"),
    (rekeying, "record"),
    (audit_seals, "insert"),
]


@pytest.mark.usefixtures("town")
async def test_a_database_of_another_key_is_left_as_it_is(store: Store, tmp_path: Path) -> None:
    file, other = tmp_path / "master.key", tmp_path / "other.key"
    _a_key_file(file)
    create_master_key_file(other)
    text = other.read_text()
    with pytest.raises(MasterKeyError):
        await rotate_master_key(store, OPERATOR, other, NOON, nobody_else)
    assert other.read_text() == text


@pytest.mark.usefixtures("town")
async def test_what_no_key_reads_any_more_stops_no_change_and_stays_as_it_is(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "master.key"
    _a_key_file(file)
    junk = await store.run("UPDATE webhooks SET callback_token = :junk", junk=b"junk" * 10)
    assert await rotate_master_key(store, OPERATOR, file, NOON, nobody_else) == (_ENCRYPTED - junk, junk)


@pytest.mark.parametrize(
    "line",
    [
        *("was", "was ", "pepper x", "else AAAA", "garbage", "pepper AAAA", "generation 1 5", "generation -1 5"),
        *("generation x 5", "before 0 0", "before 0 0 - AAAA", f"before 0 0 - {MASTER_KEY}", "generation 1"),
    ],
)
def test_a_key_file_with_a_strange_line_is_refused(tmp_path: Path, line: str) -> None:
    file = tmp_path / "master.key"
    create_master_key_file(file)
    file.write_text(file.read_text() + line + "\n")
    with pytest.raises(MasterKeyError):
        load_master_key(None, file)
