"""What depends on connectors and tokens, in sentences."""

from __future__ import annotations

from tenantry.access.actions import Permission
from tenantry.access.blast_radius import ConnectorRadius, TokenRadius
from tenantry.core.caller import Reach
from tenantry.surfaces.portal.words.blast_words import Fact, Line, Radius, counted
from tenantry.surfaces.portal.words.texts import day, ngettext, number
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.portal.words.words import explained, reach_text


def connector_words(radius: ConnectorRadius) -> Radius:
    """The page on a connector whose secret leaked."""
    connector, counts = radius.connector, radius.counts
    tokens = counts.tenant_tokens + counts.user_tokens + counts.group_tokens
    reaches = [
        Fact(
            _("Permissions"),
            "",
            [(f"{text.label}: {text.covers}", "") for text in explained(connector.permissions.split())],
        ),
        Fact(_("Groups"), _groups_of(radius)),
        Fact(
            _("Tokens"),
            ngettext("%(count)s live token.", "%(count)s live tokens.", tokens) % {"count": counted(tokens)},
            [
                (
                    f"{token.user_name}: {reach_text(token.reach, token.group_name)}",
                    f"/blast-radius/token/{token.id}",
                )
                for token in radius.tokens
            ],
        ),
    ]
    if counts.enterprises:
        text = ngettext("Devices of %(count)s enterprise.", "Devices of %(count)s enterprises.", counts.enterprises)
        reaches.append(Fact(_("Devices"), text % {"count": counted(counts.enterprises)}))
    stops = [
        ngettext("%(count)s token stops at once.", "%(count)s tokens stop at once.", tokens)
        % {"count": counted(tokens)},
        _issued(connector.name, radius.issued),
        _("Its ID, secrets and keys are refused."),
    ]
    if counts.webhooks:
        text = ngettext(
            "%(count)s webhook of it falls silent.", "%(count)s webhooks of it fall silent.", counts.webhooks
        )
        stops.append(text % {"count": counted(counts.webhooks)})
    milder = [
        (
            _("Rotate the secret"),
            f"/connectors/{connector.id}/secrets/new",
            _("when only the secret leaked: the app goes on with a new one"),
        ),
        (_("Deactivate"), f"/connectors/{connector.id}/deactivate", _("no new tokens, and you can activate it again")),
    ]
    return Radius(
        title=_("If %(name)s leaked") % {"name": connector.name},
        lead=_("Whoever has its secret and one of its tokens can do all of this in its name."),
        back=f"/connectors/{connector.id}",
        back_label=connector.name,
        reaches=reaches,
        stops=stops,
        goes_on=[_("Groups, members and messages stay as they are. Other connectors go on.")],
        action=f"/connectors/{connector.id}/delete" if radius.may_end else "",
        confirm=_("Delete this connector"),
        undo=_("Deleting cannot be undone: the app would have to be registered anew and be given new tokens."),
        milder=(milder if connector.kind == "confidential" else milder[1:]) if radius.may_end else [],
    )


def _issued(name: str, count: int) -> str:
    if not count:
        return _("%(name)s asked for no access token in the last 24 hours, and gets none.") % {"name": name}
    text = ngettext(
        "%(name)s asked for %(count)s access token in the last 24 hours, and gets no further one.",
        "%(name)s asked for %(count)s access tokens in the last 24 hours, and gets no further one.",
        count,
    )
    return text % {"name": name, "count": number(count)}


def _groups_of(radius: ConnectorRadius) -> str:
    counts = radius.counts
    parts = []
    if counts.tenant_tokens:
        groups = radius.totals.groups
        text = ngettext("The only group of the organisation.", "All %(count)s groups of the organisation.", groups)
        parts.append(text % {"count": counted(groups)})
    if counts.user_tokens:
        text = ngettext("The groups of one user.", "The groups of %(count)s users.", counts.user_tokens)
        parts.append(text % {"count": counted(counts.user_tokens)})
    if counts.group_tokens:
        text = ngettext(
            "One group and what is below it.", "%(count)s groups and what is below them.", counts.group_tokens
        )
        parts.append(text % {"count": counted(counts.group_tokens)})
    return " ".join(parts) or _("None: it holds no token for groups.")


def token_words(radius: TokenRadius, *, links_groups: bool) -> Radius:
    """The page on a token that leaked, together with the connector's secret. `links_groups`: the reader may open the
    groups that it reaches.
    """
    token = radius.token
    as_whom = {
        Reach.TENANT: _("It acts as an administrator of every group."),
        Reach.GROUP: _("It acts as an administrator of the group and of what is below it."),
    }.get(Reach(token.reach), _("It acts as %(name)s does in each group.") % {"name": token.user_name})
    count = ngettext("%(count)s group.", "%(count)s groups.", radius.group_count) % {
        "count": number(radius.group_count)
    }
    lines = [(group.name, f"/groups/{group.id}" if links_groups else "") for group in radius.groups]
    permissions = token.permissions.split()
    reaches = [
        Fact(_("Permissions"), "", [(f"{text.label}: {text.covers}", "") for text in explained(permissions)]),
        Fact(_("Groups"), f"{count} {as_whom}", [*lines, *_more(radius.group_count - len(lines))]),
    ]
    if Permission.PARTNER_CENTER in permissions:
        text = _("As far as the roles of %(name)s go, here and at customers.") % {"name": token.user_name}
        reaches.append(Fact(_("Users"), text, [(token.user_name, f"/blast-radius/user/{token.user_id}")]))
    return Radius(
        title=_("If a token of %(name)s leaked") % {"name": token.connector_name},
        lead=_("%(user)s gave it. Whoever has it and the connector's secret can do all of this until %(day)s.")
        % {"user": token.user_name, "day": day(token.expires_at)},
        back=f"/connectors/{token.connector_id}",
        back_label=token.connector_name,
        reaches=reaches,
        stops=[
            _issued(token.connector_name, radius.issued),
            _("Access tokens made from it stop at once."),
        ],
        goes_on=[_("Other tokens of %(name)s go on.") % {"name": token.connector_name}],
        action=f"/tokens/{token.id}/revoke" if radius.may_end else "",
        confirm=_("Revoke this token"),
        undo=_("Revoking cannot be undone, but %(user)s can give a new token at any time.") % {"user": token.user_name},
    )


def _more(count: int) -> list[Line]:
    if count <= 0:
        return []
    return [(ngettext("and %(count)s more", "and %(count)s more", count) % {"count": number(count)}, "/groups")]
