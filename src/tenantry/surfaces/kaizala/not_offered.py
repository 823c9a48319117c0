"""The operations that Kaizala had and this server does not offer. Source: Kaizala contract §3.1."""

from __future__ import annotations

from tenantry.surfaces.shared.not_offered import ANY, Missing, NotOffered

_GROUP = "groups/{group}"

NOT_OFFERED = NotOffered(
    "/kaizala/v1",
    [
        Missing("GET", f"{_GROUP}/subGroups", "sub-groups"),
        Missing("POST", f"{_GROUP}/subGroups", "sub-groups"),
        Missing("PUT", f"{_GROUP}/subGroups", "sub-groups"),
        Missing("DELETE", f"{_GROUP}/subGroups/{{sub_group}}", "sub-groups"),
        Missing(ANY, f"{_GROUP}/messages/**", "messages"),
        Missing(ANY, "media/**", "media"),
        Missing(ANY, f"{_GROUP}/media/**", "media"),
        Missing(ANY, f"{_GROUP}/actions/**", "actions"),
        Missing(ANY, f"{_GROUP}/reaction/**", "reactions"),
        Missing("POST", "bot", "bots"),
        Missing("GET", "bot", "bots"),
        Missing(ANY, "bot/{bot}/**", "bots"),
        Missing(ANY, f"{_GROUP}/bot/**", "bots"),
        Missing(ANY, "webhook/{object_type}/{event_type}", "webhooks in Power Automate's form"),
        Missing(ANY, "tenant/**", "the search for the tenant's groups"),
    ],
)
