"""Who may register connectors, and under which names: a consent page must not show what anybody makes up.

Administrators register whatever they like. The tenant may reserve registration to them; names that look like those of
well-known vendors are reserved to them in any case. Permissions that reach beyond the user's own groups are in force
once they approve them, see permissions.py.
"""

from __future__ import annotations

import unicodedata

from tenantry.access.actions import Action
from tenantry.access.decide import decide
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import Forbidden, InvalidValue
from tenantry.core.ids import TenantId
from tenantry.directory.policies import Whom, find_policies
from tenantry.store.engine.interface import Read

_VENDORS = (
    *("adobe", "amazon", "android", "apple", "atlassian", "auth0", "azure", "cisco", "dropbox", "entra", "facebook"),
    *("github", "gitlab", "google", "kaizala", "microsoft", "office365", "onedrive", "oracle", "outlook"),
    *("partnercenter", "salesforce", "sharepoint", "slack", "tenantry", "windows"),
)
_LONG = 6
"""How many letters a name has that begins no ordinary word."""
_LOOKALIKES = str.maketrans(
    "0134578@$|"
    "\u0131\u0251\u0261\u0262\u0280\u1d00\u1d04\u1d0f\u1d0d\u0455\u0458"
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0501\u051b\u051d\u04bb"
    "\u03b1\u03b5\u03bf\u03c1\u03c5\u03bd\u03b9\u03ba\u03c4\u03c7\u03c9\u03b3\u0585\u0578",
    "oieastbasiiaggracomsjaeopcyxidqwhaeopuviktxwyon",
)
"""Digits and signs that stand for letters, and letters of other scripts and phonetics that look like Latin ones."""


async def require_registrant(
    read: Read, caller: Caller, tenant_id: TenantId, now: Micros, *, name: str | None = None
) -> None:
    """Raise Forbidden unless the caller may register a connector, or add to what one may do; InvalidValue for a `name`
    that is reserved to administrators.
    """
    if (await decide(read, caller, Action.CHANGE_CONNECTOR, tenant_id, now=now)).allowed:
        return
    if (await find_policies(read, tenant_id)).connector_registration is Whom.ADMINISTRATORS:
        raise Forbidden("Here administrators register connectors. Ask one of them.", reason="role_missing")
    if name is not None and imitated(name) is not None:
        raise InvalidValue(
            "This looks like the name of a well-known product. Choose another one, or ask an administrator.",
            field="name",
        )


def imitated(name: str) -> str | None:
    """The vendor or product for which a name would be taken, in whatever letters and spacing; None when there
    is none.
    """
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    plain = "".join(each for each in letters if not unicodedata.combining(each)).translate(_LOOKALIKES)
    words = "".join(character if character.isalnum() else " " for character in plain).split()
    run_together = {
        "".join(words[start:end]) for start in range(len(words)) for end in range(start + 1, len(words) + 1)
    }
    for vendor in _VENDORS:
        spelled = vendor.translate(_LOOKALIKES)
        is_start = len(spelled) >= _LONG and any(word.startswith(spelled) for word in words)
        if is_start or spelled in run_together:
            return vendor
    return None
