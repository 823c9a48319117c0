"""Who can reach what in a tenant: partners and administrators by roles on one side, connectors by tokens on the other;
and the customers that the tenant reaches as a partner.

Queries: 6 and those of the decision, whatever the size of the tenant; what is left out is counted, or on the next page.
"""

from __future__ import annotations

from dataclasses import dataclass

from tenantry.access.actions import Action
from tenantry.access.decide import require
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId
from tenantry.store.delegation import customer_paths
from tenantry.store.delegation.customer_paths import CustomerPath
from tenantry.store.engine.interface import Read
from tenantry.store.engine.pages import Position
from tenantry.store.overview import reach
from tenantry.store.overview.reach import ConnectorPath, GroupToken, Holder, PartnerPath, Totals

PARTNERS_SHOWN = 8
HOLDERS_SHOWN = 8
CONNECTORS_SHOWN = 10
GROUP_TOKENS_SHOWN = 30
CUSTOMERS_SHOWN = 10
COUNTED = 10_000
CUSTOMERS_COUNTED = 1_000


@dataclass(frozen=True, slots=True)
class ReachMap:
    """One page. `next_…` are positions, None at the end; `more_holders` counts what is not in `holders`. `group_tokens`
    holds the first few; each connector's own `group_tokens` counts all of them.
    """

    partners: list[PartnerPath]
    next_partner: Position | None
    holders: list[Holder]
    more_holders: int
    connectors: list[ConnectorPath]
    next_connector: Position | None
    group_tokens: list[GroupToken]
    customers: list[CustomerPath]
    next_customer: Position | None
    totals: Totals


async def map_reach(
    read: Read,
    caller: Caller,
    tenant_id: TenantId,
    *,
    named_like: str = "%",
    partners_after: Position | None,
    connectors_after: Position | None,
    customers_after: Position | None,
    now: Micros,
) -> ReachMap:
    """`named_like`: a lower-case LIKE pattern, `!` its escape character. Each list goes on after a position, of which
    ("", "") is before all; with None it is not asked for.

    A partner does not see what its customer reaches in customers of its own. Raises what `access.require` does.
    """
    await require(read, caller, Action.SEE_REACH, tenant_id, now=now)
    partners: list[PartnerPath] = []
    holders: list[Holder] = []
    connectors: list[ConnectorPath] = []
    group_tokens: list[GroupToken] = []
    customers: list[CustomerPath] = []
    is_own = caller.tenant_id == tenant_id
    if partners_after is not None:
        partners = await reach.list_partner_paths(
            read, tenant_id, now, named_like=named_like, after=partners_after, limit=PARTNERS_SHOWN + 1
        )
        holders = await reach.list_holders(read, tenant_id, now, named_like=named_like, limit=HOLDERS_SHOWN)
    if connectors_after is not None:
        connectors = await reach.list_connector_paths(
            read,
            tenant_id,
            now,
            named_like=named_like,
            after=connectors_after,
            limit=CONNECTORS_SHOWN + 1,
            most=COUNTED,
        )
    if customers_after is not None and is_own:
        customers = await customer_paths.list_by_name(
            read,
            tenant_id,
            now,
            named_like=named_like,
            after=customers_after,
            limit=CUSTOMERS_SHOWN + 1,
            most=CUSTOMERS_COUNTED,
        )
    totals = await reach.count_things(read, tenant_id, now, COUNTED)
    shown = connectors[:CONNECTORS_SHOWN]
    if shown:
        first, last = (shown[0].name_key, shown[0].id), (shown[-1].name_key, shown[-1].id)
        group_tokens = await reach.list_group_tokens(
            read, tenant_id, now, first=first, last=last, limit=GROUP_TOKENS_SHOWN
        )
    return ReachMap(
        partners=partners[:PARTNERS_SHOWN],
        next_partner=_position(partners, PARTNERS_SHOWN),
        holders=holders,
        more_holders=holders[0].of_all - len(holders) if holders else 0,
        connectors=shown,
        next_connector=_position(connectors, CONNECTORS_SHOWN),
        group_tokens=[token for token in group_tokens if token.connector_id in {connector.id for connector in shown}],
        customers=customers[:CUSTOMERS_SHOWN],
        next_customer=_position(customers, CUSTOMERS_SHOWN),
        totals=totals if is_own else totals._replace(customers=0),
    )


def _position(found: list[PartnerPath] | list[ConnectorPath] | list[CustomerPath], shown: int) -> Position | None:
    """Where the next page begins, if there is more than is shown."""
    return (found[shown - 1].name_key, found[shown - 1].id) if len(found) > shown else None
