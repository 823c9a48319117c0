"""What a heavy thing is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from tests.support.waits.doing import Ready
from tests.support.waits.hall import Hall


class Who(StrEnum):
    """Who can do it, the least of them."""

    MEMBER = "any user"
    GROUP_ADMIN = "who administers the group"
    APP = "an app, for any user"
    PARTNER = "a partner's app"
    ADMINISTRATOR = "an administrator"
    OPERATOR = "the operator"


Seed = Callable[[Hall, int], Awaitable[list[Ready]]]
"""Makes what it is done to, as often as it is to be done; answers one of each."""


@dataclass(frozen=True)
class Heavy:
    """`what` has the numbers of `Size` in braces. It goes on while a table has rows of the organisation (`rest`)."""

    name: str
    what: str
    who: Who
    seed: Seed
    rest: str | None = None
    alone_only: bool = False
    """Nobody would run sixteen of these at once."""
    engines: tuple[str, ...] = ("sqlite", "postgresql")
