"""What source, tests and docs cite of a vendor's wire stands in docs/contracts, under the number that they cite."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = ROOT / "docs" / "contracts"
PAGES = {"Kaizala": "kaizala.md", "Partner Center": "partner-center.md", "Play EMM": "android-enterprise.md"}

_CITATION = re.compile(r"(?P<before>(?:\w+ ){0,2})[Cc]ontract(?P<places> §.*?)(?=\. |\.?`|;|\"|RFC|OpenID|contract|$)")
_PLACE = re.compile(r"§(?P<section>\d+(?:\.\d+)?)(?:-(?P<to>\d+\.\d+))?|#(?P<row>\d+)|\b(?P<endpoint>[A-Z]\d[a-z]?)\b")


def texts() -> Iterator[tuple[Path, str]]:
    """Each file that may cite, as one line: a citation may go on in the next line of a docstring or of a comment."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    code = [path for room in ("src", "tests", "tools", "bench") for path in (ROOT / room).rglob("*.py")]
    for path in (*pages, *code):
        if path != Path(__file__) and "node_modules" not in path.parts:
            yield path, " ".join(re.sub(r"\n[ >]*#?", "\n", path.read_text()).split())


def citations() -> Iterator[tuple[Path, str, str]]:
    """File, vendor and places of each citation."""
    for path, text in texts():
        for found in _CITATION.finditer(text):
            named = [vendor for vendor in PAGES if found["before"].strip().endswith(vendor)]
            yield path, named[0] if named else "", found["places"]


def sections_of(vendor: str) -> dict[str, str]:
    """Number -> text of each section of a page; the rows 7.1, 7.2, ... of a table are sections too."""
    page = (CONTRACTS / PAGES[vendor]).read_text()
    parts = re.split(r"^#{2,3} (\d+(?:\.\d+)?)\.? .*$", page, flags=re.MULTILINE)
    rows = re.findall(r"^\| (\d+\.\d+) \|(.*)", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True)) | dict(rows)


def absent(vendor: str, places: str) -> Iterator[str]:
    """What is cited and not there."""
    sections, section = sections_of(vendor), ""
    for found in _PLACE.finditer(places):
        for number in filter(None, (found["section"], found["to"])):
            section = number
            if number not in sections:
                yield f"§{number}"
        if found["row"] and f"\n| {found['row']} |" not in sections.get(section, ""):
            yield f"§{section} #{found['row']}"
        if found["endpoint"] and f"\n| {found['endpoint']} |" not in sections.get("3.1", ""):
            yield found["endpoint"]


def test_each_section_that_is_cited_of_a_vendors_contract_stands_in_our_page_of_it() -> None:
    cited = list(citations())
    assert len(cited) > 100
    unnamed = [f"{path.relative_to(ROOT)}: {places}" for path, vendor, places in cited if not vendor]
    assert not unnamed, "say whose contract it is"
    wrong = [
        f"{path.relative_to(ROOT)}: {vendor} {place}"
        for path, vendor, places in cited
        for place in absent(vendor, places)
    ]
    assert not wrong


@pytest.mark.parametrize(
    ("vendor", "places", "what"),
    [
        ("Kaizala", " §3.99", ["§3.99"]),
        ("Kaizala", " §6 #31, #99", ["§6 #99"]),
        ("Kaizala", " §3.2, Z9", ["Z9"]),
        ("Play EMM", " §7.6-7.99", ["§7.99"]),
        ("Play EMM", " §5.2 (requests), §2 (`kind`)", []),
    ],
)
def test_a_section_that_is_not_there_is_found_by_the_check(vendor: str, places: str, what: list[str]) -> None:
    assert list(absent(vendor, places)) == what


def test_a_section_is_cited_in_one_form_by_all() -> None:
    other = re.compile(r"(?:[Cc]ontract(?:'s)?,? (?:\d|[A-Z]\d\b|[Ss]ection \d)|(?:Kaizala|Center|EMM) §)")
    assert not [f"{path.relative_to(ROOT)}: {found[0]}" for path, text in texts() for found in other.finditer(text)]
