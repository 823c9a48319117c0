"""Somebody with a browser, who lets a client act: signs in with a password and an authenticator app, and agrees."""

from __future__ import annotations

import re
import ssl
import time
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import httpx
import pyotp

_HIDDEN = re.compile(r'<input type="hidden" name="(form_token|form_id)" value="([^"]*)"')
_SHOWN_SECRET = re.compile(r'data-copy="([A-Z2-7 ]{32,})"')
_STEP = 30


class Person:
    """An account at the server, with an authenticator app that is set up when it is needed first."""

    def __init__(self, base_url: str, name: str, password: str, certificate: str | None = None) -> None:
        self._base_url, self._name, self._password = base_url, name, password
        self._verify = ssl.create_default_context(cafile=certificate) if certificate else True
        self._totp: pyotp.TOTP | None = None

    def agree(self, address: str) -> dict[str, str]:
        """Follow the app's address through all that is asked; what the app's own address gets in the end."""
        if self._totp is None:
            self._totp = self._set_up()
        with self._browser() as browser:
            second = self._type_password(browser, _leads_to(browser.get(address)))
            # The app's first code was used up when it was set up; the next one is taken a step early.
            code = self._totp.at(int(time.time()) + _STEP)
            consent = _leads_to(_send(browser, _leads_to(second), method="totp", code=code))
            back = _leads_to(_send(browser, consent, decision="allow"))
        return dict(parse_qsl(urlsplit(back).query))

    def _set_up(self) -> pyotp.TOTP:
        """In a browser of its own: what was added in a session does not count there."""
        path = "/second-factor/totp"
        with self._browser() as browser:
            self._type_password(browser, "/sign-in")
            _send(browser, path, begin="1")
            shown = _SHOWN_SECRET.search(browser.get(path).text)
            assert shown
            totp = pyotp.TOTP(shown[1].replace(" ", ""))
            assert _send(browser, path, code=totp.now()).status_code == 200
        return totp

    def _browser(self) -> httpx.Client:
        return httpx.Client(base_url=self._base_url, verify=self._verify, timeout=20)

    def _type_password(self, browser: httpx.Client, path: str) -> httpx.Response:
        return _send(browser, path, name=self._name, password=self._password)


def _send(browser: httpx.Client, path: str, **typed: str) -> httpx.Response:
    """Open a page and send its form, with what is hidden in it."""
    hidden = {name: unescape(value) for name, value in _HIDDEN.findall(browser.get(path).text)}
    return browser.post(path, data={**hidden, **typed})


def _leads_to(answer: httpx.Response) -> str:
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]
