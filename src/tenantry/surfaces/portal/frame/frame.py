"""What is around every page: menu, tenant, language, addresses of assets; and answers that lead elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from tenantry.access.actions import Action
from tenantry.surfaces.portal.frame.form_tokens import FORM_COOKIE, form_token
from tenantry.surfaces.portal.frame.forms import DRAFT_COOKIE, Form
from tenantry.surfaces.portal.frame.guard import Session, local_path
from tenantry.surfaces.portal.frame.links import opens, way_back
from tenantry.surfaces.portal.frame.static import asset
from tenantry.surfaces.portal.words import texts
from tenantry.surfaces.portal.words.role_words import role_name
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.shared.deps import deps_of


class MenuItem(NamedTuple):
    """A line of the menu. The keys `g` and `key` lead there. It is shown to users who may do one of `actions`; without
    any, to everybody.
    """

    path: str
    label: str
    key: str
    actions: tuple[Action, ...] = ()


def _menu() -> list[MenuItem]:
    return [
        MenuItem("/", _("Home"), "h"),
        MenuItem("/users", _("Users"), "u", (Action.LIST_USERS,)),
        MenuItem("/groups", _("Groups"), "g", (Action.LIST_GROUPS, Action.LIST_ALL_GROUPS)),
        MenuItem("/connectors", _("Connectors"), "c", (Action.LIST_CONNECTORS,)),
        MenuItem("/webhooks", _("Webhooks"), "w", (Action.LIST_WEBHOOKS,)),
        MenuItem("/devices", _("Devices"), "d", (Action.READ_MANAGED_ACCOUNT,)),
        MenuItem("/enterprises", _("Enterprises"), "e", (Action.READ_ENTERPRISE,)),
        MenuItem("/partners", _("Partners"), "p", (Action.READ_RELATIONSHIPS,)),
        MenuItem("/customers", _("Customers"), "k"),
        MenuItem("/reach", _("Who can reach what"), "r", (Action.SEE_REACH,)),
        MenuItem("/audit", _("Audit"), "a", (Action.READ_AUDIT,)),
        MenuItem("/settings", _("Settings"), "s", (Action.READ_TENANT,)),
    ]


_BELONGS = {
    "/blast-radius/connector": "/connectors",
    "/blast-radius/device": "/devices",
    "/blast-radius/relationship": "/partners",
    "/blast-radius/token": "/connectors",
    "/blast-radius/user": "/users",
    "/identity-providers": "/settings",
    "/password": "/sessions",
    "/second-factor": "/sessions",
    "/tokens": "/connectors",
}
"""The line of the menu to which a page belongs whose address does not begin with that line's address."""


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent.parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_callables(texts.gettext, texts.ngettext, newstyle=True)  # type: ignore[attr-defined]
    environment.globals.update(asset=asset, language=texts.language)
    environment.filters.update(day=texts.day, number=texts.number, up_to=texts.up_to, translated=texts.gettext)
    return environment


_templates = _environment()


def render(request: Request, template: str, /, status: int | None = None, **context: Any) -> HTMLResponse:
    """A whole page. Templates see `session` (None when nobody is signed in), `now`, `menu`, `path`, `form_token` and
    what is passed; `ago(instant)` and `exact(instant)` for times; `opens(href)` and `way_back(path)` of `links.py`.
    `status`: 422 for a `form` with errors, else 200.
    """
    deps = deps_of(request)
    now = deps.clock()
    session: Session | None = getattr(request.state, "session", None)
    path = request.scope["path"]
    html = _templates.get_template(template).render(
        {
            "session": session,
            "now": now,
            "path": path,
            "menu": _shown_menu(session) if session else [],
            "line": _line_of(path),
            "form_token": form_token(request),
            "ago": lambda instant: texts.relative_time(instant, now),
            "exact": texts.exact_time,
            "iso": texts.iso_time,
            "opens": partial(opens, session),
            "way_back": partial(way_back, session),
            "was_shown": request.query_params.get("shown") == "1",
            "demo": deps.settings.demo,
            "acting_as": ", ".join(role_name(role) for role in session.acting_roles) if session else "",
            **context,
        }
    )
    form: Form | None = context.get("form")
    response = HTMLResponse(html, status or (422 if form and form.errors else 200))
    _settle_cookies(request, response, is_secure=deps.settings.issuer.startswith("https:"))
    return response


def _shown_menu(session: Session) -> list[MenuItem]:
    """The lines of the menu that the user may open here."""
    return [item for item in _menu() if not item.actions or any(session.may(action) for action in item.actions)]


def _line_of(path: str) -> str:
    """The menu's line to which the page belongs: `/users` for `/users/new`."""
    for start, line in _BELONGS.items():
        if path.startswith(start):
            return line
    return "/" + path.split("/")[1]


def _settle_cookies(request: Request, response: Response, *, is_secure: bool) -> None:
    seed = getattr(request.state, "form_seed", None)
    if seed is not None:
        response.set_cookie(FORM_COOKIE, seed, path="/", secure=is_secure, httponly=True, samesite="lax")
    if getattr(request.state, "drop_draft", False):
        response.delete_cookie(DRAFT_COOKIE, path="/", httponly=True)


def ask(
    request: Request,
    *,
    title: str,
    lead: str = "",
    consequences: Sequence[str],
    confirm: str,
    undo: str = "",
    back: str,
    form: Form | None = None,
    also: str = "",
    items: Sequence[str] = (),
) -> HTMLResponse:
    """The page before a change: it says what the change will do, and has the button `confirm`, which posts to the
    page's own address.

    `undo` says how it is taken back; without, the page warns that it cannot be. `form`: what was sent, with why it was
    refused. `also` is done too, unless its tick is taken away (the form's field `also`); `items` say what it is about.
    """
    return render(
        request,
        "frame/danger.html",
        title=title,
        lead=lead,
        consequences=consequences,
        confirm=confirm,
        undo=undo,
        back=back,
        form=form or Form(),
        also=also,
        items=items,
    )


def see_other(path: str) -> RedirectResponse:
    """Answer 303 to a page of ours, after a form. A text that is no local path leads to the first page."""
    return RedirectResponse(local_path(path), 303)
