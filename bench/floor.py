"""The floor: the server's own stack answering with one signed access token, and nothing else. No store, no secrets.

Run as `python -m bench.floor DATA_DIR PORT`; the signing key is read from the data directory once.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

import msgspec
import uvicorn
import uvloop
from starlette.types import Receive, Scope, Send

from tenantry.core.caller import Audience
from tenantry.core.clock import HOUR, system_clock, to_millis
from tenantry.core.ids import GrantId, TenantId, new_guid
from tenantry.settings import Settings, load
from tenantry.store.engine.opening import open_store
from tenantry.surfaces.shared.answers import json_answer, send_answer
from tenantry.tokens.keys.master_key import load_master_key
from tenantry.tokens.keys.signing_keys import KeyRing
from tenantry.tokens.mint import draft_access_token


async def _serve(settings: Settings) -> None:
    store = await open_store(settings.store_url)
    ring = await KeyRing.load(store, load_master_key(None, settings.data_dir / "master.key"), system_clock)
    await store.close()
    ids = [new_guid() for _ in range(4)]

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        token = draft_access_token(
            ring,
            issuer=settings.issuer,
            audience=Audience.KAIZALA,
            subject=ids[0],
            tenant_id=TenantId(ids[1]),
            client_id=ids[2],
            scope="group.read group.write",
            grant_id=GrantId(ids[3]),
            amr=("pwd", "mfa"),
            lifetime=HOUR,
            now=system_clock(),
        ).sign()
        body = msgspec.json.encode(
            {
                "accessToken": token.raw,
                "accessTokenExpiry": to_millis(token.expires_at),
                "endpointUrl": f"{settings.issuer}/kaizala/",
                "refreshToken": "",
                "scope": "token.write",
            }
        )
        headers = [(b"x-correlation-id", ids[0].encode()), (b"cache-control", b"no-store")]
        await send_answer(send, json_answer(200, body, headers))

    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        uvloop.run(_serve(load(data_dir=Path(sys.argv[1]), port=int(sys.argv[2]))))
