"""Write docs/permissions.md: who may do what, and through which door, from the declarations that decide it."""

from __future__ import annotations

from collections.abc import Iterator

from tenantry.access.actions import PUBLIC, RULES, Action, RoleId, Rule
from tenantry.access.doors import DOORS, Door
from tenantry.core.caller import Audience
from tenantry.directory.roles import ROLE_NAMES

HEAD = """# Who may do what, through which door

`make permissions` writes this page from `access/actions.py` (what an act needs, whoever asks) and `access/doors.py`
(what each door asks of who comes through it), and a test holds it against them. In this order, and the first that fails
decides: the door serves the action, the connector has the permission, a user stands behind it, the user had a second
factor; then the rule of the act.

- **In person** is the portal: no connector stands between. People may also do what they like with their own things.
- **A partner's users** need, in a customer, a relationship that gives the role, the same role (or Global Administrator)
  at home, and always a second factor. What says *own administrators only* is refused to them whatever their roles.
- **Connectors on groups** act within the reach of their grant; **connectors on enterprises** on those bound to them.
  What a connector has, and which permissions wait for an administrator, says [app-permissions.md](app-permissions.md).
- The operator of the server, at the command line, may do everything.

## Doors

| door | for | a user must stand behind it | second factor of a user |
|---|---|---|---|
"""
DOOR_WORDS = {
    Audience.PORTAL: "people in the portal",
    Audience.KAIZALA: "Kaizala's API",
    Audience.PARTNER_CENTER: "Partner Center's API",
    Audience.ANDROID_ENTERPRISE: "the Play EMM API",
}
ACTIONS_HEAD = """
## Actions

A word in a door's column is the permission that opens the action there; *alone*: a connector may without a user. Roles
are alternatives.

| action | in the directory or by a relationship | in the group | """


def lines() -> Iterator[str]:
    """The lines of docs/permissions.md."""
    yield HEAD
    for audience, door in DOORS.items():
        yield f"| `{audience}` | {DOOR_WORDS[audience]} | {_needs_user(door)} | {_needs_mfa(audience, door)} |\n"
    columns = [audience for audience in DOORS if audience is not Audience.PORTAL]
    yield ACTIONS_HEAD + " | ".join(f"`{audience}`" for audience in columns) + " |\n"
    yield "|---" * (3 + len(columns)) + "|\n"
    for action, rule in RULES.items():
        doors = " | ".join(_opened(DOORS[audience], action) for audience in columns)
        yield f"| `{action}` | {_roles(rule)} | {rule.group_role or ''} | {doors} |\n"
    yield "\nOpen to everyone, since what is presented is the permission: "
    yield ", ".join(f"`{action}`" for action in Action if action in PUBLIC) + ".\n"


def _needs_user(door: Door) -> str:
    if not door.alone:
        return "yes"
    return (
        "no"
        if door.alone == set(door.opens)
        else f"yes, save for {', '.join(f'`{each}`' for each in sorted(door.alone))}"
    )


def _needs_mfa(audience: Audience, door: Door) -> str:
    return "yes" if door.needs_mfa else "to act in a customer" if audience is Audience.PORTAL else "no"


def _opened(door: Door, action: Action) -> str:
    if action not in door.opens:
        return ""
    return f"`{door.opens[action]}`" + (", alone" if action in door.alone else "")


def _roles(rule: Rule) -> str:
    if not rule.roles:
        return "every user"
    named = ", ".join(ROLE_NAMES[role] for role in RoleId if role in rule.roles)
    words = "any role" if rule.roles == set(RoleId) else named
    return words + (" *(own administrators only)*" if rule.own_only else "")


if __name__ == "__main__":
    print("".join(lines()), end="")
