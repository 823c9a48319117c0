"""What a client calls its request comes back to it, if it is a plain word."""

from __future__ import annotations

import pytest

from tenantry.core.ids import parse_guid
from tenantry.store.engine.interface import Store
from tests.support.app import an_app, client_for


@pytest.mark.parametrize("said", ["", "x" * 65, "a b", "<b>", "{\u00e9}", "-", ".a", 'a"b', "a\tb"])
async def test_an_id_of_a_request_that_is_no_plain_word_gets_into_no_answer(store: Store, said: str) -> None:
    app = await an_app(store)
    async with client_for(app) as client:
        answer = await client.get("/kaizala/v1/groups", headers=[(b"x-correlation-id", said.encode("latin-1"))])
        assert parse_guid(answer.headers["x-correlation-id"])
    await app.close()
