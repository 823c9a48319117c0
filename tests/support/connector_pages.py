"""How somebody registers a connector in the portal, gets its token and exchanges it."""

from __future__ import annotations

import re

import httpx

from tests.support.portal import Visitor

SECRET = re.compile(r"tny_cs_\w+")
TOKEN = re.compile(r"tny_rt_\w+")
CONNECTOR_ID = re.compile(r"<code>([0-9a-f-]{36})</code>")
DETAILS = {"name": "Shift bot", "description": "Posts the plan.", "kind": "confidential", "redirect_uris": ""}


async def register(visitor: Visitor, permissions: list[str]) -> tuple[str, str]:
    """Add Connector, Continue, Create Connector: its ID and secret."""
    await visitor.open("/connectors/new")
    await visitor.send("/connectors/new", step="details", **DETAILS)
    created = await visitor.send("/connectors/new", step="permissions", permissions=permissions, **DETAILS)
    assert created.status_code == 200
    secret, connector_id = SECRET.search(created.text), CONNECTOR_ID.search(created.text)
    assert secret
    assert connector_id
    return connector_id[1], secret[0]


def terms(page: str) -> dict[str, str | list[str]]:
    """What a form that gives a token has chosen, if nobody changes it: every permission, the longest time."""
    days = re.search(r'<option value="(\d+)"', page)
    permissions = re.findall(r'name="permissions" value="(\w+)" checked', page)
    return {"permissions": permissions, "days": days[1]} if days else {}


async def exchange(visitor: Visitor, connector_id: str, secret: str, token: str) -> httpx.Response:
    headers = {"applicationId": connector_id, "applicationSecret": secret, "refreshToken": token}
    return await visitor.http.get("/kaizala/v1/accessToken", headers=headers)
