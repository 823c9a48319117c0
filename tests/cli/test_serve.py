"""`tenantry serve` as a person starts it: a process, a port, printed stories, a restart."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tenantry.settings import load

TENANTRY = [sys.executable, "-m", "tenantry.cli"]
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("TENANTRY_")},
    "PYTHONPATH": str(Path(__file__).parents[2] / "src"),
}


@contextmanager
def serving(data_dir: Path, *options: str) -> Iterator[str]:
    """What a server on a free port prints until it listens; it is stopped at the end."""
    command = [*TENANTRY, "serve", "--data-dir", str(data_dir), "--port", "0", *options]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=ENVIRONMENT)
    assert server.stdout is not None
    try:
        printed = ""
        for line in server.stdout:
            printed += line
            if "Ctrl-C stops" in line:
                break
        yield printed
    finally:
        server.terminate()
        server.stdout.read()
        server.stdout.close()
        server.wait()


def facts_of(data_dir: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((data_dir / "demo.json").read_text())
    return facts


def stories_of(printed: str) -> list[str]:
    """The commands of the three stories, as printed."""
    parts = re.split(r"\n\d  .*\n\n", printed)[1:]
    return [part.split("\n\nCtrl-C")[0] for part in parts]


def tell(story: str, directory: Path) -> str:
    done = subprocess.run(
        ["sh", "-c", story], capture_output=True, text=True, cwd=directory, env=ENVIRONMENT, check=True
    )
    return done.stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="the stories need curl")
def test_the_three_stories_work_as_printed_and_a_restart_keeps_the_data(tmp_path: Path) -> None:
    data_dir = tmp_path / "data dir"
    with serving(data_dir, "--demo") as printed:
        kaizala, partner_center, android = (tell(story, tmp_path) for story in stories_of(printed))
        assert {"All staff", "Night shift"} <= {group["groupName"] for group in json.loads(kaizala)["groups"]}
        assert json.loads(partner_center)["displayName"] == "Nora Nilsen"
        token, provisioned = android.split("\n", 1)
        assert token.startswith("tny_dt_")
        assert "deviceToken" in json.loads(provisioned)
        before = facts_of(data_dir)
        assert before["base_url"] in printed
        assert before["portal"]["admin"]["password"] in printed
    with serving(data_dir, "--demo") as printed:
        after = facts_of(data_dir)
        assert after["base_url"] != before["base_url"]
        assert load(data_dir=data_dir).known_address == after["base_url"]
        assert {**after, "base_url": ""} == {**before, "base_url": ""}
        key_file = Path(after["android_enterprise"]["service_account_file"])
        assert json.loads(key_file.read_text())["token_uri"] == f"{after['base_url']}/token"
        assert "groups" in tell(stories_of(printed)[0], tmp_path)


def test_the_demos_facts_have_exactly_the_documented_keys_and_only_their_owner_reads_secrets(tmp_path: Path) -> None:
    with serving(tmp_path, "--demo"):
        facts = facts_of(tmp_path)
        with urllib.request.urlopen(f"{facts['base_url']}/readyz") as answer:
            assert answer.status == 200
            assert answer.headers["server"] is None
    assert {name: sorted(value) if isinstance(value, dict) else None for name, value in facts.items()} == {
        "base_url": None,
        "kaizala": ["application_id", "application_secret", "mobile_number", "refresh_token"],
        "partner_center": [
            "client_id",
            "client_secret",
            "customer_domain",
            "customer_tenant_id",
            "no_role_customer_tenant_id",
            "partner_tenant_id",
            "refresh_token",
            "unrelated_customer_tenant_id",
        ],
        "android_enterprise": [
            "emm_managed_user_id",
            "enterprise_id",
            "google_managed_user_id",
            "service_account_file",
        ],
        "portal": ["admin", "member"],
    }
    for name in ("demo.json", "service-account.json", "master.key", "tenantry.db"):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0, name


def test_of_two_demos_that_start_at_once_in_one_empty_directory_both_serve_the_same_tenants(tmp_path: Path) -> None:
    with ThreadPoolExecutor() as pool, ExitStack() as running:
        servers = [serving(tmp_path, "--demo") for _ in range(2)]
        printed = list(pool.map(running.enter_context, servers))
        facts = facts_of(tmp_path)
        assert all(facts["kaizala"]["refresh_token"] in each for each in printed)
        for each in printed:
            portal = re.findall(r"http://127\.0\.0\.1:\d+", each)[0]
            with urllib.request.urlopen(f"{portal}/readyz") as answer:
                assert answer.status == 200
    assert not list(tmp_path.glob("*.part"))
    assert not (tmp_path / "demo.json.new").exists()


def test_a_demo_whose_facts_are_lost_says_what_to_do(tmp_path: Path) -> None:
    with serving(tmp_path, "--demo"):
        pass
    (tmp_path / "demo.json").unlink()
    code, sentence = refusal(tmp_path, "--demo")
    assert code != 0
    assert "data directory in which they were made, or with another database" in sentence
    assert "Traceback" not in sentence


def test_the_demos_work_accounts_are_those_of_its_users(tmp_path: Path) -> None:
    with serving(tmp_path, "--demo"), closing(sqlite3.connect(tmp_path / "tenantry.db")) as db:
        tied = db.execute(
            """
            SELECT a.display_name = u.display_name, a.management_type FROM managed_accounts a
            LEFT JOIN users u ON u.tenant_id = a.tenant_id AND u.id = a.user_id
            """
        ).fetchall()
    assert len(tied) > 2
    assert {same for same, _type in tied} == {1}
    assert {management for _same, management in tied} == {"emm_managed", "google_managed"}


def refusal(data_dir: Path, *options: str) -> tuple[int, str]:
    """Exit code and sentence of a start that is refused."""
    done = subprocess.run(
        [*TENANTRY, "serve", "--data-dir", str(data_dir), "--port", "0", *options],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        timeout=30,
        check=False,
    )
    return done.returncode, done.stderr


def initialised(data_dir: Path) -> None:
    subprocess.run([*TENANTRY, "init", "--data-dir", str(data_dir)], env=ENVIRONMENT, check=True, capture_output=True)


def test_a_start_without_init_says_so(tmp_path: Path) -> None:
    code, sentence = refusal(tmp_path / "nothing")
    assert code == 78
    assert "Run `tenantry init`" in sentence


def test_a_start_without_tables_says_which_command_makes_them(tmp_path: Path) -> None:
    initialised(tmp_path)
    (tmp_path / "tenantry.db").unlink()
    code, sentence = refusal(tmp_path)
    assert code == 78
    assert "tenantry db upgrade" in sentence


def test_a_start_with_another_master_key_is_refused(tmp_path: Path) -> None:
    initialised(tmp_path)
    with serving(tmp_path) as printed:
        assert "Tenantry listens on http://127.0.0.1:" in printed
    (tmp_path / "master.key").unlink()
    subprocess.run([*TENANTRY, "init", "--data-dir", str(tmp_path)], env=ENVIRONMENT, capture_output=True, check=True)
    code, sentence = refusal(tmp_path)
    assert code == 78
    assert "another master key" in sentence


def test_the_first_start_too_knows_the_master_key_it_was_prepared_with(tmp_path: Path) -> None:
    initialised(tmp_path / "this")
    initialised(tmp_path / "other")
    shutil.copy(tmp_path / "other" / "master.key", tmp_path / "this" / "master.key")
    code, sentence = refusal(tmp_path / "this")
    assert code == 78
    assert "another master key" in sentence


def test_a_start_with_a_misspelt_setting_names_it(tmp_path: Path) -> None:
    (tmp_path / "tenantry.toml").write_text("prot = 80\n")
    code, sentence = refusal(tmp_path)
    assert code == 78
    assert "prot" in sentence


def test_a_taken_port_is_said_in_a_sentence(tmp_path: Path) -> None:
    initialised(tmp_path)
    with serving(tmp_path) as printed:
        port = re.findall(r"port (\d+)", printed)[0]
        done = subprocess.run(
            [*TENANTRY, "serve", "--data-dir", str(tmp_path), "--port", port],
            capture_output=True,
            text=True,
            env=ENVIRONMENT,
            check=False,
        )
    assert done.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{port}" in done.stderr


@pytest.mark.parametrize("host", ["a" * 70, "a..b", "\x1b]0;a\x07", "\u202e", "no host"])
def test_what_is_no_address_is_said_in_a_sentence(tmp_path: Path, host: str) -> None:
    initialised(tmp_path)
    done = subprocess.run(
        [*TENANTRY, "serve", "--data-dir", str(tmp_path), "--port", "0", "--host", host],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        check=False,
    )
    assert done.returncode == 1
    assert "Cannot listen on" in done.stderr
    assert not {"\x1b", "\u202e"}.intersection(done.stderr)
    assert "Traceback" not in done.stderr
