"""What may stand in a text that people see: one rule for every name and one for longer texts, on every surface.

The rule is that of RFC 8264's FreeformClass and of RFC 8266 (nicknames). It keeps out:

1. What a terminal, a page or a log takes for a command: controls (C0, C1), separators of lines and paragraphs, signs
   that turn the direction of writing, tags, and other characters that show nothing.
2. What has no meaning: noncharacters, lone surrogates, private use, U+FFFD, which stands where text was lost, and code
   points that this Python's Unicode has not assigned, except where new emoji and ideographs are added.
3. Texts in which nothing can be seen, and more than MOST_MARKS marks on one letter.

It lets in joiners within words (Persian, Indic scripts, emoji), variation selectors behind what they vary, and the tags
of a flag. Blanks around a name are taken away; letters stay as they were typed (`normal_form.name_key` makes what is
compared).
"""

from __future__ import annotations

import re
from unicodedata import category, name, normalize

from tenantry.core.errors import InvalidValue
from tenantry.core.normal_form import UNSEEN

MOST_MARKS = 6
"""How many marks one letter may have. Hebrew with its accents and Burmese have four, and nobody's name has more."""

_SPACES = " \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_OUTER = re.compile(f"^[{_SPACES}]+|[{_SPACES}]+$")
_BLANK_SYMBOLS = frozenset("\u2800\U0001d159")
"""Characters whose category is that of symbols and that show nothing: an empty Braille cell, an empty note head."""
_JOINERS = "\u200c\u200d"
_BLACK_FLAG = "\U0001f3f4"
_LONGEST_FLAG = 8
_FLAG = re.compile(f"{_BLACK_FLAG}[\U000e0030-\U000e0039\U000e0061-\U000e007a]{{3,6}}\U000e007f")
"""The flag of a region (UTS 51, ED-14a): a black flag, the region's code in tags, the end. Elsewhere tags mean
nothing.
"""
_TO_COME = re.compile("[\U0001f000-\U0001faff\U0001fc00-\U0001fffd\U00020000-\U0002fffd\U00030000-\U0003fffd]")
"""Code points that this Python has not assigned and that whoever typed them may well use: emoji and ideographs newer
than this Python (reserved as Extended_Pictographic and Ideographic).
"""
_VARIATIONS = re.compile("[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_PLAIN = re.compile(r"[ -~]*")
_LOST = "\ufffd"
_KINDS = {
    "Cc": "a control character",
    "Cs": "half of a character",
    "Co": "a character without a common meaning",
    "Zl": "a line separator",
    "Zp": "a paragraph separator",
}
_COMMON = {
    "\n": "a line break",
    "\r": "a line break",
    "\t": "a tab",
    "\x1b": "an escape character",
    _LOST: "a lost letter",
}


def read_name(raw: str, *, field: str, longest: int, what: str = "The name") -> str:
    """The name without blanks around it, of 1 to `longest` characters. Raises InvalidValue, which says what is wrong
    with which character.
    """
    text = trim(raw)
    problem = find_problem(text)
    if problem is not None:
        raise InvalidValue(f"{what} holds {problem}. Type it anew.", field=field)
    if not is_visible(text):
        raise InvalidValue(
            f"{what} is required: 1 to {longest} characters, of which one can be seen."
            if not text
            else f"{what} shows nothing: it needs a letter, a digit or a sign.",
            field=field,
        )
    _check_length(text, field, longest, what)
    return text


def read_text(raw: str, *, field: str, longest: int, what: str = "The text", several_lines: bool = True) -> str:
    """The text without blanks around it. It may be empty and, with `several_lines`, have line breaks. Raises
    InvalidValue.
    """
    text = trim(raw)
    problem = find_problem(text, several_lines=several_lines)
    if problem is not None:
        raise InvalidValue(f"{what} holds {problem}. Remove it.", field=field)
    if text and not is_visible(text):
        raise InvalidValue(f"{what} shows nothing: it needs a letter, a digit or a sign.", field=field)
    _check_length(text, field, longest, what)
    return text


def cleaned_name(raw: str, *, longest: int) -> str | None:
    """A name from a source that nobody can ask to mend it, without the characters that may not stand in one; None when
    nothing is left.

    It is for claims of an identity provider and for what browsers say of themselves, not for what people type here.
    """
    text = raw[: 4 * longest]
    if find_problem(text) is not None:
        kept = [char for char in text if char in _JOINERS or not _is_forbidden(char, several_lines=False)]
        text = "".join(kept)
        if find_problem(text) is not None:
            text = "".join(char for char in kept if not UNSEEN.match(char))
        while (place := _find_heap(text)) is not None:
            text = text[:place] + text[place + 1 :]
    text = trim(trim(text)[:longest])
    return text if is_visible(text) and find_problem(text) is None else None


def trim(text: str) -> str:
    """The text without blanks of any width around it. Line breaks and tabs are no blanks: they do not belong into a
    name.
    """
    return text.strip(" ") if text.isascii() else _OUTER.sub("", text)


def is_visible(text: str) -> bool:
    """Whether the text has a letter, digit, sign or symbol that can be seen."""
    return any(
        (category(char)[0] in "LNPS" and char not in _BLANK_SYMBOLS and not UNSEEN.match(char)) or _TO_COME.match(char)
        for char in text
    )


def find_problem(text: str, *, several_lines: bool = False) -> str | None:
    """The first character that may not stand in a text that people see, in words, with its place from 1; None when all
    may.
    """
    if _PLAIN.fullmatch(text):
        return None
    for place, char in enumerate(text):
        if _is_forbidden(char, several_lines=several_lines) and not _is_at_its_place(text, place):
            return f"{describe(char)} at character {place + 1}"
    heap = _find_heap(text)
    return None if heap is None else f"more than {MOST_MARKS} marks on one letter at character {heap + 1}"


def describe(char: str) -> str:
    """A character that cannot be shown, in words, as in `a control character (U+0085)`."""
    words = _COMMON.get(char) or _KINDS.get(category(char)) or name(char, "a character without a meaning").lower()
    return f"{words} (U+{ord(char):04X})"


def escaped(text: str, *, several_lines: bool = False) -> str:
    """The text for a terminal or a log: characters that may not stand in a name are shown as in `\\x1b`, `\\u202e`."""
    if _PLAIN.fullmatch(text):
        return text
    shown, marks = [], 0
    for place, char in enumerate(text):
        marks = marks + 1 if category(char) in ("Mn", "Me") else 0
        commands = _is_forbidden(char, several_lines=several_lines) and not _is_at_its_place(text, place)
        commands = commands or char == "\r"  # a carriage return lets text write over the line before it
        shown.append(_spell(char) if commands or marks > MOST_MARKS else char)
    return "".join(shown)


def is_commanding(char: str) -> bool:
    """Whether the character may not stand in a name wherever it is, or only at some places."""
    return _is_forbidden(char, several_lines=False)


def _spell(char: str) -> str:
    return char.encode("unicode_escape").decode()


def _is_forbidden(char: str, *, several_lines: bool) -> bool:
    if " " <= char <= "~":
        return False
    kind = category(char)
    if several_lines and char in "\n\r\t":
        return False
    return (
        kind in _KINDS
        or char == _LOST
        or UNSEEN.match(char) is not None
        or (kind == "Cn" and _TO_COME.match(char) is None)
        # Annotations between lines (U+FFF9-FFFB), and the mark in place of an object (U+FFFC).
        or "\ufff9" <= char <= "\ufffc"
    )


def _is_at_its_place(text: str, place: int) -> bool:
    """Whether a character that shows nothing by itself does its work at this place: joins, varies, or names a flag."""
    char = text[place]
    before, after = text[place - 1 : place] if place else "", text[place + 1 : place + 2]
    if char in _JOINERS:
        return bool(before and after) and not before.isspace() and not after.isspace() and before not in _JOINERS
    if _VARIATIONS.match(char):
        return bool(before) and not before.isspace() and UNSEEN.match(before) is None
    if "\U000e0020" <= char <= "\U000e007f":
        flag = _FLAG.match(text, max(0, text.rfind(_BLACK_FLAG, max(0, place - _LONGEST_FLAG), place)))
        return flag is not None and flag.start() < place < flag.end()
    return False


def _find_heap(text: str) -> int | None:
    """The place where the marks on one letter become too many; None when there is no such place."""
    marks = 0
    for place, char in enumerate(text):
        if char < "\u00c0":
            marks = 0
            continue
        for part in normalize("NFD", char):
            marks = marks + 1 if category(part) in ("Mn", "Me") else 0
        if marks > MOST_MARKS:
            return place
    return None


def _check_length(text: str, field: str, longest: int, what: str) -> None:
    if len(text) > longest:
        raise InvalidValue(f"{what} is longer than {longest} characters. Shorten it.", field=field)
