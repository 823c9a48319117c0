"""The page on who may do what is what the declarations say; each action and door has its place in them."""

from __future__ import annotations

from pathlib import Path

from tenantry.access.actions import RULES
from tenantry.access.doors import DOORS
from tenantry.core.caller import Audience
from tools.permissions import lines

PAGE = Path(__file__).parents[2] / "docs" / "permissions.md"


def test_the_page_of_permissions_is_what_the_command_writes() -> None:
    assert PAGE.read_text() == "".join(lines()), "run make permissions"


def test_a_door_serves_actions_that_have_a_rule_and_lets_apps_do_alone_what_it_serves() -> None:
    for audience, door in DOORS.items():
        assert door.opens.keys() <= RULES.keys(), audience
        assert door.alone <= door.opens.keys(), audience


def test_every_action_is_done_in_person_too_and_tokens_that_are_only_exchanged_open_nothing() -> None:
    assert DOORS[Audience.PORTAL].opens.keys() == RULES.keys()
    assert Audience.DIRECTORY_GRAPH not in DOORS
    assert set(DOORS) == set(Audience) - {Audience.DIRECTORY_GRAPH}
