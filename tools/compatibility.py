"""Write docs/compatibility.md: which calls of which recorded client are answered right.

The numbers are those of tests/conformance/wire: a call counts as right unless `not_yet.json` lists it, and the replay
(tests/conformance/test_wire.py) fails when that list is wrong either way. `python -m tools.compatibility`.
"""

from __future__ import annotations

import json
from pathlib import Path

ROOT = Path(__file__).parent.parent
WIRE = ROOT / "tests" / "conformance" / "wire"
PAGE = ROOT / "docs" / "compatibility.md"

NAMES = {
    "partner-dotnet": "Partner Center .NET SDK",
    "partner-java": "Partner Center Java SDK",
    "partner-node": "microsoft-partnercenter (Node)",
    "cipp": "CIPP",
    "msal-python": "msal (Python)",
    "msgraph-python": "msgraph-sdk (Python)",
    "kaizala-browser": "a page that calls Kaizala from the browser",
    "kaizala-csharp": "a C# library for Kaizala",
    "kaizala-php": "a PHP client and webhook receiver of Kaizala",
    "kaizala-python": "a Python client of Kaizala",
    "kaizala-postman-python": "Microsoft's Kaizala samples, as Python",
    "google-java": "google-api-client (Java)",
    "google-node": "googleapis, google-auth-library (Node)",
    "aiogoogle-python": "aiogoogle (Python)",
    "gcloud-aio-auth-python": "gcloud-aio-auth (Python)",
    "oauth2client-python": "oauth2client (Python)",
}

ADDRESSES = {
    "`msal`": (
        '`authority="https://HOST/TENANT"` with `instance_discovery=False`, or '
        '`oidc_authority="https://HOST/TENANT/v2.0"`. With an authority alone it asks Microsoft whether it knows the '
        "host, and goes no further. It takes no address without TLS"
    ),
    "`partnercenterservices`": "the base address `https://HOST/partnercenter`, and a token",
    "`google-api-python-client`": (
        '`client_options={"api_endpoint": "https://HOST"}`, or this server\'s discovery document; the key file that '
        "this server wrote"
    ),
    "`gcloud-aio-auth`": "the key file",
    "`aiogoogle`": "the key file, and this server's discovery document",
    "`googleapis` for Node": (
        '`rootUrl: "https://HOST/"` and the key file. Its `google-auth-library` asks `oauth2.googleapis.com` for '
        "tokens, whatever the key file says: for the program that name has to lead here, with a certificate that it "
        "believes"
    ),
    "programs of Kaizala with the host in their code": (
        "that name has to lead here; [`host_roots`](configuration.md) shows the surface at its root"
    ),
}
"""Where there is more than one way, one is enough."""

_TOP = """\
# Compatibility

Which calls of which programs are answered as they need it, counted by replaying requests that those programs have sent
([tests/conformance/wire](../tests/conformance/wire/README.md)). `make compatibility` writes this page from the replay's
lists, and the tests hold both against what the server answers.

A call that is not right is one whose operation is not here. It is answered in the vendor's own form for that: Partner
Center 400 with code 900127, the Play EMM API 400 `notSupported`, Kaizala 404 `NotSupported`, Microsoft Graph 400 with
`error.code`; so programs see "not supported", never "deleted" and never a page. OAuth has no such form: the device
flow, which `msal` asks for, is missing in the discovery document, and refused as an unsupported grant type.

Where a recording itself expects "not supported" (invoices, subscriptions), that answer counts as right.

| program | calls right | calls recorded |
|---|---|---|
"""

_BETWEEN = """
Beside the recordings these clients run in the tests as their registries have them, unmodified, against a running
server: `google-api-python-client`, `gcloud-aio-auth`, `aiogoogle`, `msal` and `partnercenterservices` from PyPI,
`googleapis` with `google-auth-library` from npm, and as a tenant's sign-in provider `oidc-provider` from npm.

## How each is told the address

As those tests do it. No program's code was changed.

| client | what it is given |
|---|---|
"""

_BEFORE_CALLS = """
## The calls

In the words of the programs, or of who ran them.

"""


def page() -> str:
    """The text of docs/compatibility.md."""
    counted = {name: _count(name) for name in NAMES}
    rows = [f"| {NAMES[name]} | {len(right)} | {len(right) + len(wrong)} |" for name, (right, wrong) in counted.items()]
    in_all = (
        sum(len(right) for right, _ in counted.values()),
        sum(len(right + wrong) for right, wrong in counted.values()),
    )
    rows.append(f"| **all** | **{in_all[0]}** | **{in_all[1]}** |")
    sections = [_section(NAMES[name], right, wrong) for name, (right, wrong) in counted.items()]
    told = [f"| {name} | {given} |" for name, given in ADDRESSES.items()]
    return _TOP + "\n".join(rows) + "\n" + _BETWEEN + "\n".join(told) + "\n" + _BEFORE_CALLS + "\n".join(sections)


def _count(name: str) -> tuple[list[str], list[str]]:
    """The operations that the client gets a right answer to, and those that it does not; one entry for each call."""
    not_yet = set(json.loads((WIRE / "not_yet.json").read_text()).get(name, ()))
    lines = [json.loads(line) for line in (WIRE / f"{name}.jsonl").read_text().splitlines()]
    right = [line["operation"] for line in lines if f"{line['seq']} {line['operation']}" not in not_yet]
    return right, [line["operation"] for line in lines if f"{line['seq']} {line['operation']}" in not_yet]


def _section(name: str, right: list[str], wrong: list[str]) -> str:
    """The section of one client: its operations, each once, by the names that the client gives them."""
    told = [("Right", right), ("Not yet", wrong)]
    lists = [f"{word}: {'; '.join(dict.fromkeys(operations))}." for word, operations in told if operations]
    return f"### {name}\n\n" + "\n\n".join(lists) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
