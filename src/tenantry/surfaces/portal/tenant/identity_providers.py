"""The OpenID providers where the tenant's people have accounts already: an administrator adds and removes them."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action
from tenantry.access.decide import require
from tenantry.core.clock import MINUTE
from tenantry.core.http import Unreachable
from tenantry.directory.identity_providers import (
    NameClaim,
    NewProvider,
    add_identity_provider,
    callback_in_use,
    callback_of,
    get_provider,
    list_providers,
    remove_identity_provider,
    replace_shared_callback,
)
from tenantry.directory.provider_documents import Mistake, WrongIssuer, read_discovery
from tenantry.surfaces.portal.frame.forms import Form, draft_of, once, read_form
from tenantry.surfaces.portal.frame.frame import ask, render, see_other
from tenantry.surfaces.portal.frame.guard import Session, SignedIn
from tenantry.surfaces.portal.frame.transactions import reading, writing
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.routing import performs

FORMS_PER_MINUTE = 10
"""How many of these forms one tenant may send a minute: each makes this server call a host that somebody chose."""

router = APIRouter()


@router.get("/identity-providers")
@performs(Action.CHANGE_IDENTITY_PROVIDERS)
async def show_providers(request: Request, session: SignedIn) -> Response:
    """List the providers, with the form that adds one."""
    return await _page(request, session, draft_of(request))


@router.post("/identity-providers")
@performs(Action.CHANGE_IDENTITY_PROVIDERS)
async def add_provider(request: Request, session: SignedIn) -> Response:
    """Add a provider. It is asked for its discovery document first, so that a typing mistake shows at once."""
    deps, form = deps_of(request), await read_form(request)
    expected_id = form.text("provider_id", max_length=36)
    async with reading(request) as (read, now):  # decided before the server asks a host that somebody chose
        await require(read, session.caller, Action.CHANGE_IDENTITY_PROVIDERS, session.here, now=now)
    with form.showing_errors():
        new = NewProvider(
            name=form.text("name"),
            issuer=form.text("issuer"),
            client_id=form.text("client_id"),
            client_secret=form.text("client_secret"),
            name_claim=NameClaim.UPN if form.value("name_claim") == NameClaim.UPN else NameClaim.EMAIL,
            trusts_mfa=form.checked("trusts_mfa"),
        )
        if not form.errors:
            try:
                deps.limits.hit("identity provider form", session.here, limit=FORMS_PER_MINUTE, window=MINUTE)
                await read_discovery(deps.http, session.here, new.issuer)
            except WrongIssuer as error:
                form.fail("issuer", _wrong_issuer(error))
            except Unreachable as error:
                form.fail("issuer", _("There is no OpenID provider at this address: %(why)s.") % {"why": error})
        if not form.errors:
            async with once(request, session, form, back="/identity-providers") as (tx, now):
                await add_identity_provider(
                    tx, deps.master_key, session.caller, session.here, new, now, expected_id=expected_id
                )
    return await _page(request, session, form) if form.errors else see_other("/identity-providers")


@router.get("/identity-providers/{provider_id}/remove")
@performs(Action.CHANGE_IDENTITY_PROVIDERS)
async def ask_to_remove(request: Request, session: SignedIn, provider_id: str) -> Response:
    """Ask whether the provider shall be removed. Raises NotFound."""
    async with reading(request) as (read, now):
        provider = await get_provider(read, session.caller, session.here, provider_id, now)
    return ask(
        request,
        title=_("Remove %(name)s?") % {"name": provider.name},
        lead=provider.issuer,
        consequences=[
            _("Nobody can sign in with it any more. Sessions that began with it go on until they end."),
            _("Who is who there is forgotten: after adding it again, people are found by their names once more."),
        ],
        confirm=_("Remove it"),
        back="/identity-providers",
    )


@router.post("/identity-providers/{provider_id}/remove")
@performs(Action.CHANGE_IDENTITY_PROVIDERS)
async def remove_provider(request: Request, session: SignedIn, provider_id: str) -> Response:
    """Remove the provider. Raises NotFound."""
    await read_form(request)
    async with writing(request) as (tx, now):
        await remove_identity_provider(tx, session.caller, session.here, provider_id, now)
    return see_other("/identity-providers")


@router.get("/identity-providers/{provider_id}/callback")
@performs(Action.CHANGE_IDENTITY_PROVIDERS)
async def ask_to_replace_callback(request: Request, session: SignedIn, provider_id: str) -> Response:
    """Show how a provider gets a redirect address of its own in place of the one that all of them shared. Raises
    NotFound.
    """
    async with reading(request) as (read, now):
        provider = await get_provider(read, session.caller, session.here, provider_id, now)
    own = callback_of(deps_of(request).settings.issuer, session.here, provider.id)
    return render(request, "tenant/identity_provider_callback.html", form=Form(), provider=provider, own=own)


@router.post("/identity-providers/{provider_id}/callback")
@performs(Action.CHANGE_IDENTITY_PROVIDERS)
async def replace_callback(request: Request, session: SignedIn, provider_id: str) -> Response:
    """Give the provider a redirect address of its own. Raises NotFound."""
    await read_form(request)
    async with writing(request) as (tx, now):
        await replace_shared_callback(tx, session.caller, session.here, provider_id, now)
    return see_other("/identity-providers")


def _wrong_issuer(error: WrongIssuer) -> str:
    """The error of the form when the document names another issuer: which one it names, and what to type instead."""
    if not error.claimed:
        return _("The document there names no issuer, so it is none of an OpenID provider.")
    if error.mistake is Mistake.EVERYBODYS:
        return _(
            "This address is for accounts of every organisation: the document there names the issuer %(issuer)s. "
            "Type your directory's own ID in place of “common” or “organizations”."
        ) % {"issuer": error.claimed}
    if error.mistake is Mistake.WHOLE_ADDRESS:
        return _("This is the address of a document. Type the issuer that it names: %(issuer)s") % {
            "issuer": error.claimed
        }
    if error.mistake is Mistake.SLASH:
        return _(
            "It is the slash at the end. The document there names this issuer, so type it to the letter: %(issuer)s"
        ) % {"issuer": error.claimed}
    return _("The document there is of another issuer: %(issuer)s. If that is your provider, type it instead.") % {
        "issuer": error.claimed
    }


async def _page(request: Request, session: Session, form: Form) -> Response:
    async with reading(request) as (read, now):
        providers, next_id = await list_providers(read, session.caller, session.here, now)
    root = deps_of(request).settings.issuer
    claims = [
        (NameClaim.EMAIL, _("E-mail address, when the provider has verified it")),
        (NameClaim.UPN, _("User principal name, for a provider where people cannot choose it (Entra ID)")),
    ]
    return render(
        request,
        "tenant/identity_providers.html",
        form=form,
        providers=[(each, callback_in_use(root, session.here, each)) for each in providers],
        next_id=next_id,
        callback=callback_of(root, session.here, next_id),
        claims=claims,
    )
