"""`tenantry doctor`: each thing that is wrong is found, with what to do; what is right is not complained about."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest
from typer.testing import CliRunner

from tenantry.audit.events import SYSTEM_TENANT
from tenantry.cli.main import app
from tenantry.core.clock import DAY, HOUR, system_clock
from tenantry.doctor import machine
from tests.cli.test_serve import serving

# apprise loads modules that Python has deprecated
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

Look = Callable[..., dict[str, Any]]


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """As `tenantry init` leaves it, but for the master key, which lies elsewhere."""
    (tmp_path / "keys").mkdir(mode=0o700)
    done = CliRunner().invoke(app, ["init"], env=environment(tmp_path))
    assert done.exit_code == 0, done.output
    return tmp_path / "data"


def environment(root: Path, **settings: str) -> dict[str, str]:
    named = {f"TENANTRY_{name.upper()}": value for name, value in settings.items()}
    return {"TENANTRY_DATA_DIR": str(root / "data"), "TENANTRY_MASTER_KEY_FILE": str(root / "keys" / "key"), **named}


@pytest.fixture
def look(data_dir: Path) -> Look:
    """Subject -> what was found about it. The command exits with 1 exactly when something is to be mended."""

    def run(*options: str, **settings: str) -> dict[str, Any]:
        words = ["doctor", "--json", *(options or ["--offline"])]
        done = CliRunner().invoke(app, words, env=environment(data_dir.parent, **settings))
        found = {each["subject"]: each for each in json.loads(done.output)}
        assert done.exit_code == bool(wrong(found)), done.output
        return found

    return run


def wrong(found: dict[str, Any]) -> set[str]:
    return {subject for subject, each in found.items() if each["verdict"] == "mend"}


def test_a_new_installation_has_nothing_to_mend(look: Look) -> None:
    found = look()
    assert wrong(found) == set()
    assert found["schema"]["verdict"] == found["permissions"]["verdict"] == found["master key"]["verdict"] == "fine"
    assert all(each["mend"] for each in found.values() if each["verdict"] != "fine")


@pytest.mark.parametrize(
    ("settings", "subject", "verdict"),
    [
        ({"public_url": "http://id.example.com"}, "public_url", "mend"),
        ({"public_url": "id.example.com"}, "public_url", "mend"),
        ({"public_url": "http://127.0.0.1:9000"}, "public_url", "fine"),
        ({"public_url": "https://id.example.com"}, "proxy headers", "mend"),
        ({"public_url": "https://id.example.com", "trusted_proxies": '["127.0.0.1"]'}, "proxy headers", "fine"),
        ({"public_url": "https://id.example.com", "host": "0.0.0.0"}, "host", "look"),
        ({"rate_limits": "off"}, "rate_limits", "mend"),
        ({"demo": "true"}, "demo", "look"),
        ({"outgoing_private_addresses": "true"}, "outgoing_private_addresses", "look"),
        ({"assertion_audiences": "any"}, "assertion_audiences", "look"),
        ({"message_urls": '["none://of:these"]'}, "message_urls", "mend"),
        ({"message_urls": '["json://gateway.example/sms"]'}, "message_urls", "look"),
        ({"message_urls": '["json://gateway.example/sms/?to={phone}"]'}, "message_urls", "fine"),
    ],
)
def test_a_setting_is_judged(look: Look, settings: dict[str, str], subject: str, verdict: str) -> None:
    assert look(**settings)[subject]["verdict"] == verdict


def test_a_gateways_password_is_not_said(look: Look) -> None:
    found = look(message_urls='["nowhere://user:Walnut-Kettle-42@gateway"]')
    assert "Walnut" not in json.dumps(found)
    assert "1" in found["message_urls"]["found"]


def test_whatever_others_can_read_is_named_with_its_chmod(look: Look, data_dir: Path) -> None:
    database = data_dir / "tenantry.db"
    database.chmod(0o644)
    (data_dir.parent / "keys" / "key").chmod(0o640)
    data_dir.chmod(0o755)
    found = look()
    assert wrong(found) == {"permissions", "master key"}
    assert f"chmod 600 {database}" in found["permissions"]["mend"]
    assert f"chmod 700 {data_dir}" in found["data directory"]["mend"]


def test_a_master_key_that_lies_beside_the_data_is_said(look: Look, data_dir: Path) -> None:
    (data_dir.parent / "keys" / "key").rename(data_dir / "master.key")
    found = look(master_key_file=str(data_dir / "master.key"))
    assert found["master key"]["verdict"] == "look"


def test_an_absent_master_key_and_an_absent_database_are_said(look: Look, data_dir: Path) -> None:
    (data_dir / "tenantry.db").unlink()
    found = look(master_key_file=str(data_dir / "none"))
    assert wrong(found) == {"database", "master key"}
    assert "tenantry init" in found["database"]["mend"]


def test_a_schema_of_another_version_is_said_with_the_command(look: Look, data_dir: Path) -> None:
    change(data_dir, "UPDATE alembic_version SET version_num = '0025'")
    found = look()
    assert wrong(found) == {"schema"}
    assert "db upgrade" in found["schema"]["mend"]


def test_a_database_that_does_not_answer_is_said_without_its_password(look: Look) -> None:
    found = look(database_url="postgresql://jo:Walnut-Kettle-42@127.0.0.1:9/tenantry")
    assert wrong(found) == {"database"}
    assert "Walnut" not in json.dumps(found)


def test_events_of_the_future_show_that_the_clock_is_wrong(look: Look, data_dir: Path) -> None:
    change(data_dir, "UPDATE audit_events SET at = ?", system_clock() + HOUR)
    assert wrong(look()) == {"time of the trail"}


def test_a_trail_that_nobody_seals_is_said(look: Look, data_dir: Path) -> None:
    assert look()["seals"]["verdict"] == "fine"
    change(data_dir, "UPDATE audit_events SET at = ?", system_clock() - DAY)
    found = look()
    assert found["seals"]["verdict"] == "look"
    assert str(SYSTEM_TENANT) in found["seals"]["found"]


def test_sign_ins_that_all_come_from_the_proxy_are_noticed(look: Look, data_dir: Path) -> None:
    settings = {"public_url": "https://id.example.com", "trusted_proxies": '["10.0.0.2"]'}
    for number in range(10):
        change(
            data_dir,
            "INSERT INTO audit_events (tenant_id, id, at, type, actor, correlation_id, address, data) "
            "VALUES (?, ?, ?, 'session.started', 'user:x', 'c', ?, '{}')",
            str(SYSTEM_TENANT),
            f"{number:032x}",
            system_clock(),
            "10.0.0.2",
        )
    assert wrong(look(**settings)) == {"addresses in the trail"}
    change(data_dir, "UPDATE audit_events SET address = '192.0.2.7' WHERE id = ?", f"{3:032x}")
    assert look(**settings)["addresses in the trail"]["verdict"] == "fine"


def change(data_dir: Path, sql: str, *values: object) -> None:
    with apsw.Connection(str(data_dir / "tenantry.db")) as connection:
        connection.execute(sql, values)


def test_a_running_server_answers_and_calls_itself_by_its_address(look: Look, data_dir: Path) -> None:
    with serving(data_dir.parent / "demo", "--demo"):
        address = (data_dir.parent / "demo" / "address").read_text().strip()
        found = look("--data-dir", str(data_dir), public_url=address)
        assert found["server"]["verdict"] == found["issuer"]["verdict"] == "fine"
        assert wrong(look("--data-dir", str(data_dir), public_url=address.replace("127.0.0.1", "localhost"))) == {
            "issuer"
        }
    assert look("--data-dir", str(data_dir), public_url=address)["server"]["verdict"] == "look"


def test_without_json_each_finding_is_a_line_and_what_to_do_stands_below(data_dir: Path) -> None:
    done = CliRunner().invoke(app, ["doctor", "--offline"], env=environment(data_dir.parent, rate_limits="off"))
    assert done.exit_code == 1
    lines = done.output.splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("mend  rate_limits"))
    assert "-> Set them to on." in lines[place + 1]


def test_little_room_and_few_files_are_said(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "LITTLE_ROOM", 1 << 62)
    assert machine.disk(data_dir)[0].verdict == "mend"
    monkeypatch.setattr("resource.getrlimit", lambda _: (256, 256))
    assert machine.files().verdict == "mend"
    monkeypatch.setattr("resource.getrlimit", lambda _: (1024, machine.WANTED_FILES))
    assert machine.files().verdict == "fine"


def test_a_file_system_over_a_network_is_no_place_for_sqlite(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = f"/dev/a / ext4 rw 0 0\nserver:/x {os.path.realpath(data_dir.parent)} nfs4 rw 0 0\n"
    monkeypatch.setattr(Path, "read_text", lambda *_: mounts)
    assert [finding.verdict for finding in machine.disk(data_dir)][1:] == ["mend"]


def test_postgresql_that_may_lose_what_was_answered_is_said(look: Look, postgres_url: str) -> None:
    found = look(database_url=postgres_url)
    assert wrong(found) == {"durability"}
    assert "fsync = off" in found["durability"]["found"]  # the tests' own server keeps nothing
    assert look(database_url=postgres_url, postgres_connections="1000")["connections"]["verdict"] == "look"
