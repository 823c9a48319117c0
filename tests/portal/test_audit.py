"""The trail in the portal: searched, opened to the path of a decision, explained by its number, taken along."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable
from gettext import NullTranslations
from pathlib import Path

import pytest
from msgspec.structs import replace

from tenantry.access.actions import Action, GroupRole, RoleId
from tenantry.access.trail import _WINDOW, Search, search_trail
from tenantry.audit import events
from tenantry.audit.exports import ExportSeal, check_export
from tenantry.audit.record import record
from tenantry.audit.seals import SealKey, seal_trail
from tenantry.core.caller import Audience, Origin, Reach
from tenantry.core.clock import DAY
from tenantry.core.ids import CorrelationId
from tenantry.devices.devices import AccountState
from tenantry.directory.pins import PinPurpose
from tenantry.directory.provider_accounts import FEDERATED
from tenantry.directory.second_factors import AMR, Method
from tenantry.directory.sign_in import PASSWORD
from tenantry.outbox.webhooks import ObjectType
from tenantry.store.trail import audit_seals
from tenantry.surfaces.portal.words import texts
from tenantry.surfaces.portal.words.action_words import ACTIONS
from tenantry.surfaces.portal.words.audit_words import told
from tenantry.surfaces.portal.words.event_words import EVENTS, FIELDS
from tenantry.surfaces.portal.words.reason_words import REASONS
from tenantry.surfaces.portal.words.value_words import VALUES
from tests.support.builders import OPERATOR, a_user, as_user
from tests.support.clock import NOON
from tests.support.portal import Portal, Visitor
from tests.support.portal_names import names_in
from tests.support.queries import counted_queries
from tests.support.reasons import Source, Untold
from tests.support.town import ANDROID_IDS

WITHOUT_SUBJECT = {"tenant.created", "tenant.policies_changed"}
"""What is about the organisation itself."""


def shown(visitor: Visitor) -> list[str]:
    """The kinds of events on the page, newest first."""
    return [text.strip() for text in re.findall(r"<summary>(?:<span[^>]*>.*?</svg>)?([^<]+)", visitor.page.text)]


async def some_events(portal: Portal, count: int, *, days_ago: int = 0, issued: int = 0) -> None:
    async with portal.app.deps.store.write() as tx:
        for number in range(count):
            event = events.GroupCreated(group_id="g", name=f"Group {number}")
            await record(tx, portal.tenant.id, as_user(portal.erik), event, NOON - days_ago * DAY)
        for number in range(issued):
            token = events.AccessTokenIssued(jti=str(number), audience="kaizala", expires_at=NOON)
            await record(tx, portal.tenant.id, as_user(portal.mia), token, NOON - days_ago * DAY)


async def test_the_trail_is_searched_by_what_who_and_when(portal: Portal) -> None:
    await some_events(portal, 3, days_ago=3)
    await some_events(portal, 2, days_ago=400)
    visitor = await portal.visit(portal.dana)
    await visitor.open("/audit?what=group.created&who=" + portal.erik.user_principal_name)
    assert shown(visitor) == ["Group created"] * 5
    assert "Group 2" in visitor.text
    from_day = "2025-12-01"
    assert NOON > 0
    await visitor.open(f"/audit?what=group.created&who=user:{portal.erik.id}&from={from_day}")
    recent = len(shown(visitor))
    await visitor.open(f"/audit?what=group.created&who={portal.erik.id}&to={from_day}")
    assert recent + len(shown(visitor)) == 5
    assert recent > 0
    assert shown(visitor)
    await visitor.open("/audit?who=operator&what=user.created")
    assert set(shown(visitor)) == {"User created"}
    await visitor.open("/audit?what=user.restored")
    assert "Nothing found" in visitor.text


async def test_what_cannot_be_searched_for_is_said_beside_its_field(sqlite_portal: Portal) -> None:
    visitor = await sqlite_portal.visit(sqlite_portal.dana)
    for query, field in (
        ("what=no.such", "what"),
        ("who=nobody@nowhere.example", "who"),
        ("from=yesterday", "from"),
        ("from=2026-02-01&to=2026-01-01", "to"),
    ):
        page = await visitor.open(f"/audit?{query}")
        assert page.status_code == 422
        assert f'id="{field}-error"' in page.text
        assert (await visitor.open(f"/audit/export?{query}")).status_code == 422


async def test_pages_hold_every_event_once_and_tokens_issued_only_when_asked_for(portal: Portal) -> None:
    await some_events(portal, 120, issued=30)
    visitor = await portal.visit(portal.dana)

    async def all_of(address: str) -> list[str]:
        seen: list[str] = []
        while address:
            page = await visitor.open(address)
            seen += shown(visitor)
            following = re.search(r'rel="next" href="([^"]+)"', page.text)
            address = following[1].replace("&amp;", "&") if following else ""
        return seen

    assert (await all_of("/audit?what=group.created")).count("Group created") == 124 - 1
    assert "Access token issued" not in await all_of("/audit")
    assert (await all_of("/audit?issued=1")).count("Access token issued") == 30
    assert await all_of(f"/audit?what=access_token.issued&who={portal.mia.id}") == ["Access token issued"] * 30
    assert await all_of(f"/audit?what=access_token.issued&who={portal.dana.id}") == []


async def test_a_search_among_tokens_issued_goes_on_where_its_window_ended(sqlite_portal: Portal) -> None:
    await some_events(sqlite_portal, 0, issued=1)
    async with sqlite_portal.app.deps.store.write() as tx:
        for number in range(_WINDOW):
            token = events.AccessTokenIssued(jti=str(number), audience="kaizala", expires_at=NOON)
            await record(tx, sqlite_portal.tenant.id, as_user(sqlite_portal.erik), token, NOON + 1)
    visitor = await sqlite_portal.visit(sqlite_portal.dana)
    page = await visitor.open(f"/audit?what=access_token.issued&who={sqlite_portal.mia.id}")
    assert "Older ones may hold it" in visitor.text
    following = re.search(r'rel="next" href="([^"]+)"', page.text)
    assert following is not None
    await visitor.open(following[1].replace("&amp;", "&"))
    assert shown(visitor) == ["Access token issued"]


async def test_a_refusal_is_explained_by_the_number_that_its_answer_names(portal: Portal) -> None:
    mine, visitor = await portal.visit(portal.mia), await portal.visit(portal.dana)
    refused = await mine.http.get("/audit", headers={"X-Correlation-Id": "refused-7"})
    assert refused.status_code == 403
    await visitor.open("/audit/explain?number=refused-7")
    assert shown(visitor) == ["Access denied"]
    assert "the user holds no role; needed: one of global administrator" in visitor.text
    unknown = await visitor.open("/audit/explain?number=never")
    assert unknown.status_code == 422
    assert 'id="number-error"' in unknown.text
    elsewhere = await portal.visit(portal.otto)
    assert (await elsewhere.open("/audit/explain?number=refused-7")).status_code == 422


async def test_the_trail_is_taken_along_as_csv_and_as_json_lines(portal: Portal) -> None:
    await some_events(portal, 1100)
    visitor = await portal.visit(portal.dana)
    lines = (await visitor.open("/audit/export?format=jsonl&what=group.created")).text.splitlines()
    *found, last = [json.loads(line) for line in lines]
    assert len(found) == 1103
    assert {event["type"] for event in found} == {"group.created"} == {event["data"]["type"] for event in found}
    assert (last["type"], last["data"]["events"], last.keys()) == ("export.seal", 1103, found[0].keys())
    assert found[0]["at"].endswith("Z")
    text = (await visitor.open("/audit/export?format=csv&what=group.created")).text
    *found, last = csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
    assert len(found) == 1103
    assert (last["type"], last["actor"]) == ("export.seal", f"user:{portal.dana.id}")
    await visitor.open("/audit?what=audit.exported")
    assert shown(visitor) == ["Trail exported"] * 2


@pytest.mark.parametrize("format", ["csv", "jsonl"])
async def test_an_export_is_sealed_and_whatever_is_changed_in_it_is_found(portal: Portal, format: str) -> None:
    store, key = portal.app.deps.store, portal.app.deps.master_key.seal_keys()
    await some_events(portal, 3)
    await record(
        store, portal.tenant.id, as_user(portal.erik), events.GroupCreated(group_id="g", name='=1+1,"} é'), NOON
    )
    visitor = await portal.visit(portal.dana)
    raw = (await visitor.open(f"/audit/export?format={format}&what=group.created")).content
    assert check_export(key, io.BytesIO(raw)) == ExportSeal(portal.tenant.id, 7, None, None)
    await seal_trail(store, key, portal.tenant.id, NOON + DAY)
    async with store.read() as read:
        head = await audit_seals.find_last(read, portal.tenant.id)
    assert head is not None
    raw = (await visitor.open(f"/audit/export?format={format}&what=group.created")).content
    assert check_export(key, io.BytesIO(raw)) == ExportSeal(portal.tenant.id, 7, head.mark, None)
    lines = raw.splitlines(keepends=True)
    changed = [
        raw.replace(b"Group 1", b"Group 9"),
        raw.replace(head.mark.encode(), f"1:{'0' * 64}".encode()),
        raw.replace(b"7,", b"6,"),
        b"".join(lines[:2] + lines[3:]),
        b"".join([*lines[:1], lines[2], lines[1], *lines[3:]]),
        b"".join(lines[:-1]),
        raw[:-1],
        raw + lines[-1],
        raw.replace(b"\n", b"\r\n"),
        b"",
    ]
    for other in changed:
        assert other != raw
        assert check_export(key, io.BytesIO(other)) is None
    assert check_export([SealKey(0, b"x" * 32)], io.BytesIO(raw)) is None


def test_every_event_and_every_field_of_one_has_a_name() -> None:
    kinds = events.all_events()
    assert EVENTS.keys() == {str(kind.__struct_config__.tag) for kind in kinds}
    assert {name for kind in kinds for name in kind.__struct_fields__} - {"facts"} == FIELDS.keys()


def test_every_action_has_words() -> None:
    assert ACTIONS.keys() == {str(action) for action in Action}


async def test_a_refusal_is_told_in_words(portal: Portal) -> None:
    mia, dana = await portal.visit(portal.mia), await portal.visit(portal.dana)
    assert (await mia.open("/reach")).status_code == 403
    async with portal.app.deps.store.write() as tx:
        event = events.SignInRefused(user_principal_name="", reason="wrong_password")
        await record(tx, portal.tenant.id, OPERATOR, event, NOON)
    await dana.open("/audit")
    assert "Access denied see who can reach what" in dana.text
    assert "Sign-in refused wrong password" in dana.text


async def test_names_of_events_and_fields_are_in_the_readers_language(
    sqlite_portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Swiss(NullTranslations):
        def gettext(self, message: str) -> str:
            return {"Group created": "Gruppe erstellt", "Name": "Bezeichnung"}.get(message, message)

    await some_events(sqlite_portal, 1)
    monkeypatch.setattr(texts, "_catalogue", lambda name: Swiss())
    visitor = await sqlite_portal.visit(sqlite_portal.dana)
    await visitor.open("/audit?what=group.created")
    assert "Gruppe erstellt" in shown(visitor)
    assert "<dt>Bezeichnung</dt>" in visitor.page.text


async def test_who_may_read_everything_may_read_the_trail_and_markup_in_it_is_text(portal: Portal) -> None:
    reader = await a_user(portal.app.deps.store, portal.tenant, roles=[RoleId.GLOBAL_READER])
    async with portal.app.deps.store.write() as tx:
        event = events.GroupCreated(group_id="g", name="<script>alert(1)</script>")
        await record(tx, portal.tenant.id, OPERATOR, event, NOON)
    visitor = await portal.visit(reader)
    page = await visitor.open("/audit")
    assert page.status_code == 200
    assert "&lt;script&gt;alert(1)" in page.text
    assert "<script>alert" not in page.text


def test_every_reason_that_can_be_recorded_has_words_and_no_word_is_left_over() -> None:
    assert Source().recorded() == REASONS.keys()


def test_a_reason_that_cannot_be_followed_to_words_is_told(tmp_path: Path) -> None:
    (tmp_path / "room").mkdir()
    source = "def refuse(why): events.SignInRefused(user_principal_name='', reason=ask(why))\nrefuse('x')\n"
    (tmp_path / "room" / "new.py").write_text(source)
    with pytest.raises(Untold, match=r"ask\(why\)"):
        Source(tmp_path).recorded()
    (tmp_path / "room" / "new.py").write_text(source.replace("ask(why)", "why"))
    assert Source(tmp_path).recorded() == {"x"}


def test_every_word_of_a_closed_list_in_a_field_has_a_name() -> None:
    lists: dict[str, Iterable[str]] = {
        "account_state": AccountState,
        "amr": {PASSWORD, FEDERATED, "swk", "hwk", *(word for words in AMR.values() for word in words)},
        "audience": Audience,
        "method": Method,
        "methods": Method,
        "object_type": ObjectType,
        "purpose": PinPurpose,
        "reach": Reach,
        "role": GroupRole,
        "status": {"terminated"},
    }
    assert {field: set(words) for field, words in VALUES.items()} == {
        field: {str(word) for word in words} for field, words in lists.items()
    }


async def test_machine_words_in_a_field_are_said_in_the_readers_language(
    sqlite_portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Swiss(NullTranslations):
        def gettext(self, message: str) -> str:
            return {"wrong secret": "falsches Geheimnis", "password": "Passwort"}.get(message, message)

    async with sqlite_portal.app.deps.store.write() as tx:
        for event in (
            events.TokenRefused(reason="wrong_secret", audience="kaizala"),
            events.FirstStepPassed(user_id=sqlite_portal.mia.id, amr=["mfa", "pwd"]),
            events.UpstreamSignInRefused(provider_id="p", reason="provider_unreachable: answered 500"),
            events.TokenRefused(reason="of_another_version", audience="elsewhere"),
        ):
            await record(tx, sqlite_portal.tenant.id, OPERATOR, event, NOON)
    monkeypatch.setattr(texts, "_catalogue", lambda name: Swiss())
    visitor = await sqlite_portal.visit(sqlite_portal.dana)
    await visitor.open("/audit")
    for said in (
        "falsches Geheimnis",
        "Kaizala",
        "second step, Passwort",
        "the provider could not be asked: answered 500",
        "of another version",
    ):
        assert said in visitor.text
    assert "wrong_secret" not in visitor.page.text


async def test_an_event_that_carries_ids_only_shows_the_names_by_one_question_for_the_page(portal: Portal) -> None:
    async with portal.app.deps.store.write() as tx:
        for user in (portal.mia, portal.erik):
            event = events.GroupMemberAdded(group_id=portal.group, user_id=user.id, role="admin")
            await record(tx, portal.tenant.id, OPERATOR, event, NOON)
        foreign = events.UserRestored(user_id=portal.otto.id)
        await record(tx, portal.tenant.id, OPERATOR, foreign, NOON)
        odd = events.UserRestored(user_id="x" * 36)
        await record(tx, portal.tenant.id, OPERATOR, odd, NOON)
    visitor = await portal.visit(portal.dana)
    with counted_queries(portal.app.deps.store) as few:
        await visitor.open("/audit?what=group.member_added")
    assert "Mia, Night shift" in visitor.text
    assert f"Night shift ({portal.group})" in visitor.text
    await some_events(portal, 40)
    with counted_queries(portal.app.deps.store) as many:
        await visitor.open("/audit")
    assert len(few) == len(many)
    async with portal.app.deps.store.write() as tx:
        own = events.SessionStarted(session_id="s", user_id=portal.mia.id, amr=["pwd"])
        await record(tx, portal.tenant.id, as_user(portal.mia), own, NOON)
    await visitor.open("/audit?what=group.created")
    assert "Group created Day shift Group Day shift (" in visitor.text, "a name is said once"
    await visitor.open("/audit?what=session.started")
    assert "Browser signed in Session" in visitor.text, "whom it is about did it, and stands beside it"
    await visitor.open("/audit?what=user.restored")
    assert portal.otto.id in visitor.text, "of another organisation, there is the id and no name"


async def test_every_event_of_a_busy_organisation_names_its_subject_and_where_it_came_from(portal: Portal) -> None:
    await names_in(portal)
    visitor = await portal.visit(portal.dana)
    async with portal.app.deps.store.read() as read:
        found = await search_trail(read, OPERATOR, portal.tenant.id, Search(), limit=1000, now=NOON)
    told_events = told(found.events, found.names)
    for event in told_events:
        is_about_its_actor = event.event.actor == f"user:{json.loads(event.event.data).get('user_id')}"
        assert event.brief or is_about_its_actor or event.event.type in WITHOUT_SUBJECT, event
    briefs = {event.event.type: event.brief for event in told_events}
    assert "Administration" in briefs["relationship.approved"]
    assert "user34" in briefs["managed_account.created"]
    assert "user342" in briefs["device.provisioned"]
    assert any(android_id in briefs["device.provisioned"] for android_id in ANDROID_IDS)
    async with portal.app.deps.store.write() as tx:
        origin = Origin(CorrelationId("test"), "203.0.113.9")
        event_from = events.GroupPurged(group_id=portal.group)
        await record(tx, portal.tenant.id, replace(OPERATOR, origin=origin), event_from, NOON)
    page = await visitor.open("/audit?what=group.purged")
    assert "203.0.113.9" in page.text.partition("</details>")[2], "beside who did it, without opening the event"
