"""Files that were exported from a trail: of any length and form, and what somebody puts into them."""

from __future__ import annotations

import io
import json

import pytest

from tenantry.audit import exports
from tenantry.audit.exports import Export, ExportSeal, check_export
from tenantry.store.trail.audit_seals import Seal
from tests.unit.audit.conftest import KEY, a_trail

HEAD = Seal(3, "e", 5, b"d" * 32, 9)


def line(data: str) -> str:
    return f'{{"type":"export.seal","data":{data}}}\n'


def test_a_file_longer_than_what_is_read_at_once_is_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "_CHUNK", 1000)
    tenant_id = a_trail()
    file = Export(KEY, tenant_id, HEAD)
    raw = "".join([*(file.add(f"{number} {'é' * 90}\n", 1) for number in range(1000)), file.end(line)]).encode()
    assert len(raw) > exports._LAST_LINE
    assert check_export(KEY, io.BytesIO(raw)) == ExportSeal(tenant_id, 1000, HEAD.mark)
    for place in (0, 999, 1000, len(raw) // 2, len(raw) - 200, len(raw) - 70):
        other = bytearray(raw)
        other[place] ^= 1
        assert check_export(KEY, io.BytesIO(other)) is None


def test_an_empty_export_holds_and_says_so() -> None:
    tenant_id = a_trail()
    raw = Export(KEY, tenant_id, None).end(line).encode()
    assert check_export(KEY, io.BytesIO(raw)) == ExportSeal(tenant_id, 0, None)


def test_an_event_with_the_text_of_a_seal_is_an_event() -> None:
    tenant_id = a_trail()
    forged = json.loads(Export(KEY, tenant_id, HEAD).end(line))["data"]
    file = Export(KEY, tenant_id, None)

    def with_forged(data: str) -> str:
        text = json.dumps(forged).replace('"', '""').replace(" ", "")
        return f'"{text}","{data.replace(chr(34), chr(34) * 2)}"\r\n'

    raw = (file.add(json.dumps(forged), 1) + file.end(with_forged)).encode()
    assert check_export(KEY, io.BytesIO(raw)) == ExportSeal(tenant_id, 1, None)


@pytest.mark.parametrize("raw", [b"", b"id,at\r\n", b"\xff" * 20_000, line('{"type":"export.seal"}').encode()])
def test_what_is_no_export_does_not_hold(raw: bytes) -> None:
    assert check_export(KEY, io.BytesIO(raw)) is None
