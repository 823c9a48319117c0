"""What docs/operating.md and SECURITY.md tell operators to type and to set is there."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from tenantry.cli.main import app
from tenantry.settings import CONFIG_FILE, Settings, load
from tenantry.surfaces.portal.users.user_imports import FILE_LIMIT

ROOT = Path(__file__).parents[2]
OPERATING = (ROOT / "docs" / "operating.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", OPERATING, re.DOTALL)


def block(kind: str, word: str) -> str:
    [found] = [text for name, text in BLOCKS if name == kind and word in text]
    return str(found)


def commands_in(page: str) -> list[str]:
    """What stands behind `tenantry` in inline code, and in blocks at the beginning or behind settings of a line."""
    inline = re.findall(r"`tenantry ([^`]+)`", re.sub(r"```.*?```", "", page, flags=re.DOTALL))
    typed = re.findall(r"^(?:# |ExecStart=/usr/local/bin/|TENANTRY_\w+=\S+ )?tenantry (.+)$", page, re.MULTILINE)
    return [" ".join(command.partition("   ")[0].split()) for command in inline + typed]


PAGES = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]
NO_COMMANDS = {"--help", "audit export"}
"""The second is a label, in docs/audit.md."""
TYPED = sorted({command for page in PAGES for command in commands_in(page.read_text())} - NO_COMMANDS)


def test_the_pages_have_commands() -> None:
    assert {"init", "serve", "db upgrade", "db check", "key rotate"} <= set(TYPED)
    assert any(command.startswith("db backup /") for command in TYPED)


@pytest.mark.parametrize("typed", TYPED)
def test_each_command_exists_with_its_options(typed: str) -> None:
    words = shlex.split(typed)
    command = get_command(app)
    while isinstance(command, TyperGroup):
        name = words.pop(0)
        assert name in command.commands, f"there is no {name}"
        command = command.commands[name]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("-")} <= known


def test_each_setting_named_in_capitals_exists() -> None:
    names = set(re.findall(r"TENANTRY_([A-Z_]+)", OPERATING))
    assert names
    assert {name.lower() for name in names} <= set(Settings.model_fields)


def test_the_settings_are_valid(tmp_path: Path) -> None:
    text = block("sh", "<<'EOF'").split("<<'EOF'\n")[1].split("EOF\n")[0]
    (tmp_path / CONFIG_FILE).write_text(text)
    loaded = load(data_dir=tmp_path)
    assert {name: getattr(loaded, name) for name in ("public_url", "trusted_proxies", "log_format")} == {
        name: tomllib.loads(text)[name] for name in ("public_url", "trusted_proxies", "log_format")
    }


@pytest.mark.parametrize(("kind", "word"), [("nginx", "upstream"), ("caddyfile", "reverse_proxy")])
def test_a_proxy_leads_to_the_default_address_and_hides_metrics_and_invite_links(kind: str, word: str) -> None:
    text, settings = block(kind, word), Settings()
    assert f"{settings.host}:{settings.port}" in text
    assert "/metrics" in text
    assert "/join/..." in text


def test_nginx_lets_the_largest_bodies_through() -> None:
    found = re.search(r"client_max_body_size (\d+)m;", block("nginx", "upstream"))
    assert found
    assert int(found[1]) * 1024 * 1024 > max(FILE_LIMIT, Settings().body_limit_bytes)
