"""What a look at an installation comes to."""

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
    """Nothing to do."""
    return Finding(subject, Verdict.FINE, found)


def look(subject: str, found: str, mend: str) -> Finding:
    """To be decided by a person."""
    return Finding(subject, Verdict.LOOK, found, mend)


def mend(subject: str, found: str, how: str) -> Finding:
    """To be mended."""
    return Finding(subject, Verdict.MEND, found, how)
