"""What may stand in a name that people see."""

from __future__ import annotations

from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.core.errors import InvalidValue
from tenantry.core.names import cleaned_name, find_problem, is_visible, read_name, read_text

FLAG = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


@pytest.mark.parametrize(
    "name",
    [
        "Dana Mills",
        "Nguy\u1ec5n Th\u1ecb",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian, with a joiner that keeps letters apart
        "\u0915\u094d\u200d\u0937",  # Devanagari, with one that joins
        "\U0001f469\u200d\U0001f469\u200d\U0001f467",
        "\u2764\ufe0f team",
        "1\ufe0f\u20e3",
        FLAG,
        f"{FLAG}{FLAG} team",
        "\U000323b0",  # an ideograph of Unicode 15.1
        "\u05e9\u05b4\u05c1\u05dc\u05b9\u059b\u05d5",
        "\u5c71\u7530\u3000\u592a\u90ce",
        "O'Neil & S\u00f6hne (2)",
        "\U0001fae8",
        "\u0301a".lstrip("\u0301"),
    ],
)
def test_names_of_people_and_teams_everywhere_stay_as_they_are(name: str) -> None:
    assert read_name(name, field="name", longest=64) == name


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "required"),
        (" \u3000\u00a0", "required"),
        ("\u200b", "zero width space (U+200B) at character 1"),
        ("\u3164", "hangul filler (U+3164)"),
        ("\u115f\u1160", "U+115F"),
        ("\u2800", "shows nothing"),
        ("\U0001d159", "shows nothing"),
        ("\u0301", "shows nothing"),
        ("\ufe0f", "U+FE0F"),
        ("Da\u00adna", "soft hyphen (U+00AD) at character 3"),
        ("\u202enimda", "right-to-left override (U+202E) at character 1"),
        ("Dana \u2066x\u2069", "U+2066"),
        ("Dana\u200f", "right-to-left mark (U+200F) at character 5"),
        ("Da\u0085na", "a control character (U+0085) at character 3"),
        ("Dana\n", "a line break (U+000A)"),
        ("Da\tna", "a tab"),
        ("\x1b[2J", "an escape character (U+001B) at character 1"),
        ("\x9b2J", "U+009B"),
        ("Da\u2028na", "a line separator"),
        ("Da\u2029na", "a paragraph separator"),
        ("Da\ufffena", "U+FFFE"),
        ("Da\ufdd0na", "U+FDD0"),
        ("Da\U0001ffffna", "U+1FFFF"),
        ("Da\ud800na", "half of a character"),
        ("Da\ue000na", "U+E000"),
        ("Ren\ufffd", "a lost letter (U+FFFD) at character 4"),
        ("Da\U000e0061na", "tag latin small letter a"),
        ("\U0001f3f4\U000e0067\U000e0062", "tag latin small letter g (U+E0067) at character 2"),  # a flag without end
        ("\U0001f3f4" + "".join(chr(0xE0000 + ord(char)) for char in "secret words\x7f"), "tag latin small letter s"),
        ("Dana \ufff9x\ufffay\ufffb", "interlinear annotation anchor"),
        ("Da\ufffcna", "object replacement character"),
        ("Da\U0001d173na", "musical symbol begin beam"),
        ("Da\U0001bca0na", "shorthand format letter overlap"),
        ("Da\u0378na", "a character without a meaning (U+0378) at character 3"),
        ("\u0378", "U+0378"),
        ("\U000e0080", "U+E0080"),
        ("\U00040000", "U+40000"),
        ("a" + "\ufe00\ufe01" * 9, "variation selector-2"),
        ("\u0600", "shows nothing"),
        ("Da\u206ana", "inhibit symmetric swapping"),
        ("Da\u034fna", "combining grapheme joiner"),
        ("Dana\u200d", "zero width joiner (U+200D) at character 5"),
        ("\u200cDana", "zero width non-joiner"),
        ("Da\u200d\u200dna", "zero width joiner (U+200D) at character 4"),
        ("Z" + "\u0310" * 7 + "algo", "more than 6 marks on one letter at character 8"),
        ("x" * 65, "longer than 64"),
    ],
)
def test_a_name_that_shows_nothing_or_does_something_is_refused_with_the_character_and_its_place(
    name: str, says: str
) -> None:
    with pytest.raises(InvalidValue) as refused:
        read_name(name, field="display_name", longest=64)
    assert says in refused.value.public
    assert refused.value.field == "display_name"
    assert refused.value.public.isascii()
    assert refused.value.public.isprintable()


def test_blanks_of_any_width_around_a_name_are_taken_away() -> None:
    assert read_name(" \u3000\u2003Dana Mills\u00a0 ", field="name", longest=10) == "Dana Mills"


def test_a_text_may_be_empty_or_have_several_lines_and_no_commands_either() -> None:
    assert read_text("Welcome!\r\n\tBe kind.", field="text", longest=99) == "Welcome!\r\n\tBe kind."
    assert read_text("", field="text", longest=99) == ""
    for text in ("a\x1b]0;x\x07", "\u202ea", "\u200b"):
        with pytest.raises(InvalidValue):
            read_text(text, field="text", longest=99)
    with pytest.raises(InvalidValue):
        read_text("a\nb", field="text", longest=99, several_lines=False)


@given(st.text(max_size=80))
def test_what_is_taken_holds_no_command_and_shows_something(text: str) -> None:
    try:
        name = read_name(text, field="name", longest=64)
    except InvalidValue:
        return
    assert is_visible(name)
    assert not any(category(char) in ("Cc", "Cs", "Zl", "Zp", "Co") for char in name)
    assert not set(name) & set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert read_name(name, field="name", longest=64) == name


@given(st.text(max_size=80))
def test_a_name_from_elsewhere_is_cleaned_into_one_that_may_stand(text: str) -> None:
    name = cleaned_name(text, longest=64)
    assert name is None or read_name(name, field="name", longest=64) == name
    if find_problem(text) is None and is_visible(text) and len(text) <= 64:
        assert name == read_name(text, field="name", longest=64)
