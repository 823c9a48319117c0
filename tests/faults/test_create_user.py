"""A creation that breaks anywhere leaves neither a user nor an answer behind, so that its retry makes the user."""

from __future__ import annotations

import itertools

from tenantry.core.ids import new_guid
from tenantry.store.engine.interface import Store
from tenantry.store.users import user_lists
from tests.support.faults import FaultyStore
from tests.support.partner_center import a_body, a_stage


async def test_a_creation_that_breaks_at_any_step_can_be_sent_again(store: Store) -> None:
    stage = await a_stage(store)
    for n in itertools.count(1):
        body, headers = a_body(stage.customer, f"user{n}"), {"MS-RequestId": new_guid()}
        faulty = FaultyStore(store, fail_at=n)
        object.__setattr__(stage.app.deps, "store", faulty)
        broken = await stage.call("POST", stage.users, json=body, headers=headers)
        object.__setattr__(stage.app.deps, "store", store)
        if faulty.steps < n:
            assert broken.status_code == 200
            break
        async with store.read() as read:
            left = await user_lists.list_members(
                read, stage.customer.id, user_lists.Order.NAME, deleted_after=None, after=None, limit=100
            )
            keys = await read.all(str, "SELECT response FROM idempotency_keys")
        # A fault in the sweep after the commit is the one that may come when all is done.
        done = any(user.user_principal_name == body["userPrincipalName"] for user in left)
        assert len(keys) == len(left)
        assert done or broken.status_code == 500
        retried = await stage.call("POST", stage.users, json=body, headers=headers)
        assert retried.status_code == 200
        again = await stage.call("POST", stage.users, json=body, headers=headers)
        assert again.json() == retried.json()
    assert n > 5
    await stage.client.aclose()
