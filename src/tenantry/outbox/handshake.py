"""The handshake: before a webhook is saved, its receiver must answer with the token of the request.

Source: Kaizala contract §3.12 (validation handshake), §6 #23 and #27.
"""

from __future__ import annotations

import secrets
from typing import NewType

from tenantry.core.errors import InvalidValue
from tenantry.core.http import OutgoingHttp, Unreachable
from tenantry.core.ids import TenantId

DEADLINE_SECONDS = 5.0
TOKEN_HEADER = "kz-callback-token"
MAX_URL = 2048

ProvenUrl = NewType("ProvenUrl", str)
"""An address whose receiver has answered, or that a webhook had before."""


async def prove(http: OutgoingHttp, callback_url: str, callback_token: str | None, *, tenant_id: TenantId) -> ProvenUrl:
    """Send GET to the address with `validationToken`, outside of any transaction. Raises InvalidValue (field
    `callBackUrl`) unless the receiver answers with it.

    The token needs no escaping and is the last of the query: one receiver takes what follows the equals sign.
    """
    url = callback_url.strip()
    if len(url) > MAX_URL or "#" in url:
        raise _wrong(f"has at most {MAX_URL} characters, and no #")
    token = secrets.token_hex(16)
    asked = f"{url}{'&' if '?' in url else '?'}validationToken={token}"
    headers = {"Accept": "text/plain, */*", **token_header(callback_token)}
    try:
        reply = await http.get(asked, tenant_id=tenant_id, headers=headers, deadline=DEADLINE_SECONDS)
    except Unreachable as error:
        raise _wrong(f"could not be asked for its validation token: {error}") from None
    if not 200 <= reply.status < 300:
        raise _wrong(f"did not give its validation token back: it answered {reply.status}")
    if reply.body.strip() != token.encode():
        raise _wrong("did not give its validation token back: the body must be the value of validationToken alone")
    return ProvenUrl(url)


def token_header(callback_token: str | None) -> dict[str, str]:
    """The header by which receivers recognise the server."""
    return {TOKEN_HEADER: callback_token} if callback_token else {}


def _wrong(what: str) -> InvalidValue:
    return InvalidValue(f"The callback address {what}.", field="callBackUrl")
