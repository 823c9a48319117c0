"""A text that somebody stored never commands an operator's terminal, and is refused where it is made."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from unicodedata import category

import apsw
import pytest
from typer.testing import CliRunner

import tenantry.cli
from tenantry.cli.main import app

EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202enimda\u2066\r\n\u2028\x7f\x08\U000e0061"
COMMANDS = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)
RUNNER = CliRunner()


def run(data_dir: Path, *words: str) -> str:
    done = RUNNER.invoke(app, [*words, "--data-dir", str(data_dir)])
    return done.output + (done.stderr if done.stderr_bytes else "")


def made(data_dir: Path) -> list[int]:
    """How many things of each kind there are."""
    with apsw.Connection(str(data_dir / "tenantry.db")) as connection:
        tables = ("tenants", "domains", "users", "groups", "connectors", "phones")
        counts: list[int] = [connection.execute(f"SELECT COUNT(*) FROM {table}").get for table in tables]
    return counts


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A data directory in whose every name somebody, by an earlier version, put commands."""
    run(tmp_path, "init")
    for words in (
        ("tenant", "create", "Contoso", "--domain", "contoso.example"),
        ("tenant", "create", "Partner", "--domain", "partner.example"),
        ("user", "create", "jo@contoso.example", "-t", "contoso.example"),
        ("group", "create", "Staff", "-t", "contoso.example", "--admin", "jo@contoso.example"),
        ("connector", "register", "App", "-t", "contoso.example"),
        ("service-account", "create", "emm", "-t", "contoso.example"),
    ):
        assert "Traceback" not in run(tmp_path, *words)
    with apsw.Connection(str(tmp_path / "tenantry.db")) as connection:
        connection.execute("UPDATE tenants SET name = ?", (EVIL,))
        connection.execute("UPDATE users SET display_name = ?, user_principal_name = ?", (EVIL, EVIL))
        connection.execute("UPDATE groups SET name = ?", (EVIL,))
        connection.execute("UPDATE connectors SET name = ?", (EVIL,))
        connection.execute(
            "UPDATE audit_events SET data = ?, actor = ?",
            (json.dumps({"name": EVIL}, ensure_ascii=False), f"user:{EVIL}"),
        )
    return tmp_path


@pytest.mark.parametrize(
    "words",
    [
        ("tenant", "list"),
        *((noun, "list", "-t", "contoso.example") for noun in ("user", "group", "connector", "grant", "enterprise")),
        ("audit", "tail", "-t", "contoso.example"),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_a_stored_name_with_commands_never_reaches_the_terminal(
    place: Path, words: tuple[str, ...], as_json: bool
) -> None:
    text = run(place, *words, *(["--json"] if as_json else []))
    assert not COMMANDS.search(text.replace("\t", " ")), text
    if words[0] in ("tenant", "user", "group", "connector", "audit"):
        assert "owned" in text
        assert "\\u202e" in text.lower()
    if as_json and words[0] in ("tenant", "user", "group", "connector"):
        names = {value for row in json.loads(text) for value in row.values() if isinstance(value, str)}
        assert EVIL in names, "what JSON says is still the value"


@pytest.mark.parametrize(
    "words",
    [
        ("tenant", "create", EVIL, "--domain", "evil.example"),
        ("tenant", "create", "Fine", "--domain", EVIL),
        ("user", "create", f"{EVIL}@contoso.example", "-t", "contoso.example"),
        ("user", "create", "eve@contoso.example", "-t", "contoso.example", "--display-name", EVIL),
        ("group", "create", EVIL, "-t", "contoso.example", "--admin", "jo@contoso.example"),
        ("group", "create", "Fine", "-t", "contoso.example", "--admin", "nobody", "--welcome", EVIL),
        ("connector", "register", EVIL, "-t", "contoso.example"),
        ("service-account", "create", EVIL, "-t", "contoso.example"),
        ("user", "list", "-t", EVIL),
        ("phone", "add", EVIL, "--user", "jo@contoso.example", "-t", "contoso.example"),
    ],
)
def test_a_name_with_commands_is_refused_where_it_is_made_and_the_refusal_holds_none(
    place: Path, words: tuple[str, ...]
) -> None:
    before = made(place)
    done = RUNNER.invoke(app, [*words, "--data-dir", str(place)])
    assert done.exit_code in (2, 4)
    assert not COMMANDS.search(done.output.replace("\t", " "))
    assert made(place) == before


def test_every_command_prints_through_the_one_function() -> None:
    room = Path(tenantry.cli.__file__).parent
    for file in room.glob("*.py"):
        if file.name != "output.py":
            found = re.findall(r"(?:\becho|\bprint|stdout\.write)\((.*)", file.read_text())
            assert [what for what in found if not what.startswith("tell(demo.facts")] == [], file


def test_what_a_stranger_puts_into_a_request_is_not_carried_out_by_who_reads_the_log() -> None:
    say = """
import logging, sys
from tenantry.core.log import configure, get_logger
configure("pretty")
get_logger().info("request", path="/" + sys.argv[1], user_agent=sys.argv[1])
logging.getLogger("library").warning("odd header %s", sys.argv[1])
"""  # in a process of its own, since how a process logs is said once
    text = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", say, EVIL], capture_output=True, check=True
    ).stderr.decode()
    assert "owned" in text
    assert not COMMANDS.search(text)
    assert not [char for char in text if category(char) == "Cc" and char != "\n"]
