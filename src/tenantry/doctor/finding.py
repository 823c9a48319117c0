"""A finding: what `tenantry doctor` says of one thing that it looked at."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Verdict(StrEnum):
    """How much a finding matters."""

    FINE = "fine"
    LOOK = "look"
    """It may be meant so: whoever runs the server decides."""
    MEND = "mend"
    """Something does not work, or is open to others."""


class Finding(NamedTuple):
    """`found` says what is so, `mend` what to do about it; nothing where it is fine. Neither holds a secret."""

    subject: str
    verdict: Verdict
    found: str
    mend: str = ""


def fine(subject: str, found: str) -> Finding:
    """A finding about which there is nothing to do."""
    return Finding(subject, Verdict.FINE, found)


def look(subject: str, found: str, mend: str) -> Finding:
    """A finding that whoever runs the server has to judge."""
    return Finding(subject, Verdict.LOOK, found, mend)


def mend(subject: str, found: str, how: str) -> Finding:
    """A finding that has to be mended; `how` says in which way."""
    return Finding(subject, Verdict.MEND, found, how)
