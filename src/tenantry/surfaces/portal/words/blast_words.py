"""What depends on a thing, in sentences: what is reached, what would stop, what would not, and how it is ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tenantry.access.blast_radius import COUNTED, DeviceRadius, LeftBehind, RelationshipRadius, UserRadius
from tenantry.directory.users import RESTORABLE
from tenantry.surfaces.portal.words.role_words import explained_roles
from tenantry.surfaces.portal.words.texts import day, ngettext, number, up_to
from tenantry.surfaces.portal.words.texts import gettext as _

Line = tuple[str, str]
"""A text and the address that it leads to; empty when it leads nowhere."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact on what is reached: a word, a sentence, and names."""

    term: str
    text: str
    lines: Sequence[Line] = ()


@dataclass(frozen=True, slots=True)
class Radius:
    """One page. `action` is where the button's form goes; `action` and `confirm` are empty when the reader may not end
    the thing.
    """

    title: str
    lead: str
    back: str
    back_label: str
    reaches: list[Fact]
    stops: list[str]
    goes_on: list[str]
    action: str
    confirm: str
    undo: str
    is_final: bool = True
    milder: list[tuple[str, str, str]] = field(default_factory=list)
    """Milder things to do: text, where it leads, what it is for."""


def counted(count: int) -> str:
    """As in `12`, or `1,000+` where counting stopped."""
    return up_to(count, COUNTED)


def relationship_words(radius: RelationshipRadius) -> Radius:
    """The page on a relationship: what a partner may do here."""
    relationship, name = radius.relationship, {"partner": radius.partner_name}
    waits = relationship.status == "approvalPending"
    totals = radius.totals
    users = ngettext("%(count)s user of the organisation.", "%(count)s users of the organisation.", totals.users)
    done = ngettext(
        "%(partner)s did %(count)s thing here in the last 24 hours.",
        "%(partner)s did %(count)s things here in the last 24 hours.",
        radius.done,
    )
    stops = [
        _("Nobody at %(partner)s can use these roles here, from the next request on.") % name,
        done % {**name, "count": number(radius.done)},
    ]
    others = [
        _("%(partner)s keeps what %(name)s gives it.") % {**name, "name": other.display_name} for other in radius.others
    ]
    return Radius(
        title=_("If %(partner)s were not to be trusted") % name,
        lead=(
            _("It asks for the relationship %(name)s and cannot do anything yet.") % {"name": relationship.display_name}
            if waits
            else _("The relationship %(name)s lets everybody there who has the right do this here, until %(day)s.")
            % {"name": relationship.display_name, "day": day(relationship.expires_at or 0)}
        ),
        back=f"/partners/{relationship.id}",
        back_label=radius.partner_name,
        reaches=[
            Fact(
                _("Roles"),
                "",
                [(f"{role.name}: {role.covers}", "") for role in explained_roles(relationship.role_ids.split())],
            ),
            Fact(_("Users"), users % {"count": counted(totals.users)}, [(_("See them"), "/users")]),
        ],
        stops=[_("The request is over. Nothing was allowed yet.")] if waits else stops,
        goes_on=[*others, _("Users that the partner made stay.")],
        action=f"/partners/{relationship.id}/end" if radius.may_end else "",
        confirm=_("Decline this request") if waits else _("End this relationship"),
        undo=_("Ending cannot be undone: %(partner)s would have to ask again, and you approve again.") % name,
    )


def left_words(left: LeftBehind, user: str) -> list[str]:
    """What `user` set up and what goes on without them, in sentences."""
    texts = []
    for app in left.connectors:
        name = {"app": app.name, "name": user}
        if app.roles:
            texts.append(
                _("%(app)s goes on. It holds roles itself, and %(name)s, who registered it, may know its secret.")
                % name
            )
        else:
            text = ngettext(
                "%(app)s goes on with %(count)s token of others. %(name)s, who registered it, may know its secret.",
                "%(app)s goes on with %(count)s tokens of others. %(name)s, who registered it, may know its secret.",
                app.tokens,
            )
            texts.append(text % {**name, "count": counted(app.tokens)})
    if left.webhooks:
        text = ngettext(
            "%(count)s webhook that %(name)s registered by hand goes on telling its receiver.",
            "%(count)s webhooks that %(name)s registered by hand go on telling their receivers.",
            left.webhooks,
        )
        texts.append(text % {"count": counted(left.webhooks), "name": user})
    return texts


def user_words(radius: UserRadius) -> Radius:
    """The page on a user whose password leaked, or who left."""
    user, counts = radius.user, radius.counts
    name = {"name": user.display_name}
    reaches = [
        Fact(
            _("Roles"),
            "" if radius.role_ids else _("None: what every user may."),
            [(f"{role.name}: {role.covers}", "") for role in explained_roles(radius.role_ids)],
        ),
        Fact(
            _("Groups"),
            ngettext("Admin of %(count)s group.", "Admin of %(count)s groups.", counts.groups)
            % {"count": counted(counts.groups)},
        ),
        Fact(
            _("Tokens"),
            ngettext("Gave %(count)s live token to apps.", "Gave %(count)s live tokens to apps.", counts.tokens)
            % {"count": counted(counts.tokens)},
            [(connector.name, f"/blast-radius/connector/{connector.id}") for connector in radius.connectors],
        ),
        Fact(
            _("Connectors"),
            ngettext("Owns %(count)s, and may change it.", "Owns %(count)s, and may change them.", counts.connectors)
            % {"count": counted(counts.connectors)},
        ),
    ]
    back, label = f"/users/{user.id}", user.display_name
    if user.deleted_at is not None:
        until = user.deleted_at + RESTORABLE
        return Radius(
            title=_("%(name)s is deleted") % name,
            lead=_("Until %(day)s the user can be restored, with everything below.") % {"day": day(until)},
            back=back,
            back_label=label,
            reaches=reaches,
            stops=[],
            goes_on=[],
            action=f"/users/{user.id}/restore" if radius.may_end else "",
            confirm=_("Restore this user"),
            undo=_("You can delete the user again at any time."),
            is_final=False,
        )
    stops = [
        ngettext(
            "%(count)s session ends, and there is no signing in.",
            "%(count)s sessions end, and there is no signing in.",
            counts.sessions,
        )
        % {"count": number(counts.sessions)},
        ngettext(
            "%(count)s token that the user gave stops.", "%(count)s tokens that the user gave stop.", counts.tokens
        )
        % {"count": counted(counts.tokens)},
        *([_("Nobody is left who is Global Administrator.")] if radius.is_last_administrator else []),
        *(_("%(group)s has no admin left.") % {"group": group.name} for group in radius.led_alone),
    ]
    goes_on = [_("Connectors that the user registered go on, with the tokens of others.")] if counts.connectors else []
    if counts.devices:
        text = ngettext(
            "%(count)s device goes on until it is removed.", "%(count)s devices go on until removed.", counts.devices
        )
        goes_on.append(text % {"count": number(counts.devices)})
    goes_on += left_words(radius.left, user.display_name)
    milder = [
        (
            _("Set a new password"),
            f"/users/{user.id}/password",
            _("when only the password leaked: sessions and tokens end, the user stays"),
        ),
    ]
    return Radius(
        title=_("If the account of %(name)s were taken over") % name,
        lead=_("Whoever can sign in as %(upn)s has all of this.") % {"upn": user.user_principal_name},
        back=back,
        back_label=label,
        reaches=reaches,
        stops=stops,
        goes_on=goes_on,
        action=f"/users/{user.id}/delete" if radius.may_end else "",
        confirm=_("Delete this user"),
        undo=_("You can restore the user for 30 days. The tokens stay revoked."),
        milder=milder if radius.may_end else [],
    )


def device_words(radius: DeviceRadius) -> Radius:
    """The page on a device that is lost, or in wrong hands."""
    device = radius.device
    name = {"model": device.model or _("this device"), "account": device.account_name}
    left = device.device_count - 1
    back = f"/users/{device.user_id}" if device.user_id else "/devices"
    return Radius(
        title=_("If %(model)s of %(account)s were lost") % name,
        lead=_("Whoever unlocks it has the work account on it."),
        back=back,
        back_label=_("Back"),
        reaches=[
            Fact(_("Work account"), device.account_name),
            Fact(_("Enterprise"), device.enterprise_name, [(_("See it"), "/enterprises")]),
            Fact(_("Android ID"), device.android_id),
        ],
        stops=[
            _("The device's credential is refused from then on."),
            _("The work account is no longer managed on it."),
        ],
        goes_on=[
            ngettext(
                "%(count)s other device of the account goes on.", "%(count)s other devices of the account go on.", left
            )
            % {"count": number(left)},
        ],
        action=f"/blast-radius/device/{device.account_id}-{device.android_id}" if radius.may_end else "",
        confirm=_("Remove this device"),
        undo=_("You can undo this with the device in hand: generate a device token and set it up again."),
    )
