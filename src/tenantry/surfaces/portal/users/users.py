"""The list of users, which the database searches; one user with all that belongs to the user; the list as a file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action, RoleId
from tenantry.access.decide import decide
from tenantry.access.standing import giveable
from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.clock import SECOND
from tenantry.core.csv_files import MARK, write_row
from tenantry.core.ids import UserId
from tenantry.directory.connector_roles import list_role_holders
from tenantry.directory.user_files import BLOCKED, COLUMNS
from tenantry.directory.user_search import Place, search_users
from tenantry.directory.user_views import look_at_user
from tenantry.directory.users import RESTORABLE, list_users
from tenantry.store.users.users import User
from tenantry.surfaces.portal.frame.files import PART, csv_file
from tenantry.surfaces.portal.frame.forms import Form
from tenantry.surfaces.portal.frame.frame import render
from tenantry.surfaces.portal.frame.guard import SignedIn
from tenantry.surfaces.portal.frame.lists import address, searched
from tenantry.surfaces.portal.frame.transactions import reading
from tenantry.surfaces.portal.users.user_sign_in import methods_text
from tenantry.surfaces.portal.words.audit_words import told
from tenantry.surfaces.portal.words.role_words import role_name, role_texts
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.portal.words.words import reach_text
from tenantry.surfaces.shared.body import is_clean
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.routing import performs

PAGE = 50
SHOWN = 20

router = APIRouter()


@router.get("/users")
@performs(Action.LIST_USERS)
async def show_users(
    request: Request,
    session: SignedIn,
    q: str = "",
    show: str = "",
    role: str = "",
    after: str = "",
    key: str = "",
    name: str = "",
) -> Response:
    """List users. `q` is how a display name or a sign-in name begins; `role` is a directory role, whose holders are
    listed. `after`, `key` and `name` say where the page before ended.

    Queries: those of the session, and 3, whatever the list holds.
    """
    text = searched(q)
    deleted, blocked = show == "deleted", show == "blocked"
    shown = show if deleted or blocked else ""
    role_id = None if shown else next((each for each in RoleId if each == role), None)
    place = Place(bool(name), key, after) if after and is_clean(key + after) else None
    async with reading(request) as (read, now):
        found = await search_users(
            read,
            session.caller,
            session.here,
            text=text,
            deleted=deleted,
            blocked=blocked,
            role_id=role_id,
            after=place,
            limit=PAGE,
            now=now,
        )
        connectors = await list_role_holders(read, session.caller, session.here, role_id, now, PAGE) if role_id else []
        may_create = await decide(read, session.caller, Action.CREATE_USER, session.here, now=now)
    search = {"show": shown, "role": role_id or "", "q": text}
    following = ""
    if found.next is not None:
        named = "1" if found.next.by_sign_in_name else ""
        following = address("/users", **search, name=named, key=found.next.key, after=found.next.id)
    return render(
        request,
        "users/users.html",
        users=found.users,
        q=text,
        show=shown or "live",
        role=role_id or "",
        connectors=connectors,
        live=address("/users", q=text, role=role_id or ""),
        roles=[("", _("Any role")), *((each.id, each.name) for each in role_texts())],
        first=address("/users", **search) if place else "",
        next=following,
        may_create=may_create.allowed,
        may_block=session.may(Action.BLOCK_USER) and not deleted,
        restorable=RESTORABLE,
        role_name=role_name,
    )


@router.get("/users.csv")
@performs(Action.LIST_USERS)
async def export_users(request: Request, session: SignedIn) -> Response:
    """Give every user that is not deleted, as a file that can be imported again."""
    deps, now = deps_of(request), deps_of(request).clock()
    caller, here = session.caller, session.here
    with deps.long_answers.begin(caller, here) as place:
        async with deps.store.read() as read:
            first = await list_users(read, caller, here, limit=PART, now=now)

        async def lines() -> AsyncIterator[str]:
            await record(deps.store, here, caller, events.UsersExported(), now)
            users, after = first
            yield MARK + write_row((*COLUMNS, BLOCKED))
            while True:
                yield "".join(map(_row_of, users))
                if after is None:
                    return
                async with deps.store.read() as read:
                    users, after = await list_users(read, caller, here, after=after, limit=PART, now=now)

        return csv_file(place, lines(), f"users-{datetime.fromtimestamp(now // SECOND, UTC):%Y-%m-%d}.csv")


def _row_of(user: User) -> str:
    return write_row([*(getattr(user, column) for column in COLUMNS), None if user.disabled_at is None else "yes"])


@router.get("/users/{user_id}")
@performs(Action.READ_USER)
async def show_user(request: Request, session: SignedIn, user_id: UserId) -> Response:
    """Show one user. Queries: those of the session, and at most 13, however much the user has."""
    caller, here = session.caller, session.here
    async with reading(request) as (read, now):
        seen = await look_at_user(read, caller, here, user_id, limit=SHOWN, now=now)
    user = seen.user
    return render(
        request,
        "users/user.html",
        user=user,
        may={action.value: action in seen.may for action in Action},
        roles=seen.roles,
        role_name=role_name,
        takes=giveable(session.acting_roles) if session.acting_tenant else None,
        last_sign_in=seen.last_sign_in,
        numbers=seen.numbers,
        methods=methods_text(seen.methods),
        must_enrol=seen.must_enrol,
        waits_until=seen.waits_until,
        is_self=(session.tenant_id, session.user_id) == (here, user_id),
        tokens=seen.tokens[:SHOWN],
        more_tokens=len(seen.tokens) > SHOWN,
        accounts=seen.accounts,
        trail=told(seen.done, seen.names),
        reach_text=reach_text,
        forgotten_at=user.deleted_at + RESTORABLE if user.deleted_at else None,
        form=Form(),
    )
