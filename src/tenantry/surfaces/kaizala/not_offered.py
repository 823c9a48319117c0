"""What Kaizala had and this server has not (yet). Source: Kaizala contract 3.1."""

from __future__ import annotations

from tenantry.surfaces.shared.not_offered import ANY, NotOffered, Operation

_GROUP = "groups/{group}"

NOT_OFFERED = NotOffered(
    "/kaizala/v1",
    [
        Operation("GET", f"{_GROUP}/subGroups", "sub-groups"),
        Operation("POST", f"{_GROUP}/subGroups", "sub-groups"),
        Operation("PUT", f"{_GROUP}/subGroups", "sub-groups"),
        Operation("DELETE", f"{_GROUP}/subGroups/{{sub_group}}", "sub-groups"),
        Operation(ANY, f"{_GROUP}/messages/**", "messages"),
        Operation(ANY, "media/**", "media"),
        Operation(ANY, f"{_GROUP}/media/**", "media"),
        Operation(ANY, f"{_GROUP}/actions/**", "actions"),
        Operation(ANY, f"{_GROUP}/reaction/**", "reactions"),
        Operation("POST", "bot", "bots"),
        Operation("GET", "bot", "bots"),
        Operation(ANY, "bot/{bot}/**", "bots"),
        Operation(ANY, f"{_GROUP}/bot/**", "bots"),
        Operation(ANY, "webhook/{object_type}/{event_type}", "webhooks in Power Automate's form"),
        Operation(ANY, "tenant/**", "the search for the organisation's groups"),
    ],
)
