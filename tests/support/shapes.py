"""Requests as large as a stranger may try, in every shape that has made a parser somewhere slow.

Each is one whole request, as it goes over the wire, on a connection that ends with it.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator

SIZE = 60_000
"""Bytes of a shape in one piece."""
LINE = 8_000
"""Bytes of one header line that is not refused for its length."""

HEADERS = [
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "accessToken",
    "applicationId",
    "Authorization",
    "Connection",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Type",
    "Cookie",
    "Expect",
    "Forwarded",
    "Host",
    "If-Match",
    "If-None-Match",
    "MS-ContinuationToken",
    "MS-RequestId",
    "Origin",
    "Range",
    "Referer",
    "refreshToken",
    "Sec-Fetch-Site",
    "Transfer-Encoding",
    "Upgrade",
    "User-Agent",
    "X-Correlation-Id",
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-HTTP-Method-Override",
]

FILLINGS = {
    "backslashes in quotes": ('a="', "\\"),
    "escapes in quotes": ('a="', '\\"'),
    "octal escapes": ('a="', "\\012"),
    "semicolons": ("", ";"),
    "pairs": ("", "a=b;"),
    "equals signs": ("", "="),
    "quotes": ("", '"'),
    "commas": ("", ","),
    "a list": ("", "a,"),
    "weights": ("", "en-US;q=0.1,"),
    "blanks": ("a", " "),
    "tabs": ("a", "\t"),
    "weak tags": ("", 'W/"x",'),
    "parameters": ("multipart/form-data", "; boundary=a"),
    "parameters in quotes": ("multipart/form-data", '; x="\\";"'),
    "continuations": ("form-data", "; name*0*=a"),
    "addresses": ("", "127.0.0.1, "),
    "elements": ("", 'for="[::1]:9";by=b,'),
    "colons": ("", ":"),
    "brackets": ("http://[", "["),
    "dots": ("Bearer ", "."),
    "basic": ("Basic ", "QTpB"),
    "bearer": ("Bearer ", "tny_at_"),
    "percents": ("", "%"),
    "escaped": ("", "%25"),
    "dashes": ("", "-"),
    "bytes": ("bytes=", "0-,"),
    "session": ("tenantry=", "tny_ss_x"),
    "draft": ("tenantry-draft=", base64.b64encode(b"[" * 3).decode()),
    "digits": ("", "9"),
}
"""What a header line begins with, and what is repeated after it."""

PAGES = ["/sign-in", "/kaizala/v1/groups", "/partnercenter/v1/customers/x/users", "/androidenterprise/v1/enterprises/x"]


def heads() -> Iterator[tuple[str, bytes]]:
    """Every header with every filling: in one long line, and in lines that are short enough."""
    for number, header in enumerate(HEADERS):
        page = PAGES[number % len(PAGES)]
        for name, (start, piece) in FILLINGS.items():
            long = start + piece * ((SIZE - len(start)) // len(piece))
            short = start + piece * ((LINE - len(start)) // len(piece))
            yield f"{header}: {name}", _head(page, [(header, long)])
            yield f"{header}: {name}, lines", _head(page, [(header, short)] * (SIZE // LINE))
    yield "many headers", _head("/sign-in", [("x", "y")] * (SIZE // 6))
    yield "many cookies", _head("/sign-in", [("cookie", "a=b")] * (SIZE // 13))
    yield "names without end", _head("/sign-in", [("x" * SIZE, "y")])


def targets() -> Iterator[tuple[str, bytes]]:
    """Long paths and queries."""
    pieces = [
        "/",
        "//a",
        "/.",
        "/..",
        "%2f",
        "%",
        "%00",
        "%ff",
        "a",
        "/oauth2",
        "/kaizala",
        "@",
        ":",
        ".",
        "/x/oauth2/",
    ]
    starts = [
        "/",
        "/kaizala/v1/groups/",
        "/partnercenter/v1/customers/",
        "/androidenterprise/v1/enterprises/",
        "/x/oauth2",
    ]
    queries = [
        "&",
        "a=b&",
        "=",
        "%",
        "%41",
        "%ff&",
        "+",
        "a&",
        "a[]=b&",
        "next=/&",
        "next=%252f",
        "fields=a(",
        "a,",
        "(",
        ";",
    ]
    for size in (SIZE, LINE - 100):
        for start in starts:
            for piece in pieces:
                yield f"path {start} {piece} {size}", _head(start + piece * (size // len(piece)), [])
        for page in (*PAGES, "/oauth2/authorize", "/discovery/v1/apis", "/kaizala/v1/accessToken"):
            for piece in queries:
                yield f"query {page} {piece} {size}", _head(f"{page}?{piece * (size // len(piece))}", [])


JSON_BODIES = {
    "open lists": "[" * SIZE,
    "open objects": '{"a":' * (SIZE // 5),
    "closed lists": "[" * (SIZE // 2) + "]" * (SIZE // 2),
    "wide": "[" + "[]," * (SIZE // 3) + "[]]",
    "many keys": "{" + ",".join(f'"k{number}":1' for number in range(SIZE // 10)) + "}",
    "equal keys": "{" + '"a":1,' * (SIZE // 6) + '"a":1}',
    "a great number": '{"a":' + "9" * SIZE + "}",
    "great numbers": "[" + ("9" * 4000 + ",") * (SIZE // 4001) + "1]",
    "a long fraction": '{"a":0.' + "1" * SIZE + "}",
    "a great exponent": '{"a":1e' + "9" * SIZE + "}",
    "hexadecimal": "{a:0x" + "f" * SIZE + "}",
    "signs": "{a:" + "-" * SIZE,
    "a long text": json.dumps({"token": "x" * SIZE}),
    "escapes": '{"a":"' + "\\u0041" * (SIZE // 6) + '"}',
    "surrogates": '{"a":"' + "\\ud800" * (SIZE // 6) + '"}',
    "backslashes": '{"a":"' + "\\" * SIZE,
    "quotes": "'" * SIZE,
    "comments": "/*" * (SIZE // 2),
    "comments without end": "/*" + "*" * SIZE,
    "line comments": "//\n" * (SIZE // 3) + "{}",
    "constants": "[" + "True," * (SIZE // 5) + "None]",
    "words": "[" + "Truee" * (SIZE // 5) + "]",
    "blanks": " " * SIZE + "{}",
    "no JSON": "\x00" * SIZE,
    "infinities": "[" + "Infinity," * (SIZE // 9) + "1]",
}


def json_bodies() -> Iterator[tuple[str, bytes]]:
    """Where strangers send JSON."""
    for path in ("/kaizala/v1/generatePin", "/kaizala/v1/loginWithPinAndApplicationId", "/device/v1/provision"):
        for name, body in JSON_BODIES.items():
            yield f"JSON {path} {name}", _with_body(path, "application/json", body.encode())
            yield f"JSON {path} {name}, a quarter", _with_body(path, "application/json", body[: SIZE // 4].encode())


FORMS = {
    "pairs": "a=b&" * (SIZE // 4),
    "ampersands": "&" * SIZE,
    "percents": "%" * SIZE,
    "escapes": "%41" * (SIZE // 3),
    "half escapes": "%4" * (SIZE // 2),
    "bytes": "a=%ff&" * (SIZE // 6),
    "blanks": "+" * SIZE,
    "equals signs": "=" * SIZE,
    "one name": "a" * SIZE,
    "semicolons": "a=b;" * (SIZE // 4),
    "tokens": "form_token=" + "x" * SIZE,
    "an assertion": "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=" + "a." * (SIZE // 2),
    "a deep assertion": "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="
    + base64.urlsafe_b64encode(b"[" * 10_000).decode().rstrip("=")
    + ".e30.e30",
    "scopes": "grant_type=refresh_token&client_id=x&refresh_token=y&scope=" + "a+" * (SIZE // 2),
}


def forms() -> Iterator[tuple[str, bytes]]:
    """Where strangers send forms."""
    for path in (
        "/sign-in",
        "/token",
        "/common/oauth2/token",
        "/kaizala/api/oauth/token",
        "/partnercenter/generatetoken",
    ):
        for name, body in FORMS.items():
            yield f"form {path} {name}", _with_body(path, "application/x-www-form-urlencoded", body.encode())
            short = body[: SIZE // 4].encode()
            yield f"form {path} {name}, a quarter", _with_body(path, "application/x-www-form-urlencoded", short)


def multiparts() -> Iterator[tuple[str, bytes]]:
    """Forms and batches in parts."""
    head, end = b'--b\r\nContent-Disposition: form-data; name="a', b'"\r\n\r\n\r\n--b--'
    request = b"--b\r\n\r\nGET /androidenterprise/v1/x HTTP/1.1\r\n\r\n"
    bodies = {
        "many parts": ("b", (head + b'"\r\n\r\n\r\n') * (SIZE // 60) + b"--b--"),
        "empty parts": ("b", b"--b\r\n\r\n" * (SIZE // 7)),
        "delimiters": ("b", b"--b\r\n" * (SIZE // 5)),
        "half delimiters": ("bbbbbbbbbb", b"\r\n--bbbbbbbbb" * (SIZE // 13)),
        "dashes": ("-" * 60, b"-" * SIZE),
        "line ends": ("b", b"--b" + b"\r\n" * (SIZE // 2)),
        "returns": ("b", b"--b\r\n" + b"\r" * SIZE),
        "a header without end": ("b", head + b"a" * SIZE),
        "headers": ("b", b"--b\r\n" + b"x: y\r\n" * (SIZE // 6)),
        "escapes in a name": ("b", head + b'\\"' * (SIZE // 2) + end),
        "parameters": ("b", head + b'"; a="b' * (SIZE // 8) + end),
        "folds": ("b", b"--b\r\nContent-ID: a" + b"\r\n " * (SIZE // 3) + b"\r\n\r\nGET / HTTP/1.1\r\n\r\n--b--"),
        "file names": ("b", head + b'"; filename="' + b"../" * (SIZE // 3) + end),
        "a long boundary": ("b" * 4000, b"--" + b"b" * 4000 + b"\r\n" + b"b" * (SIZE - 4004)),
        "requests": ("b", request * (SIZE // len(request)) + b"--b--"),
    }
    for path, kind in (("/sign-in", "multipart/form-data"), ("/batch", "multipart/mixed")):
        for name, (boundary, body) in bodies.items():
            yield f"parts {path} {name}", _with_body(path, f"{kind}; boundary={boundary}", body)
            yield f"parts {path} {name}, a quarter", _with_body(path, f"{kind}; boundary={boundary}", body[: SIZE // 4])
    for charset in ("punycode", "utf-7", "idna", "unicode_escape", "raw_unicode_escape", "hz", "x" * LINE):
        kind = f"multipart/form-data; boundary=b; charset={charset}"
        body = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"a-" * (SIZE // 2) + b"\r\n--b--"
        yield f"charset {charset[:20]}", _with_body("/sign-in", kind, body)


def packed() -> Iterator[tuple[str, bytes]]:
    """Bodies whose coding says that there is more in them."""
    bombs = {
        "zeros": gzip.compress(bytes(50 * 1_048_576)),
        "lists": gzip.compress(b"[" * 10_000_000),
        "members": gzip.compress(b"") * (SIZE // 20),
        "garbage": b"\x1f\x8b\x08" + bytes(SIZE),
    }
    for path in ("/token", "/device/v1/provision", "/sign-in", "/kaizala/v1/generatePin", "/batch"):
        for name, body in bombs.items():
            yield f"gzip {path} {name}", _with_body(path, "application/json", body, [("Content-Encoding", "gzip")])


def all_shapes() -> Iterator[tuple[str, bytes]]:
    """Name and request."""
    for family in (heads, targets, json_bodies, forms, multiparts, packed):
        yield from family()


def _head(target: str, headers: list[tuple[str, str]], method: str = "GET") -> bytes:
    has_host = any(name == "Host" for name, _ in headers)
    all_headers = [*([] if has_host else [("Host", "127.0.0.1")]), *headers, ("Connection", "close")]
    lines = "".join(f"{name}: {value}\r\n" for name, value in all_headers)
    return f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode("latin-1")


def _with_body(path: str, kind: str, body: bytes, headers: list[tuple[str, str]] | None = None) -> bytes:
    told = [("Content-Type", kind), ("Content-Length", str(len(body))), *(headers or [])]
    return _head(path, told, "POST") + body
