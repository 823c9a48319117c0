"""GET .../users: pages, orders, filters, and tokens that lead nowhere else."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tenantry.core.clock import DAY
from tenantry.directory.user_properties import NewUser
from tenantry.directory.users import create_user
from tests.support.builders import OPERATOR, a_relationship, a_tenant
from tests.support.clock import NOON, FakeClock
from tests.support.partner_center import Stage, a_token

INACTIVE = '{"Field":"UserState","Value":"Inactive","Operator":"equals"}'


@pytest.fixture
async def names(stage: Stage) -> list[str]:
    """Seven users, whose display names go down while their names go up."""
    letters = "abcdefg"
    async with stage.store.write() as tx:
        for index, letter in enumerate(letters):
            new_user = NewUser(
                user_principal_name=f"{letter}@{stage.customer.domain}", display_name=f"User {9 - index}"
            )
            await create_user(tx, OPERATOR, stage.customer.id, new_user, None, False, NOON)
    return [f"{letter}@{stage.customer.domain}" for letter in letters]


def _names(page: Any) -> list[str]:
    return [item["userPrincipalName"] for item in page["items"]]


async def _follow(stage: Stage, page: Any) -> Any:
    link = page["links"]["next"]
    headers = {pair["key"]: pair["value"] for pair in link["headers"]}
    assert link["method"] == "GET"
    answer = await stage.call("GET", f"/partnercenter/v1/{link['uri']}", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_without_a_size_everybody_is_on_one_page(stage: Stage, names: list[str]) -> None:
    for query in ("", "?size=0", "?size=500", "?size=100000"):
        page = (await stage.call("GET", stage.users + query)).json()
        assert _names(page) == names
        assert page["totalCount"] == 7
        assert page["attributes"] == {"objectType": "Collection"}
        assert set(page["links"]) == {"self"}
        assert "continuationToken" not in page
        assert page["links"]["self"]["uri"] == f"customers/{stage.customer.id}/users{query}"
        assert all("passwordProfile" not in item and "softDeletionTime" not in item for item in page["items"])


async def test_the_links_lead_through_all_pages(stage: Stage, names: list[str]) -> None:
    page = (await stage.call("GET", f"{stage.users}?size=3")).json()
    seen = [_names(page)]
    while "next" in page["links"]:
        page = await _follow(stage, page)
        seen.append(_names(page))
    assert seen == [names[:3], names[3:6], names[6:]]


async def test_the_continuation_token_alone_carries_size_filter_and_order(stage: Stage, names: list[str]) -> None:
    first = (await stage.call("GET", f"{stage.users}?size=2&sortField=DisplayName&sortDirection=descending")).json()
    headers = {"MS-ContinuationToken": first["continuationToken"]}
    second = (await stage.call("GET", f"{stage.users}?seekOperation=next", headers=headers)).json()
    assert _names(first) + _names(second) == names[:4]
    again = (await stage.call("GET", f"{stage.users}?seekOperation=First", headers=headers)).json()
    assert _names(again) == names[:2]


@pytest.mark.parametrize(
    ("query", "reverse"),
    [
        ("sortField=userPrincipalName", False),
        ("sortField=UserPrincipalName&sortDirection=Descending", True),
        ("sortField=displayName&sortDirection=Ascending", True),
        ("sortOption.sortField=displayName&sortOption.sortDirection=descending", False),
        ("SORTFIELD=DISPLAYNAME", True),
    ],
)
async def test_lists_go_by_name_or_display_name(stage: Stage, names: list[str], query: str, reverse: bool) -> None:
    page = (await stage.call("GET", f"{stage.users}?{query}")).json()
    assert _names(page) == sorted(names, reverse=reverse)


@pytest.mark.parametrize(
    "shown",
    [
        INACTIVE,
        '{"field":"userstatus","value":"INACTIVE","operator":"Equals","fieldType":"x"}',
        "{Field:'UserState',Value:'Inactive',Operator:'EQUALS'}",
        quote(INACTIVE),
    ],
)
async def test_deleted_users_are_listed_on_request(stage: Stage, names: list[str], shown: str) -> None:
    page = (await stage.call("GET", stage.users)).json()
    for item in page["items"][:3]:
        await stage.call("DELETE", f"{stage.users}/{item['id']}")
    assert _names((await stage.call("GET", stage.users)).json()) == names[3:]
    deleted = (await stage.call("GET", f"{stage.users}?size=2&filter={quote(shown)}")).json()
    assert _names(deleted) == names[:2]
    assert deleted["items"][0]["state"] == "inactive"
    assert deleted["items"][0]["softDeletionTime"] == "2026-01-01T12:00:00Z"
    assert _names(await _follow(stage, deleted)) == names[2:3]
    clock = stage.app.deps.clock
    assert isinstance(clock, FakeClock)
    clock.advance(30 * DAY)
    token = await a_token(stage.app, stage.store, stage.connector, stage.user)
    late = await stage.call("GET", f"{stage.users}?filter={quote(INACTIVE)}", token=token)
    assert late.json()["items"] == []


async def test_active_users_can_be_asked_for(stage: Stage, names: list[str]) -> None:
    active = INACTIVE.replace("Inactive", "Active")
    assert _names((await stage.call("GET", f"{stage.users}?filter={quote(active)}")).json()) == names


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("size=-1", "size"),
        ("size=x", "size"),
        ("size=1e3", "size"),
        ("size=" + "9" * 40, "size"),
        ("size=%D9%A1", "size"),
        ("offset=5", "offset"),
        ("seekOperation=Last", "seekOperation"),
        ("seekOperation=Next", "MS-ContinuationToken"),
        ("sortField=lastName", "sortField"),
        ("sortField=displayName&sortDirection=up", "sortDirection"),
        ("filter=x", "filter"),
        ("filter=%7B%7D", "filter"),
        ("filter=%00", "filter"),
        ("filter=" + "%5B" * 2000, "filter"),
        ("filter=" + quote(INACTIVE.replace("Inactive", "Gone")), "filter"),
        ("filter=" + quote(INACTIVE.replace("UserState", "DisplayName")), "filter"),
        ("filter=" + quote(INACTIVE.replace("equals", "starts_with")), "filter"),
        ("filter=" + quote(f'{{"LeftFilter":{INACTIVE},"RightFilter":{INACTIVE},"Operator":"and"}}'), "filter"),
    ],
)
async def test_a_query_that_is_not_understood_is_refused_by_name(stage: Stage, query: str, name: str) -> None:
    answer = await stage.call("GET", f"{stage.users}?{query}")
    assert (answer.status_code, answer.json()["data"]) == (400, [name])


async def test_a_token_is_good_for_its_own_customer_and_unaltered_only(stage: Stage, names: list[str]) -> None:
    other = await a_tenant(stage.store)
    await a_relationship(stage.store, stage.partner, other)
    token = (await stage.call("GET", f"{stage.users}?size=2")).json()["continuationToken"]
    elsewhere = f"/partnercenter/v1/customers/{other.id}/users"
    attempts = [
        (elsewhere, token),
        (stage.users, token[:-1]),
        (stage.users, "A" + token),
        (stage.users, "."),
        (stage.users, "x"),
    ]
    payload, _, check = token.rpartition(".")
    attempts.append((stage.users, f"{payload[:-4]}AAAA.{check}"))
    for url, sent in attempts:
        answer = await stage.call("GET", f"{url}?seekOperation=Next", headers={"MS-ContinuationToken": sent})
        assert (answer.status_code, answer.json()["data"]) == (400, ["MS-ContinuationToken"])


async def test_a_user_who_comes_or_goes_between_pages_moves_nobody_else(stage: Stage, names: list[str]) -> None:
    page = (await stage.call("GET", f"{stage.users}?size=3")).json()
    await stage.call("DELETE", f"{stage.users}/{page['items'][2]['id']}")
    await stage.create("0first")
    assert _names(await _follow(stage, page)) == names[3:6]
