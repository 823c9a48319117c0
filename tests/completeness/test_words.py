"""One word for one thing: pages and everything else keep to the table of words in docs/architecture.md."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.completeness.test_contracts import ROOT

SOURCE = ROOT / "src" / "tenantry"

OF_PAGES = re.compile(r"\borganisations?\b|\bsecond steps?\b", re.IGNORECASE)
"""What pages call a tenant and a second factor."""
OF_CODE = re.compile(r"\btenants?\b(?! id\b)|\bsecond factors?\b|\boauth clients?\b", re.IGNORECASE)
"""What everything else calls them, and a connector. The number is a *tenant ID* on pages too."""

NOT_A_TENANT = {
    "README.md": "organisations that run other organisations' accounts",
    "src/tenantry/__init__.py": "organisations that run other organisations' accounts",
    "src/tenantry/cli/main.py": "organisations that run other organisations' accounts",
    "src/tenantry/surfaces/portal/words/words.py": "`every group of the organisation`",
    "docs/contracts/kaizala.md": "a messenger of Microsoft for organisations",
}
"""Where companies are meant, or the text of a page is quoted."""
TABLE = {"docs/architecture.md"}
"""The page with the table itself."""
NAMES = {"Tenant Data", "Its address, to the letter: https://login.microsoftonline.com/TENANT/v2.0"}
"""A permission's name in Kaizala, and an address of somebody else's."""


def notes_of(source: str) -> Iterator[str]:
    """The docstrings and comments of a file."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


def texts() -> Iterator[tuple[str, str]]:
    """What code and docs say, with the name of the file. Docs quote pages in italics, and code in backticks."""
    for path in sorted(SOURCE.rglob("*.py")):
        for note in notes_of(path.read_text()):
            yield str(path.relative_to(ROOT)), note
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        if str(path.relative_to(ROOT)) not in TABLE:
            yield str(path.relative_to(ROOT)), re.sub(r"`[^`]+`|(?<!\*)\*[^*\n]+\*(?!\*)", "", path.read_text())
    for path in sorted((ROOT / "docs" / "openapi").glob("*.json")):
        yield str(path.relative_to(ROOT)), path.read_text()


def texts_of_pages() -> Iterator[str]:
    """Every text of the portal's catalogue."""
    catalogue = (SOURCE / "surfaces" / "portal" / "locale" / "portal.pot").read_text()
    for found in re.finditer(r'^msgid(?:_plural)? ((?:"(?:[^"\\]|\\.)*"\n?)+)', catalogue, re.MULTILINE):
        yield "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', found[1]))


def strange(text: str, words: re.Pattern[str]) -> list[str]:
    """The words that do not belong in the text. Placeholders of a page's text are code."""
    return words.findall(re.sub(r"%\(\w+\)\w|\{\w+\}", "", text))


def test_code_docs_and_documents_say_tenant_and_second_factor() -> None:
    wrong = [
        f"{file}: {found}"
        for file, text in texts()
        for found in strange(text.replace(NOT_A_TENANT.get(file, "\0"), ""), OF_PAGES)
    ]
    assert wrong == [], "docs/architecture.md, Words: these are words of pages"


def test_pages_say_organisation_and_second_step() -> None:
    pages = list(texts_of_pages())
    assert len(pages) > 500
    wrong = [text for text in pages if text not in NAMES and strange(text, OF_CODE)]
    assert wrong == [], "docs/architecture.md, Words: these are words of code"


@pytest.mark.parametrize("file", sorted(NOT_A_TENANT))
def test_the_exceptions_are_still_needed(file: str) -> None:
    assert NOT_A_TENANT[file] in Path(ROOT / file).read_text()


@pytest.mark.parametrize(
    ("text", "words", "found"),
    [
        ("Every group of the organisation", OF_PAGES, ["organisation"]),
        ("It has a second step.", OF_PAGES, ["second step"]),
        ("The tenant's ID", OF_CODE, ["tenant"]),
        ("Tenant ID of %(tenant)s", OF_CODE, []),
        ("Set up a second factor", OF_CODE, ["second factor"]),
    ],
)
def test_a_strange_word_is_found(text: str, words: re.Pattern[str], found: list[str]) -> None:
    assert strange(text, words) == found
