"""The texts by which users are told about changes to how they sign in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.directory.notices import What
from tenantry.store.sign_in.sign_in_notices import Notice
from tenantry.surfaces.portal.frame.guard import Session
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.portal.words.texts import marked

NOTICES: dict[What, str] = {
    What.FACTOR_ADDED: marked("A second step was added."),
    What.FACTOR_REMOVED: marked("A second step was removed."),
    What.FACTORS_RESET: marked("Your second steps were reset."),
    What.FACTORS_CONFIRMED: marked("Your second steps were confirmed, so that they count."),
    What.ENROLMENT_CODE: marked("An enrolment code for a second step was made."),
    What.PASSWORD_SET: marked("Your password was set by somebody else."),
    What.PHONE_ADDED: marked("A phone number was added."),
    What.PHONE_REMOVED: marked("A phone number was removed."),
    What.WRONG_PASSWORDS: marked("There were many tries with wrong passwords, and no more were taken for a while."),
    What.WRONG_CODES: marked(
        "Somebody who has your password tried many wrong codes. If it was not you, change your password."
    ),
}


class ShownNotice(NamedTuple):
    """A notice as two sentences, the second of which says by whom and when."""

    text: str
    by: str
    at: Micros


def notices_of(notices: Iterable[Notice], session: Session) -> list[ShownNotice]:
    """The notices in words, for the user whom they are about."""
    return [ShownNotice(_(NOTICES[What(each.what)]), _by(each, session), each.created_at) for each in notices]


def _by(notice: Notice, session: Session) -> str:
    if notice.by_whom == f"user:{session.user_id}":
        return _("By you")
    return _("By strangers") if notice.by_whom == "anonymous" else _("By somebody else")
