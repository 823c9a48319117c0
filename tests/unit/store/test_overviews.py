"""What stands in an overview holds at the moment: whatever ends is gone from each list and count, and nothing else is.

Each change is made to a tenant that has two of everything, one at a time, and taken back.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from typing import Any

from tenantry.store.engine.interface import Store, Tx
from tests.support.town import ANDROID_IDS, Quarter, Town
from tests.unit.store.overview_asks import LATEST, NOW, Ask
from tests.unit.store.overview_changes import ASKED


async def _stage(store: Store, home: Quarter) -> dict[str, Any]:
    """One of each kind to change. What the builders leave out is put in."""
    member, other = home.people.members
    connector, other_connector = home.apps.connectors
    at: dict[str, Any] = {
        "tenant": home.tenant.id,
        "now": NOW,
        "later": NOW + 1,
        "latest": LATEST,
        "too_late": LATEST + 1,
        "admin": home.people.admins[0].id,
        "member": member.id,
        "other": other.id,
        "session": home.people.sessions[0].id,
        "newcomer": home.people.newcomers[0].id,
        "connector": connector.id,
        "other_connector": other_connector.id,
        "service_account": home.apps.service_accounts[0].id,
        "key": home.apps.service_accounts[0].key_id,
        "tenant_grant": home.apps.grants[0].id,
        "grant": home.apps.grants[1].id,
        "group_grant": home.apps.group_grants[0].id,
        "group": home.groups.groups[0],
        "webhook": home.groups.webhooks[0],
        "enterprise": home.devices.enterprises[0].id,
        "account": home.devices.accounts[0],
        "android": ANDROID_IDS[0],
        "given": home.relations.given[0],
        "held": home.relations.held[0],
        "partner": home.relations.partners[0].id,
        "customer": home.relations.customers[0].id,
        "managed": home.relations.managed[0].id,
    }
    async with store.write() as tx:
        for statement in (
            "UPDATE grants SET reach = 'tenant' WHERE id = :tenant_grant",
            "UPDATE connectors SET created_by = :member WHERE id = :connector",
            "UPDATE managed_accounts SET user_id = :member WHERE id = :account",
            "UPDATE webhooks SET connector_id = :connector WHERE id = :webhook",
            "UPDATE connector_secrets SET expires_at = :latest WHERE connector_id IN (:connector, :other_connector)",
        ):
            await _run(tx, statement, at)
        at["emm"] = await _one(tx, "SELECT emm_tenant_id FROM enterprises WHERE id = :enterprise", at)
        at["group_key"] = await _one(tx, "SELECT name_key FROM groups WHERE id = :group", at)
    return at


def _used(sql: str, at: Mapping[str, Any]) -> dict[str, Any]:
    return {name: at[name] for name in re.findall(r":(\w+)", sql)}


async def _run(tx: Tx, sql: str, at: Mapping[str, Any]) -> int:
    return await tx.run(sql, **_used(sql, at))


async def _one(tx: Tx, sql: str, at: Mapping[str, Any]) -> str:
    found = await tx.one_or_none(str, sql, **_used(sql, at))
    assert found is not None
    return found


class TakenBackError(Exception):
    """Ends a transaction of which nothing shall stay."""


async def _changed(store: Store, at: Mapping[str, Any], statement: str, ask: Ask) -> int:
    answers: list[int] = []
    with contextlib.suppress(TakenBackError):
        await _change_and_take_back(store, at, statement, ask, answers)
    return answers[0]


async def _change_and_take_back(
    store: Store, at: Mapping[str, Any], statement: str, ask: Ask, answers: list[int]
) -> None:
    async with store.write() as tx:
        assert await _run(tx, statement, at), statement
        answers.append(await ask(tx, at))
        raise TakenBackError


async def test_what_ended_is_in_no_overview_and_all_else_is(store: Store, town: Town) -> None:
    at = await _stage(store, town.home)
    wrong: list[str] = []
    for name, (ask, at_first, changes) in ASKED.items():
        async with store.read() as read:
            found = await ask(read, at)
        if found != at_first:
            wrong.append(f"{name}: {found}, not {at_first}")
        for statement, by in changes:
            after = await _changed(store, at, statement, ask)
            if after != at_first + by:
                wrong.append(f"{name}: {after}, not {at_first + by}, after {statement}")
    assert not wrong, "\n".join(wrong)
