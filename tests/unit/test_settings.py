"""Where settings come from, and which wins."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from tenantry import settings

CONFIGURATION = Path(__file__).parents[2] / "docs" / "configuration.md"
OPERATING = CONFIGURATION.with_name("operating.md")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in settings.Settings.model_fields:
        monkeypatch.delenv(f"TENANTRY_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)


def test_without_a_file_and_an_environment_the_defaults_stand() -> None:
    loaded = settings.load()
    assert loaded.data_dir == Path("var")
    assert loaded.issuer == "http://127.0.0.1:8080"


def test_no_repr_shows_an_address_that_may_hold_a_password() -> None:
    loaded = settings.load(
        database_url="postgresql://jo:walnut@db/t", message_urls=["sns://walnut"], master_key="walnut"
    )
    assert "walnut" not in repr(loaded)
    assert "walnut" not in str(loaded)


def test_the_file_in_the_data_directory_is_read(tmp_path: Path) -> None:
    (tmp_path / settings.CONFIG_FILE).write_text('port = 9999\ncors_origins = ["https://a.example"]\n')
    loaded = settings.load(data_dir=tmp_path)
    assert (loaded.port, loaded.cors_origins) == (9999, ["https://a.example"])


def test_the_environment_wins_over_the_file_and_arguments_over_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / settings.CONFIG_FILE).write_text('port = 1111\nhost = "192.0.2.1"\nlog_format = "json"\n')
    monkeypatch.setenv("TENANTRY_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("TENANTRY_PORT", "2222")
    monkeypatch.setenv("TENANTRY_HOST", "192.0.2.2")
    loaded = settings.load(host="192.0.2.3", port=None)
    assert (loaded.log_format, loaded.port, loaded.host) == ("json", 2222, "192.0.2.3")


def test_a_misspelt_setting_in_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / settings.CONFIG_FILE).write_text("prot = 80\n")
    with pytest.raises(ValidationError, match="prot"):
        settings.load(data_dir=tmp_path)


def test_the_public_address_loses_its_final_slash() -> None:
    assert settings.load(public_url="https://id.example/").issuer == "https://id.example"


def test_the_master_key_is_not_in_the_repr() -> None:
    assert "c2VjcmV0" not in repr(settings.load(master_key="c2VjcmV0"))


def test_without_a_database_address_the_file_is_in_the_data_directory(tmp_path: Path) -> None:
    assert settings.load(data_dir=tmp_path).store_url == f"sqlite:///{tmp_path}/tenantry.db"


@pytest.mark.parametrize("name", sorted(settings.Settings.model_fields))
def test_each_setting_has_a_line_in_the_documentation_with_its_default(name: str) -> None:
    field = settings.Settings.model_fields[name]
    line = next(line for line in CONFIGURATION.read_text().splitlines() if line.startswith(f"| `{name}` |"))
    default = field.get_default(call_default_factory=True)
    assert f"`{default}`" in line or default in (None, [], {}) or f"`{str(default).lower()}`" in line


def test_an_idle_connection_is_kept_longer_than_the_documented_proxies_keep_it() -> None:
    examples = re.findall(r"keepalive(?:_timeout)? ([0-9]+)s", OPERATING.read_text(encoding="utf-8"))
    assert len(examples) == 2, "nginx and Caddy"
    assert all(settings.load().keep_alive_seconds > int(seconds) for seconds in examples)
