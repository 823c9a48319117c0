"""Style sheet, scripts and icon: they are read once, and served at an address that changes with their content."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action
from tenantry.core.errors import NotFound
from tenantry.surfaces.shared.routing import performs

_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class _Asset:
    digest: str
    media_type: str
    plain: bytes
    packed: bytes


def _load(path: Path) -> _Asset:
    plain = path.read_bytes()
    return _Asset(hashlib.sha256(plain).hexdigest()[:12], _TYPES[path.suffix], plain, gzip.compress(plain, mtime=0))


_ASSETS = {
    path.name: _load(path) for path in (Path(__file__).parent.parent / "static").iterdir() if path.suffix in _TYPES
}

router = APIRouter()


def asset(name: str) -> str:
    """The address of a file in `static/`."""
    return f"/static/{_ASSETS[name].digest}/{name}"


@router.get("/static/{digest}/{name}")
@performs(Action.READ_PUBLIC)
async def read_asset(request: Request, digest: str, name: str) -> Response:
    """Answer the file. Browsers keep it for good; an old page that uses an old address gets the present content, which
    is not kept.
    """
    found = _ASSETS.get(name)
    if found is None:
        raise NotFound("page")
    kept = "public, max-age=31536000, immutable" if digest == found.digest else "no-cache"
    headers = {"Cache-Control": kept, "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(found.packed, media_type=found.media_type, headers={**headers, "Content-Encoding": "gzip"})
    return Response(found.plain, media_type=found.media_type, headers=headers)
