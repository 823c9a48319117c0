"""What is exported can be imported and is the same: whole files of whatever users and groups may hold."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tenantry.access.actions import GroupRole
from tenantry.core.csv_files import read_table
from tenantry.core.errors import AlreadyExists, InvalidValue
from tenantry.directory.blocking import block_user
from tenantry.directory.groups import NewGroup, create_group
from tenantry.directory.letting_in import let_in
from tenantry.directory.member_files import PersonRow
from tenantry.directory.subscribers import let_subscribers_in
from tenantry.directory.user_properties import NewUser
from tenantry.directory.users import create_user, delete_user
from tenantry.store.users.users import User
from tests.portal import test_groups
from tests.portal.test_user_files import imported
from tests.support.builders import OPERATOR, SomeUser, a_group, a_user
from tests.support.clock import NOON
from tests.support.portal import Portal

WHOLE_FILES = settings(max_examples=12, suppress_health_check=list(HealthCheck))
"""An example is a file of many rows, made, exported, imported and exported again."""

SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20'\",;|\t\r\n. \u00a0\u3000aZé\u0301ß\u05d0\u0645\u200c山\U0001f469\u200d\ufe0f"
ROWS = dict[str, str]
COUNTED = itertools.count()


def _name(longest: int) -> st.SearchStrategy[str]:
    return st.text(SIGNS, min_size=1, max_size=longest) | st.text(min_size=1, max_size=longest)


USERS = st.fixed_dictionaries(
    {
        "user_principal_name": st.from_regex(r"[A-Za-z0-9'.\-_!#^~]{1,20}", fullmatch=True),
        "display_name": _name(30) | st.sampled_from(["Example: Dana", "error", "'=1+1", "version:v1.0", "sep=;"]),
    },
    optional={
        "given_name": _name(12),
        "family_name": _name(12),
        "usage_location": st.sampled_from(["US", "us", "DE", "IN"]),
        "immutable_id": _name(12),
        "phone_number": st.sampled_from(["+1 (425) 555-0100", "00442079460018", "+49 30 1234567", "+٩١ 98765 43210"]),
        "blocked": st.just("yes"),
    },
)


def rows_of(text: str) -> list[ROWS]:
    return [row.cells for row in read_table(text.encode(), most_rows=10_000).rows]


async def made_users(portal: Portal, drawn: Sequence[ROWS]) -> list[User]:
    """Those of the drawn users that may exist."""
    made = []
    for values in drawn:
        given, tenant = dict(values), portal.tenant
        is_blocked = given.pop("blocked", "") == "yes"
        given["user_principal_name"] = f"{given['user_principal_name']}@{tenant.domain}"
        try:
            async with portal.app.deps.store.write() as tx:
                user = await create_user(tx, OPERATOR, tenant.id, NewUser(**given), None, False, NOON)
                if is_blocked:
                    await block_user(tx, OPERATOR, tenant.id, user.id, NOON)
        except (InvalidValue, AlreadyExists):
            continue
        made.append(user)
    return made


@given(st.lists(USERS, min_size=5, max_size=25))
@WHOLE_FILES
async def test_every_user_that_may_exist_comes_back_from_a_file_the_same(
    sqlite_portal: Portal, drawn: list[ROWS]
) -> None:
    portal = sqlite_portal
    visitor = await portal.visit(portal.dana)
    before = rows_of((await visitor.open("/users.csv")).text)
    made = await made_users(portal, drawn)
    assume(made)
    exported = (await visitor.open("/users.csv")).text
    assert len(rows_of(exported)) == len(before) + len(made)

    for user in made:
        async with portal.app.deps.store.write() as tx:
            await delete_user(tx, OPERATOR, portal.tenant.id, user.id, NOON)
    assert rows_of((await visitor.open("/users.csv")).text) == before
    page = await imported(visitor, exported)
    assert f"{len(made)} users added" in page
    again = (await visitor.open("/users.csv")).text
    assert again == exported


PEOPLE = st.lists(
    st.tuples(
        st.integers(0, 9_999).map(lambda number: f"+1 (425) 555-{number:04}") | st.integers(0, 4).map(str),
        st.sampled_from([GroupRole.MEMBER, GroupRole.ADMIN]),
    ),
    min_size=3,
    max_size=30,
)
"""Numbers, of which people without an account come as guests, and users of the organisation by their place."""


async def check_it_comes_back(portal: Portal, drawn: list[tuple[str, GroupRole]], *, subscribers: bool) -> None:
    store, erik = portal.app.deps.store, portal.erik
    users = [await a_user(store, portal.tenant, name=f"-user{next(COUNTED)}") for _ in range(5)]
    rows = [
        PersonRow(number, who if who.startswith("+") else users[int(who)].user_principal_name, role)
        for number, (who, role) in enumerate(drawn, 2)
    ]
    of_kind: list[SomeUser] | None = [] if subscribers else None
    here, there = [await a_group(store, portal.tenant, admins=[erik], subscribers=of_kind) for _ in range(2)]
    async with store.write() as tx:
        let = let_subscribers_in if subscribers else let_in
        assert (await let(tx, OPERATOR, portal.tenant.id, here, rows, now=NOON)).refused == []
    kind = "subscribers" if subscribers else "members"
    visitor = await portal.visit(erik)
    exported = (await visitor.open(f"/groups/{here}/{kind}.csv")).text
    assert len(rows_of(exported)) >= len({row.who for row in rows})
    await test_groups.import_file(visitor, f"/groups/{there}/{kind}/import", exported.encode())
    assert "0 rows failed" in visitor.text
    assert (await visitor.open(f"/groups/{there}/{kind}.csv")).text == exported


@given(PEOPLE)
@WHOLE_FILES
async def test_everybody_in_a_group_comes_into_another_from_a_file_with_the_same_role(
    sqlite_portal: Portal, drawn: list[tuple[str, GroupRole]]
) -> None:
    await check_it_comes_back(sqlite_portal, drawn, subscribers=False)


@given(PEOPLE)
@WHOLE_FILES
async def test_every_subscriber_comes_to_another_broadcasting_group_from_a_file(
    sqlite_portal: Portal, drawn: list[tuple[str, GroupRole]]
) -> None:
    await check_it_comes_back(sqlite_portal, drawn, subscribers=True)


@given(st.lists(_name(40), min_size=3, max_size=20))
@WHOLE_FILES
async def test_the_trail_reads_back_from_its_csv_as_from_its_json(sqlite_portal: Portal, names: list[str]) -> None:
    portal = sqlite_portal
    for name in names:
        try:
            async with portal.app.deps.store.write() as tx:
                await create_group(tx, OPERATOR, portal.tenant.id, NewGroup(name=name), NOON)
        except InvalidValue:
            continue
    visitor = await portal.visit(portal.dana)
    as_json = (await visitor.open("/audit/export?format=jsonl&what=group.created")).text
    as_csv = rows_of((await visitor.open("/audit/export?format=csv&what=group.created")).text)
    lines = [json.loads(line) for line in as_json.rstrip("\n").split("\n")]
    assert len(lines) == len(as_csv) > 1
    for line, row in zip(lines[:-1], as_csv[:-1], strict=True):  # the last seals the file
        data = row.pop("data")
        assert json.loads(data or "null") == line.pop("data")
        assert row == {name: value or "" for name, value in line.items()}
