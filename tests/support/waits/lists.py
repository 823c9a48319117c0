"""All of it."""

from __future__ import annotations

from tests.support.waits.operating import COMMANDS
from tests.support.waits.reads import READS
from tests.support.waits.writes import WRITES

ALL = [*READS, *WRITES, *COMMANDS]
