"""What is known of the demo, in files of the data directory that their owner only reads: `demo.json` and a key file.

The facts are on disk as `demo.json.new` before the transaction that makes the tenants commits, and get their name after
it, so that a crash between the two loses neither the tenants nor their secrets.
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
    """Those of an earlier start, and those of one that has not finished or never did.

    The first file is looked at again: its name is given while somebody looks for the other.
    """
    for name in (FACTS_FILE, _NEW, FACTS_FILE):
        try:
            yield json.loads((data_dir / name).read_text())
        except (FileNotFoundError, ValueError):
            continue


def write_new(data_dir: Path, facts: Facts, key: dict[str, str]) -> None:
    """Before the commit."""
    _write(data_dir / KEY_FILE, key)
    _write(data_dir / _NEW, facts)


def readdress(data_dir: Path, facts: Facts, base_url: str) -> Facts:
    """With the address of this start, in `demo.json` and in the key file."""
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
    """Two processes that do so do not meet."""
    write_private(path, json.dumps(value, indent=2) + "\n", replace=True)
