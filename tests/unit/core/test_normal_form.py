"""Names are the same when they look the same to a person, and keys of names rest."""

from __future__ import annotations

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.core.normal_form import LONGEST, UNSEEN, name_key

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("\u00c9lodie", "e\u0301lodie"),
        ("\uff24\uff21\uff2e\uff21", "dana"),
        ("STRA\u1e9eE", "strasse"),
        ("stra\u00dfe", "STRASSE"),
        ("D\u0131\u015f", "DI\u015e"),
        ("\u0130stanbul", "istanbul"),
        ("  Dana   Mills ", "dana mills"),
        ("Dana\u00a0Mills", "Dana\u3000Mills"),
        ("\ufb01eld", "Field"),
        ("\u212bngstr\u00f6m", "\u00e5ngstro\u0308m"),
        ("\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2", "\u03c3\u03af\u03c3\u03c5\u03c6\u03bf\u03c3"),
        ("\uff76\uff9e", "\u30ac"),
        ("\uac00", "\u1100\u1161"),
        ("da\u00adna\u200b", "dana"),
    ],
)
def test_names_that_look_the_same_have_one_key(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(("one", "other"), [("e", "\u00e9"), ("o", "0"), ("dana", "dana m"), ("\u0430", "a")])
def test_names_that_look_different_have_different_keys(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


@given(TEXTS)
def test_a_key_rests_and_does_not_depend_on_case_or_composition(text: str) -> None:
    key = name_key(text)
    assert name_key(key) == key
    assert len(key) <= LONGEST
    assert key == key.strip()
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert name_key(normalize(form, text)) == key


@pytest.mark.parametrize("code", range(0, 0x110000, 0x1000))
def test_every_letter_has_one_key_in_either_case_and_none_is_left_that_cannot_be_seen(code: int) -> None:
    for char in map(chr, range(code, code + 0x1000)):
        if not "\ud800" <= char <= "\udfff":
            key = name_key(char)
            assert key == name_key(key)
            assert key == name_key(char.lower()) == name_key(char.upper().lower())
            assert not UNSEEN.search(key)
