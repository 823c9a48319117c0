"""The one normal form by which names are compared, sorted and searched, however people typed them.

Two texts are the same to a person when they differ only in letter case, in how a letter is composed (one code point, or
a letter and its mark), in width or font (full-width, ligatures), in what cannot be seen, or in the blanks around and
between words. The form is that of Unicode's compatibility caseless matching (The Unicode Standard, section 3.13, D147:
NFKC and casefold), in the spirit of RFC 8266 for nicknames. Letters keep their marks: `e` does not find `é`.

Departs: `i` with and without its dot (U+0131, U+0130) is one letter, since which capital letter belongs to which
depends on a language that is not known here. `ẞ`, `ß` and `ss` are the same by Unicode's own rule.
"""

from __future__ import annotations

import re
from unicodedata import normalize

LONGEST = 512
"""How many characters a key has at most. An index takes some 2,700 bytes, and one character may stand for eighteen.
Longer names whose keys begin alike are told apart by their ids.
"""

_UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Unicode's property Default_Ignorable_Code_Point, as a character class, which `unicodedata` does not have."""
UNSEEN = re.compile(f"[{_UNSEEN}]")
_DOTTED_I = re.compile("i\u0307+")
_BLANKS = re.compile(r"[\s\x1c-\x1f\x85]+")


def name_key(text: str) -> str:
    """The key by which the text is compared; it is its own key. Empty when nothing of the text can be seen.

    The store keeps such keys: whoever changes this function writes a migration that makes them anew.
    """
    if not text.isascii():
        folded = _fold(UNSEEN.sub("", text))
        text = _DOTTED_I.sub("i", normalize("NFKC", folded).replace("\u0131", "i"))
    return " ".join(_BLANKS.sub(" ", text.lower()).split())[:LONGEST].rstrip()


def _fold(text: str) -> str:
    """Fold the text until nothing changes: what a compatibility character stands for may have a letter case of
    its own.
    """
    for _ in range(4):
        folded = normalize("NFKD", normalize("NFKD", text).casefold())
        if folded == text:
            break
        text = folded
    return UNSEEN.sub("", text)
