"""An administrator imports users from a CSV file. The server keeps the file and tries some of its rows at a time, while
the page shows how far it is and which rows failed.

Each step is a form of its own. A script sends it by itself; without scripts there is a button. Somebody who closes the
page loses nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

import msgspec
from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action
from tenantry.access.decide import permit, require
from tenantry.core.csv_files import MARK, write_row
from tenantry.directory.passwords import names_of_tenant
from tenantry.directory.user_files import (
    BLOCKED,
    COLUMNS,
    ERROR,
    MOST_ROWS,
    MOST_WITH_PASSWORDS,
    REQUIRED,
    read_users,
)
from tenantry.directory.user_imports import (
    begin_import,
    get_import,
    hash_passwords,
    is_over,
    list_failed_rows,
    try_next_rows,
)
from tenantry.store.users.user_imports import ImportRow
from tenantry.surfaces.portal.frame.files import PART, csv_file, read_in_turn
from tenantry.surfaces.portal.frame.forms import Form, draft_of, once, read_form
from tenantry.surfaces.portal.frame.frame import render, see_other
from tenantry.surfaces.portal.frame.guard import Session, SignedIn
from tenantry.surfaces.portal.frame.transactions import reading, writing
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.routing import performs

FILE_LIMIT = 8 * 1024 * 1024
ERRORS_SHOWN = 100

_headings = msgspec.json.Decoder(list[str])
_decoder = msgspec.json.Decoder(dict[str, str])

router = APIRouter()


@router.get("/users/import")
@performs(Action.CREATE_USER)
async def show_import(request: Request, session: SignedIn) -> Response:
    """Show what the file has to look like, with the form that takes it."""
    async with reading(request) as (read, now):
        await require(read, session.caller, Action.CREATE_USER, session.here, now=now)
    return _form_page(request, draft_of(request))


@router.post("/users/import")
@performs(Action.CREATE_USER)
async def take_file(request: Request, session: SignedIn) -> Response:
    """Keep the file and lead to the page that tries its rows. A file that cannot be read is refused as a whole."""
    form = await read_form(request, limit=FILE_LIMIT)
    raw = form.file("file")
    import_id = ""
    if raw:
        with form.showing_errors():
            async with reading(request) as (read, now):  # before any work is done for somebody who may not
                permitted = await permit(read, session.caller, Action.CREATE_USER, session.here, now)
                own = await names_of_tenant(read, permitted)
            reader = partial(read_users, raw, with_passwords=form.checked("with_passwords"))
            file = await read_in_turn(deps_of(request), session.here, reader)
            file = await hash_passwords(deps_of(request).passwords, session.caller, file, own)
            async with once(request, session, form, back="/users") as (tx, now):
                import_id = await begin_import(
                    tx, session.caller, session.here, file_name=form.file_name("file"), file=file, now=now
                )
    if not import_id:
        return _form_page(request, form)
    return see_other(f"/users/import/{import_id}")


def _form_page(request: Request, form: Form) -> Response:
    example = write_row(COLUMNS) + write_row(["dana@contoso.example", "Dana Mills", "Dana", "Mills", "US", "", ""])
    return render(
        request,
        "users/user_import.html",
        form=form,
        columns=COLUMNS,
        required=REQUIRED,
        most=MOST_ROWS,
        most_with_passwords=MOST_WITH_PASSWORDS,
        example=example,
    )


@router.get("/users/import/{import_id}")
@performs(Action.CREATE_USER)
async def show_progress(request: Request, session: SignedIn, import_id: str) -> Response:
    """Show how many rows were tried, and which of them failed."""
    return await _progress_page(request, session, import_id)


@router.post("/users/import/{import_id}")
@performs(Action.CREATE_USER)
async def continue_import(request: Request, session: SignedIn, import_id: str) -> Response:
    """Try the next rows. Two browsers that send this form at once try different rows."""
    await read_form(request)
    async with writing(request) as (tx, now):
        await try_next_rows(tx, session.caller, session.here, import_id, now)
    if request.headers.get("hx-request"):
        return await _progress_page(request, session, import_id)
    return see_other(f"/users/import/{import_id}")


async def _progress_page(request: Request, session: Session, import_id: str) -> Response:
    async with reading(request) as (read, now):
        state = await get_import(read, session.caller, session.here, import_id, now)
        failed = await list_failed_rows(read, session.caller, session.here, import_id, limit=ERRORS_SHOWN, now=now)
    return render(
        request,
        "users/user_import_progress.html",
        state=state,
        over=is_over(state),
        ignored=_headings.decode(state.ignored),
        failed=[(row, _name_of(row)) for row in failed],
    )


def _name_of(row: ImportRow) -> str:
    values = _decoder.decode(row.data)
    return values.get("user_principal_name") or values.get("display_name") or ""


@router.get("/users/import/{import_id}/failed.csv")
@performs(Action.CREATE_USER)
async def export_failed(request: Request, session: SignedIn, import_id: str) -> Response:
    """Give the rows that failed as a file, each with what is wrong, so that they can be put right and imported
    again.
    """
    store = deps_of(request).store
    with deps_of(request).long_answers.begin(session.caller, session.here) as place:
        async with reading(request) as (read, now):
            await get_import(read, session.caller, session.here, import_id, now)

        async def lines() -> AsyncIterator[str]:
            yield MARK + write_row([*COLUMNS, BLOCKED, ERROR])
            after = 0
            while True:
                async with store.read() as read:
                    failed = await list_failed_rows(
                        read, session.caller, session.here, import_id, after=after, limit=PART, now=now
                    )
                if not failed:
                    return
                yield "".join(map(_failed_line, failed))
                after = failed[-1].number

        return csv_file(place, lines(), "failed-users.csv")


def _failed_line(row: ImportRow) -> str:
    values = _decoder.decode(row.data)
    return write_row([*(values.get(column) for column in (*COLUMNS, BLOCKED)), row.error])
