"""Batch requests: many calls in one `multipart/mixed` body, each answered as if it had come alone.

The runner answers the inner requests in this process, as it does all others, but only those to this surface. Each inner
request is authenticated by itself; one without `Authorization` has the bearer token of the batch, whose caller is
authenticated before the body is read. Clients send a token with the batch and one in each part. A batch without a token
may be as large as the body of a stranger. The answer has the one form that the client can read: CRLF at each line's
end, a reason phrase, one part for each request, and `Content-ID: <response-...>` with the blanks of the request's id.

Source: Play EMM contract §5.7, §0 #6.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from functools import cache
from http import HTTPStatus
from itertools import islice, pairwise
from typing import NamedTuple
from urllib.parse import unquote

from starlette.types import Message, Scope

from tenantry.access.actions import Action
from tenantry.core.errors import InvalidValue
from tenantry.core.ids import new_guid
from tenantry.surfaces.android_enterprise.coat import PLAY_EMM, caller_of
from tenantry.surfaces.android_enterprise.errors import not_served, too_much
from tenantry.surfaces.operation import Ask, operations
from tenantry.surfaces.router import Routes
from tenantry.surfaces.running import begin, serve
from tenantry.surfaces.shared.answers import Answer, header, whole_headers
from tenantry.surfaces.shared.bearer import bearer_token_of
from tenantry.surfaces.shared.body import LARGEST_OF_STRANGERS, read_body
from tenantry.surfaces.shared.coding import inflating
from tenantry.surfaces.shared.origin import origin_of

MOST_REQUESTS = 1000
MOST_LINE_ENDS = 128
"""How many line ends the headers of one part may have, CR and LF counted each. Clients send some ten lines."""
_BODY_LIMITS = 4  # a full batch has the bearer token in each of its thousand requests
_AT_ONCE = 16
MAX_ANSWER_BYTES = 32 * 1_048_576
"""How large the answers of a batch may become together, before the rest of its requests is refused without being
carried out.
"""
_PREFIX = "/androidenterprise/v1/"

_BOUNDARY = re.compile(r'boundary=(?:"([^"]{1,100})"|([^\s;"]{1,100}))', re.IGNORECASE)
_BLANK_LINE = re.compile(rb"\n\r?\n")
_FOLD = re.compile(rb"\r?\n[ \t]+")
_REQUEST_LINE = re.compile(
    r"([A-Z]{1,10}) (?:https?://[^/?#\s]{1,255})?(/[!-~]{0,16000})(?: HTTP/[0-9.]{1,5})?", re.ASCII
)
"""Java's library writes the whole address into this line (RFC 9112 §3.2.2). The request is answered here whatever host
the address names.
"""

op = operations(PLAY_EMM, "")


class _Part(NamedTuple):
    """One inner request. `target` is path and query; None when the part is no HTTP request. `content_id` is as the
    client sent it, in angle brackets or, by Java's library, bare; the answer has it in the same form.
    """

    content_id: str
    method: str
    target: str | None
    headers: list[tuple[bytes, bytes]]
    body: bytes


@op(
    "batch",
    "POST",
    "/batch",
    Action.READ_PUBLIC,  # each inner request is decided for itself
    source="Play EMM contract §5.7",
    takes="multipart/mixed",
    gives="multipart/mixed",
)
@op(
    "batch.androidenterprise",
    "POST",
    "/batch/androidenterprise/v1",
    Action.READ_PUBLIC,
    source="Play EMM contract §5.7",
    takes="multipart/mixed",
    gives="multipart/mixed",
)
async def batch(ask: Ask) -> Answer:
    """Answer at most 1000 requests that come as one.

    Raises InvalidValue(field="body") when the body is no batch, InvalidToken for a bad bearer token. Once the answers
    together have MAX_ANSWER_BYTES, the requests that are left are not carried out and are answered with 413.
    """
    boundary = _BOUNDARY.search(header(ask.scope, b"content-type") or "")
    if boundary is None:
        raise InvalidValue("A batch is multipart/mixed with a boundary.", field="body")
    limit = LARGEST_OF_STRANGERS
    if bearer_token_of(ask.scope) is not None:
        await caller_of(ask)
        limit = _BODY_LIMITS * ask.deps.settings.body_limit_bytes
    raw = await read_body(ask.receive, limit, header(ask.scope, b"content-length"))
    parts = _parse(raw, (boundary[1] or boundary[2]).encode("latin-1"))
    turns = asyncio.Semaphore(_AT_ONCE)
    room = MAX_ANSWER_BYTES

    async def run(part: _Part) -> bytes:
        nonlocal room
        async with turns:
            answer = _as_part(part.content_id, await _answer(ask, part) if room > 0 else too_much())
        room -= len(answer)
        return answer

    return _join(await asyncio.gather(*map(run, parts)))


def _parse(raw: bytes, boundary: bytes) -> list[_Part]:
    """The parts between the delimiters (RFC 2046 §5.1.1). Their lines may end in LF alone."""
    dashed = b"--" + re.escape(boundary)  # first, since what begins with a text is found ten times as quickly
    delimiter = re.compile(dashed + rb"(?<![^\n]" + dashed + rb")(--)?[ \t]*(?=\r?\n|\Z)")
    # One before the first request, one behind each, and one more, which shows that there are too many.
    most = MOST_REQUESTS + 2
    cuts = list(islice(delimiter.finditer(raw), most))
    if len(cuts) < 2:
        raise InvalidValue("The batch has no part between its boundaries.", field="body")
    if len(cuts) - 1 > MOST_REQUESTS:
        raise InvalidValue(f"A batch has at most {MOST_REQUESTS} requests.", field="body")
    pairs = pairwise(cuts)
    return [_parse_part(raw[cut.end() : following.start()]) for cut, following in pairs if cut[1] is None]


def _parse_part(raw: bytes) -> _Part:
    raw = raw.removesuffix(b"\n").removesuffix(b"\r")  # the line end before a delimiter is the delimiter's
    head, inner = _split(raw.lstrip(b"\r\n"))
    content_id = dict(_headers(head)).get(b"content-id", b"<>").decode("latin-1")
    inner_head, body = _split(inner.lstrip(b"\r\n"))
    line, _, rest = inner_head.partition(b"\n")
    match = _REQUEST_LINE.fullmatch(line.decode("latin-1").strip())
    if match is None:
        return _Part(content_id, "", None, [], b"")
    sent = _headers(rest)
    length = dict(sent).get(b"content-length", b"")
    body = body[: int(length)] if length.isdigit() and len(length) < 10 else body.rstrip(b"\r\n")
    headers = [pair for pair in sent if pair[0] not in (b"content-length", b"transfer-encoding")]
    headers.append((b"content-length", b"%d" % len(body)))
    return _Part(content_id, match[1], match[2], headers, body)


def _split(raw: bytes) -> tuple[bytes, bytes]:
    """The head, and what follows the first blank line."""
    blank = _BLANK_LINE.search(raw)
    return (raw, b"") if blank is None else (raw[: blank.start()], raw[blank.end() :])


def _headers(head: bytes) -> list[tuple[bytes, bytes]]:
    """The headers of a part, with names in lower case. A long `Content-ID` comes folded onto two lines (RFC 5322
    §2.2.3).
    """
    if head.count(b"\n") + head.count(b"\r") > MOST_LINE_ENDS:
        raise InvalidValue("A request of the batch has too many header lines.", field="body")
    pairs = (line.partition(b":") for line in _FOLD.sub(b" ", head).splitlines() if b":" in line)
    return [(name.strip().lower(), value.strip()) for name, _, value in pairs]


async def _answer(outer: Ask, part: _Part) -> Answer:
    """The answer to one inner request, as if it had come alone."""
    scope = _inner_scope(outer, part)
    if not scope["path"].startswith(_PREFIX):
        return not_served()
    body = part.body

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    coding = dict(scope["headers"]).get(b"content-encoding", b"")
    return (await serve(_routes(), begin(outer.deps, scope, inflating(coding, receive)))).answer


@cache
def _routes() -> Routes:
    """The operations of this surface. It is called at the first batch, when every module has declared its own."""
    return Routes(PLAY_EMM)


def _inner_scope(outer: Ask, part: _Part) -> Scope:
    path, _, query_string = (part.target or "").partition("?")
    headers = part.headers
    if not any(name == b"authorization" for name, _ in headers):
        headers = headers + [pair for pair in outer.scope["headers"] if pair[0] == b"authorization"]
    inherited = ("asgi", "http_version", "scheme", "client", "server")
    return {
        **{key: outer.scope[key] for key in inherited if key in outer.scope},
        "type": "http",
        "method": part.method,
        "path": unquote(path),
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query_string.encode(),
        "headers": headers,
        "tenantry.origin": origin_of(outer.scope),
    }


def _as_part(content_id: str, answer: Answer) -> bytes:
    phrase = HTTPStatus(answer.status).phrase
    inner = [f"HTTP/1.1 {answer.status} {phrase}".encode()]
    inner += [name.title() + b": " + value for name, value in whole_headers(answer)]
    answer_id = f"<response-{content_id[1:]}" if content_id.startswith("<") else f"response-{content_id}"
    outer = [b"Content-Type: application/http", f"Content-ID: {answer_id}".encode("latin-1")]
    return b"\r\n".join([*outer, b"", *inner, b"", answer.body])


def _join(parts: Iterable[bytes]) -> Answer:
    boundary = f"batch_{new_guid()}"
    delimiter = f"--{boundary}".encode()
    body = b"".join(delimiter + b"\r\n" + part + b"\r\n" for part in parts) + delimiter + b"--\r\n"
    return Answer(200, body, [(b"content-type", f"multipart/mixed; boundary={boundary}".encode())])
