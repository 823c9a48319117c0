"""How log lines look: structlog writes what our code says, the standard library what libraries say.

structlog is loaded when the first line is written, not when a module asks for its logger: it loads all of rich, which
would take a tenth of the server's start.
"""

from __future__ import annotations

import logging
import re
import sys
from functools import cache
from typing import Any, Literal

LogFormat = Literal["pretty", "json"]

_chosen: list[LogFormat] = []
_SECRET = re.compile(r"(tny_[a-z]{2}_)\w+")


class Logger:
    """structlog's logger. `configure` makes its methods; until then they are those of structlog as it comes."""

    def __getattr__(self, name: str) -> Any:
        return getattr(_structlog(), name)


def get_logger() -> Logger:
    """The logger of a module."""
    return Logger()


def configure(log_format: LogFormat) -> None:
    """Write each event to standard error as one line, with time and level; exceptions in full, without local
    variables.
    """
    _chosen[:] = [log_format]
    _structlog.cache_clear()
    handler = logging.StreamHandler()
    handler.setFormatter(_Formatter("%(asctime)s [%(levelname)s] %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


@cache
def _structlog() -> Any:
    import structlog

    for log_format in _chosen:
        _configure_structlog(log_format)
    return structlog.get_logger()


def _configure_structlog(log_format: LogFormat) -> None:
    import structlog

    processors: list[structlog.typing.Processor] = [
        structlog.processors.format_exc_info,
        _hide_secrets,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if log_format == "json":
        processors.append(structlog.processors.JSONRenderer())
    else:
        processors.append(_show_commands)
        processors.append(
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
        )
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _show_commands(_logger: Any, _method: str, event: Any) -> Any:
    """Escape what a terminal would carry out, since strangers put texts into paths and headers."""
    from tenantry.core.names import escaped

    for name, value in event.items():
        if isinstance(value, str):
            event[name] = escaped(value, several_lines=name == "exception")
    return event


class _Formatter(logging.Formatter):
    """Does what `_show_commands` does, for what libraries say."""

    def format(self, record: logging.LogRecord) -> str:
        from tenantry.core.names import escaped

        return escaped(super().format(record), several_lines=True)


def _hide_secrets(_logger: Any, _method: str, event: Any) -> Any:
    """Leave only the kind of a secret that stands in an address, a text or a traceback: `tny_gi_...`."""
    for name, value in event.items():
        if isinstance(value, str) and "tny_" in value:
            event[name] = _SECRET.sub(r"\1...", value)
    return event
