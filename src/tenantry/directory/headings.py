"""What the heading of a column names, in files of whatever system. Letter case, width, blanks and signs do not count.

`User name [userPrincipalName] Required` names a property in brackets, `Email Address [Required]` has a remark there.
"""

from __future__ import annotations

import re

from tenantry.core.normal_form import name_key

_BRACKETS = re.compile(r"\[([^\]]*)\]|\(([^)]*)\)")
_REQUIRED = re.compile(r"\bRequired\s*$", re.IGNORECASE)
_NO_LETTER = re.compile(r"[^a-z0-9]+")


def names_in(heading: str) -> list[str]:
    """The names that the heading gives the column, in a to z and digits: first each text in brackets, which says more,
    then the words outside.
    """
    return [_squash(first or second) for first, second in _BRACKETS.findall(heading)] + [_squash(words_of(heading))]


def words_of(heading: str) -> str:
    """The heading without brackets, as it was written, as people read it."""
    return _REQUIRED.sub("", _BRACKETS.sub(" ", heading)).strip()


def _squash(text: str) -> str:
    return _NO_LETTER.sub("", name_key(text))
