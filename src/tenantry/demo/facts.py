"""What is known of the demo, in files of the data directory that only their owner may read: `demo.json`, and a key
file.

The facts are on disk as `demo.json.new` before the transaction that makes the tenants commits, and get their name after
it. So a crash between the two loses neither the tenants nor their secrets.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tenantry.core.files import write_private

Facts = dict[str, Any]

FACTS_FILE = "demo.json"
KEY_FILE = "service-account.json"
_NEW = f"{FACTS_FILE}.new"


def known_facts(data_dir: Path) -> Iterator[Facts]:
    """The facts of an earlier start, and those of a start that has not finished or never did. The first file is read a
    second time at the end, since it may get its name while the other is looked for.
    """
    for name in (FACTS_FILE, _NEW, FACTS_FILE):
        try:
            yield json.loads((data_dir / name).read_text())
        except (FileNotFoundError, ValueError):
            continue


def write_new(data_dir: Path, facts: Facts, key: dict[str, str]) -> None:
    """Write the facts, before the transaction commits."""
    _write(data_dir / KEY_FILE, key)
    _write(data_dir / _NEW, facts)


def readdress(data_dir: Path, facts: Facts, base_url: str) -> Facts:
    """Write the address of this start into `demo.json` and the key file, and answer the facts with it."""
    key_path = (data_dir / KEY_FILE).absolute()
    key = json.loads(key_path.read_text())
    key["token_uri"] = f"{base_url}/token"
    facts["base_url"] = base_url
    facts["android_enterprise"]["service_account_file"] = str(key_path)
    _write(key_path, key)
    _write(data_dir / FACTS_FILE, facts)
    (data_dir / _NEW).unlink(missing_ok=True)
    return facts


def _write(path: Path, value: object) -> None:
    """Write the file whole. Two processes that do so at once do not disturb each other."""
    write_private(path, json.dumps(value, indent=2) + "\n", replace=True)
