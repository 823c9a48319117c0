"""The trail: an administrator searches it by what happened, who did it and when; takes it along as a file; and reads
why one request was refused.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action
from tenantry.access.decide import require
from tenantry.access.trail import MOST_OF_REQUEST, Search, begin_export, explain, find_actor, read_trail, search_trail
from tenantry.audit.exports import TYPE, Export
from tenantry.core.clock import DAY, SECOND, Micros, to_iso
from tenantry.core.csv_files import MARK, write_row
from tenantry.store.engine.interface import Read
from tenantry.store.trail.audit_search import FoundEvent
from tenantry.surfaces.portal.frame.files import PART, csv_file
from tenantry.surfaces.portal.frame.forms import Form, read_day
from tenantry.surfaces.portal.frame.frame import render
from tenantry.surfaces.portal.frame.guard import Session, SignedIn
from tenantry.surfaces.portal.frame.transactions import reading
from tenantry.surfaces.portal.words.audit_words import Told, told, type_name, type_names
from tenantry.surfaces.portal.words.event_words import EVENTS
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.shared.body import is_clean
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.routing import performs

PAGE = 50
NAMES = ("what", "who", "from", "to", "issued")
_EXPORTED = (
    "id",
    "at",
    "type",
    "actor",
    "connector_id",
    "grant_id",
    "partner_tenant_id",
    "correlation_id",
    "address",
    "data",
)

router = APIRouter()


class _Asked(NamedTuple):
    """The search that an address asks for, and the form that shows it."""

    form: Form
    search: Search

    @property
    def query(self) -> dict[str, str]:
        return {name: self.form.value(name) for name in NAMES if self.form.value(name)}


async def _read_search(request: Request, read: Read, session: Session, now: Micros) -> _Asked:
    """The search that the address asks for. What it cannot read becomes an error beside its field."""
    form = Form({name: [request.query_params.get(name, "")] for name in NAMES})
    what, who = form.text("what", max_length=100), form.text("who", max_length=200)
    if what and what not in EVENTS:
        form.fail("what", _("There is no such event."))
    start, end = read_day(form, "from"), read_day(form, "to")
    if start and end and start > end:
        form.fail("to", _("The last day is before the first."))
    actor = await find_actor(read, session.caller, session.here, who, now) if who and not form.errors else ""
    if actor is None:
        form.fail("who", _("Nobody here has this sign-in name."))
    since = start - DAY if start else None
    search = Search(type=what, actor=actor or "", since=since, until=end, with_issued=form.checked("issued"))
    return _Asked(form, search)


@router.get("/audit")
@performs(Action.READ_AUDIT)
async def show_audit(request: Request, session: SignedIn, before: str = "") -> Response:
    """Show a page of the trail. Queries: those of the session, and 5, whatever the trail holds."""
    before = before if is_clean(before) else ""
    shown: list[Told] = []
    following: str | None = None
    async with reading(request) as (read, now):
        await require(read, session.caller, Action.READ_AUDIT, session.here, now=now)
        form, search = asked = await _read_search(request, read, session, now)
        if not form.errors:
            found, following, names = await search_trail(
                read, session.caller, session.here, search, before=before, limit=PAGE, now=now
            )
            shown = told(found, names)
    query = asked.query
    return render(
        request,
        "trail/audit.html",
        form=form,
        events=shown,
        types=[("", _("Everything")), *type_names()],
        query=query,
        first=f"/audit?{urlencode(query)}" if before else "",
        next=f"/audit?{urlencode({**query, 'before': following})}" if following else "",
        export=[(name, f"/audit/export?{urlencode({**query, 'format': name})}") for name in ("csv", "jsonl")],
    )


@router.get("/audit/export")
@performs(Action.READ_AUDIT)
async def export_audit(request: Request, session: SignedIn, format: str = "csv") -> Response:
    """Give all that the search finds, newest first, as CSV or as one JSON object a line. The last line is a seal over
    the rest.
    """
    deps, caller = deps_of(request), session.caller
    async with reading(request) as (read, now):
        form, search = await _read_search(request, read, session, now)
    if form.errors or format not in ("csv", "jsonl"):
        return await show_audit(request, session)
    line = _csv_line if format == "csv" else _json_line
    with deps.long_answers.begin(caller, session.here) as place:
        async with deps.store.read() as read:
            first = await read_trail(read, caller, session.here, search, limit=PART, now=now)

        def seal(data: str) -> str:
            who = (caller.subject, caller.connector_id, caller.grant_id, None)
            where = (caller.origin.correlation_id, caller.origin.address)
            return line(dict(zip(_EXPORTED, ("", to_iso(now), TYPE, *who, *where, data), strict=True)))

        async def lines() -> AsyncIterator[str]:
            async with deps.store.write() as tx:
                head = await begin_export(tx, caller, session.here, format, now)
            file = Export(deps.master_key.seal_keys(), session.here, head)
            found, following = first
            if format == "csv":
                yield file.add(MARK + write_row(_EXPORTED))
            while True:
                yield file.add("".join(line(_values(event)) for event in found), len(found))
                if following is None:
                    yield file.end(seal)
                    return
                async with deps.store.read() as read:
                    found, following = await read_trail(
                        read, caller, session.here, search, before=following, limit=PART, now=now
                    )

        kind = "text/csv; charset=utf-8" if format == "csv" else "application/jsonl"
        name = f"trail-{datetime.fromtimestamp(now // SECOND, UTC):%Y-%m-%d}.{format}"
        return csv_file(place, lines(), name, kind)


def _values(event: FoundEvent) -> dict[str, str | None]:
    values = {name: getattr(event, name) for name in _EXPORTED}
    return {**values, "at": to_iso(event.at)}


def _csv_line(values: Mapping[str, str | None]) -> str:
    return write_row(values.values())


def _json_line(values: Mapping[str, str | None]) -> str:
    data = msgspec.Raw((values["data"] or "null").encode())
    return msgspec.json.encode({**values, "data": data}).decode() + "\n"


@router.get("/audit/explain")
@performs(Action.READ_AUDIT)
async def show_explanation(request: Request, session: SignedIn, number: str = "") -> Response:
    """Show why a request was refused. `number` is the correlation id that its error named."""
    form = Form({"number": [number]})
    wanted = form.text("number", max_length=128)
    async with reading(request) as (read, now):
        found = await explain(read, session.caller, session.here, "" if form.errors else wanted, now)
    if wanted and not found.events:
        form.fail("number", _("Nothing here has this number. It may stand in the trail of another organisation."))
    return render(
        request,
        "trail/audit_explain.html",
        form=form,
        number=wanted,
        events=told(found.events, found.names),
        more=len(found.events) == MOST_OF_REQUEST,
        type_name=type_name,
    )
