"""What may stand in a user's properties: whoever makes one of these shapes has values that are good.

Source: Partner Center contract §3.2.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass

from tenantry.core.errors import InvalidValue
from tenantry.directory.countries import COUNTRIES

_NAME = re.compile(r"(?=.{3,113}\Z)[A-Za-z0-9'.\-_!#^~]{1,64}(?<!\.)@[A-Za-z0-9.-]{1,48}")
_LENGTHS = {"display_name": 256, "given_name": 64, "family_name": 64, "immutable_id": 256, "phone_number": 64}
_REQUIRED = ("user_principal_name", "display_name")


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChanges:
    """Properties to change. None leaves one as it is, the empty string clears it. Raises InvalidValue when made."""

    user_principal_name: str | None = None
    display_name: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    usage_location: str | None = None
    immutable_id: str | None = None
    phone_number: str | None = None

    def __post_init__(self) -> None:
        for field, value in asdict(self).items():
            if value is not None:
                _check(field, value)
        if self.usage_location is not None:
            object.__setattr__(self, "usage_location", self.usage_location.upper())


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser(UserChanges):
    """What a user is made from; `user_principal_name` and `display_name` are needed. Raises InvalidValue when made."""

    def __post_init__(self) -> None:
        for field in _REQUIRED:
            if getattr(self, field) is None:
                _check(field, "")
        # By name: a dataclass with slots is a second class, which the short form of super() does not find.
        UserChanges.__post_init__(self)


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A password on its way into the store."""

    password_hash: str
    must_change: bool


def _check(field: str, value: str) -> None:
    """Raise InvalidValue unless the property may have this value. Lengths and characters as the contract's §3.2."""
    if field in _REQUIRED and not value.strip():
        raise InvalidValue("It is required. Send one.", field=field)
    if field == "user_principal_name":
        if not _NAME.fullmatch(value):
            raise InvalidValue(
                "A user principal name reads NAME@DOMAIN: a name of 1 to 64 letters, digits and '.-_!#^~, which does "
                "not end in a full stop, and a domain of at most 48 characters.",
                field=field,
            )
    elif field == "usage_location":
        if value and value.upper() not in COUNTRIES:
            raise InvalidValue("The usage location is a country's two letters (ISO 3166-1), such as US.", field=field)
    elif len(value) > _LENGTHS[field]:
        raise InvalidValue(f"It is longer than {_LENGTHS[field]} characters. Shorten it.", field=field)
    elif any(char < " " or char == "\x7f" or "\ud800" <= char <= "\udfff" for char in value):
        raise InvalidValue("It holds control characters. Remove them.", field=field)
