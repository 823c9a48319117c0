"""The one way in which phone numbers are read, in files, forms and requests.

A number is good when it can be dialled from anywhere: valid in its country's plan (Google's libphonenumber), neither an
extension nor a short or premium-rate number. What a spreadsheet made of a number (`1.42556E+10`, `#NAME?`, `=1+425`, a
date) is called damaged; it is not guessed at.
"""

from __future__ import annotations

import re
from unicodedata import normalize

from tenantry.core.codes import to_digit
from tenantry.core.errors import InvalidValue

FIELD = "number"

_LONGEST = 40
"""How many characters a number may have as people write it: 15 digits, and what they put between them."""
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
"""Characters that address books put around a number when it is copied."""
_DASHES = re.compile("[\u2010-\u2015\u2043\u2212\u30fc]")
_WELL_FORMED = re.compile(r"[\s(]*\+?(?=[\s().\-/]*[0-9])[0-9\s().\-/]*")
_SPREADSHEET = re.compile(
    r"[+-]?[0-9]+(?:[.,][0-9]+)?e[+-]?[0-9]+ | \#[a-z0-9/]+[?!]? | \#+ | [=@].* | [0-9]+[.,]0+"
    r" | [0-9]{1,3}(?:,[0-9]{3})+ | -[0-9.,\s]+"
    r" | (?:19|20)[0-9]{2}([-/.])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12][0-9]|3[01])"
    r" | (?:0?[1-9]|[12][0-9]|3[01])([-/.])(?:0?[1-9]|[12][0-9]|3[01])\2(?:19|20)[0-9]{2}",
    re.IGNORECASE | re.VERBOSE,
)
"""Powers of ten, errors, formulas, decimals and thousands, negative numbers, and dates, which are good numbers in some
countries (`2026-12-01` in Denmark).
"""
_EXTENSION = re.compile(r";?\s*ext(?:ension|n)?\b|\bx\s*[0-9]|#\s*[0-9]|[,;~]\s*[0-9]|[pwx][0-9]", re.IGNORECASE)
_SHAPE = "A phone number is + and the country code and the number, such as +14255550100."


def read_number(raw: str, country: str | None = None, *, field: str = FIELD) -> str:
    """The number in E.164: `+` and at most 15 digits. `country` (ISO 3166-1) is that of numbers without `+` or `00`.

    Raises InvalidValue, which says what is wrong with the number.
    """
    if len(raw) > _LONGEST * 2:
        raise InvalidValue(_SHAPE, field=field)
    plain = normalize("NFKC", _UNSEEN.sub("", raw))
    text = _DASHES.sub("-", "".join(map(to_digit, plain))).strip()
    if _SPREADSHEET.fullmatch(text):
        raise InvalidValue(
            "This number was damaged by a spreadsheet. Make its column text, type the number again, then save.",
            field=field,
        )
    if _EXTENSION.search(text) and any(char.isdigit() for char in text):
        raise InvalidValue("A number with an extension cannot get a message. Leave the extension out.", field=field)
    if len(text) > _LONGEST or not _WELL_FORMED.fullmatch(text):
        raise InvalidValue(_SHAPE, field=field)
    return _dialled(text, country, field)


def _dialled(text: str, country: str | None, field: str) -> str:
    import phonenumbers  # imported when it is needed, since no hot path needs it
    from phonenumbers import PhoneNumberType

    digits = re.sub(r"[^0-9+]", "", text)
    if digits.startswith("00"):
        text = f"+{digits[2:]}"  # `+` is the prefix of ITU-T E.123
    try:
        number = phonenumbers.parse(text, (country or "").upper() or None)
    except phonenumbers.NumberParseException:
        raise InvalidValue(_SHAPE, field=field) from None
    if not phonenumbers.is_possible_number(number):
        raise InvalidValue(_SHAPE, field=field)
    kind = phonenumbers.number_type(number)
    if not phonenumbers.is_valid_number(number) or not phonenumbers.can_be_internationally_dialled(number):
        raise InvalidValue("No country has this phone number. Check its digits.", field=field)
    if kind in (PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST, PhoneNumberType.VOICEMAIL):
        raise InvalidValue("This is a premium-rate or service number. Use a personal one.", field=field)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
