"""One's own phone numbers: each is verified by the PIN that came to it."""

from __future__ import annotations

import re

import pytest

from tenantry.core.clock import MINUTE
from tests.support.app import RecordingMessages
from tests.support.portal import Portal


async def last_pin(portal: Portal) -> str:
    messages = portal.app.deps.messages
    assert isinstance(messages, RecordingMessages)
    found = re.search(r"\d{6}", messages.sent[-1][1])
    assert found
    return found[0]


@pytest.mark.parametrize("typed", ["+1 (425) 555-0100", "001 425 555 0100", "(425) 555 0100", "+1.425.555.0100"])
async def test_a_number_in_any_spelling_is_verified_by_the_pin_that_came_to_it(portal: Portal, typed: str) -> None:
    visitor = await portal.visit(portal.mia)
    await visitor.open("/phones")
    assert "Add a Phone Number" in visitor.text
    assert "Generate PIN" in visitor.text
    sent = await visitor.send("/phones", number=typed)
    assert sent.status_code == 303
    await visitor.open(sent.headers["location"])
    assert "+14255550100" in visitor.text
    done = await visitor.send("/phones/verify", number="+14255550100", pin=await last_pin(portal))
    assert done.status_code == 303
    await visitor.open(done.headers["location"])
    assert "+14255550100 is verified and yours" in visitor.text


async def test_a_wrong_pin_is_refused_beside_its_field_and_a_used_one_is_dead(portal: Portal) -> None:
    visitor = await portal.visit(portal.mia)
    await visitor.open("/phones")
    sent = await visitor.send("/phones", number="+14255550100")
    await visitor.open(sent.headers["location"])
    pin = await last_pin(portal)
    wrong = await visitor.send("/phones/verify", number="+14255550100", pin=str(int(pin) ^ 1))
    assert wrong.status_code == 422
    assert 'id="pin-error"' in wrong.text
    assert "+14255550100" in visitor.text
    assert (await visitor.send("/phones/verify", number="+14255550100", pin=f" {pin} ")).status_code == 303
    await visitor.open("/phones/verify?number=%2B14255550100")
    assert (await visitor.send("/phones/verify", number="+14255550100", pin=pin)).status_code == 422


async def test_a_pin_proves_the_number_of_who_asked_for_it_only(portal: Portal) -> None:
    mia, erik = await portal.visit(portal.mia), await portal.visit(portal.erik)
    await mia.open("/phones")
    await mia.send("/phones", number="+14255550100")
    await erik.open("/phones/verify?number=%2B14255550100")
    stolen = await erik.send("/phones/verify", number="+14255550100", pin=await last_pin(portal))
    assert stolen.status_code == 422


async def test_the_page_for_a_pin_without_a_number_leads_to_the_form_for_one(portal: Portal) -> None:
    visitor = await portal.visit(portal.mia)
    assert (await visitor.open("/phones/verify")).headers["location"] == "/phones"


async def test_a_pin_that_is_too_old_is_refused(portal: Portal) -> None:
    visitor = await portal.visit(portal.mia)
    await visitor.open("/phones")
    await visitor.send("/phones", number="+14255550100")
    portal.app.deps.clock.advance(5 * MINUTE)  # type: ignore[attr-defined]
    await visitor.open("/phones/verify?number=%2B14255550100")
    late = await visitor.send("/phones/verify", number="+14255550100", pin=await last_pin(portal))
    assert late.status_code == 422
