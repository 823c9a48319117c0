"""One request or command in two halves: `Ready` prepares it, what that answers does it and says how it was answered.

Preparing takes time that is nobody's wait: a form's page is opened, a token is fetched.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable
from html import unescape
from typing import Any, Literal, NamedTuple

import httpx

from tests.support.builders import SomeConnector, SomeGrant
from tests.support.waits.others import Server


class Answer(NamedTuple):
    """`status` of a command: 200 for success and 500 otherwise. `text`: how it ends, if it is no success."""

    status: int
    text: str = ""


Doing = Callable[[], Awaitable[Answer]]
Ready = Callable[[Server], Awaitable[Doing]]
Headers = dict[str, str]

_FIELD = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
_UNREAD_SECONDS = 3.0


def page(cookie: Headers, path: str, how: Literal["read", "unread", "broken off"] = "read") -> Ready:
    """A page, or a file."""

    async def ready(server: Server) -> Doing:
        return lambda: _read(server, path, cookie, how)

    return ready


def form(cookie: Headers, path: str, /, file: bytes | None = None, page: str | None = None, **typed: str) -> Ready:
    """A form that is at the address it is sent to, or on another page."""

    async def ready(server: Server) -> Doing:
        sent = await _hidden(server, page or path, cookie)

        async def send() -> Answer:
            files = None if file is None else {"file": ("people.csv", file)}
            return _of(await server.client.post(path, data={**sent, **typed}, files=files, headers=cookie))

        return send

    return ready


def user_import(cookie: Headers, file: bytes, **typed: str) -> Ready:
    """A file of users, and the page that has its rows tried, again and again until it says that all were."""

    async def ready(server: Server) -> Doing:
        sent = await _hidden(server, "/users/import", cookie)

        async def send() -> Answer:
            files = {"file": ("people.csv", file)}
            answer = await server.client.post("/users/import", data={**sent, **typed}, files=files, headers=cookie)
            progress = answer.headers.get("location", "")
            while answer.status_code == 303:
                shown = await server.client.get(progress, headers=cookie)
                if 'method="post"' not in shown.text.partition("<main")[2]:
                    return _of(shown)
                left = _fields(shown.text)
                answer = await server.client.post(progress, data=left, headers=cookie)
            return _of(answer)

        return send

    return ready


def call(
    connector: SomeConnector,
    grant: SomeGrant,
    method: str,
    path: str,
    json: Any = None,
    *,
    partner_center: bool = False,
) -> Ready:
    """An app's call of Kaizala's API, or of Partner Center's, for the user who gave the grant."""

    async def ready(server: Server) -> Doing:
        token = _partner_center_token if partner_center else kaizala_token
        headers = await token(server, connector, grant)

        async def send() -> Answer:
            if method == "GET":
                return await _read(server, path, headers, "read")
            return _of(await server.client.request(method, path, json=json, headers=headers))

        return send

    return ready


def command(*words: str, ends_with: int = 0) -> Ready:
    """`tenantry` on the server's data, beside it. `{data_dir}` in a word is where they are."""

    async def ready(server: Server) -> Doing:
        async def do() -> Answer:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tenantry.cli", *(word.format(data_dir=server.data_dir) for word in words)),
                stdout=-1,
                stderr=-1,
                env=dict(server.environment),
            )
            out, err = await process.communicate()
            is_right = process.returncode == ends_with
            return Answer(200) if is_right else Answer(500, (out + err).decode()[-500:])

        return do

    return ready


async def _read(server: Server, path: str, headers: Headers, how: str) -> Answer:
    async with server.client.stream("GET", path, headers=headers) as answer:
        if how == "unread":
            await asyncio.sleep(_UNREAD_SECONDS)
        else:
            async for _ in answer.aiter_raw():
                if how == "broken off":
                    break
        return Answer(answer.status_code)


def _of(answer: httpx.Response) -> Answer:
    return Answer(answer.status_code, _words(answer.text)[-500:] if answer.status_code >= 400 else "")


def _words(page: str) -> str:
    return " ".join(re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL).split())


def _fields(text: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in _FIELD.findall(text)}


async def _hidden(server: Server, path: str, cookie: Headers) -> dict[str, str]:
    answer = await server.client.get(path, headers=cookie)
    assert answer.status_code == 200, (path, answer.status_code, answer.text[-1000:])
    return _fields(answer.text)


async def kaizala_token(server: Server, connector: SomeConnector, grant: SomeGrant) -> Headers:
    asked = {"applicationId": connector.id, "applicationSecret": connector.secret, "refreshToken": grant.refresh_token}
    answer = await server.client.get("/kaizala/v1/accessToken", headers=asked)
    assert answer.status_code == 200, answer.text
    return {"accessToken": answer.json()["accessToken"]}


async def _partner_center_token(server: Server, connector: SomeConnector, grant: SomeGrant) -> Headers:
    asked = {
        "grant_type": "refresh_token",
        "client_id": connector.id,
        "client_secret": connector.secret,
        "refresh_token": grant.refresh_token,
        "resource": "https://api.partnercenter.microsoft.com",
    }
    answer = await server.client.post(f"/{grant.tenant_id}/oauth2/token", data=asked)
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}
