"""Everything of ours that reads what strangers send, on texts as large as they may be.

Run by `test_parsers.py` with each Python of the machine; prints the seconds of the slowest as JSON.

What is compiled (msgspec, pyjson5, pydantic) is there for one Python only and the same on each of them. What differs is
the standard library: so msgspec stands aside here, and all JSON goes the way of what it refuses.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import types
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import parse_qsl


def _stand_in() -> None:
    class DecodeError(Exception):
        pass

    class Decoder:
        def decode(self, _raw: bytes) -> Any:
            raise DecodeError

    class Struct:
        def __init_subclass__(cls, **_kind: bool) -> None:
            pass

    module: Any = types.ModuleType("msgspec")
    module.DecodeError = DecodeError
    module.Struct = Struct
    module.json = types.SimpleNamespace(Decoder=Decoder)
    sys.modules["msgspec"] = module


_stand_in()

from starlette.datastructures import Headers, QueryParams  # noqa: E402
from starlette.formparsers import MultiPartException, MultiPartParser  # noqa: E402
from starlette.requests import HTTPConnection  # noqa: E402

from tenantry.core.errors import DomainError  # noqa: E402
from tenantry.surfaces.portal.words.texts import use_language  # noqa: E402
from tenantry.surfaces.shared.body import _PYTHON_CONSTANT, parse_json  # noqa: E402
from tenantry.surfaces.shared.cookies import cookie_of, take_cookies  # noqa: E402
from tenantry.surfaces.shared.head import fault_of  # noqa: E402
from tests.support import shapes  # noqa: E402


def main() -> None:
    """Each reader on each text, three times at most."""
    slowest: dict[str, float] = {}
    for name, read in _readings():
        took = min(_time(read) for _ in range(3))
        if took > 0.05:
            slowest[name] = took
    json.dump(slowest, sys.stdout)


def _time(read: Callable[[], object]) -> float:
    began = time.perf_counter()
    with suppress(DomainError, ValueError, MultiPartException):  # refused
        read()
    return time.perf_counter() - began


def _readings() -> Iterator[tuple[str, Callable[[], object]]]:
    for name, (start, piece) in shapes.FILLINGS.items():
        text = start + piece * (shapes.SIZE // len(piece))
        short = text[: shapes.LINE].encode("latin-1")
        yield f"cookies: {name}", partial(_cookies, [short] * 8)
        yield f"cookies in one line: {name}", partial(_cookies, [text.encode("latin-1")])
        yield f"head: {name}", partial(_head, short)
        yield f"language: {name}", partial(use_language, text)
        yield f"query: {name}", partial(QueryParams, text)
    for name, value in shapes.JSON_BODIES.items():
        yield f"JSON: {name}", partial(parse_json, value.encode(), depth_limit=32)
        yield f"Python's constants: {name}", partial(_PYTHON_CONSTANT.sub, "", value)
    for name, value in shapes.FORMS.items():
        yield f"form: {name}", partial(_form, value)
    for name, request in shapes.multiparts():
        head, _, body = request.partition(b"\r\n\r\n")
        kind = next(line for line in head.decode().splitlines() if line.startswith("Content-Type: "))[14:]
        if kind.startswith("multipart/form-data") and "charset" not in kind:
            yield f"parts: {name}", partial(_parts, kind, body)


def _scope(headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    target = {"method": "GET", "path": "/", "raw_path": b"/", "query_string": b"", "http_version": "1.1"}
    return {"type": "http", **target, "headers": headers}


def _cookies(values: list[bytes]) -> None:
    scope = _scope([(b"cookie", value) for value in values])
    take_cookies(scope)
    for name in ("a", "tenantry", "tenantry-form", "tenantry-draft"):
        cookie_of(HTTPConnection(scope), name)


def _head(value: bytes) -> None:
    fault_of(_scope([(b"host", value[:8000])]))
    fault_of(_scope([(b"host", b"a"), *[(b"x", value)] * 8]))


def _form(body: str) -> None:
    """As `oauth/form.py` and `portal/frame/forms.py` read one; the modules themselves need what is compiled."""
    parse_qsl(body, keep_blank_values=True, errors="strict", max_num_fields=2_000)


def _parts(kind: str, body: bytes) -> None:
    asyncio.run(_read_parts(kind, body))


async def _read_parts(kind: str, body: bytes) -> None:
    async def once() -> AsyncGenerator[bytes, None]:
        yield body

    form = await MultiPartParser(Headers({"content-type": kind}), once(), max_files=4, max_fields=2_000).parse()
    await form.close()


if __name__ == "__main__":
    main()
