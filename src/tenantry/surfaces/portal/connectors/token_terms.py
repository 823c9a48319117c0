"""What a user chooses before giving a connector a token: which of the connector's permissions it has, and for how long
it lasts.
"""

from __future__ import annotations

from typing import NamedTuple

from tenantry.access.actions import Permission
from tenantry.core.clock import DAY, Micros
from tenantry.surfaces.portal.frame.forms import Form
from tenantry.surfaces.portal.words.texts import day as long_day
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.portal.words.texts import ngettext

_SHORTER = (1, 7, 30, 90)
"""Days that the user may choose, besides the longest time that the server gives."""


class Terms(NamedTuple):
    """What the user chose. `permissions` is empty only when the form has an error."""

    permissions: list[Permission]
    lifetime: Micros


def lifetimes(longest: int, now: Micros) -> list[tuple[str, str]]:
    """Values and texts of the times to choose from. The longest comes first, since tokens are made for programs that
    run unattended.
    """
    days = [longest, *(shorter for shorter in reversed(_SHORTER) if shorter < longest)]
    return [
        (
            str(count),
            ngettext("%(count)d day, until %(day)s", "%(count)d days, until %(day)s", count)
            % {"count": count, "day": long_day(now + count * DAY)},
        )
        for count in days
    ]


def read_terms(form: Form, longest: int) -> Terms:
    """The user's choice; what is wrong with it becomes errors of the form. The grant refuses permissions that the
    connector does not have.
    """
    chosen = [permission for permission in Permission if permission in form.texts("permissions")]
    if not chosen:
        form.fail("permissions", _("Choose at least one permission. A token without any opens nothing."))
    days = form.text("days", required=True, max_length=4)
    allowed = {str(count): count for count in (longest, *_SHORTER) if count <= longest}
    if days and days not in allowed:
        form.fail("days", _("Choose one of the times in the list."))
    return Terms(chosen, allowed.get(days, 0) * DAY)
