"""`tenantry master-key` as a person runs it: beside a server, killed with -9 at every step, and on PostgreSQL."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tenantry.core.files import write_private
from tenantry.store import open_store
from tenantry.store.engine import health
from tenantry.tokens.keys.master_key import load_master_key
from tests.cli.test_commands import Shell
from tests.cli.test_serve import ENVIRONMENT, TENANTRY, serving

KILLING = """
import os, signal, sys
from pathlib import Path
from typer.testing import CliRunner
from tenantry.cli.main import app
from tenantry.store.trail import audit_seals
from tenantry.store.master_key import encrypted
from tenantry import rekeying, retiring  # all is loaded before it is forked

def run(step):
    left = [step]
    def killed_at(module, name):
        real = getattr(module, name)
        def stepping(*arguments, **options):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **options)
        setattr(module, name, stepping)
    killed_at(encrypted, "replace"), killed_at(encrypted, "replace_key"), killed_at(audit_seals, "insert")
    killed_at(rekeying, "record"), killed_at(os, "open"), killed_at(os, "fsync"), killed_at(Path, "replace")
    done = CliRunner().invoke(app, sys.argv[1:])
    print(done.output, file=sys.stderr)
    os._exit(done.exit_code)

def wait(work):
    child = os.fork()
    if child == 0:
        work()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

def check():
    for words in (["audit", "verify", "--tenant", "contoso.example"], ["key", "rotate"]):
        done = CliRunner().invoke(app, words)
        if done.exit_code:
            print(done.output, file=sys.stderr)
            os._exit(done.exit_code)
    os._exit(0)

kills = 0
for step in range(1, 100):
    code = wait(lambda: run(step))
    assert wait(check) == 0, step
    if code == 0:
        break
    assert code == -signal.SIGKILL, (step, code)
    kills += 1
print(kills)
"""


def _prepared(directory: Path) -> Shell:
    shell = Shell(directory)
    shell.run("init")
    shell.run("tenant", "create", "Contoso", "--domain", "contoso.example")
    return shell


def test_a_change_that_is_killed_at_any_step_is_taken_up_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """Each try is killed one step later than the one before; what any of them left works, and the last one ends."""
    shell = _prepared(tmp_path)
    before = load_master_key(None, tmp_path / "master.key")
    script = [sys.executable, "-c", KILLING, "master-key", "rotate"]
    environment = {**ENVIRONMENT, "TENANTRY_DATA_DIR": str(tmp_path)}
    done = subprocess.run(script, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 8
    key = load_master_key(None, tmp_path / "master.key")
    assert not key.is_following
    assert len(key.generations) > 1
    assert key.peppers().items() > before.peppers().items()
    assert [path.name for path in tmp_path.glob("*.part")] == []
    assert len(shell.json("key", "list")) > 1


def test_what_a_killed_change_left_in_clear_is_gone_at_the_next_start(tmp_path: Path) -> None:
    shell = _prepared(tmp_path)
    for command in ("rotate", "retire"):
        write_private(tmp_path / "master.key.1.part", "a key\n")
        shell.run("master-key", command)
        assert not list(tmp_path.glob("*.part"))
    write_private(tmp_path / "master.key.1.part", "a key\n")
    (tmp_path / "other.part").touch()
    with serving(tmp_path) as printed:
        assert "Tenantry listens" in printed
    assert [path.name for path in tmp_path.glob("*.part")] == ["other.part"]


def test_the_commands_refuse_beside_a_server_and_secrets_work_after_them(tmp_path: Path) -> None:
    shell = _prepared(tmp_path)
    shell.run("connector", "register", "Payroll", "--tenant", "contoso.example", "--permission", "group_members")
    with serving(tmp_path):
        assert "Stop it" in shell.run("master-key", "rotate", code=75)
        assert "Stop it" in shell.run("master-key", "retire", "--force", code=75)
        assert [row["state"] for row in shell.json("master-key", "list")] == ["current"]
    assert shell.json("master-key", "rotate")["encrypted_again"] == 1
    with serving(tmp_path) as printed:
        assert "Tenantry listens" in printed
        needed, current = shell.json("master-key", "list")
        assert (needed["state"], needed["kind"], needed["live"]) == ("needed", "connector_secrets", 1)
        assert current["state"] == "current"
    assert "--force" in shell.run("master-key", "retire", code=1)
    assert shell.json("master-key", "retire", "--force") == {
        "master_key_file": str(tmp_path / "master.key"),
        "retired": [0],
        "left": [],
    }
    assert [row["state"] for row in shell.json("master-key", "list")] == ["retired", "current"]


def test_a_key_from_the_environment_is_not_changed(tmp_path: Path) -> None:
    Shell(tmp_path).run("init")
    environment = {**ENVIRONMENT, "TENANTRY_MASTER_KEY": (tmp_path / "master.key").read_text().strip()}
    for command in ("rotate", "retire"):
        words = [*TENANTRY, "master-key", command, "--data-dir", str(tmp_path)]
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert "Put it into a file" in done.stderr


async def test_the_commands_refuse_while_another_is_connected_to_the_database(
    postgres_url: str, tmp_path: Path
) -> None:
    """A server on another machine, whose lock cannot be seen."""
    environment = {**ENVIRONMENT, "TENANTRY_DATABASE_URL": postgres_url, "TENANTRY_DATA_DIR": str(tmp_path)}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*TENANTRY, *words], env=environment, capture_output=True, text=True, check=False)

    assert run("init").returncode == 0
    text = (tmp_path / "master.key").read_text()
    other = await open_store(postgres_url)
    async with other.read() as read:
        await health.ping(read)
        for command in ("rotate", "retire"):
            done = run("master-key", command)
            assert (done.returncode, "Stop them" in done.stderr) == (75, True), done.stderr
    assert (tmp_path / "master.key").read_text() == text
    await other.close()
    done = run("master-key", "rotate", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["encrypted_again"] == 1
    assert (tmp_path / "master.key").read_text() != text
