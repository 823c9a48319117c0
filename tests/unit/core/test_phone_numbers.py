"""One reading of phone numbers: those that can be dialled from anywhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.core.errors import InvalidValue
from tenantry.core.phone_numbers import read_number


@pytest.mark.parametrize(
    ("raw", "country", "number"),
    [
        ("+1 (425) 555-0100", None, "+14255550100"),
        ("425.555.0100", "US", "+14255550100"),
        ("425 555 0100", "us", "+14255550100"),
        ("00442079460018", None, "+442079460018"),
        ("00 44 20 7946 0018", "US", "+442079460018"),
        ("011 44 20 7946 0018", "US", "+442079460018"),
        ("+44 (0)20 7946 0018", None, "+442079460018"),
        ("(+44) 20 7946 0018", None, "+442079460018"),
        ("020 7946 0018", "GB", "+442079460018"),
        ("442079460018", "GB", "+442079460018"),  # a spreadsheet took the + away
        ("\uff0b\uff11\uff14\uff12\uff15\uff15\uff15\uff15\uff10\uff11\uff10\uff10", None, "+14255550100"),
        ("\u0660\u0660\u0664\u0664\u0662\u0660\u0667\u0669\u0664\u0666\u0660\u0660\u0661\u0668", None, "+442079460018"),
        ("\u202a+1\u00a0425\u2011555\u20110100\u202c", None, "+14255550100"),  # as an address book copies it
        ("+390612345678", None, "+390612345678"),  # whose 0 stays
        ("20 26 12 01", "DK", "+4520261201"),
        ("20261201", "DK", "+4520261201"),
        ("+1\u3000425\u2009555\u205f0100", None, "+14255550100"),
    ],
)
def test_a_number_is_read_however_people_write_it(raw: str, country: str | None, number: str) -> None:
    assert read_number(raw, country) == number


@pytest.mark.parametrize(
    "raw",
    [
        *("1.42556E+10", "1,42556E+10", "1.42556e10", "1E+10", "\uff11.42556E+10", "#NAME?", "#REF!", "#N/A", "#####"),
        *("=14255550100", "=+14255550100", "14255550100.0", "14,255,550,100", '=HYPERLINK("tel:+14255550100")'),
        *(
            "-14255550100",
            "-1.425",
            "2026-12-01",
            "20.12.2026",
            "12/20/2026",
            "1.1.2026",
            "\u0662\u0660\u0662\u0666-12-01",
        ),
    ],
)
@pytest.mark.parametrize("country", [None, "US", "DK"])
def test_what_a_spreadsheet_made_of_a_number_is_called_damaged(raw: str, country: str | None) -> None:
    with pytest.raises(InvalidValue) as refused:
        read_number(raw, country, field="phone_number")
    assert "damaged by a spreadsheet" in refused.value.public
    assert refused.value.field == "phone_number"


@pytest.mark.parametrize(
    ("raw", "country"),
    [
        *((raw, None) for raw in ("", "+", "abc", "14255550100", "+1-800-FLOWERS", "+1 425 555", "+999123456789")),
        *((raw, None) for raw in ("++14255550100", "+1+4255550100", "tel", "+14255550100\0", "+1425555010\ud800")),
        *((raw, "US") for raw in ("911", "12-Jan", "1/2/2024", "000", "555-0100", "+1 000 000 0000")),
        *((raw, "DE") for raw in ("112", "0900 1234567", "+4930")),
        ("+19005550100", None),
        ("1" * 10_000, "US"),
    ],
)
def test_text_short_codes_premium_rates_and_numbers_of_no_country_are_refused(raw: str, country: str | None) -> None:
    with pytest.raises(InvalidValue) as refused:
        read_number(raw, country)
    assert refused.value.field == "number"


@pytest.mark.parametrize("ending", [" x12", " ext. 5", ";ext=5", ",5", "#5", " extension 7", "p22", "; 5"])
def test_a_number_with_an_extension_is_refused_and_told_why(ending: str) -> None:
    with pytest.raises(InvalidValue, match="extension"):
        read_number(f"+1 425 555 0100{ending}")


@given(st.text(max_size=60), st.sampled_from([None, "US", "GB", "JP", "ZZ", ""]))
def test_whatever_is_read_is_e164_and_is_read_again_as_itself(raw: str, country: str | None) -> None:
    try:
        number = read_number(raw, country)
    except InvalidValue:
        return
    assert number[0] == "+"
    assert number[1:].isascii()
    assert number[1:].isdecimal()
    assert read_number(number) == number
