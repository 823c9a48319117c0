"""What the log leaves out."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tenantry.core.ids import TenantId, new_guid
from tenantry.tokens.secrets import SecretKind
from tests.support.builders import HASHER

SCRIPT = """
import sys
from tenantry.core import log
log.configure(sys.argv[1])
log.get_logger().info("request", path="/join/" + sys.argv[2], status=303)
"""


FAILING = """
import sys
from tenantry.core import log
log.configure(sys.argv[1])
try:
    raise ValueError("cannot read " + sys.argv[2])
except ValueError:
    log.get_logger().exception("unexpected error")
"""


@pytest.mark.parametrize("log_format", ["json", "pretty"])
def test_a_secret_in_a_traceback_is_not_logged(log_format: str) -> None:
    secret = HASHER.mint(SecretKind.SESSION, TenantId(new_guid()))
    done = subprocess.run(
        [sys.executable, "-c", FAILING, log_format, secret], capture_output=True, text=True, check=True
    )
    assert "ValueError: cannot read tny_ss_..." in done.stderr
    assert secret[8:] not in done.stdout + done.stderr


@pytest.mark.parametrize("log_format", ["json", "pretty"])
def test_a_secret_in_an_address_is_not_logged(log_format: str) -> None:
    secret = HASHER.mint(SecretKind.GROUP_INVITATION, TenantId(new_guid()))
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, log_format, secret], capture_output=True, text=True, check=True
    )
    assert "/join/tny_gi_..." in done.stderr
    assert secret[8:] not in done.stdout + done.stderr
