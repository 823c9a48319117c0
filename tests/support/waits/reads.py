"""Heavy things to look at."""

from __future__ import annotations

from typing import Literal

from tenantry.core.caller import Reach
from tests.support.crowds import crowd_id
from tests.support.waits.doing import Ready, call, page
from tests.support.waits.hall import Hall
from tests.support.waits.heavy import Heavy, Seed, Who

GROUPS = "/kaizala/v1/groups"


def _app(path: str, reach: Reach = Reach.USER) -> Seed:
    async def seed(hall: Hall, many: int) -> list[Ready]:
        user = hall.mal if reach is Reach.USER else hall.boss
        grant = await hall.grant(user, reach)
        return [call(hall.connector, grant, "GET", _filled(hall, path)) for _ in range(many)]

    return seed


def _page(path: str, *, boss: bool = True, how: Literal["read", "unread", "broken off"] = "read") -> Seed:
    """In browsers of their own."""

    async def seed(hall: Hall, many: int) -> list[Ready]:
        return [page(await hall.cookie(hall.boss if boss else hall.mal), _filled(hall, path), how) for _ in range(many)]

    return seed


def _filled(hall: Hall, path: str) -> str:
    bottom = crowd_id(2, hall.size.nested)
    return path.format(
        crowd=hall.crowd, wide=hall.wide, deep=hall.deep, bottom=bottom, boss=hall.boss.id, mal=hall.mal.id
    )


READS = [
    Heavy("groups", "list own groups ({nested:,} deep, {places:,} wide)", Who.APP, _app(GROUPS)),
    Heavy("groups-all", "list them with all fields", Who.APP, _app(f"{GROUPS}?fetchAllGroups=true")),
    Heavy("group-deep", "one group above {nested:,}, each below the last", Who.APP, _app(f"{GROUPS}/{{deep}}")),
    Heavy("group-wide", "one group above {places:,}", Who.APP, _app(f"{GROUPS}/{{wide}}")),
    Heavy("members", "{crowd:,} members of a group", Who.APP, _app(f"{GROUPS}/{{crowd}}/members")),
    Heavy(
        "members-file",
        "export {crowd:,} members",
        Who.GROUP_ADMIN,
        _page("/groups/{crowd}/members.csv", boss=False),
    ),
    Heavy(
        "members-unread",
        "the same, and read nothing of it",
        Who.GROUP_ADMIN,
        _page("/groups/{crowd}/members.csv", boss=False, how="unread"),
    ),
    Heavy(
        "members-broken",
        "the same, broken off",
        Who.GROUP_ADMIN,
        _page("/groups/{crowd}/members.csv", boss=False, how="broken off"),
    ),
    Heavy("users-file", "export {crowd:,} users", Who.ADMINISTRATOR, _page("/users.csv")),
    Heavy("trail-file", "export a trail of {crowd:,} events", Who.ADMINISTRATOR, _page("/audit/export")),
    Heavy("trail-unread", "the same, and read nothing of it", Who.ADMINISTRATOR, _page("/audit/export", how="unread")),
    Heavy("page-groups", "page: groups", Who.MEMBER, _page("/groups")),
    Heavy("page-group", "page: a group of {crowd:,} members", Who.MEMBER, _page("/groups/{crowd}", boss=False)),
    Heavy("page-bottom", "page: a group below {nested:,}", Who.MEMBER, _page("/groups/{bottom}", boss=False)),
    Heavy(
        "page-sub-groups", "page: groups to put below another", Who.GROUP_ADMIN, _page("/groups/{deep}/sub-groups/add")
    ),
    Heavy("page-reach", "page: who reaches what", Who.ADMINISTRATOR, _page("/reach")),
    Heavy("page-blast", "page: what a lost account opens", Who.ADMINISTRATOR, _page("/blast-radius/user/{mal}")),
    Heavy("page-trail", "page: search in the trail", Who.ADMINISTRATOR, _page("/audit?what=user.created&q=crowd")),
    Heavy("page-users", "page: search among users", Who.ADMINISTRATOR, _page("/users?q=crowd")),
]
