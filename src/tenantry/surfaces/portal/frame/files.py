"""Files to keep, made while they are sent (see `shared/long_answers.py`)."""

from __future__ import annotations

from collections.abc import AsyncIterator

from tenantry.surfaces.shared.long_answers import LongAnswer, Place

PART = 250
"""How many rows of a file are read at once."""


def csv_file(
    place: Place, lines: AsyncIterator[str], name: str, media_type: str = "text/csv; charset=utf-8"
) -> LongAnswer:
    """A file whose parts are these lines, each part of any length."""
    return place.answer(lines, media_type, {"Content-Disposition": f'attachment; filename="{name}"'})
