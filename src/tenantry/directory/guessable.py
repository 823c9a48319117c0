"""Whether a password is easy to guess: common, or made of common words, the user's own names or rows of keys.

The list holds forty thousand passwords, names and words, each as a piece of its hash, in one sorted file of 200 KB that
is read when the first password is set (tools/common_passwords.py makes it). Nothing is looked up over the network.

A password is taken apart into the pieces that are cheapest to guess: words of the list, however they are disguised
(capitals, digits and signs for letters, backwards, dots between letters, a letter held down), names of the user and the
tenant, rows of keys and of the alphabet, years, repetitions. Each piece, and each character between them, has a price
in random letters. A password is guessable when all of it costs hardly more than a word and a number.
"""

from __future__ import annotations

import hashlib
import re
from array import array
from bisect import bisect_left
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

_FILE = Path(__file__).with_name("common_passwords.bin")
_WIDTH = 5
_ENOUGH = 5.0
"""The price from which a password counts as hard to guess."""
_LOOKED_AT = 32
"""Characters; of a longer password only the beginning is judged."""
_FEWEST_DISTINCT = 5
_SHORTEST_NAME = 4
_LONGEST_PIECE = 16

_LETTER, _OTHER = 1.0, 0.5
_WORD, _SHORT_WORD, _FURTHER_WORD, _AGAIN = 1.0, 3.0, 2.5, 0.5
_NAME, _ROW, _SHORT_ROW, _YEAR = 1.0, 1.0, 1.5, 1.0
"""A second word costs more than the first: several that have nothing to do with each other are a good password."""

_DRESSES = (str.maketrans("@4310$5!7+892|6", "aaeiossittbgzlg"), str.maketrans("@4310$5!7+892|6", "aaelosslttbgzlg"))
_SHIFTED = str.maketrans("!@#$%^&*()", "1234567890")
_APART = re.compile(r"[-._ ,;:/~'\"`]")
_HELD_DOWN = re.compile(r"(.)\1{2,}")
_DOUBLED = re.compile(r"(.{3,})\1+")
_YEARS = re.compile(r"(?:19|20)[0-9]{2}")
_ROWS = (
    *("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"),
    *("qwertzuiop", "yxcvbnm", "azertyuiop", "qsdfghjklm", "wxcvbn"),
    *("1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p", "1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0"),
    *("a1b2c3d4e5f6g7h8i9", "1a2b3c4d5e6f7g8h9i"),
)
_IN_ROWS = frozenset(
    line[start : start + length]
    for row in _ROWS
    for line in (row, row[::-1])
    for length in range(3, _LONGEST_PIECE + 1)
    for start in range(len(line) - length + 1)
)


class _Piece(NamedTuple):
    """A piece of a password. `word` is the word or name that it stands for, if it stands for one."""

    start: int
    price: float
    word: str = ""
    is_name: bool = False


def is_guessable(password: str, own: Iterable[str] = ()) -> bool:
    """Whether the password is common, or made of what is common. `own`: names of the user and of the tenant."""
    plain = password.lower()
    if len(set(plain)) < _FEWEST_DISTINCT:
        return True
    names = {name for text in own for name in _names_in(text)}
    plain = plain[:_LOOKED_AT]
    undressed = (_APART.sub("", plain), _HELD_DOWN.sub(r"\1\1", plain), _DOUBLED.sub(r"\1", plain))
    return any(_price(text, names) <= _ENOUGH for text in {plain, *undressed})


def _names_in(text: str) -> list[str]:
    """The words of a name, an address or a domain, and all of it as one word."""
    apart = "".join(character if character.isalnum() else " " for character in text.lower()).split()
    return [name for name in (*apart, "".join(apart)) if len(name) >= _SHORTEST_NAME]


def _price(text: str, names: set[str]) -> float:
    """The price of the cheapest way to say the text; beyond every bound when no piece of it is cheap."""
    dresses = list(dict.fromkeys((text, *(text.translate(dress) for dress in _DRESSES))))
    best: list[tuple[float, _Piece]] = [(0.0, _Piece(0, 0.0))]
    for end in range(1, len(text) + 1):
        alone = _Piece(end - 1, _LETTER if text[end - 1].isalpha() else _OTHER)
        pieces = [alone, *_pieces_to(text, end, dresses, names)]
        best.append(min((best[piece.start][0] + piece.price, piece) for piece in pieces))
    said: list[_Piece] = []
    end = len(text)
    while end:
        said.append(best[end][1])
        end = said[-1].start
    return _sum(text, said)


def _pieces_to(text: str, end: int, dresses: list[str], names: set[str]) -> Iterable[_Piece]:
    """The pieces that end there and cost less than their characters one by one."""
    row = dresses[0].translate(_SHIFTED)
    for start in range(end - 3, max(-1, end - 1 - _LONGEST_PIECE), -1):
        raw = text[start:end]
        length = end - start
        if row[start:end] in _IN_ROWS or raw == raw[0] * length:
            yield _Piece(start, _ROW if length > 3 else _SHORT_ROW)
        if raw in text[:start]:
            yield _Piece(start, _AGAIN)
        if length < _SHORTEST_NAME:
            continue
        if length == 4 and _YEARS.fullmatch(raw):
            yield _Piece(start, _YEAR)
        for said in _forms(dresses, start, end):
            if said in names:
                yield _Piece(start, _NAME, said, is_name=True)
            elif _is_listed(said):
                yield _Piece(start, _SHORT_WORD if length == 4 else _WORD, said)


def _forms(dresses: list[str], start: int, end: int) -> set[str]:
    """The words that the piece may stand for. Four characters stand for themselves only: any four are somebody's name
    in some disguise.
    """
    if end - start == _SHORTEST_NAME:
        return {dresses[0][start:end]}
    return {form for dress in dresses for form in (dress[start:end], dress[start:end][::-1])}


def _sum(text: str, said: list[_Piece]) -> float:
    """The sum of prices. A word beside another word or name costs more, a repetition hardly anything."""
    if len(said) == len(text):
        return float("inf")
    price, words = sum(piece.price for piece in said if not piece.word), set[str]()
    for piece in sorted(said, key=lambda piece: (not piece.is_name, -piece.price)):
        if piece.word in words:
            price += _AGAIN
        elif piece.word:
            price += piece.price if piece.is_name or not words else max(piece.price, _FURTHER_WORD)
            words.add(piece.word)
    return price


def _is_listed(word: str) -> bool:
    wanted = int.from_bytes(hashlib.sha256(word.encode()).digest()[:_WIDTH])
    pieces = _hashes()
    place = bisect_left(pieces, wanted)
    return place < len(pieces) and pieces[place] == wanted


@cache
def _hashes() -> array[int]:
    raw = _FILE.read_bytes()
    return array("Q", (int.from_bytes(raw[at : at + _WIDTH]) for at in range(0, len(raw), _WIDTH)))
