"""Batch: the exact form that clients need, each request for itself."""

from __future__ import annotations

import email
import json
import tracemalloc
from email.message import Message

import pytest

from tenantry.surfaces.android_enterprise import batch
from tests.surfaces.android_enterprise.conftest import Emm


def a_batch(*requests: tuple[str, str], newline: str = "\n") -> bytes:
    """Content-ID and inner request, as the Python client writes them."""
    lines = []
    for content_id, inner in requests:
        lines += ["--===b==", "Content-Type: application/http", f"Content-ID: <{content_id}>", "", inner]
    return "\n".join([*lines, "--===b==--", ""]).replace("\n", newline).encode()


async def send(emm: Emm, body: bytes, path: str = "/batch", authorization: str | None = None) -> list[Message]:
    headers = {"content-type": 'multipart/mixed; boundary="===b=="'}
    if authorization:
        headers["authorization"] = authorization
    answer = await emm.http.post(path, content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    assert b"\n" not in answer.content.replace(b"\r\n", b"")
    whole = email.message_from_bytes(
        f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode() + answer.content
    )
    parts = whole.get_payload()
    assert isinstance(parts, list)
    return [part for part in parts if isinstance(part, Message)]


def inner(part: Message) -> tuple[str, dict[str, object]]:
    text = part.get_payload()
    assert isinstance(text, str)
    head, _, body = text.partition("\r\n\r\n") if "\r\n" in text else text.partition("\n\n")
    return head.splitlines()[0], json.loads(body) if body.strip() else {}


async def test_each_request_proves_its_caller_and_answers_for_itself(emm: Emm) -> None:
    good = f"authorization: Bearer {emm.token()}"
    new_user = '{"accountIdentifier": "b1", "accountType": "userAccount"}'
    body = a_batch(
        ("x + 1", f"GET {emm.user}?alt=json HTTP/1.1\n{good}\nHost: h\n\n"),
        ("x + 2", f"GET {emm.user} HTTP/1.1\nauthorization: Bearer bad\n\n"),
        ("x + 3", f"POST {emm.root}/users HTTP/1.1\n{good}\ncontent-length: {len(new_user)}\n\n{new_user}\n"),
        ("x + 4", f"POST {emm.user}/authenticationToken HTTP/1.1\n{good}\n\n"),
        ("x + 5", f"DELETE {emm.user}/deviceAccess HTTP/1.1\n{good}\n\n"),
        ("x + 6", "GET /kaizala/v1/users/me HTTP/1.1\n\n"),
        ("x + 7", "POST /batch HTTP/1.1\n\n"),
        ("x + 8", "nonsense"),
        ("x +\n 9", f"GET {emm.user} HTTP/1.1\n{good}\n\n"),
    )
    for path in ("/batch", "/batch/androidenterprise/v1"):
        parts = await send(emm, body, path)
        assert [part["Content-ID"] for part in parts] == [f"<response-x + {number}>" for number in range(1, 10)]
        answers = [inner(part) for part in parts]
        assert [line for line, _ in answers] == [
            "HTTP/1.1 200 OK",
            "HTTP/1.1 401 Unauthorized",
            "HTTP/1.1 200 OK",
            "HTTP/1.1 200 OK",
            "HTTP/1.1 204 No Content",
            "HTTP/1.1 404 Not Found",
            "HTTP/1.1 404 Not Found",
            "HTTP/1.1 404 Not Found",
            "HTTP/1.1 200 OK",
        ]
        assert answers[0][1]["id"] == emm.user_id
        assert answers[2][1]["accountIdentifier"] == "b1"
        assert str(answers[3][1]["token"]).startswith("tny_dt_")


async def test_a_request_may_name_its_whole_address_and_have_a_bare_id_as_javas_library_writes_them(emm: Emm) -> None:
    """Whatever host it names, it is answered here and nothing is fetched."""
    good = f"authorization: Bearer {emm.token()}"
    hosts = ("http://tenantry.test", "https://androidenterprise.googleapis.com:443", "http://127.0.0.1:1")
    requests = [f"GET {host}{emm.user}?fields=id HTTP/1.1\n{good}\n\n" for host in hosts]
    requests += [f"GET {start}{emm.user} HTTP/1.1\n{good}\n\n" for start in ("ftp://h", "http://", "//h", "http:/h h")]
    body = a_batch(*((str(number), request) for number, request in enumerate(requests)))
    parts = await send(emm, body.replace(b"Content-ID: <", b"content-id: ").replace(b">\n", b"\n"))
    assert [part["Content-ID"] for part in parts] == [f"response-{number}" for number in range(len(requests))]
    assert [inner(part)[1] for part in parts[:3]] == [{"id": emm.user_id}] * 3
    assert {inner(part)[0] for part in parts[3:]} == {"HTTP/1.1 404 Not Found"}


async def test_a_request_without_authorization_has_that_of_the_batch_and_crlf_is_read_as_lf(emm: Emm) -> None:
    body = a_batch(("x + 1", f"GET {emm.user} HTTP/1.1\n\n"), newline="\r\n")
    [part] = await send(emm, body, authorization=f"Bearer {emm.token()}")
    assert inner(part)[1]["id"] == emm.user_id
    [part] = await send(emm, body)
    assert inner(part)[0] == "HTTP/1.1 401 Unauthorized"


async def test_a_batch_whose_answers_grow_too_large_leaves_the_rest_undone(
    emm: Emm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each answer may be large, and a batch may ask for the same one a thousand times."""
    monkeypatch.setattr(batch, "MAX_ANSWER_BYTES", 4000)
    requests = [(str(number), f"GET {emm.user} HTTP/1.1\n\n") for number in range(100)]
    parts = await send(emm, a_batch(*requests), authorization=f"Bearer {emm.token()}")
    lines = [inner(part)[0] for part in parts]
    done = lines.count("HTTP/1.1 200 OK")
    assert 1 < done < 40
    refused = [inner(part) for part in parts if inner(part)[0].startswith("HTTP/1.1 413")]
    assert len(refused) == 100 - done
    assert "another batch" in str(refused[0][1])
    assert [part["Content-ID"] for part in parts] == [f"<response-{number}>" for number in range(100)]


async def test_boundaries_without_end_do_not_fill_the_memory(emm: Emm) -> None:
    content = b"\n--b" * 1_000_000
    headers = {"content-type": "multipart/mixed; boundary=b", "authorization": f"Bearer {emm.token()}"}
    tracemalloc.start()
    refused = await emm.http.post("/batch", content=content, headers=headers)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert refused.status_code == 400
    assert peak < 5 * len(content)


async def test_a_thousand_requests_are_a_batch_and_one_more_is_not(emm: Emm) -> None:
    one = "GET /androidenterprise/v1/nothing HTTP/1.1\n\n"
    authorization = f"Bearer {emm.token()}"
    parts = await send(emm, a_batch(*((f"x + {number}", one) for number in range(1000))), authorization=authorization)
    assert len(parts) == 1000
    for content, content_type in (
        (a_batch(*((f"x + {number}", one) for number in range(1001))), 'multipart/mixed; boundary="===b=="'),
        (b"", 'multipart/mixed; boundary="===b=="'),
        (b"text", 'multipart/mixed; boundary="===b=="'),
        (a_batch(("x + 1", one)), "multipart/mixed"),
        (a_batch(("x + 1", one)), "application/json"),
        (a_batch(("x + 1", one)), "multipart/mixed; boundary=other"),
    ):
        headers = {"content-type": content_type, "authorization": authorization}
        refused = await emm.http.post("/batch", content=content, headers=headers)
        assert refused.status_code == 400, content[:40]
        assert refused.json()["error"]["errors"][0]["location"] == "body"


@pytest.mark.parametrize("path", ["/batch", "/batch/androidenterprise/v1"])
async def test_who_is_not_proven_may_send_a_short_batch_only(emm: Emm, path: str) -> None:
    ask = f"GET {emm.user} HTTP/1.1\nauthorization: Bearer {emm.token()}\nx-filling: {'x' * 3000}\n\n"
    assert [inner(part)[0] for part in await send(emm, a_batch(*[("x + 1", ask)] * 3), path)] == ["HTTP/1.1 200 OK"] * 3
    long = a_batch(*[("x + 1", ask)] * 6)
    headers = {"content-type": 'multipart/mixed; boundary="===b=="'}
    assert (await emm.http.post(path, content=long, headers=headers)).status_code == 413
    assert len(await send(emm, long, path, authorization=f"Bearer {emm.token()}")) == 6
    refused = await emm.http.post(path, content=long, headers={**headers, "authorization": "Bearer bad"})
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, 'Bearer realm="tenantry"')
    refused = await emm.http.post(path, content=b"text", headers={**headers, "authorization": "Bearer bad"})
    assert refused.status_code == 401


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
@pytest.mark.parametrize("where", ["part", "request"])
async def test_a_part_has_as_many_header_lines_as_a_client_may_need(emm: Emm, end: str, where: str) -> None:
    async def sent(count: int) -> int:
        lines = f"a: b{end}" * count
        in_part, in_request = (lines, "") if where == "part" else ("", lines)
        body = f"--b\nContent-ID: <x>\n{in_part}\n\nGET {emm.user} HTTP/1.1\n{in_request}\n\n--b--\n"
        headers = {"content-type": "multipart/mixed; boundary=b", "authorization": f"Bearer {emm.token()}"}
        return (await emm.http.post("/batch", content=body.encode(), headers=headers)).status_code

    assert await sent(60) == 200
    assert await sent(batch.MOST_LINE_ENDS + 2) == 400  # the empty line's is not counted
