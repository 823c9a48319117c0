"""How often in an hour one user may make or change something that every user may: a budget for each action, on every
surface together.

A person does not come near these numbers; a script in a person's name does, and fills tables and trail. An
administrator of the tenant, and a token that reaches all of it, has the tenant's budget, which is TENANT times as
large. A request is counted when its caller is authenticated, before anything is read, so that a refused one costs
nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenantry.access.actions import Action
from tenantry.core.clock import HOUR
from tenantry.core.errors import RateLimited

if TYPE_CHECKING:
    from tenantry.core.ids import TenantId
    from tenantry.surfaces.shared.deps import Deps

PER_HOUR: dict[Action, int] = {
    Action.CREATE_GROUP: 100,
    Action.UPDATE_GROUP: 300,  # its name; sub-groups linked and cut
    Action.DELETE_GROUP: 100,
    Action.RESTORE_GROUP: 100,
    Action.ADD_GROUP_MEMBERS: 300,  # up to 1,000 people each
    Action.REMOVE_GROUP_MEMBER: 600,
    Action.SET_GROUP_MEMBER_ROLE: 600,
    Action.INVITE_TO_GROUP: 100,
    Action.JOIN_GROUP: 100,
    Action.CHANGE_WEBHOOKS: 100,
    Action.REGISTER_CONNECTOR: 20,
    Action.CHANGE_CONNECTOR: 100,
    Action.GRANT_CONNECTOR: 60,
    Action.GRANT_CONNECTOR_GROUP: 100,
    Action.REVOKE_GRANT: 200,
    Action.REGISTER_PHONE: 60,  # PINs have limits of their own as well
}
TENANT = 20
MEMBERS = 3 / 4


def spend(
    deps: Deps, action: Action, method: str, user: tuple[str, ...], tenant_id: TenantId, *, administers: bool
) -> None:
    """Count a request that changes something. Raises RateLimited. `user` is who asks, with the tenant it is of: in the
    same words on every surface.
    """
    most = None if method in ("GET", "HEAD", "OPTIONS") else PER_HOUR.get(action)
    if most is None:
        return
    try:
        if not administers:
            deps.limits.hit("made by user", action, *user, limit=most, window=HOUR)
            deps.limits.hit("made by members", action, tenant_id, limit=int(MEMBERS * TENANT * most), window=HOUR)
        deps.limits.hit("made in tenant", action, tenant_id, limit=TENANT * most, window=HOUR)
    except RateLimited as limited:
        raise RateLimited(
            limited.retry_after, "This has been done too often within the hour. Wait, then go on."
        ) from None
