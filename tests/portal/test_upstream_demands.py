"""What an app demands of a sign-in is passed on to the provider, and its answer is held to it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tenantry.access.actions import Permission
from tenantry.core.clock import SECOND
from tenantry.store import Store
from tests.support.builders import a_connector
from tests.support.clock import NOON
from tests.support.portal import Visitor
from tests.support.upstream import World, add_provider, an_upstream

CALLBACK = "https://app.example/cb"


@pytest.fixture
async def world(store: Store) -> AsyncIterator[World]:
    async with an_upstream(store) as made:
        yield made


@pytest.mark.parametrize(("trusts", "amr", "expected"), [(True, ["pwd", "mfa"], "fed mfa"), (False, ["mfa"], "fed")])
async def test_a_second_factor_there_counts_only_when_it_is_trusted(
    world: World, trusts: bool, amr: list[str], expected: str
) -> None:
    world.provider_id = await add_provider(world.portal, world.provider, trusts_mfa=trusts)
    await world.come(amr=amr)
    async with world.portal.app.deps.store.read() as read:
        found = await read.all(str, "SELECT amr FROM sessions WHERE tenant_id = :t", t=world.portal.tenant.id)
    assert found == [expected]


async def test_what_an_app_demands_of_the_sign_in_is_passed_on_through_every_page(world: World) -> None:
    portal = world.portal
    app = await a_connector(
        portal.app.deps.store, portal.tenant, permissions=[Permission.GROUP_INFORMATION], redirect_uris=[CALLBACK]
    )
    asked = {"client_id": app.id, "response_type": "code", "scope": "openid", "prompt": "login", "max_age": "60"}
    visitor = await portal.visit(portal.mia)
    answer = await visitor.open(f"/common/oauth2/v2.0/authorize?{urlencode(asked)}")
    await visitor.open(answer.headers["location"])
    await visitor.open(_link(visitor, "/sign-in/organisation"))
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', visitor.page.text))
    fields = {name: unescape(value) for name, value in fields.items()}
    assert (fields["prompt"], fields["max_age"]) == ("login", "60")
    await visitor.open(f"/sign-in/organisation?{urlencode({**fields, 'domain': portal.tenant.domain})}")
    sent = world.provider.visit((await visitor.open(_link(visitor, "/sign-in/at/"))).headers["location"])
    assert (sent["prompt"], sent["max_age"]) == ("login", "60")
    world.provider.claims = {
        "email": portal.mia.user_principal_name,
        "email_verified": True,
        "auth_time": NOON // SECOND - 20,
    }
    back = await visitor.open(f"{world.callback}?code=c&state={sent['state']}")
    consent = back.headers["location"]
    assert (await visitor.open(consent)).status_code == 200, "nobody is asked twice"
    code = parse_qs(urlsplit((await visitor.send(consent, decision="allow")).headers["location"]).query)["code"][0]
    data = {
        "grant_type": "authorization_code",
        "client_id": app.id,
        "client_secret": app.secret,
        "code": code,
        "redirect_uri": CALLBACK,
    }
    token = (await visitor.http.post("/common/oauth2/v2.0/token", data=data)).json()["id_token"]
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert claims["auth_time"] == NOON // SECOND - 20, "the provider's word, not the time of the way back"


def _link(visitor: Visitor, start: str) -> str:
    """Where the page's link of that kind leads."""
    found = re.search(rf'href="({start}[^"]*)"', visitor.page.text)
    assert found, visitor.page.text
    return unescape(found[1])


AGES: list[tuple[str, Any, str | None]] = [
    ("", None, None),
    ("", -86_400, None),
    ("&max_age=60", -120, None),
    ("&max_age=60", -121, "authenticated_too_long_ago"),
    ("&max_age=60", None, "no_auth_time"),
    ("&max_age=0", -60, None),
    ("&max_age=0", -61, "authenticated_too_long_ago"),
    ("&max_age=soon", None, None),
    ("&prompt=login", None, None),
    ("&prompt=login", -60, None),
    ("&prompt=login", -61, "authenticated_too_long_ago"),
    ("&prompt=login&max_age=3600", -61, "authenticated_too_long_ago"),
    ("&prompt=login&max_age=3600", None, "no_auth_time"),
    ("", 61, "not_yet_valid"),
    ("", "soon", "wrong_times"),
    ("", True, "wrong_times"),
    ("", float("nan"), "wrong_times"),
    ("", -1e300, "wrong_times"),
    ("", 1e15, "not_yet_valid"),
    ("", 1e300, "wrong_times"),
]
"""What is demanded, when the provider says it proved the person (seconds from now), and why that lets nobody in. A
minute is allowed for clocks that differ.
"""


async def test_a_provider_that_did_not_do_what_was_demanded_lets_nobody_in(world: World, subtests: Any) -> None:
    for demanded, since, reason in AGES:
        with subtests.test(msg=f"{demanded} {since}"):
            visitor = await world.portal.visit(None)
            asked = world.provider.visit((await visitor.open(world.way + demanded)).headers["location"])
            says = since if since is None or isinstance(since, bool | str) else NOON // SECOND + since
            world.provider.claims = {
                "email": world.portal.mia.user_principal_name,
                "email_verified": True,
                "auth_time": says,
            }
            answer = await visitor.open(f"{world.callback}?code=c&state={asked['state']}")
            assert answer.status_code == (303 if reason is None else 403)
            if reason is not None:
                assert (await world.reasons())[0] == reason


async def test_a_session_is_as_old_as_the_provider_says(world: World) -> None:
    portal = world.portal
    app = await a_connector(
        portal.app.deps.store, portal.tenant, permissions=[Permission.GROUP_INFORMATION], redirect_uris=[CALLBACK]
    )
    visitor, _answer = await world.come(auth_time=NOON // SECOND - 600)
    path = f"/common/oauth2/v2.0/authorize?client_id={app.id}&response_type=code"
    assert (await visitor.open(f"{path}&max_age=600")).status_code == 200
    assert (await visitor.open(f"{path}&max_age=599")).status_code == 303
