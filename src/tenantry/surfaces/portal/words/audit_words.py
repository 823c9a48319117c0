"""Events of the trail as people read them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from tenantry.access.trail import NAMED
from tenantry.store.trail.audit_search import FoundEvent
from tenantry.surfaces.portal.words.action_words import ACTIONS
from tenantry.surfaces.portal.words.event_words import EARLIER, EVENTS, FIELDS
from tenantry.surfaces.portal.words.reason_words import reason_name
from tenantry.surfaces.portal.words.role_words import role_name
from tenantry.surfaces.portal.words.texts import exact_time
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.portal.words.value_words import value_name
from tenantry.surfaces.portal.words.words import permission_label

_TELLING = (
    "user_principal_name",
    "account_identifier",
    "name",
    "domain",
    "number",
    "file_name",
    "role_id",
    "action",
    "reason",
    "audience",
    "host",
    "method",
    "android_id",
    "issuer",
)
"""The fields that say most of an event. Of ids (NAMED) they are those whose names are known, but not the id of who did
it.
"""


class Told(NamedTuple):
    """One event. `brief` says what it was about; `details` are pairs of name and value, `facts` a decision's path."""

    event: FoundEvent
    what: str
    brief: str
    who: str
    details: list[tuple[str, str]]
    facts: list[str]

    @property
    def is_refusal(self) -> bool:
        """Whether somebody was kept from something."""
        return self.event.type.endswith((".refused", ".denied", ".reused"))


def told(found: Sequence[FoundEvent], names: Mapping[str, str]) -> list[Told]:
    """The events in words. `names`: what the things are called that they are about, by their ids."""
    return [_told(event, names) for event in found]


def _told(event: FoundEvent, names: Mapping[str, str]) -> Told:
    data = json.loads(event.data)
    facts = [str(fact) for fact in data.pop("facts", [])]
    data.pop("type", None)
    details = [(field_name(name), _named(name, value, names)) for name, value in data.items()]
    briefs = [_value(name, data[name]) for name in _TELLING if data.get(name)][:1]
    ids = [data[name] for name in NAMED if name in data and event.actor != f"user:{data[name]}"]
    briefs += [names[each] for each in ids if each in names]
    brief = ", ".join([*dict.fromkeys(briefs)][:2])
    return Told(event, type_name(event.type), brief, _who(event), details, facts)


def _named(name: str, value: object, names: Mapping[str, str]) -> str:
    """The value; for the id of a thing that has a name, the name and the id."""
    said = _value(name, value)
    return f"{names[said]} ({said})" if said in names and name in NAMED else said


def type_name(type: str) -> str:
    """The text for a type, `Group member added` for `group.member_added`; the type itself when another version of the
    server recorded it.
    """
    word = EVENTS.get(type) or EARLIER.get(type)
    return _(word) if word else type


def type_names() -> list[tuple[str, str]]:
    """Every type there is, by its name, for a choice."""
    return sorted(((tag, type_name(tag)) for tag in EVENTS), key=lambda pair: pair[1])


def field_name(name: str) -> str:
    """The text for a field, as in `Sign-in name` for `user_principal_name`."""
    return _(FIELDS[name]) if name in FIELDS else name


def _value(name: str, value: object) -> str:
    match name, value:
        case _, list():
            return ", ".join(_value(name, item) for item in value)
        case _, bool():
            return _("yes") if value else _("no")
        case _, int() if name.endswith(("_at", "_from")):
            return exact_time(value) if value else ""
        case _:
            return _WORDS[name](str(value)) if name in _WORDS else value_name(name, str(value))


def _action_name(action: str) -> str:
    return _(ACTIONS[action]) if action in ACTIONS else action


_WORDS: dict[str, Callable[[str], str]] = {
    "action": _action_name,
    "permissions": permission_label,
    "reason": reason_name,
    "role_id": role_name,
    "role_ids": role_name,
}
"""What turns the value of a field into text. The values of other fields are shown as they are."""


def _who(event: FoundEvent) -> str:
    kind = event.actor.partition(":")[0]
    if kind == "user" and event.partner_tenant_id:
        return _("A user of %(partner)s") % {"partner": event.partner_name or event.partner_tenant_id}
    if kind == "user":
        return event.user_name or _("A user who is gone")
    if kind == "connector":
        return event.connector_name or _("A connector that is gone")
    words = {"operator": _("Operator of the server"), "device": _("A device"), "anonymous": _("Nobody signed in")}
    return words.get(kind, event.actor)
