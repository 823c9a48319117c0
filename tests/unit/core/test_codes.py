"""Codes as people type them."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.core.codes import read_code

ZEROS = [chr(code) for code in range(0x110000) if unicodedata.decimal(chr(code), None) == 0]


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("123 456", "123456"),
        (" 123-456 ", "123456"),
        ("\uff11\uff12\uff13\u2013\uff14\uff15\uff16", "123456"),
        ("\uff11\uff12\uff13\u30fc\uff14\uff15\uff16", "123456"),  # what a Japanese keyboard has for a dash
        ("\u0661\u0662\u0663\u0664\u0665\u0666", "123456"),
        ("12\u20093\u00a0456", "123456"),
        ("\u202a123456\u202c", "123456"),
        ("ABCD2F-ghjkmn", "abcd2fghjkmn"),
        ("\uff21\uff22\uff23\uff242f ghjkmn", "abcd2fghjkmn"),
        ("", ""),
        ("12\u00e9456", ""),
        ("123/456", ""),
        ("\x001", ""),
        ("1" * 65, ""),
    ],
)
def test_a_code_may_be_grouped_and_in_any_scripts_digits(typed: str, code: str) -> None:
    assert read_code(typed) == code


@given(st.sampled_from(ZEROS), st.text("0123456789", min_size=6, max_size=6))
def test_digits_of_every_script_are_read(zero: str, code: str) -> None:
    assert read_code("".join(chr(ord(zero) + int(digit)) for digit in code)) == code


@given(st.text(max_size=70))
def test_what_is_read_is_plain(typed: str) -> None:
    code = read_code(typed)
    assert code == "" or (code.isascii() and code.isalnum() and code == code.lower())
