"""What the DNS says, asked of a small server that speaks it on this machine."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest

from tenantry.core import dns as ours
from tenantry.core.dns import DnsFailed, SystemDns

ANSWERS = {
    "shop.example.": [("shop.example.", "TXT", ['"one"', '"tenantry-" "verification=2"'])],
    "alias.example.": [
        ("alias.example.", "CNAME", ["elsewhere.example."]),
        ("elsewhere.example.", "TXT", ['"theirs"']),
    ],
    "bare.example.": [],
}
"""By name: owner, type and data of each set of records."""


def answer(query: dns.message.Message) -> dns.message.Message:
    name = query.question[0].name.to_text()
    reply = dns.message.make_response(query)
    reply.flags |= dns.flags.RA
    if name == "broken.example.":
        reply.set_rcode(dns.rcode.SERVFAIL)
    elif name not in ANSWERS:
        reply.set_rcode(dns.rcode.NXDOMAIN)
    else:
        reply.answer = [dns.rrset.from_text(owner, 60, "IN", kind, *data) for owner, kind, data in ANSWERS[name]]
    return reply


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The names that were asked for; the system's servers are this one. `silent.example` gets no answer."""
    names: list[str] = []
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            wire, sender = server.recvfrom(4096)
            if not wire:
                return
            query = dns.message.from_wire(wire)
            names.append(query.question[0].name.to_text())
            if names[-1] != "silent.example.":
                server.sendto(answer(query).to_wire(), sender)

    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], server.getsockname()[1]
    monkeypatch.setattr(dns.resolver, "Resolver", lambda: resolver)
    thread = threading.Thread(target=serve)
    thread.start()
    yield names
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
        last.sendto(b"", server.getsockname())
    thread.join()
    server.close()


async def test_the_text_records_of_a_name_come_whole(asked: list[str]) -> None:
    assert sorted(await SystemDns().find("shop.example", tenant_id="t")) == ["one", "tenantry-verification=2"]
    assert asked == ["shop.example."]


@pytest.mark.parametrize("name", ["absent.example", "bare.example"])
async def test_a_name_without_text_records_has_none(asked: list[str], name: str) -> None:
    assert await SystemDns().find(name, tenant_id="t") == []
    assert set(asked) == {f"{name}."}


async def test_what_stands_behind_an_alias_is_another_names(asked: list[str]) -> None:
    assert await SystemDns().find("alias.example", tenant_id="t") == []


@pytest.mark.parametrize("name", ["broken.example", "silent.example"])
async def test_no_answer_is_not_an_answer(asked: list[str], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours, "DEADLINE_SECONDS", 0.3)
    with pytest.raises(DnsFailed):
        await SystemDns().find(name, tenant_id="t")
