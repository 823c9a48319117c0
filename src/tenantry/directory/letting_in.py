"""Lets people into a group row by row. A person who cannot be added is named with the reason, and hinders nobody else.

Phone numbers are taken in sorted order and people by id, so that two callers who add the same people cannot wait for
each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tenantry.access.actions import Action, GroupRole
from tenantry.access.decide import require
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import InvalidValue
from tenantry.core.ids import GroupId, TenantId, UserId
from tenantry.core.phone_numbers import read_number
from tenantry.directory.member_files import MOST_ROWS, PersonRow
from tenantry.directory.members import let_in_user
from tenantry.directory.phones import user_or_guest_of
from tenantry.directory.tenants import find_tenant
from tenantry.store.engine.interface import Tx
from tenantry.store.users import users

_NOBODY = "No user has this sign-in name."
_ROLE = "A role is admin or member."


class Refused(NamedTuple):
    """A row that let nobody in, and why."""

    row: PersonRow
    reason: str


class LetIn(NamedTuple):
    """What became of the rows: `added` came in; `present` were in already, and keep their role."""

    added: int
    present: int
    refused: list[Refused]


async def let_in(
    tx: Tx,
    caller: Caller,
    tenant_id: TenantId,
    group_id: GroupId,
    rows: Sequence[PersonRow],
    *,
    as_at_home: bool = False,
    now: Micros,
) -> LetIn:
    """Add the people of `rows`, each a phone number or a sign-in name. An unknown number comes as a guest.

    `as_at_home`: numbers without `+` are from the country of the tenant. Who stands in two rows gets the higher role.
    Raises what `access.require` does; InvalidValue (field `people`) for more than MOST_ROWS.
    """
    await require(tx, caller, Action.ADD_GROUP_MEMBERS, tenant_id, group_id=group_id, now=now)
    if len(rows) > MOST_ROWS:
        raise InvalidValue(f"At most {MOST_ROWS} people can be added at once.", field="people")
    country = (await find_tenant(tx, tenant_id)).country if as_at_home else None
    refused: list[Refused] = []
    numbers: list[tuple[str, GroupRole]] = []
    roles: dict[UserId, GroupRole] = {}
    for row in rows:
        if row.problem is not None:
            refused.append(Refused(row, row.problem))
        elif row.role is None:
            refused.append(Refused(row, _ROLE))
        elif "@" in row.who:
            user = await users.find_by_name(tx, tenant_id, row.who)
            if user is None:
                refused.append(Refused(row, _NOBODY))
            else:
                _note(roles, user.id, row.role)
        else:
            try:
                numbers.append((read_number(row.who, country), row.role))
            except InvalidValue as error:
                refused.append(Refused(row, error.public))
    for number, role in sorted(numbers):
        _note(roles, await user_or_guest_of(tx, caller, tenant_id, number, now), role)
    added = 0
    for user_id, role in sorted(roles.items()):
        added += await let_in_user(tx, caller, tenant_id, group_id, user_id, role, now)
    return LetIn(added, len(roles) - added, refused)


def _note(roles: dict[UserId, GroupRole], user_id: UserId, role: GroupRole) -> None:
    if roles.get(user_id) is not GroupRole.ADMIN:
        roles[user_id] = role
