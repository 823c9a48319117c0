"""The texts for words that are values of events' fields. They go by field, since one word may mean different things."""

from __future__ import annotations

from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.portal.words.texts import marked

AMR: dict[str, str] = {
    "pwd": marked("password"),
    "otp": marked("one-time code"),
    "sms": marked("phone"),
    "hwk": marked("passkey"),
    "swk": marked("passkey"),
    "fed": marked("organisation account"),
    "mfa": marked("second step"),
}
"""How a user was authenticated (RFC 8176; `fed`, as in Entra ID, at another provider)."""

METHODS: dict[str, str] = {
    "passkey": marked("passkey"),
    "totp": marked("authenticator app"),
    "phone": marked("phone"),
    "recovery_code": marked("recovery code"),
    "enrolment_code": marked("enrolment code"),
}

WHOM: dict[str, str] = {  # of policies
    "nobody": marked("nobody"),
    "administrators": marked("administrators"),
    "not_administrators": marked("everybody but administrators"),
    "everybody": marked("everybody"),
}

VALUES: dict[str, dict[str, str]] = {
    "account_state": {"enabled": marked("enabled"), "disabled": marked("disabled")},
    "amr": AMR,
    "audience": {
        "kaizala": marked("Kaizala"),
        "partnercenter": marked("Partner Center"),
        "androidenterprise": marked("Android Enterprise"),
        "graph": marked("Directory Graph"),
        "portal": marked("Portal"),
    },
    "method": METHODS,
    "methods": METHODS,
    "object_type": {"group": marked("group"), "tenant": marked("organisation")},
    "purpose": {
        "sign_in": marked("signing in to an app"),
        "registration": marked("adding the number"),
        "second_factor": marked("second step"),
    },
    "reach": {
        "user": marked("groups of the user"),
        "tenant": marked("all groups of the organisation"),
        "group": marked("one group"),
    },
    "role": {"admin": marked("admin"), "member": marked("member"), "subscriber": marked("subscriber")},
    "status": {"terminated": marked("ended")},
}
"""The texts, by the name of the field, and then by the word that the trail stores."""


def value_name(field: str, word: str) -> str:
    """The text for a value; the word itself where the field has no such text."""
    words = VALUES.get(field, {})
    return _(words[word]) if word in words else word
