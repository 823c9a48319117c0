"""The first page: charts of the last day and what needs attention, for whoever may see numbers; for everybody else,
where to begin.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action
from tenantry.access.decide import decide
from tenantry.access.overview import COUNTED_EVENTS, ENDS_WITHIN, Hour, Overview, overview
from tenantry.core.clock import DAY, HOUR, SECOND, Micros
from tenantry.directory.messages import can_send
from tenantry.directory.own_sign_in import find_own_reminder, list_own_notices
from tenantry.store.overview.reports import Ending, QuotaCount
from tenantry.surfaces.portal.frame.frame import render
from tenantry.surfaces.portal.frame.guard import SignedIn
from tenantry.surfaces.portal.overview.attention import attention_items
from tenantry.surfaces.portal.overview.charts import Chart, Value, columns
from tenantry.surfaces.portal.words.notice_words import notices_of
from tenantry.surfaces.portal.words.texts import day, number, short_day
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.routing import performs

MOST_COLUMNS = 11

ENDS_TOLD = 7 * DAY
"""How long the home page repeats what a user was told about changes to the user's sign-in."""

router = APIRouter()


class Picture(NamedTuple):
    """A chart, and `rows` with its numbers as a table. `is_empty`: there is nothing to draw, so that a sentence is
    shown instead.
    """

    chart: Chart
    done: int
    marked: int
    rows: list[tuple[str | int, ...]]
    is_empty: bool


@router.get("/")
@performs(Action.SEE_HOME)
async def show_home(request: Request, session: SignedIn) -> Response:
    """Show the first page. Queries: those of the session, and 13, whatever there is to count."""
    deps, now = deps_of(request), deps_of(request).clock()
    async with deps.store.read() as read:
        notices = notices_of(await list_own_notices(read, session.caller, now - ENDS_TOLD, now), session)
        starts = await find_own_reminder(read, session.caller, now)
        remind = "" if starts is None else day(starts)
        sees = await decide(read, session.caller, Action.SEE_REPORTS, session.here, now=now)
        if not sees.allowed:
            return render(request, "overview/home.html", is_admin=False, notices=notices, remind=remind)
        seen = await overview(read, session.caller, session.here, deps.settings.device_limit, now)
    return render(
        request,
        "overview/home.html",
        is_admin=True,
        notices=notices,
        remind=remind,
        tokens=_hours(seen.tokens, _("%(hour)s: %(done)s issued, %(refused)s refused")),
        sign_ins=_hours(seen.sign_ins, _("%(hour)s: %(done)s signed in, %(refused)s refused")),
        quotas=_quotas(seen.quotas, deps.settings.device_limit),
        device_limit=deps.settings.device_limit,
        ends=_ends(seen.ending, now),
        ending=seen.ending,
        is_cut=seen.is_cut,
        counted=COUNTED_EVENTS,
        items=attention_items(seen.attention, session.user_id, now, can_send=can_send(deps.messages)),
        is_new=_is_new(seen),
    )


def _is_new(seen: Overview) -> bool:
    return not any(hour.done or hour.refused for hour in seen.tokens)


def _hours(hours: list[Hour], title: str) -> Picture:
    values = [
        Value(
            title % {"hour": _span(hour.starts_at), "done": number(hour.done), "refused": number(hour.refused)},
            hour.done,
            hour.refused,
            _clock(hour.starts_at) if hour.starts_at // HOUR % 6 == 0 else "",
        )
        for hour in hours
    ]
    rows: list[tuple[str | int, ...]] = [(_span(hour.starts_at), hour.done, hour.refused) for hour in hours]
    done, refused = sum(hour.done for hour in hours), sum(hour.refused for hour in hours)
    return Picture(columns(values), done, refused, rows, done + refused == 0)


def _quotas(quotas: list[QuotaCount], limit: int) -> Picture:
    """A chart of accounts by the number of their devices, in at most MOST_COLUMNS steps. Accounts at the limit stand by
    themselves, in the second pattern.
    """
    step = max(1, -(-(limit + 1) // MOST_COLUMNS))
    starts = [*range(0, limit, step), limit]
    values, rows = [], list[tuple[str | int, ...]]()
    for start, following in zip(starts, [*starts[1:], 1 << 31], strict=True):
        accounts = sum(quota.accounts for quota in quotas if start <= quota.device_count < following)
        label = f"{start} to {following - 1}" if start + 1 < following and start < limit else number(start)
        title = _("%(devices)s devices: %(accounts)s accounts") % {"devices": label, "accounts": number(accounts)}
        is_full = start == limit
        values.append(Value(title, 0 if is_full else accounts, accounts if is_full else 0, label))
        rows.append((label, accounts))
    full = values[-1].marked
    known = sum(quota.accounts for quota in quotas)
    return Picture(columns(values), known, full, rows, known == 0)


def _ends(ending: list[Ending], now: Micros) -> Picture:
    """A chart of what ends, with one column for each of the coming days."""
    today = now // DAY
    days = range(today, today + ENDS_WITHIN // DAY + 1)
    counts = {day: sum(1 for end in ending if end.ends_at // DAY == day) for day in days}
    values = [
        Value(
            _("%(day)s: %(count)s end") % {"day": short_day(day * DAY), "count": number(counts[day])},
            counts[day],
            tick=short_day(day * DAY) if (day - today) % 10 == 0 else "",
        )
        for day in days
    ]
    return Picture(columns(values), len(ending), 0, [], not ending)


def _clock(instant: Micros) -> str:
    return datetime.fromtimestamp(instant // SECOND, UTC).strftime("%H:%M")


def _span(instant: Micros) -> str:
    return f"{_clock(instant)} to {_clock(instant + HOUR)}"
