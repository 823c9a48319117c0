"""What the form of a page would send if somebody filled it in: every field something, every box ticked."""

from __future__ import annotations

from html.parser import HTMLParser

_PLAUSIBLE = {
    "date": "2026-06-30",
    "email": "somebody@new.example",
    "tel": "+14255550177",
    "url": "https://receiver.example/hook",
    "password": "a long and lonely sentence",
    "number": "5",
}
_BY_NAME = {
    "user_principal_name": "newcomer",
    "issuer": "https://login.new.example",
    "domain": "new.example",
    "name": "Something new",
    "country": "DE",
    "usage_location": "DE",
    "number": "+14255550177",
    "people": "+14255550178",
    "redirect_uris": "https://app.example/cb",
}
SOME_FILE = b"user_principal_name,display_name,member\r\nnewcomer@new.example,Newcomer,+14255550178\r\n"


class _Fields(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, list[str]] = {}
        self.takes_file = False
        self._depth = 0
        self._select = self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name, kind = given.get("name", ""), given.get("type", "text")
        if tag == "form":
            self._depth = int(given.get("method") == "post" and "action" not in given) + self._depth
        elif not self._depth:
            return
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and given.get("value"):
            self.values.setdefault(self._select, [given["value"]])
        elif tag == "textarea":
            self._area = name
            self.values.setdefault(name, [_BY_NAME.get(name, "Some text")])
        elif tag in ("input", "button") and name:
            self._take(name, kind, given.get("value", ""))

    def _take(self, name: str, kind: str, value: str) -> None:
        if kind == "file":
            self.takes_file = True
        elif kind == "checkbox":
            self.values.setdefault(name, []).append(value or "on")
        elif kind in ("radio", "hidden"):
            self.values.setdefault(name, [value])
        else:
            self.values.setdefault(name, [value or _BY_NAME.get(name) or _PLAUSIBLE.get(kind, "Something")])

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._depth = 0
        elif tag == "select":
            self._select = ""


def filled_in(page: str) -> tuple[dict[str, list[str]], bool]:
    """The fields of the page's own form by name, and whether it takes a file. No form: no fields."""
    parser = _Fields()
    parser.feed(page)
    return parser.values, parser.takes_file
