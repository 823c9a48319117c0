"""The page about other people's programs says what the replay of their requests finds."""

from __future__ import annotations

from tests.support.wire_replay import files
from tools.compatibility import NAMES, PAGE, page


def test_the_compatibility_page_is_that_of_the_replay() -> None:
    assert PAGE.read_text() == page(), "Run make compatibility."
    assert NAMES.keys() == files().keys()
