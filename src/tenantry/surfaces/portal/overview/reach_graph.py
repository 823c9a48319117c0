"""The graph of who can reach what, made from the facts of access/reach.py."""

from __future__ import annotations

from tenantry.access.actions import Permission
from tenantry.access.reach import COUNTED, CUSTOMERS_COUNTED, ReachMap
from tenantry.core.clock import Micros
from tenantry.store.delegation.customer_paths import CustomerPath
from tenantry.store.overview.reach import ConnectorPath, GroupToken, Holder, PartnerPath
from tenantry.surfaces.portal.overview.graph import Drawing, Graph, Node
from tenantry.surfaces.portal.words.role_words import role_name
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.portal.words.texts import ngettext, number, relative_time, up_to

PARTNERS, WAYS_IN, ROLES, TENANT, THINGS, TOKENS, CONNECTORS = range(7)
_WIDTHS = (120, 124, 148, 112, 126, 118, 114)
MANAGED = "managed"
CUSTOMERS = "customers"
"""The id of the node for other tenants, which an EMM reaches, and a connector by the roles of a partner's users."""
_NAMED_GROUPS = 3
"""How many tokens for single groups are drawn for one connector; the further ones are one node."""
_USERS_TOO = frozenset({Permission.PARTNER_CENTER, Permission.TENANT_DATA})


def draw_reach(found: ReachMap, tenant: str, next_partner: str, next_connector: str, now: Micros) -> Drawing:
    """The graph of a tenant. `next_partner` and `next_connector` are addresses of the next pages, empty where there
    is none.
    """
    headings = (
        _("Partners"),
        _("Relations, people"),
        _("Roles"),
        _("Organisation"),
        _("What is in it"),
        _("Tokens"),
        _("Connectors"),
    )
    graph = Graph(headings, _WIDTHS, TENANT)
    graph.add(TENANT, Node("tenant", tenant, _("your directory"), "/settings", "centre", tenant))
    if found.partners or found.holders:
        _things(graph, "users", _users_text(found), "/users")
        _things(graph, "groups", _groups_text(found), "/groups")
        if found.totals.devices:
            _things(graph, "devices", _devices_text(found), "/devices")
    for path in found.partners:
        _draw_partner(graph, path, now)
    for holder in found.holders:
        _draw_holder(graph, holder)
    for connector in found.connectors:
        _draw_connector(graph, found, connector)
    for thing in graph.layers[THINGS]:
        if thing.id not in (MANAGED, CUSTOMERS):
            graph.join("tenant", thing.id)
    _draw_rest(graph, found, next_partner, next_connector)
    return graph.draw()


def draw_customers(found: ReachMap, tenant: str, next_customer: str, now: Micros) -> Drawing:
    """The graph from the tenant, as a partner, to its customers. `next_customer` is the address of the next page, empty
    on the last.
    """
    graph = Graph((_("Organisation"), _("Relationships"), _("Customers")), (150, 200, 200), 0)
    tenant_id = graph.add(0, Node("partner", tenant, _("as a partner"), "/customers", "centre", tenant))
    for path in found.customers:
        href = f"/customers/{path.id}"
        customer = graph.add(2, Node(f"customer {path.id}", path.name, _("customer"), href))
        for way, waits in _ways_to(path, href, now):
            graph.join(tenant_id, graph.add(1, way), is_waiting=waits)
            graph.join(way.id, customer, is_waiting=waits)
    if next_customer:
        graph.add(2, Node("more customers", more_customers(found), _("next page"), next_customer, "more"))
    return graph.draw()


def _ways_to(path: CustomerPath, href: str, now: Micros) -> list[tuple[Node, bool]]:
    """The ways into one customer, and of each whether it still waits."""
    ways = []
    if path.live:
        name = ngettext("%(count)s relationship", "%(count)s relationships", path.live) % {"count": number(path.live)}
        ends = _("ends %(when)s") if path.live == 1 else _("the last ends %(when)s")
        under = ends % {"when": relative_time(path.ends_at, now)} if path.ends_at is not None else ""
        ways.append((Node(f"live {path.id}", name, under, href), False))
    if path.waiting:
        name = ngettext("%(count)s request", "%(count)s requests", path.waiting) % {"count": number(path.waiting)}
        ways.append((Node(f"waits {path.id}", name, _("waits for approval"), href, "waiting"), True))
    return ways


def more_customers(found: ReachMap) -> str:
    """As in `3 more customers`, or `990+ more customers` where counting stopped."""
    of_all = found.customers[0].of_all if found.customers else 0
    more = of_all - len(found.customers)
    count = f"{number(more)}+" if of_all >= CUSTOMERS_COUNTED else number(more)
    return ngettext("%(count)s more customer", "%(count)s more customers", more) % {"count": count}


def _draw_partner(graph: Graph, path: PartnerPath, now: Micros) -> None:
    partner = graph.add(PARTNERS, Node(f"partner {path.partner_id}", path.partner_name, _("partner"), "/partners"))
    waits = path.status == "approvalPending"
    if path.kind == "enterprise":
        way = Node(f"way {path.id}", path.name, _("manages its devices"), "/enterprises")
        role = graph.add(ROLES, Node("role devices", _("Device management"), _("of the enterprise"), "/enterprises"))
        roles = [role]
    else:
        under = _("waits for approval") if waits else _("ends %(when)s") % {"when": _when(path, now)}
        kind = "waiting" if waits else "plain"
        way = Node(f"way {path.id}", path.name, under, f"/blast-radius/relationship/{path.id}", kind)
        roles = [_role(graph, role_id) for role_id in path.role_ids.split()]
    graph.add(WAYS_IN, way)
    graph.join(partner, way.id, is_waiting=waits)
    for role in roles:
        graph.join(way.id, role, is_waiting=waits)
        graph.join(role, "tenant", is_waiting=waits)


def _when(path: PartnerPath, now: Micros) -> str:
    return relative_time(path.ends_at, now) if path.ends_at is not None else _("never")


def _draw_holder(graph: Graph, holder: Holder) -> None:
    user = graph.add(
        WAYS_IN, Node(f"user {holder.user_id}", holder.name, _("own user"), _radius("user", holder.user_id))
    )
    role = _role(graph, holder.role_id)
    graph.join(user, role)
    graph.join(role, "tenant")


def _role(graph: Graph, role_id: str) -> str:
    return graph.add(ROLES, Node(f"role {role_id}", role_name(role_id), _("role"), f"/users?role={role_id}"))


def _draw_connector(graph: Graph, found: ReachMap, path: ConnectorPath) -> None:
    under = _("deactivated: no new tokens") if path.deactivated_at else _("active")
    connector = graph.add(CONNECTORS, Node(f"connector {path.id}", path.name, under, _radius("connector", path.id)))
    if path.kind == "service_account":
        _draw_service_account(graph, found, path, connector)
    reaches_users = not _USERS_TOO.isdisjoint(path.permissions.split())
    if path.tenant_tokens:
        node = _token(path, "tenant", path.tenant_tokens, path.tenant_grant, path.tenant_giver)
        graph.join(connector, graph.add(TOKENS, node))
        graph.join(node.id, _things(graph, "groups", _groups_text(found), "/groups"))
        if reaches_users:
            graph.join(node.id, _things(graph, "users", _users_text(found), "/users"))
        if reaches_customers(found, path):
            text = ngettext("%(count)s customer", "%(count)s customers", found.totals.customers)
            name = text % {"count": counted(found.totals.customers)}
            under = _("as the user may")
            graph.join(node.id, graph.add(THINGS, Node(CUSTOMERS, name, under, "/customers")))
    if path.user_tokens:
        node = _token(path, "user", path.user_tokens, path.user_grant, path.user_giver)
        graph.join(connector, graph.add(TOKENS, node))
        graph.join(node.id, _own_groups(graph, path))
    named = [token for token in found.group_tokens if token.connector_id == path.id][:_NAMED_GROUPS]
    for token in named:
        _draw_group_token(graph, connector, token)
    rest = path.group_tokens - len(named)
    if rest > 0:
        href = f"/connectors/{path.id}"
        text = ngettext("%(count)s more token", "%(count)s more tokens", rest) % {"count": counted(rest)}
        node = Node(f"tokens {path.id} rest", text, _("for single groups"), href, "more")
        graph.join(connector, graph.add(TOKENS, node))
        groups = ngettext("%(count)s more group", "%(count)s more groups", rest) % {"count": counted(rest)}
        graph.join(node.id, graph.add(THINGS, Node(f"groups {path.id} rest", groups, "", href, "more")))


def reaches_customers(found: ReachMap, path: ConnectorPath) -> bool:
    """Whether tokens of the connector open what a partner's users reach in its customers."""
    return found.totals.customers > 0 and Permission.PARTNER_CENTER in path.permissions.split()


def _draw_service_account(graph: Graph, found: ReachMap, path: ConnectorPath, connector: str) -> None:
    """Draw a service account, which signs with a key of its own, without a user."""
    node = Node(f"key {path.id}", _("Its own key"), _("no user behind it"), f"/connectors/{path.id}")
    graph.join(connector, graph.add(TOKENS, node))
    if found.totals.managed:
        text = ngettext("%(count)s enterprise", "%(count)s enterprises", found.totals.managed)
        name = text % {"count": counted(found.totals.managed)}
        target = graph.add(THINGS, Node(MANAGED, name, _("of customers: devices"), "/enterprises"))
    else:
        target = _things(graph, "devices", _devices_text(found), "/devices")
    graph.join(node.id, target)


def _token(path: ConnectorPath, reach: str, count: int, grant: str | None, giver: str | None) -> Node:
    text = ngettext("%(count)s token", "%(count)s tokens", count) % {"count": counted(count)}
    is_one = count == 1 and grant is not None
    under = _("from %(name)s") % {"name": giver or ""} if is_one else _("from several users")
    href = _radius("token", grant or "") if is_one else f"/connectors/{path.id}"
    return Node(f"tokens {path.id} {reach}", text, under, href)


def _own_groups(graph: Graph, path: ConnectorPath) -> str:
    """Add the node for tokens that reach the groups of whoever gave them, one user or several, and answer its id."""
    if path.user_tokens == 1 and path.user_giver_id is not None:
        name = _("Groups of %(name)s") % {"name": path.user_giver or ""}
        node = Node(f"own {path.user_giver_id}", name, _("as the user may"), f"/users/{path.user_giver_id}")
    else:
        name = ngettext("Groups of %(count)s user", "Groups of %(count)s users", path.user_tokens)
        text = name % {"count": counted(path.user_tokens)}
        node = Node(f"own of {path.id}", text, _("as each may"), f"/connectors/{path.id}")
    return graph.add(THINGS, node)


def _draw_group_token(graph: Graph, connector: str, token: GroupToken) -> None:
    under = _("from %(name)s") % {"name": token.giver}
    node = graph.add(TOKENS, Node(f"token {token.id}", _("1 token"), under, _radius("token", token.id)))
    group = Node(f"group {token.group_id}", token.group_name, _("and its sub-groups"), f"/groups/{token.group_id}")
    graph.join(connector, node)
    graph.join(node, graph.add(THINGS, group))


def _draw_rest(graph: Graph, found: ReachMap, next_partner: str, next_connector: str) -> None:
    """Draw the nodes that lead to what is not on this page."""
    if next_partner:
        graph.add(PARTNERS, Node("more partners", _("More partners"), _("next page"), next_partner, "more"))
    if found.more_holders > 0:
        text = ngettext("%(count)s more role holder", "%(count)s more role holders", found.more_holders)
        graph.add(
            WAYS_IN,
            Node("more holders", text % {"count": number(found.more_holders)}, _("own users"), "/users", "more"),
        )
    if next_connector:
        graph.add(CONNECTORS, Node("more connectors", _("More connectors"), _("next page"), next_connector, "more"))


def _things(graph: Graph, id: str, text: str, href: str) -> str:
    return graph.add(THINGS, Node(id, text, "", href))


def _users_text(found: ReachMap) -> str:
    return ngettext("%(count)s user", "%(count)s users", found.totals.users) % {"count": counted(found.totals.users)}


def _groups_text(found: ReachMap) -> str:
    return ngettext("%(count)s group", "Every group: %(count)s", found.totals.groups) % {
        "count": counted(found.totals.groups)
    }


def _devices_text(found: ReachMap) -> str:
    return ngettext("%(count)s device", "%(count)s devices", found.totals.devices) % {
        "count": counted(found.totals.devices)
    }


def _radius(kind: str, id: str) -> str:
    return f"/blast-radius/{kind}/{id}"


def counted(count: int) -> str:
    """As in `12`, or `10,000+` where counting stopped."""
    return up_to(count, COUNTED)
