"""No spelling of an address opens what the address itself does not: paths are compared as they are decoded, once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.process import ServerProcess, a_server_process

CLOSED = (
    *("/users", "/audit", "/connectors", "/customers", "/metrics", "/dev/inbox", "/kaizala/v1/groups"),
    *("/partnercenter/v1/customers", "/androidenterprise/v1/enterprises/LC0"),
)
"""Asked for by a stranger behind a proxy."""
SPELLINGS = {
    "as it is": "{path}",
    "doubled slashes": "/{path}",
    "all slashes doubled": "{doubled}",
    "a slash behind": "{path}/",
    "a dot": "/.{path}",
    "an encoded dot": "/%2e{path}",
    "up from a public page": "/sign-in/..{path}",
    "up from a public file": "/static/..{path}",
    "encoded, up from a public page": "/sign-in/%2e%2e{path}",
    "encoded slash, up from a public page": "/sign-in/..%2f{tail}",
    "twice encoded": "/sign-in/%252e%252e{path}",
    "backslash, up from a public page": "/sign-in/..\\{tail}",
    "a parameter of the way": "{path};x=y",
    "a parameter in front": "/;x{path}",
    "a parameter and up": "/sign-in/..;{path}",
    "an encoded letter": "/%{code:02x}{rest}",
    "an encoded letter in capitals": "/%{code:02X}{rest}",
    "capitals": "{upper}",
    "a NUL behind": "{path}%00",
    "a NUL and a public ending": "{path}%00.css",
    "a line break behind": "{path}%0a",
    "a blank behind": "{path}%20",
    "overlong UTF-8": "/%c0%ae%c0%ae{path}",
    "a full-width slash": "/%ef%bc%8f{tail}",
    "a whole address": "http://localhost{path}",
    "a public ending": "{path}/static/portal.css",
    "a fragment": "{path}#/sign-in",
    "a query that looks like one": "{path}?/static/portal.css",
}
FILES = ("master.key", "tenantry.db", "tenantry.toml", "demo.json", "etc/passwd")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with a_server_process(tmp_path_factory.mktemp("demo"), TENANTRY_RATE_LIMITS="off") as running:
        yield running


def _ask(server: ServerProcess, target: str, *headers: str) -> tuple[int, bytes]:
    lines = (f"GET {target} HTTP/1.1", "Host: localhost", "Connection: close", *headers, "", "")
    answer = server.send("\r\n".join(lines).encode())
    return int(answer[9:12]), answer


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_of_a_path_opens_what_is_closed(server: ServerProcess, spelling: str) -> None:
    for path in CLOSED:
        target = SPELLINGS[spelling].format(
            path=path,
            tail=path[1:],
            doubled=path.replace("/", "//"),
            code=ord(path[1]),
            rest=path[2:],
            upper=path.upper(),
        )
        status, answer = _ask(server, target, "X-Forwarded-For: 192.0.2.1")
        assert status in (303, 400, 401, 403, 404, 405), (target, answer)
        if status == 303:
            assert b"\r\nlocation: /sign-in" in answer, target


@pytest.mark.parametrize("up", ["../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..%5c", "..%252f", "....//", "%2f", "/"])
def test_no_file_beside_those_of_the_pages_is_served(server: ServerProcess, up: str) -> None:
    for name in FILES:
        for times in (1, 4, 8):
            status, answer = _ask(server, f"/static/{up * times}{name}")
            assert status in (400, 404), (up, name, answer[:200])


@pytest.mark.parametrize(
    "header",
    ["X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Path", "X-Forwarded-Prefix", "X-HTTP-Method-Override"],
)
def test_no_header_changes_what_is_asked_for(server: ServerProcess, header: str) -> None:
    value = "DELETE" if header.endswith("Override") else "/metrics"
    assert _ask(server, "/healthz", f"{header}: {value}")[1].endswith(b'{"status":"alive"}')
