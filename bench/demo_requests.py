"""Requests for what is in the demo's data. They are found over HTTP, as any client would, and so fit every version."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bench.load import Requests
from bench.servers import Server
from bench.trees import requests_in
from bench.worlds import RequestsFile

ME, GROUP, CUSTOMER_USER = "me", "group", "user"


def write_demo_requests(server: Server, data_dir: Path) -> None:
    """Write one request of each kind, for `demo_requests`. It makes a group on the way."""
    facts = json.loads((data_dir / "demo.json").read_text())
    kaizala = _kaizala_headers(server, facts["kaizala"])
    groups = "/kaizala/v1/groups"
    group = {"name": "Bench", "welcomeMessage": "Hello", "members": ["+12065550100"]}
    made = _call(server, "POST", groups, kaizala, json.dumps(group))
    token = {"accessToken": kaizala["accessToken"]}
    _write(data_dir, ME, "/kaizala/v1/users/me", token)
    _write(data_dir, GROUP, f"{groups}/{made['groupId']}", token)
    partner = facts["partner_center"]
    bearer = {"Authorization": f"Bearer {_partner_token(server, partner)}"}
    users = f"/partnercenter/v1/customers/{partner['customer_tenant_id']}/users"
    user = _call(server, "GET", users, bearer)["items"][0]["id"]
    _write(data_dir, CUSTOMER_USER, f"{users}/{user}", bearer)


def demo_requests(data_dir: Path, kind: str) -> Requests:
    return requests_in(data_dir, f"{kind}.bin")


def _kaizala_headers(server: Server, facts: dict[str, str]) -> dict[str, str]:
    presented = {
        "applicationId": facts["application_id"],
        "applicationSecret": facts["application_secret"],
        "refreshToken": facts["refresh_token"],
    }
    issued = _call(server, "GET", "/kaizala/v1/accessToken", presented)
    return {"accessToken": issued["accessToken"], "Content-Type": "application/json"}


def _partner_token(server: Server, facts: dict[str, str]) -> str:
    form = {
        "grant_type": "refresh_token",
        "client_id": facts["client_id"],
        "client_secret": facts["client_secret"],
        "refresh_token": facts["refresh_token"],
        "resource": "https://api.partnercenter.microsoft.com",
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    issued = _call(server, "POST", f"/{facts['partner_tenant_id']}/oauth2/token", headers, urlencode(form))
    token: str = issued["access_token"]
    return token


def _call(server: Server, method: str, path: str, headers: dict[str, str], body: str | None = None) -> Any:
    """Answer the JSON of a call's answer. Raises RuntimeError for what is no success."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        answer = response.read()
    finally:
        connection.close()
    if response.status not in (200, 201):
        raise RuntimeError(f"{method} {path}: {response.status} {answer[:500]!r}")
    return json.loads(answer)


def _write(data_dir: Path, kind: str, path: str, headers: dict[str, str]) -> None:
    requests = RequestsFile(data_dir / f"{kind}.bin")
    requests.add(f"GET {path} HTTP/1.1\n" + "".join(f"{name}: {value}\n" for name, value in headers.items()))
    requests.close()
