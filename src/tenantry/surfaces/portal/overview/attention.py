"""What needs attention in the tenant: sentences, each with a button that leads to the one thing to do about it."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.access.overview import Attention
from tenantry.core.clock import Micros
from tenantry.store.connectors.connector_lists import WaitingConnector
from tenantry.store.overview.reports import Ending, Matter
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.portal.words.texts import ngettext, number, relative_time
from tenantry.surfaces.portal.words.words import permission_label


class Item(NamedTuple):
    """A sentence that needs attention. `kind` is the mark before it, warn or clock. `fix` is the text of the button,
    which leads to `href`.
    """

    kind: str
    text: str
    detail: str
    href: str
    fix: str


def attention_items(attention: Attention, user_id: str, now: Micros, *, can_send: bool) -> list[Item]:
    """What can do harm comes first, then what waits, then what ends soon. `user_id` is the visitor."""
    items = [
        *([] if can_send else [_no_gateway()]),
        *(_unguarded(matter) for matter in attention.unguarded_administrators),
        *_alone(attention),
        *(_shared_callback(matter) for matter in attention.shared_callbacks),
        *(_full(matter) for matter in attention.full_accounts),
        *(_waiting(matter, now) for matter in attention.waiting_relationships),
        *(_waiting_app(connector, now) for connector in attention.waiting_connectors),
        *(_double(matter, now) for matter in attention.double_secrets),
        *(_ending(end, user_id, now) for end in attention.ending),
    ]
    return items + _refusals(attention)


def _no_gateway() -> Item:
    return Item(
        "warn",
        _("No PIN can be sent: this server has no gateway for messages."),
        _("Nobody can verify a phone number or sign in by PIN until whoever runs the server sets message_urls."),
        "/phones",
        _("See phone numbers"),
    )


def _unguarded(matter: Matter) -> Item:
    return Item(
        "warn",
        _("%(name)s is Global Administrator and signs in with a password alone.") % {"name": matter.name},
        _("Whoever learns the password has the organisation. Ask for a second step."),
        f"/users/{matter.id}",
        _("Open the user"),
    )


def _alone(attention: Attention) -> list[Item]:
    if attention.administrators != 1:
        return []
    return [
        Item(
            "warn",
            _("Only one person is Global Administrator."),
            _("Should that person lose the way in, nobody can let anybody in."),
            "/users",
            _("Choose a second"),
        )
    ]


def _shared_callback(matter: Matter) -> Item:
    return Item(
        "warn",
        _("%(name)s, where people sign in, needs a redirect address of its own.") % {"name": matter.name},
        _("All providers shared one address once; an answer of one could be taken for another's."),
        f"/identity-providers/{matter.id}/callback",
        _("Replace the address"),
    )


def _waiting(matter: Matter, now: Micros) -> Item:
    return Item(
        "clock",
        _("%(partner)s asks to act in your organisation: %(name)s.") % {"partner": matter.detail, "name": matter.name},
        _("Asked %(ago)s.") % {"ago": relative_time(matter.at, now)},
        f"/partners/{matter.id}",
        _("Approve or decline"),
    )


def _waiting_app(connector: WaitingConnector, now: Micros) -> Item:
    asked = {"ago": relative_time(connector.waiting_since, now), "name": connector.name}
    asked["permissions"] = ", ".join(map(permission_label, connector.waiting_permissions.split()))
    if connector.of_all == 1:
        text = _("%(name)s waits for permissions: %(permissions)s.") % asked
        return Item(
            "clock",
            text,
            _("Asked %(ago)s.") % asked,
            f"/connectors/{connector.id}/waiting",
            _("Approve or decline"),
        )
    return Item(
        "clock",
        ngettext(
            "%(count)s connector waits for permissions.", "%(count)s connectors wait for permissions.", connector.of_all
        )
        % {"count": number(connector.of_all)},
        _("%(name)s waits longest, asked %(ago)s.") % asked,
        "/connectors/waiting",
        _("See which"),
    )


def _double(matter: Matter, now: Micros) -> Item:
    return Item(
        "clock",
        _("%(name)s still has its old secret.") % {"name": matter.name},
        _("The new one was made %(ago)s. End the old one once the app uses the new.")
        % {"ago": relative_time(matter.at, now)},
        f"/connectors/{matter.id}",
        _("End the old secret"),
    )


def _full(matter: Matter) -> Item:
    return Item(
        "warn",
        _("%(name)s has as many devices as an account may have: %(count)s.")
        % {"name": matter.name, "count": number(matter.of_all)},
        _("The next device is refused until one is removed."),
        f"/devices/{matter.detail}/{matter.id}",
        _("Choose one to remove"),
    )


def _ending(end: Ending, user_id: str, now: Micros) -> Item:
    name = {"name": end.name, "owner": end.owner, "when": relative_time(end.ends_at, now)}
    if end.kind == "relationship":
        return Item(
            "clock",
            _("%(owner)s may no longer act here %(when)s, when %(name)s ends.") % name,
            _("To go on, it has to ask again, and you approve."),
            f"/partners/{end.id}",
            _("See the relationship"),
        )
    if end.kind == "customer":
        return Item(
            "clock",
            _("A relationship with %(name)s ends %(when)s: you may do less for them then, or nothing.") % name,
            _("To go on, ask again, and they approve."),
            f"/customers/{end.parent_id}",
            _("See the customer"),
        )
    if end.kind == "secret":
        return Item(
            "clock",
            _("A secret of %(name)s ends %(when)s.") % name,
            _("The one that ends in %(hint)s. The app stops then, unless it has a new one.") % {"hint": end.owner},
            f"/connectors/{end.parent_id}/secrets/new",
            _("Rotate the secret"),
        )
    if end.group_id:
        href, fix = f"/groups/{end.group_id}/connectors", _("Give it a new one")
    elif end.owner_id == user_id:
        href, fix = f"/connectors/{end.parent_id}/user-token", _("Generate user token")
    else:
        href, fix = f"/blast-radius/token/{end.id}", _("See what would stop")
    text = _("The token that %(owner)s gave to %(name)s ends %(when)s.") % name
    return Item("clock", text, _("The app stops then, unless it is given a new one."), href, fix)


def _refusals(attention: Attention) -> list[Item]:
    texts = [
        (
            attention.tokens_refused,
            ngettext(
                "One exchange of a token was refused in the last 24 hours.",
                "%(count)s exchanges of tokens were refused in the last 24 hours.",
                attention.tokens_refused,
            ),
            _("An app with an old secret or token, or somebody who tries out stolen ones. The trail says why."),
            "token.refused",
        ),
        (
            attention.sign_ins_refused,
            ngettext(
                "One sign-in was refused in the last 24 hours.",
                "%(count)s sign-ins were refused in the last 24 hours.",
                attention.sign_ins_refused,
            ),
            _("Forgotten passwords mostly. Many for one name are somebody who guesses."),
            "sign_in.refused",
        ),
        (
            attention.denied,
            ngettext(
                "One request was denied in the last 24 hours.",
                "%(count)s requests were denied in the last 24 hours.",
                attention.denied,
            ),
            _("Somebody known asked for what they may not. The trail has the decision, step by step."),
            "access.denied",
        ),
    ]
    return [
        Item("info", text % {"count": number(count)}, detail, f"/audit?what={event}", _("See the trail"))
        for count, text, detail, event in texts
        if count
    ]
