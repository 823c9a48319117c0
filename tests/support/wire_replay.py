"""Recorded requests of real clients, sent in order to a demo server. See tests/conformance/wire/README.md.

1. A file's lines have `{{names}}` in them. The demo's facts fill some, earlier answers others (`gives`), the rest is
   made up here: words, and identifiers of what the server has not.
2. What another party would do meanwhile is done here: a person signs in and agrees, a device is provisioned, an SMS is
   read, a user is deleted.
3. Each request goes over a connection of its own with exactly the headers that were recorded.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import http.client
import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from tenantry.core.clock import SECOND, system_clock
from tenantry.core.ids import new_guid
from tenantry.demo.maker import AGENT, PARTNER_DOMAIN
from tests.support.person import Person
from tests.support.wire_judge import Answer, at, faults_of

FOLDER = Path(__file__).parent.parent / "conformance" / "wire"
HOSTS = dict.fromkeys(("api.kaiza.la", "kms.kaiza.la", "kms1.kaiza.la"), "/kaizala")
"""The names that clients have in their code, and the surface that is shown there (setting `host_roots`)."""

REDIRECT_URI = "http://localhost:8400"
"""Registered for the partner's connector."""
MANY_USERS = 12
"""So that a list has pages; the demo's customer has few."""

_NAME = re.compile(r"\{\{([a-z0-9_]+)\}\}")
_FORM = "application/x-www-form-urlencoded"
_MADE_UP = re.compile(r"nonce(_\d+)?|guid_\d+|state|oidc_nonce")

Line = dict[str, Any]


def files() -> dict[str, list[Line]]:
    """The lines of each client, in order."""
    return {
        path.stem: [json.loads(line) for line in path.read_text().splitlines()]
        for path in sorted(FOLDER.glob("*.jsonl"))
    }


@dataclass
class Replay:
    """One client against one fresh server. `values` are what `{{names}}` stand for."""

    base_url: str
    facts: dict[str, Any]
    key: dict[str, str]
    values: dict[str, str] = field(default_factory=dict)
    answers: dict[int, Answer] = field(default_factory=dict)
    """To each line, by its `seq`."""
    authorization: str = ""
    """Where the client last sent a browser for a code."""

    def run(self, lines: list[Line]) -> dict[int, list[str]]:
        """What is not right with the answer to each line, by its `seq`; nothing for those that are right."""
        self._begin()
        if "continuation_token" in json.dumps(lines):
            self._make_users()
        found = {}
        for line in lines:
            self._prepare(line)
            found[line["seq"]] = self._replay(line)
        return found

    def _replay(self, line: Line) -> list[str]:
        answer = self.send(
            line["method"], self._fill(line["target"]), self._headers(line), self._body(line), "chunked" in str(line)
        )
        for name, path in line.get("gives", {}).items():
            self._take(name, path, answer)
        self.answers[line["seq"]] = answer
        return faults_of(answer, line["right"])

    def _begin(self) -> None:
        partner, kaizala, devices = (self.facts[name] for name in ("partner_center", "kaizala", "android_enterprise"))
        self.values |= {name: str(value) for facts in (partner, kaizala, devices) for name, value in facts.items()}
        self.values |= {
            "host": urlsplit(self.base_url).netloc,
            "base_url": self.base_url,
            "other_origin": "https://elsewhere.example",
            "callback_url": f"{self.base_url}/dev/webhook",
            "redirect_uri": quote(REDIRECT_URI, safe=""),
            "partner_refresh_token": partner["refresh_token"],
            "kaizala_refresh_token": kaizala["refresh_token"],
            "service_account_email": self.key["client_email"],
            "service_account_key_id": self.key["private_key_id"],
            "product_id": "app:com.example.tool",
            "product_id_percent": "app%3Acom.example.tool",
        }
        for name in ("refresh_token", "pin"):
            self.values.pop(name, None)
        verifier = secrets.token_urlsafe(32)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        self.values |= {"code_verifier": verifier, "code_challenge": challenge}
        self.values |= {"access_token": self._partner_token(), "graph_access_token": self._partner_token("graph")}

    def _partner_token(self, audience: str = "partner") -> str:
        hosts = {"partner": "api.partnercenter.microsoft.com", "graph": "graph.microsoft.com"}
        form = {
            "grant_type": "refresh_token",
            "scope": f"https://{hosts[audience]}/.default",
            **{name: self.values[name] for name in ("client_id", "client_secret")},
            "refresh_token": self.values["partner_refresh_token"],
        }
        path = f"/{self.values['partner_tenant_id']}/oauth2/v2.0/token"
        return str(self._ask("POST", path, {"Content-Type": _FORM}, urlencode(form).encode())["access_token"])

    def _prepare(self, line: Line) -> None:
        """What must have happened before this line, by others than the client."""
        names = set(_NAME.findall(json.dumps(line)))
        if "/authorize?" in line["target"]:
            self.authorization = self._fill(line["target"])
        if "code" in names:
            person = Person(self.base_url, f"{AGENT}@{PARTNER_DOMAIN}", self.facts["portal"]["admin"]["password"])
            self.values["code"] = person.agree(self.authorization)["code"]
        if names & {"group_id", "hub_group_id"} and "group_id" not in self.values:
            self._make_groups()
        if "pin" in names and "pin" not in self.values:
            self.values["pin"] = self._read_pin()
        if "device_id" in names and "device_id" not in self.values:
            user = re.search(r"users/\{\{(\w+)\}\}", line["target"])
            self.values["device_id"] = self._provision(self.values.get(user[1], "1")) if user else "1"
        if "after delete" in line["operation"]:
            users = f"/partnercenter/v1/customers/{self.values['customer_tenant_id']}/users"
            self.send("DELETE", f"{users}/{self.values['user_id']}", self._authorization())

    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.values['access_token']}"}

    def _make_users(self) -> None:
        path = f"/partnercenter/v1/customers/{self.values['customer_tenant_id']}/users"
        for number in range(MANY_USERS):
            user = {
                "userPrincipalName": f"user{number}@{self.values['customer_domain']}",
                "displayName": f"User {number}",
                "usageLocation": "US",
                "passwordProfile": {"password": "Walnut-Kettle-42"},
            }
            self._ask("POST", path, self._authorization(), json.dumps(user).encode())

    def _make_groups(self) -> None:
        kaizala = self.facts["kaizala"]
        names = {"applicationId": "application_id", "applicationSecret": "application_secret"}
        headers = {header: kaizala[name] for header, name in names.items()} | {"refreshToken": kaizala["refresh_token"]}
        token = self._ask("GET", "/kaizala/v1/accessToken", headers)["accessToken"]
        for name, kind in (("group_id", "Group"), ("hub_group_id", "ConnectGroup")):
            body = {"name": name, "welcomeMessage": "w", "groupType": kind, "members": ["+12065550188"]}
            made = self._ask("POST", "/kaizala/v1/groups", {"accessToken": token}, json.dumps(body).encode())
            self.values[name] = made["groupId"]

    def _read_pin(self) -> str:
        """From the SMS; asks for one where the client's own request for it is not among the lines."""
        if not self._ask("GET", "/dev/inbox")["messages"]:
            wanted = {name: self.facts["kaizala"][fact] for name, fact in _PIN_FACTS.items()}
            self._ask("POST", "/kaizala/v1/generatePin", {}, json.dumps(wanted).encode())
        found = re.search(r"\d{6}", self._ask("GET", "/dev/inbox")["messages"][0]["text"])
        assert found
        return found[0]

    def _provision(self, user_id: str) -> str:
        """A device that redeems a token of this account; its id. Any id when there is no such account."""
        users = f"/androidenterprise/v1/enterprises/{self.values['enterprise_id']}/users"
        issued = self.send("POST", f"{users}/{user_id}/authenticationToken", self._authorization())
        if issued.status != 200:
            return "00c0ffee"
        wish = {"token": issued.json()["token"], "androidId": "00c0ffee", "managementType": "managedDevice"}
        made = self._ask("POST", "/device/v1/provision", {}, json.dumps(wish).encode())
        return str(made["deviceId"])

    def _ask(self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None) -> Any:
        answer = self.send(method, path, {"Content-Type": "application/json", **(headers or {})}, body)
        assert answer.status == 200, answer.body
        return answer.json()

    def _take(self, name: str, path: str, answer: Answer) -> None:
        if path.endswith("of the part"):
            ids = re.findall(rb'"id":\s*"([^"]+)"', answer.body)
            place = int(name[-1]) - 1 if name[-1].isdigit() else 0
            found: Any = ids[place].decode() if place < len(ids) else None
        else:
            found = at(answer.json(), path)
        if isinstance(found, str | int):
            self.values[name] = str(found)

    def _headers(self, line: Line) -> dict[str, str]:
        dropped = ("transfer-encoding",)
        return {name: self._fill(value) for name, value in line["headers"].items() if name.lower() not in dropped}

    def _body(self, line: Line) -> bytes | None:
        body, encoding = line["body"], line.get("body_encoding")
        if body is None:
            return None
        if encoding == "base64":
            return base64.b64decode(body)
        if "assertion" in line:
            self.values["assertion"] = self._sign(line["assertion"])
        content_type = next((value for name, value in line["headers"].items() if name.lower() == "content-type"), "")
        text = self._fill(body, quoting="json" if "json" in content_type else "")
        raw = (_with_lengths(text) if "multipart" in content_type else text).encode()
        return gzip.compress(raw) if encoding == "gzip" else raw

    def _sign(self, assertion: dict[str, Any]) -> str:
        """By the key of the service account; the header stays as it was, without a key id where it had none."""
        now = system_clock() // SECOND
        claims: dict[str, Any] = json.loads(self._fill(json.dumps(assertion["claims"])))
        for name, value in claims.items():
            if isinstance(value, str) and value.startswith("now"):
                claims[name] = now + int(value.removeprefix("now") or 0)
        header = json.loads(self._fill(json.dumps(assertion["header"])))
        return jwt.encode(header, claims, RSAKey.import_key(self.key["private_key"]))

    def _fill(self, text: str, quoting: str = "") -> str:
        def value_of(match: re.Match[str]) -> str:
            name = match[1]
            if name not in self.values:
                made_up = secrets.token_hex(4) if _MADE_UP.fullmatch(name) and "guid" not in name else new_guid()
                self.values[name] = made_up
            value = self.values[name]
            return json.dumps(value)[1:-1] if quoting == "json" else value

        return _NAME.sub(value_of, text)

    def send(
        self, method: str, target: str, headers: dict[str, str], body: bytes | None = None, chunked: bool = False
    ) -> Answer:
        """One request as it is, down to the order of its headers."""
        connection = http.client.HTTPConnection(urlsplit(self.base_url).netloc, timeout=20)
        try:
            connection.putrequest(method, target, skip_host="Host" in headers, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            if body is not None:
                length = ("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(len(body)))
                connection.putheader(*length)
            elif method in ("POST", "PUT", "PATCH"):
                connection.putheader("Content-Length", "0")
            connection.endheaders(body, encode_chunked=chunked)
            answer = connection.getresponse()
            shown = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, shown, answer.read())
        finally:
            connection.close()


_PIN_FACTS = {"mobileNumber": "mobile_number", "applicationId": "application_id"}


def _with_lengths(batch: str) -> str:
    """A batch whose parts say how long they are, now that their names are filled in."""
    return "".join(_parts_with_lengths(batch))


def _parts_with_lengths(batch: str) -> Iterator[str]:
    """The boundary stands before, between and behind the parts."""
    boundary = batch.split("\r\n" if "\r\n" in batch else "\n", 1)[0]
    newline = "\r\n" if "\r\n" in batch else "\n"
    for number, piece in enumerate(batch.split(boundary)):
        if number:
            yield boundary
        head, blank, inner = piece.partition(newline * 2)
        inner_head, inner_blank, body = inner.partition(newline * 2)
        if not inner_blank:
            yield piece
            continue
        content = body.removesuffix(newline)
        inner_head = re.sub(r"Content-Length: \d+", f"Content-Length: {len(content.encode())}", inner_head)
        inner = inner_head + inner_blank + content
        head = re.sub(r"Content-Length: \d+", f"Content-Length: {len(inner.encode())}", head)
        yield head + blank + inner + body[len(content) :]
