"""The authorization endpoint: an application sends a person here, who signs in, consents, and is sent back with a code.

One page has AAD's addresses (`/{tenant}/oauth2/authorize`, `/v2.0/`), the plain one and Kaizala's (Kaizala contract
§3.2, A4). It is protected by the session, by the form's token, and by the redirect address, which is compared with the
registered ones before anybody is sent anywhere. With `prompt=none` it shows no page. With `prompt=login` or `max_age`
it asks for a sign-in although there is a session, here or at the tenant's own provider. Other prompts change nothing,
since it asks for consent each time. The person can take both parameters out of the address, so the ID token says when
the sign-in was.

Sources: OpenID Connect Core §3.1.2.1 and §3.1.2.6, RFC 6749 §3.1 and §4.1, RFC 7636, RFC 9207 (`iss`), RFC 9700 §4.12
(303 after a form), OAuth 2.0 Form Post.
"""

from __future__ import annotations

from urllib.parse import quote, urlencode, urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from tenantry.access.actions import Action
from tenantry.connectors.authorizing import authorize, look_at_consent, needs_mfa
from tenantry.core.clock import MINUTE, SECOND, Micros
from tenantry.core.errors import NotFound
from tenantry.directory.sessions import hold_session
from tenantry.surfaces.portal.authorize.authorization_request import (
    AuthorizationRequest,
    Refused,
    ResponseMode,
    form_target,
    read_request,
    with_parameters,
    without_sign_in,
)
from tenantry.surfaces.portal.frame.forms import Form, read_form
from tenantry.surfaces.portal.frame.frame import render, see_other
from tenantry.surfaces.portal.frame.guard import Session, find_signed_in, path_of
from tenantry.surfaces.portal.frame.security import with_form_action
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.portal.words.words import explained, explained_sign_in, registrant_text
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.routing import performs
from tenantry.tokens.authorization_codes import CodeTerms
from tenantry.tokens.id_tokens import SignIn

router = APIRouter()

PATHS = ("/oauth2/authorize", "/{tenant}/oauth2/authorize", "/{tenant}/oauth2/v2.0/authorize")
KAIZALA_PATHS = (
    "/api/Oauth/Authorize",
    "/api/oauth/authorize",
    "/kaizala/api/Oauth/Authorize",
    "/kaizala/api/oauth/authorize",
)


@performs(Action.SIGN_IN)
async def show_consent(request: Request) -> Response:
    """Show what the connector asks for, once the user has signed in and, where needed, proven a second factor."""
    try:
        asked = await _read_request(request)
        session = await find_signed_in(request)
        is_stale = session is not None and _is_stale(asked, session, deps_of(request).clock())
        if "none" in asked.prompt:
            raise _refused_in_silence(asked, None if is_stale else session)
        if session is None or is_stale or "login" in asked.prompt:
            return _ask_to_sign_in(request, asked, session)
        _require_tenant(asked, session)
        if needs_mfa(asked.permissions) and "mfa" not in session.amr:
            return see_other(f"/second-factor?next={quote(path_of(request), safe='')}")
        return await _consent_page(request, asked, session)
    except Refused as refused:
        return _send_back(request, refused)


@performs(Action.SIGN_IN)
async def decide(request: Request) -> Response:
    """Send the user back: with a code when the user allowed it, with `access_denied` otherwise."""
    form = await read_form(request)
    try:
        asked = await _read_request(request)
        session = await find_signed_in(request)
        if session is None:
            return see_other(f"/sign-in?next={quote(path_of(request), safe='')}")
        _require_tenant(asked, session)
        return await _answer(request, form, asked, session)
    except Refused as refused:
        return _send_back(request, refused)


for _path in (*PATHS, *KAIZALA_PATHS):
    router.get(_path)(show_consent)
    router.post(_path)(decide)


def _is_stale(asked: AuthorizationRequest, session: Session, now: Micros) -> bool:
    return asked.max_age is not None and session.authenticated_at + asked.max_age < now


def _refused_in_silence(asked: AuthorizationRequest, session: Session | None) -> Refused:
    """The error for `prompt=none`: what a page would have asked for first."""
    if session is None or asked.connector.tenant_id != session.tenant_id:
        return _refused(asked, "login_required", "The user must sign in.")
    if needs_mfa(asked.permissions) and "mfa" not in session.amr:
        return _refused(asked, "interaction_required", "The user must prove a second factor.")
    return _refused(asked, "consent_required", "The user must decide.")


def _ask_to_sign_in(request: Request, asked: AuthorizationRequest, session: Session | None) -> Response:
    """Lead to a sign-in, and back with a session that begins then. A user who is signed in is asked again, under the
    same name.
    """
    path, name = path_of(request), asked.login_hint
    demands: dict[str, str] = {}
    if "login" in asked.prompt:
        demands["prompt"] = "login"
    if asked.max_age is not None:
        demands["max_age"] = str(asked.max_age // SECOND)
    if session is not None:
        demands["again"] = "1"
        name = name or session.user_principal_name
    if name:
        demands["name"] = name
    if "prompt" in demands or "max_age" in demands:
        path = without_sign_in(path)
    return see_other(f"/sign-in?{urlencode({'next': path, **demands}, quote_via=quote, safe='')}")


async def _answer(request: Request, form: Form, asked: AuthorizationRequest, session: Session) -> Response:
    if form.value("decision") != "allow":
        raise _refused(asked, "access_denied", "The user did not allow it.")
    deps = deps_of(request)
    async with deps.store.write() as tx:
        await hold_session(tx, session.tenant_id, session.user_id, session.id, deps.clock())
        code = await authorize(
            tx,
            session.caller,
            deps.hasher,
            tenant_id=session.tenant_id,
            terms=CodeTerms(
                connector_id=asked.connector.id,
                redirect_uri=asked.redirect_uri,
                permissions=asked.permissions,
                nonce=asked.nonce,
                sign_in=SignIn(session.authenticated_at, asked.sign_in_scope) if asked.sign_in_scope else None,
                code_challenge=asked.code_challenge,
            ),
            lifetime=deps.settings.authorization_code_minutes * MINUTE,
            now=deps.clock(),
        )
    return _redirect(request, asked.redirect_uri, asked.response_mode, asked.state, {"code": code})


async def _read_request(request: Request) -> AuthorizationRequest:
    deps = deps_of(request)
    async with deps.store.read() as read:
        return await read_request(
            read,
            request.scope["query_string"],
            tenant_name=request.path_params.get("tenant"),
            is_kaizala="/api/" in request.scope["path"],
            issuer=deps.settings.issuer,
        )


def _require_tenant(asked: AuthorizationRequest, session: Session) -> None:
    if asked.connector.tenant_id != session.tenant_id:
        raise NotFound(
            "connector", _("This app belongs to another organisation than the account you are signed in with.")
        )


async def _consent_page(request: Request, asked: AuthorizationRequest, session: Session) -> Response:
    deps = deps_of(request)
    async with deps.store.read() as read:
        seen = await look_at_consent(read, session.caller, asked.connector, asked.permissions, deps.clock())
    page = render(
        request,
        "authorize/authorize.html",
        connector=asked.connector,
        permissions=[*explained_sign_in(asked.sign_in_scope), *explained(asked.permissions)],
        group_count=seen.group_count,
        registrant=registrant_text(asked.connector, seen.registrant),
        organisation=session.tenant_name,
        destination=urlsplit(asked.redirect_uri).netloc.rpartition("@")[2] or asked.redirect_uri,
        days=deps.settings.refresh_token_days,
        action=path_of(request),
    )
    return with_form_action(page, form_target(asked.redirect_uri))


def _refused(asked: AuthorizationRequest, error: str, description: str) -> Refused:
    return Refused(asked.redirect_uri, asked.response_mode, asked.state, error, description)


def _send_back(request: Request, refused: Refused) -> Response:
    parameters = {"error": refused.error, "error_description": refused.description}
    return _redirect(request, refused.redirect_uri, refused.mode, refused.state, parameters)


def _redirect(
    request: Request, redirect_uri: str, mode: ResponseMode, state: str | None, parameters: dict[str, str]
) -> Response:
    """Send the user back to `redirect_uri`, which is registered. No cache keeps the answer, and no third party is told
    its address.
    """
    answer = {**parameters, "iss": deps_of(request).settings.issuer}
    if state is not None:
        answer["state"] = state
    response: Response
    if mode == "form_post":
        page = render(request, "frame/form_post.html", target=redirect_uri, parameters=answer)
        response = with_form_action(page, form_target(redirect_uri))
    else:
        response = RedirectResponse(with_parameters(redirect_uri, answer), 303)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
