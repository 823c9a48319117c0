"""How log lines look: structlog for what we say, the standard library's for what libraries say.

structlog is loaded when the first line is written, not when a module asks for its logger: with it comes all of rich,
which would make a tenth of the server's start.
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
    """structlog's logger; its methods are made by `configure`, or stay as structlog was configured."""

    def __getattr__(self, name: str) -> Any:
        return getattr(_structlog(), name)


def get_logger() -> Logger:
    """The log of a module."""
    return Logger()


def configure(log_format: LogFormat) -> None:
    """One line for each event to standard error, with time and level; exceptions in full, without local variables."""
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
    """What a stranger put into a path or a header is read here, and not carried out by the terminal."""
    from tenantry.core.names import escaped

    for name, value in event.items():
        if isinstance(value, str):
            event[name] = escaped(value, several_lines=name == "exception")
    return event


class _Formatter(logging.Formatter):
    """For what libraries say: as `_show_commands`."""

    def format(self, record: logging.LogRecord) -> str:
        from tenantry.core.names import escaped

        return escaped(super().format(record), several_lines=True)


def _hide_secrets(_logger: Any, _method: str, event: Any) -> Any:
    """Of a secret that stands in an address, a text or a traceback, only the kind is written: `tny_gi_...`."""
    for name, value in event.items():
        if isinstance(value, str) and "tny_" in value:
            event[name] = _SECRET.sub(r"\1...", value)
    return event
