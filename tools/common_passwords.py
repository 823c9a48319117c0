"""Make src/tenantry/directory/common_passwords.bin: `python tools/common_passwords.py DIR`, where DIR holds zxcvbn 4.5.

The words are the passwords and names of zxcvbn's frequency lists (MIT licence), and ours of common_words.txt: what
administrators, and people who must change a password each season, make them of. Each is kept as the first five bytes of
its SHA-256, sorted. Five bytes of fifty thousand words take one password in twenty million for one of them.
"""

from __future__ import annotations

import hashlib
import importlib
import sys
from pathlib import Path

TARGET = Path(__file__).parent.parent / "src" / "tenantry" / "directory" / "common_passwords.bin"
WIDTH = 5
LISTS = ("passwords", "female_names", "male_names", "surnames")
OURS = Path(__file__).with_name("common_words.txt")


def main(directory: str) -> None:
    """Write TARGET."""
    sys.path.insert(0, directory)
    lists = importlib.import_module("zxcvbn.frequency_lists").FREQUENCY_LISTS
    ours = OURS.read_text(encoding="utf-8").split()
    words = {word.lower() for words in (ours, *(lists[name] for name in LISTS)) for word in words if len(word) >= 4}
    TARGET.write_bytes(b"".join(sorted(hashlib.sha256(word.encode()).digest()[:WIDTH] for word in words)))


if __name__ == "__main__":
    main(sys.argv[1])
