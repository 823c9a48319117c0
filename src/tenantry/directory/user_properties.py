"""What a user's properties may be: whoever has made one of these shapes has values that are valid. Source: Partner
Center contract §3.2.
"""

from __future__ import annotations

import re
from dataclasses import InitVar, asdict, dataclass
from dataclasses import field as dataclass_field

from tenantry.core.errors import InvalidValue
from tenantry.core.names import read_name, read_text, trim
from tenantry.core.phone_numbers import read_number
from tenantry.directory.countries import COUNTRIES

_NAME = re.compile(r"(?=.{3,113}\Z)[A-Za-z0-9'.\-_!#^~]{1,64}(?<!\.)@[A-Za-z0-9.-]{1,48}")
_NAMES = {"display_name": 256, "given_name": 64, "family_name": 64}
_LONGEST_ID = 256
_REQUIRED = ("user_principal_name", "display_name")


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChanges:
    """Properties to change. None leaves one as it is, and the empty text clears it. Raises InvalidValue when made.

    `country` (ISO 3166-1) is that of a phone number without `+`, unless the user's usage location names another.
    """

    user_principal_name: str | None = None
    display_name: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    usage_location: str | None = None
    immutable_id: str | None = None
    phone_number: str | None = None
    country: InitVar[str | None] = None

    def __post_init__(self, country: str | None) -> None:
        for field, value in asdict(self).items():
            if value is not None:
                object.__setattr__(self, field, _read(field, value, self.usage_location or country))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser(UserChanges):
    """What a user is made from; it needs `user_principal_name` and `display_name`. Raises InvalidValue when made."""

    def __post_init__(self, country: str | None) -> None:
        for field in _REQUIRED:
            if getattr(self, field) is None:
                _read(field, "", None)
        # By name: a dataclass with slots is a second class, which the short form of super() does not find.
        UserChanges.__post_init__(self, country)


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A password on its way into the store."""

    password_hash: str = dataclass_field(repr=False)
    must_change: bool


def _read(field: str, raw: str, country: str | None) -> str:
    """The property as it is stored. Raises InvalidValue. Source of the lengths: Partner Center contract §3.2."""
    value = trim(raw)
    if not value:
        if field in _REQUIRED:
            raise InvalidValue("It is required. Send one.", field=field)
        return ""
    if field == "user_principal_name":
        if not _NAME.fullmatch(value):
            raise InvalidValue(
                "A user principal name reads NAME@DOMAIN: a name of 1 to 64 letters, digits and '.-_!#^~, which does "
                "not end in a full stop, and a domain of at most 48 characters.",
                field=field,
            )
    elif field == "usage_location":
        value = value.upper()
        if value not in COUNTRIES:
            raise InvalidValue("The usage location is a country's two letters (ISO 3166-1), such as US.", field=field)
    elif field == "phone_number":
        number = read_number(value, country, field=field)
        # People and clients see again how they wrote it, if it can be dialled as it stands.
        value = value if value.startswith("+") and value.isascii() else number
    elif field == "immutable_id":
        value = read_text(value, field=field, longest=_LONGEST_ID, what="The immutable ID", several_lines=False)
    else:
        value = read_name(value, field=field, longest=_NAMES[field])
    return value
