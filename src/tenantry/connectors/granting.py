"""A user gives a connector a token, for everything that the user may or for one group, and revokes it.

What a token would reach is shown before it is made: `preview_user_token` and `preview_group_token` read what
`grant_user_token` and `grant_group_token` then write. Sources: "Generate tenant-level user token"; Kaizala contract §1
(user token, group token), §2.2 and §2.3.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from tenantry.access.actions import Action, Permission
from tenantry.access.decide import require
from tenantry.connectors.ownership import connector_of, registrant_of
from tenantry.core.caller import Caller, Reach
from tenantry.core.clock import Micros
from tenantry.core.errors import FailedPrecondition, InvalidValue, NotFound
from tenantry.core.ids import ConnectorId, GrantId, GroupId, TenantId, UserId
from tenantry.directory.phone_sign_in import reach_of
from tenantry.store.connectors.connectors import Connector
from tenantry.store.engine.interface import Read, Tx
from tenantry.store.tokens import grant_lists
from tenantry.store.users.users import User
from tenantry.tokens.grants import GrantTerms, NewGrant, create_grant, revoke_grant
from tenantry.tokens.secrets import SecretHasher

SHOWN_GROUPS = 50


@dataclass(frozen=True, slots=True)
class TokenReach:
    """What a token will open. `groups` are the first SHOWN_GROUPS of `group_count`; `replaces` is the token that it
    ends. `registrant`: see `registrant_of`.
    """

    connector: Connector
    reach: Reach
    groups: list[grant_lists.ReachedGroup]
    group_count: int
    replaces: GrantId | None
    registrant: User | None


async def preview_user_token(
    read: Read, caller: Caller, tenant_id: TenantId, connector_id: ConnectorId, now: Micros
) -> TokenReach:
    """What a user token would open. Raises NotFound("connector"), and what `access.require` does."""
    await require(read, caller, Action.GRANT_CONNECTOR, tenant_id, now=now)
    connector = await connector_of(read, tenant_id, connector_id)
    user_id = _user_of(caller)
    reach = await reach_of(read, tenant_id, user_id, now)
    if reach is Reach.TENANT:
        groups = await grant_lists.list_reached_by_tenant(read, tenant_id, limit=SHOWN_GROUPS)
    else:
        groups = await grant_lists.list_reached_by_user(read, tenant_id, user_id, limit=SHOWN_GROUPS)
    replaces = await grant_lists.find_live_of_user(read, tenant_id, connector_id, user_id, now)
    registrant = await registrant_of(read, connector)
    return TokenReach(connector, reach, groups, groups[0].of_all if groups else 0, replaces, registrant)


async def grant_user_token(
    tx: Tx,
    caller: Caller,
    hasher: SecretHasher,
    *,
    tenant_id: TenantId,
    connector_id: ConnectorId,
    permissions: Collection[Permission],
    lifetime: Micros,
    now: Micros,
) -> NewGrant:
    """Let the connector do what the caller's user may; the token of a Global Administrator reaches the tenant.

    `permissions` are some of the connector's. Raises NotFound("connector"), FailedPrecondition when it is deactivated,
    InvalidValue for no permission, InvalidScope for one that the connector does not have, and what `access.require`
    does.
    """
    await require(tx, caller, Action.GRANT_CONNECTOR, tenant_id, now=now)
    reach = await reach_of(tx, tenant_id, _user_of(caller), now)
    terms = GrantTerms(connector_id, _user_of(caller), reach, permissions, caller.amr)
    return await _grant(tx, caller, hasher, tenant_id, terms, lifetime, now)


async def preview_group_token(
    read: Read, caller: Caller, tenant_id: TenantId, connector_id: ConnectorId, group_id: GroupId, now: Micros
) -> TokenReach:
    """What a group token would open: the group and those below it. Raises NotFound("connector" or "group"), and what
    `access.require` does.
    """
    await require(read, caller, Action.GRANT_CONNECTOR_GROUP, tenant_id, group_id=group_id, now=now)
    connector = await connector_of(read, tenant_id, connector_id)
    groups = await grant_lists.list_reached_by_group(read, tenant_id, group_id, limit=SHOWN_GROUPS)
    registrant = await registrant_of(read, connector)
    return TokenReach(connector, Reach.GROUP, groups, groups[0].of_all if groups else 0, None, registrant)


async def grant_group_token(
    tx: Tx,
    caller: Caller,
    hasher: SecretHasher,
    *,
    tenant_id: TenantId,
    connector_id: ConnectorId,
    group_id: GroupId,
    permissions: Collection[Permission],
    lifetime: Micros,
    now: Micros,
) -> NewGrant:
    """Let the connector act as admin of one group and those below it. The connector's earlier token for the group ends.

    `permissions` and errors as in `grant_user_token`; NotFound("group") besides.
    """
    await require(tx, caller, Action.GRANT_CONNECTOR_GROUP, tenant_id, group_id=group_id, now=now)
    terms = GrantTerms(connector_id, _user_of(caller), Reach.GROUP, permissions, caller.amr, group_id)
    return await _grant(tx, caller, hasher, tenant_id, terms, lifetime, now)


async def revoke_token(tx: Tx, caller: Caller, tenant_id: TenantId, grant_id: GrantId, now: Micros) -> None:
    """End a token. Its giver may, the owner of its connector, whoever administers its group, and administrators.

    Raises NotFound("token") when there is none or it has ended, and what `access.require` does.
    """
    grant = await get_token(tx, caller, tenant_id, grant_id, now)
    await revoke_grant(tx, caller, tenant_id, grant.id, "revoked_by_user", now)


async def get_token(
    read: Read, caller: Caller, tenant_id: TenantId, grant_id: GrantId, now: Micros
) -> grant_lists.GrantRow:
    """A live token that the caller may end. Raises as `revoke_token`."""
    grant = await grant_lists.find_live(read, tenant_id, grant_id, now)
    if grant is None:
        await require(read, caller, Action.REVOKE_GRANT, tenant_id, owner_id=caller.user_id, now=now)
        raise NotFound("token")
    owner_id = caller.user_id if caller.user_id in (grant.user_id, grant.connector_owner) else None
    action = Action.REVOKE_GRANT if grant.group_id is None else Action.GRANT_CONNECTOR_GROUP
    await require(read, caller, action, tenant_id, group_id=grant.group_id, owner_id=owner_id, now=now)
    return grant


def _user_of(caller: Caller) -> UserId:
    """The user behind the caller. Raises FailedPrecondition for other callers, who cannot give tokens."""
    if caller.user_id is None:
        raise FailedPrecondition("A token is given by a user.")
    return caller.user_id


async def _grant(
    tx: Tx, caller: Caller, hasher: SecretHasher, tenant_id: TenantId, terms: GrantTerms, lifetime: Micros, now: Micros
) -> NewGrant:
    if not terms.permissions:
        raise InvalidValue("Choose at least one permission.", field="permissions")
    return await create_grant(tx, caller, hasher, tenant_id=tenant_id, terms=terms, lifetime=lifetime, now=now)
