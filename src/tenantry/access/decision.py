"""Allow or deny, and why: the reason is a stable word, the facts are sentences for an administrator."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tenantry.access.actions import Action
from tenantry.core.errors import AppOnlyRefused, DomainError, Forbidden, MfaRequired, NotFound


class Reason(StrEnum):
    """Why a decision was made. The words are stored in the audit trail, so they must not change."""

    PUBLIC = "public"
    OPERATOR = "operator"
    GRANTED = "granted"
    PERMISSION_MISSING = "permission_missing"
    APP_ONLY = "app_only"
    MFA_MISSING = "mfa_missing"
    OTHER_TENANT = "other_tenant"
    NO_RELATION = "no_relation"
    ROLE_MISSING = "role_missing"
    BEYOND_RELATIONSHIP = "beyond_relationship"
    GROUP_UNKNOWN = "group_unknown"
    OUTSIDE_REACH = "outside_reach"
    GROUP_ROLE_MISSING = "group_role_missing"
    ENTERPRISE_UNKNOWN = "enterprise_unknown"


ALLOWS = frozenset({Reason.PUBLIC, Reason.OPERATOR, Reason.GRANTED})


@dataclass(frozen=True, slots=True)
class Decision:
    """`facts` are what was looked at, in the order in which it was looked at; the last one decided."""

    action: Action
    reason: Reason
    facts: tuple[str, ...]

    @property
    def allowed(self) -> bool:
        """Whether the caller may."""
        return self.reason in ALLOWS


HIDDEN = {
    Reason.OTHER_TENANT: "tenant",
    Reason.NO_RELATION: "customer",
    Reason.GROUP_UNKNOWN: "group",
    Reason.ENTERPRISE_UNKNOWN: "enterprise",
}
"""Denials that the caller sees as NotFound."""


def error_of(decision: Decision) -> DomainError:
    """The error that tells the caller of a denial; its `decision` is for the trail, see surfaces/shared/denials.py."""
    error: DomainError
    internal = "; ".join(decision.facts)
    what = HIDDEN.get(decision.reason)
    if what is not None:
        error = NotFound(what, internal=internal)
    elif decision.reason is Reason.APP_ONLY:
        error = AppOnlyRefused(reason=decision.reason, internal=internal)
    elif decision.reason is Reason.MFA_MISSING:
        error = MfaRequired(internal=internal)
    else:
        error = Forbidden(reason=decision.reason, internal=internal)
    error.decision = decision
    return error
