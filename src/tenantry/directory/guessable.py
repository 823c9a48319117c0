"""Which passwords somebody would guess: common ones, those made of a common word, those made of one's own names.

The list holds forty thousand passwords and names, each as a piece of its hash, in one sorted file of 200 KB that is
read when the first password is set (tools/common_passwords.py makes it). A look-up takes microseconds; nothing is asked
of the network. What is looked up is the password in lower case, what it says with digits for letters, and the word that
is left between digits and symbols: `Password1`, `P@ssw0rd!` and `Summer2026` are all one common word.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterable
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("common_passwords.bin")
_WIDTH = 5
_FOR_LETTERS = str.maketrans("@4310$5!7+", "aaeiossitt")
_SHORTEST_WORD = 5
_MOST_AROUND = 8
"""Characters around a common word that do not hide it: a year, a number, some symbols."""
_SHORTEST_NAME = 4
_FEWEST_LEFT = 5
_FEWEST_DISTINCT = 5


def is_guessable(password: str, own: Iterable[str] = ()) -> bool:
    """Whether it is common, or made of a common word or of one of `own`: names of the user and of the organisation."""
    plain = password.lower()
    if len(set(plain)) < _FEWEST_DISTINCT:
        return True
    spelled = plain.translate(_FOR_LETTERS)
    if any(_is_listed(text) or _is_one_word(text) for text in (plain, spelled)):
        return True
    names = sorted({name for text in own for name in _names_in(text)}, key=len, reverse=True)
    return any(_is_made_of(text, names) for text in (plain, spelled))


def _is_made_of(text: str, names: list[str]) -> bool:
    """Whether hardly a letter is left without the names."""
    rest = text
    for name in names:
        rest = rest.replace(name, "")
    return rest != text and sum(character.isalpha() for character in rest) < _FEWEST_LEFT


def _names_in(text: str) -> list[str]:
    """The words of a name, an address or a domain, and all of it as one word."""
    apart = "".join(character if character.isalnum() else " " for character in text.lower()).split()
    return [name for name in (*apart, "".join(apart)) if len(name) >= _SHORTEST_NAME]


def _is_one_word(text: str) -> bool:
    """Whether one of its words is common, and around it is little."""
    words = "".join(character if character.isalpha() else " " for character in text).split()
    letters = sum(map(len, words))
    return any(
        len(word) >= _SHORTEST_WORD
        and letters - len(word) < _FEWEST_LEFT
        and len(text) - len(word) <= _MOST_AROUND
        and _is_listed(word)
        for word in words
    )


def _is_listed(word: str) -> bool:
    hashes = _hashes()
    wanted = hashlib.sha256(word.encode()).digest()[:_WIDTH]
    place = bisect_left(range(len(hashes) // _WIDTH), wanted, key=lambda at: hashes[at * _WIDTH : (at + 1) * _WIDTH])
    return hashes[place * _WIDTH : (place + 1) * _WIDTH] == wanted


@cache
def _hashes() -> bytes:
    return _FILE.read_bytes()
