"""Texts in the reader's language: gettext catalogues in `locale/`, chosen by Accept-Language for one request.

`_` and `ngettext` may be called anywhere in a request; templates have them too. English is in the templates and in the
code, so it needs no catalogue. How to add a language: docs/portal.md.
"""

from __future__ import annotations

from contextlib import suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_skeleton, format_timedelta
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations

from tenantry.core.clock import MINUTE, SECOND, Micros, to_iso

DOMAIN = "portal"
_DIRECTORY = Path(__file__).parent.parent / "locale"
_ENGLISH = Locale("en")
_chosen: ContextVar[Locale | None] = ContextVar("portal_locale", default=None)


@cache
def _available() -> tuple[str, ...]:
    return ("en", *sorted(path.parts[-3] for path in _DIRECTORY.glob(f"*/LC_MESSAGES/{DOMAIN}.mo")))


@cache
def _catalogue(name: str) -> NullTranslations:
    return Translations.load(_DIRECTORY, [name, name.partition("_")[0]], DOMAIN)


def use_language(accept_language: str) -> None:
    """Set the language of this request by its Accept-Language header; English when nothing fits.

    The region stays, since dates and numbers go by it (`en-GB`).
    """
    for part in accept_language[:200].split(","):
        with suppress(UnknownLocaleError, ValueError):
            locale = Locale.parse(part.partition(";")[0].strip(), sep="-")
            if locale.language in _available():
                _chosen.set(locale)
                return
    _chosen.set(_ENGLISH)


def _locale() -> Locale:
    return _chosen.get() or _ENGLISH


def language() -> str:
    """The `lang` of the page."""
    return str(_locale()).replace("_", "-")


def gettext(message: str) -> str:
    """The text in the language of this request."""
    return _catalogue(str(_locale())).gettext(message)


def marked(message: str) -> str:
    """The text as it is, for tables made once: `make messages` finds it, and it is translated when it is shown."""
    return message


def ngettext(singular: str, plural: str, count: int) -> str:
    """The text in the form that goes with `count`."""
    return _catalogue(str(_locale())).ngettext(singular, plural, count)


_ = gettext


def number(value: float) -> str:
    """A number in the reader's language, as in `1,234`."""
    return format_decimal(value, locale=_locale())


def up_to(count: int, most: int) -> str:
    """As in `12`, or `1,000+` where counting stopped at `most`."""
    return f"{number(count)}+" if count >= most else number(count)


def exact_time(instant: Micros) -> str:
    """A time, as in `1 Jan 2026, 12:00 UTC`; a script puts it into the reader's own zone."""
    return f"{format_datetime(_aware(instant), 'medium', locale=_locale())} UTC"


def day(instant: Micros) -> str:
    """A day, as in `1 January 2026`."""
    return format_date(_aware(instant).date(), "long", locale=_locale())


def short_day(instant: Micros) -> str:
    """A day as in `1 Jan`, in the order of the language."""
    return format_skeleton("MMMd", _aware(instant), locale=_locale())


def iso_time(instant: Micros) -> str:
    """A time as in `2026-01-01T12:00:00Z`, for scripts and the `datetime` attribute."""
    return to_iso(instant)


def relative_time(instant: Micros, now: Micros) -> str:
    """A time as in `2 minutes ago`, `in 3 months`."""
    span = instant - now
    if abs(span) < MINUTE:
        return gettext("just now")
    return format_timedelta(span // SECOND, add_direction=True, locale=_locale())


def _aware(instant: Micros) -> datetime:
    return datetime.fromtimestamp(instant // SECOND, UTC)
