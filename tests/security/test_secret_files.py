"""Files with secrets are nobody else's: others cannot read those we write, and we do not start with those they can."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tenantry.cli.main import app
from tenantry.core.files import ExposedFileError, read_private, require_private, write_private
from tenantry.tokens.keys.master_key import MasterKeyError, create_master_key_file, load_master_key
from tests.cli.test_commands import Shell
from tests.cli.test_serve import initialised, refusal


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o644, 0o620, 0o602, 0o610, 0o666, 0o440])
def test_a_master_key_that_others_can_read_or_change_is_refused_with_the_command_that_mends_it(
    tmp_path: Path, mode: int
) -> None:
    file = tmp_path / "master.key"
    create_master_key_file(file)
    file.chmod(mode)
    with pytest.raises(MasterKeyError, match=f"chmod 600 {file}"):
        load_master_key(None, file)
    for good in (0o600, 0o400):
        file.chmod(good)
        load_master_key(None, file)


def test_a_link_does_not_hide_that_others_can_read_the_key(tmp_path: Path) -> None:
    file, link = tmp_path / "real.key", tmp_path / "master.key"
    create_master_key_file(file)
    link.symlink_to(file)
    load_master_key(None, link)
    file.chmod(0o644)
    with pytest.raises(MasterKeyError, match="chmod 600"):
        load_master_key(None, link)


def test_a_key_in_a_directory_that_anybody_writes_to_is_refused(tmp_path: Path) -> None:
    directory = tmp_path / "keys"
    directory.mkdir()
    file = directory / "master.key"
    create_master_key_file(file)
    directory.chmod(0o777)
    with pytest.raises(MasterKeyError, match=f"chmod o-w {directory}"):
        load_master_key(None, file)
    directory.chmod(0o1777)  # as /tmp: only the owner of a file takes it away
    load_master_key(None, file)


def test_a_pipe_is_taken_as_it_is(tmp_path: Path) -> None:
    readable, writable = os.pipe()
    os.fchmod(readable, 0o644)  # as other systems make them
    os.write(writable, b"something")
    os.close(writable)
    assert read_private(Path(f"/dev/fd/{readable}")) == "something"
    os.close(readable)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize(
    ("owner", "mode", "is_fine"),
    [
        (0, 0o440, True),
        (0, 0o400, True),
        (0, 0o444, False),
        (0, 0o460, False),
        (65534, 0o400, True),
        (65534, 0o440, False),  # its own: nobody handed it over
        (1000, 0o440, False),
    ],
)
def test_a_file_of_roots_may_be_handed_to_a_server_by_its_group_only(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, owner: int, mode: int, is_fine: bool
) -> None:
    file = tmp_path / "master.key"
    create_master_key_file(file)
    file.chmod(mode)
    os.chown(file, owner, -1)
    monkeypatch.setattr(os, "geteuid", lambda: 65534)
    if is_fine:
        require_private(file)
    else:
        with pytest.raises(ExposedFileError):
            require_private(file)


def test_neither_a_server_nor_a_command_starts_with_a_readable_key(tmp_path: Path) -> None:
    initialised(tmp_path)
    (tmp_path / "master.key").chmod(0o644)
    code, sentence = refusal(tmp_path)
    assert code == 78
    assert f"chmod 600 {tmp_path / 'master.key'}" in sentence
    assert "Traceback" not in sentence
    Shell(tmp_path).run("key", "rotate", code=78)


def test_a_server_does_not_start_with_a_database_that_others_can_read(tmp_path: Path) -> None:
    initialised(tmp_path)
    (tmp_path / "tenantry.db").chmod(0o644)
    code, sentence = refusal(tmp_path)
    assert code == 78
    assert "chmod 600" in sentence


@pytest.mark.parametrize(
    ("line", "is_secret"),
    [
        ('message_urls = ["bulksms://user:password@{phone}"]', True),
        ('master_key = "AAAA"', True),
        ('database_url = "postgresql://tenantry:password@db.example/tenantry"', True),
        ('database_url = "postgresql://db.example/tenantry?user=tenantry&password=p"', True),
        ('database_url = "postgresql://db.example/tenantry"', False),
        ("port = 8081", False),
    ],
)
def test_settings_with_a_secret_in_them_are_refused_when_others_can_read_them(
    tmp_path: Path, line: str, is_secret: bool
) -> None:
    file = tmp_path / "tenantry.toml"
    file.write_text(line)
    file.chmod(0o644)
    done = CliRunner().invoke(app, ["db", "check", "--data-dir", str(tmp_path)])
    assert (f"chmod 600 {file}" in done.output) == is_secret
    assert "password@" not in done.output


def test_every_file_we_write_is_its_owners_only_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        shell = Shell(tmp_path / "data")
        shell.run("init")
        shell.run("tenant", "create", "EMM", "--domain", "emm.example")
        account = shell.json("service-account", "create", "emm", "--tenant", "emm.example")
        key = tmp_path / "key.json"
        shell.run("service-account", "add-key", account["service_account_id"], "-t", "emm.example", "-o", str(key))
        shell.run("db", "backup", str(tmp_path / "data" / "backup.db"))
        assert json.loads(key.read_text())["type"] == "service_account"
        write_private(key, "{}", replace=True)
    finally:
        os.umask(before)
    files = [key, *(tmp_path / "data").iterdir()]
    assert {"master.key", "tenantry.toml", "tenantry.db", "backup.db"} <= {file.name for file in files}
    assert [file.name for file in files if file.stat().st_mode & 0o077] == []
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0


def test_a_key_file_that_others_can_read_is_not_signed_in_with(tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    file.write_text("{}")
    file.chmod(0o644)
    done = CliRunner().invoke(app, ["service-account", "token", "-k", str(file)])
    assert done.exit_code == 78
    assert "chmod 600" in done.output


def test_a_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    file, link = tmp_path / "real", tmp_path / "link"
    write_private(file, "old")
    with pytest.raises(FileExistsError):
        write_private(file, "new")
    link.symlink_to(file)
    write_private(link, "new", replace=True)
    assert (file.read_text(), link.is_symlink()) == ("new", True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "real"]


def test_a_file_that_somebody_else_put_beside_it_is_not_written_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a directory that all may write to, the name of the file to be could be somebody's own file, or lead to one."""
    file, theirs = tmp_path / "master.key", tmp_path / "theirs"
    write_private(file, "old")
    theirs.write_text("")
    theirs.chmod(0o666)
    monkeypatch.setattr("secrets.token_hex", lambda _size: "guessed")
    (tmp_path / "master.key.guessed.part").symlink_to(theirs)
    with pytest.raises(FileExistsError):
        write_private(file, "new", replace=True)
    assert (file.read_text(), theirs.read_text()) == ("old", "")
