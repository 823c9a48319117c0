"""Forms: they are read and checked once, and shown again with what was typed and with what was wrong.

A form posts to the address that shows it. So a form that is out of date, that was signed out, or that was sent twice
has a page to go back to.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from fastapi import Request, Response
from python_multipart.multipart import parse_options_header
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from tenantry.core.clock import DAY, SECOND, Micros
from tenantry.core.errors import (
    AlreadyExists,
    BadCredentials,
    DeviceLimitExceeded,
    FailedPrecondition,
    InvalidScope,
    InvalidValue,
    RateLimited,
    VersionMismatch,
)
from tenantry.core.ids import TenantId
from tenantry.core.names import cleaned_name, trim
from tenantry.directory.sessions import hold_session
from tenantry.store.engine.interface import Tx
from tenantry.surfaces.portal.frame.form_tokens import check_form, check_sender, shown_in, was_shown_before_sign_in
from tenantry.surfaces.portal.frame.guard import Session, ShownElsewhere
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.shared.body import is_clean, read_body
from tenantry.surfaces.shared.cookies import cookie_of
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.idempotency import claim_once

BODY_LIMIT = 65_536
DRAFT_COOKIE = "tenantry-draft"
_DRAFT_LIMIT = 3_000
_NEVER_KEPT = frozenset({"password", "pin", "code", "link", "secret", "token"})
"""Words in the names of fields whose values are never kept; the field of `form_token` has one of them too."""
WHOLE = ""
"""The key in `errors` for what is wrong with the form as a whole."""

_CORRECTABLE = (
    InvalidValue,
    InvalidScope,
    AlreadyExists,
    FailedPrecondition,
    DeviceLimitExceeded,
    VersionMismatch,
    BadCredentials,
    RateLimited,
)
"""Errors that a person can correct in the form itself."""


class SentTwice(Exception):
    """The form was carried out before: after a double click, the back button, a reload. `back` shows what it made.

    `again` makes another one, where the first answer showed something that is shown once; empty when it did not.
    """

    def __init__(self, back: str, again: str = "") -> None:
        self.back = back
        self.again = again
        super().__init__(back)


class Form:
    """What was typed (`values`, by name) and what is wrong with it (`errors`, by name).

    `form_id` is good for one submission, see `once`.
    """

    def __init__(
        self, values: Mapping[str, Sequence[str]] | None = None, files: Mapping[str, bytes] | None = None
    ) -> None:
        self.values = {name: list(texts) for name, texts in (values or {}).items()}
        self.files = dict(files or {})
        self.file_names: dict[str, str] = {}
        self.before_sign_in = False
        """Shown while nobody was signed in."""
        self.errors: dict[str, str] = {}
        self.form_id = self.value("form_id") or secrets.token_urlsafe(18)

    def value(self, name: str) -> str:
        """What was typed into the field, so that it can be shown again."""
        return self.values.get(name, [""])[-1]

    def text(self, name: str, *, required: bool = False, max_length: int = 1024, several_lines: bool = False) -> str:
        """The text without blanks around it. A text that is too long, empty though required, or not storable becomes an
        error beside the field.
        """
        text = trim(self.value(name))
        if several_lines:
            text = text.strip()
        if required and not text:
            self.fail(name, _("Please fill this in."))
        elif len(text) > max_length:
            self.fail(name, _("At most %(count)d characters, please.") % {"count": max_length})
        elif not is_clean(text) or (not several_lines and any(char < " " or "\x7f" <= char < "\xa0" for char in text)):
            self.fail(name, _("This holds a character that cannot be stored."))
        return text

    def texts(self, name: str) -> list[str]:
        """Every value of the field, as check boxes give them."""
        return [text for text in self.values.get(name, []) if is_clean(text)]

    def file_name(self, name: str) -> str:
        """What the browser called the file, without directories and control characters."""
        last = self.file_names.get(name, "").replace("\\", "/").rpartition("/")[2]
        return cleaned_name(last, longest=200) or "file"

    def file(self, name: str) -> bytes:
        """The file; what is wrong with it becomes an error beside the field. When none was chosen, it is empty and an
        error.
        """
        raw = self.files.get(name, b"")
        self.values[name] = []
        if not raw:
            self.fail(name, _("Choose a file."))
        return raw

    def lines(self, name: str, *, max_length: int = 4096) -> list[str]:
        """The lines of a text area that are not blank."""
        text = self.text(name, max_length=max_length, several_lines=True)
        return [line.strip() for line in text.splitlines() if line.strip()]

    def checked(self, name: str) -> bool:
        """Whether the box was ticked."""
        return bool(self.value(name))

    def fail(self, name: str, text: str) -> None:
        """Say beside the field what is wrong with it. The first error of a field counts."""
        self.errors.setdefault(name, text)

    def showing_errors(self, **names: str) -> _Shown:
        """Let refusals of the domain appear beside their field: `with form.showing_errors(redirect_uris="redirect"):`.

        Field names of the domain that differ from the form's are translated by `names`. What a person cannot correct
        here (NotFound, Forbidden, StoreBusy) goes on to its page.
        """
        return _Shown(self, names)


def read_day(form: Form, name: str) -> Micros | None:
    """The end of the day that was chosen, in UTC; None for no day."""
    text = form.text(name, max_length=10)
    if not text:
        return None
    try:
        start = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        form.fail(name, _("Write the day as year-month-day, such as 2027-03-31."))
        return None
    return int(start.timestamp()) * SECOND + DAY


def ask_again(form: Form, name: str) -> None:
    """Say beside an optional secret that it has to be typed again: when the field stayed empty, it would be taken for
    no secret.
    """
    if form.value(name):
        form.fail(name, _("Type it again: it is not shown."))


class _Shown:
    def __init__(self, form: Form, names: Mapping[str, str]) -> None:
        self._form = form
        self._names = names

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> bool:
        if not isinstance(error, _CORRECTABLE):
            return False
        field = error.field or WHOLE
        name = self._names.get(field, field)
        self._form.fail(name if name in self._form.values else WHOLE, _(error.public))
        return True


async def read_form(
    request: Request, *, limit: int = BODY_LIMIT, before_sign_in: bool = False, leaves: bool = False
) -> Form:
    """The posted form, urlencoded or multipart, at most `limit` bytes.

    Raises what `check_form` does, PayloadTooLarge, InvalidValue when it is no form.
    """
    form = await _parse(request, limit)
    token = form.value("form_token")
    await check_form(request, token, before_sign_in=before_sign_in, leaves=leaves)
    form.before_sign_in = was_shown_before_sign_in(request, token)
    return form


async def read_late_form(request: Request) -> Form:
    """Read a form without a session, which is shown again after signing in and never carried out; or one that ends a
    session.

    Its token may be of a session whose cookie is gone, as after signing out in another tab; then it is enough that the
    browser says the form is from a page of ours. Raises as `read_form`.
    """
    form = await _parse(request, BODY_LIMIT)
    if request.headers.get("sec-fetch-site") != "same-origin":
        check_sender(request, form.value("form_token"))
    return form


async def _parse(request: Request, limit: int) -> Form:
    body = await read_body(request, limit)
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if content_type == "multipart/form-data":
            form = await _parse_multipart(request, body)
        elif content_type == "application/x-www-form-urlencoded" or not body:
            form = _parse_urlencoded(body)
        else:
            raise InvalidValue("This is not a form.", field="body")
    except (ValueError, MultiPartException):
        raise InvalidValue("This form cannot be read.", field="body") from None
    return form


def _parse_urlencoded(body: bytes) -> Form:
    values: dict[str, list[str]] = {}
    for name, text in parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=2_000, errors="strict"):
        values.setdefault(name, []).append(text)
    return Form(values)


async def _parse_multipart(request: Request, body: bytes) -> Form:
    _, options = parse_options_header(request.headers["content-type"])
    if options.get(b"charset", b"utf-8").lower() != b"utf-8":  # the parser would take any codec, however slow
        raise ValueError("another charset")
    parsed = await MultiPartParser(request.headers, _once(body), max_files=4, max_fields=2_000).parse()
    values: dict[str, list[str]] = {}
    files: dict[str, bytes] = {}
    file_names: dict[str, str] = {}
    try:
        for name, item in parsed.multi_items():
            if isinstance(item, UploadFile):
                files[name] = await item.read()
                file_names[name] = item.filename or ""
            else:
                values.setdefault(name, []).append(item)
    finally:
        await parsed.close()
    form = Form(values, files)
    form.file_names = file_names
    return form


async def _once(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body


@asynccontextmanager
async def once(
    request: Request, session: Session, form: Form, *, back: str, again: str = ""
) -> AsyncIterator[tuple[Tx, Micros]]:
    """The transaction of a form that makes something, and its time: `async with once(...) as (tx, now):`.

    It is carried out once, however often the form is sent. Two that are sent at once take turns, and a form that failed
    can be sent again. Raises SentTwice, with `back` and `again`; BadCredentials when the session has ended meanwhile.
    """
    deps, now = deps_of(request), deps_of(request).clock()
    async with deps.store.write() as tx:
        # The form may have been sent before under an older pepper.
        for key in deps.hasher.hashes(f"form {form.form_id}"):
            if not await claim_once(tx, session.tenant_id, key, now):
                raise SentTwice(back, again)
        await hold_session(tx, session.tenant_id, session.user_id, session.id, now)
        yield tx, now


@asynccontextmanager
async def further_part(request: Request, session: Session) -> AsyncIterator[tuple[Tx, Micros]]:
    """The transaction of a further part of what `once` began, when it is too much for one, so that others can write in
    between. Raises StoreBusy when its turn does not come; BadCredentials when the session has ended meanwhile.
    """
    deps, now = deps_of(request), deps_of(request).clock()
    async with deps.bulk.turn(session.here), deps.store.write() as tx:
        await hold_session(tx, session.tenant_id, session.user_id, session.id, now)
        yield tx, now


def keep_draft(response: Response, path: str, form: Form, *, is_secure: bool) -> None:
    """Keep a form that came after its session's end, so that it is there again after signing in, without passwords and
    PINs.
    """
    typed = {name: texts for name, texts in form.values.items() if not _NEVER_KEPT.intersection(name.split("_"))}
    draft = [path, typed, shown_in(form.value("form_token"))]
    raw = base64.urlsafe_b64encode(json.dumps(draft).encode()).decode()
    if len(raw) <= _DRAFT_LIMIT:
        response.set_cookie(DRAFT_COOKIE, raw, max_age=600, path="/", secure=is_secure, httponly=True, samesite="lax")


def draft_of(request: Request) -> Form:
    """A form to show. It has what was typed before the session ended, if there is such a draft for this path.

    Raises ShownElsewhere when that was typed for another tenant than the one that would be shown; `?draft=no` forgets
    it.
    """
    raw = cookie_of(request, DRAFT_COOKIE)
    try:
        path, typed, *shown = json.loads(base64.urlsafe_b64decode(raw))
        if path != request.scope["path"] or not all(isinstance(texts, list) for texts in typed.values()):
            return Form()
        if not all(is_clean(str(each)) for each in shown):
            return Form()
        kept = {name: [text for text in map(str, texts) if is_clean(text)] for name, texts in typed.items()}
    except (ValueError, TypeError, AttributeError, RecursionError):
        return Form()
    if request.query_params.get("draft") != "no":
        session: Session = request.state.session
        if shown and shown != [session.here]:
            raise ShownElsewhere(TenantId(str(shown[0])), f"{path}?draft=no")
        request.state.drop_draft = True
        return Form({name: texts for name, texts in kept.items() if texts})
    request.state.drop_draft = True
    return Form()
