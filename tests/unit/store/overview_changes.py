"""What stands in overviews, and what each change to one thing takes from it, or adds."""

from __future__ import annotations

from tests.unit.store import overview_asks as asks
from tests.unit.store.overview_asks import Ask

Change = tuple[str, int]
"""A statement, and by how much it changes what is asked."""


def _by_key(table: str, key: str, *sets: str) -> list[str]:
    """Statements which set something of one row; `key` names it."""
    return [f"UPDATE {table} SET {each} WHERE id = :{key}" for each in sets]


def _each(by: int, *statements: list[str]) -> list[Change]:
    return [(statement, by) for some in statements for statement in some]


def _tenant_ends(key: str) -> list[str]:
    return _by_key("tenants", key, "deleted_at = :now", "disabled_at = :now")


def _grant_ends(key: str) -> list[str]:
    return _by_key("grants", key, "revoked_at = :now", "expires_at = :now")


def _user_ends(key: str) -> list[str]:
    return _by_key("users", key, "deleted_at = :now", "disabled_at = :now")


def _relationship_ends(table: str, key: str) -> list[str]:
    return _by_key(table, key, "status = 'terminated'", "expires_at = :now")


def _role(*sets: str) -> list[str]:
    return [f"UPDATE role_assignments SET {each} WHERE tenant_id = :tenant AND user_id = :admin" for each in sets]


def _device(*sets: str) -> list[str]:
    where = "tenant_id = :tenant AND managed_account_id = :account AND android_id = :android"
    return [f"UPDATE devices SET {each} WHERE {where}" for each in sets]


def _secret(*sets: str) -> list[str]:
    newest = "(SELECT MAX(id) FROM connector_secrets WHERE connector_id = :connector)"
    return [f"UPDATE connector_secrets SET {each} WHERE connector_id = :connector AND id = {newest}" for each in sets]


HELD = [*_by_key("connectors", "connector", "deactivated_at = :now"), *_role("expires_at = :later")]
"""What ends nothing."""
HOLDER = _each(-1, _role("expires_at = :now"), _user_ends("admin"))
TOKEN_OF_APP = _each(-1, _grant_ends("group_grant"))
CUSTOMERS = [
    *_each(-1, _relationship_ends("partner_relationships", "held"), _tenant_ends("customer")),
    *_each(0, _by_key("partner_relationships", "held", "expires_at = :later")),
]
ENTERPRISE_ENDS = _by_key("enterprises", "enterprise", "unenrolled_at = :now")
WEBHOOK = _by_key("webhooks", "webhook", "deleted_at = :now", "disabled_at = :now", "expires_at = :now")
GIVEN = [
    *_each(-1, _relationship_ends("delegated_relationships", "given"), _tenant_ends("partner")),
    *_each(0, _by_key("delegated_relationships", "given", "expires_at = :later")),
]

ASKED: dict[str, tuple[Ask, int, list[Change]]] = {
    "ways in": (
        asks.partners,
        4,
        [
            *GIVEN,
            *_each(0, _by_key("delegated_relationships", "given", "status = 'approvalPending'")),
            *_each(-1, ENTERPRISE_ENDS, _tenant_ends("emm")),
            *_each(-1, _by_key("enterprises", "enterprise", "emm_tenant_id = tenant_id")),
        ],
    ),
    "holders": (asks.holders, 2, [*HOLDER, *_each(0, HELD)]),
    "apps": (
        asks.apps,
        6,
        [
            *_each(-1, _by_key("connectors", "connector", "deleted_at = :now"), _grant_ends("grant")),
            *_each(-1, _by_key("connectors", "service_account", "deleted_at = :now")),
            *_each(0, HELD, _grant_ends("group_grant")),
        ],
    ),
    "apps by the name of a group": (
        asks.apps_by_group,
        1,
        [*_each(-1, _grant_ends("group_grant"), _by_key("grants", "group_grant", "reach = 'user'"))],
    ),
    "tokens for the tenant": (asks.tokens("tenant"), 1, _each(-1, _grant_ends("tenant_grant"))),
    "tokens for users": (asks.tokens("user"), 1, _each(-1, _grant_ends("grant"))),
    "tokens for groups": (asks.tokens("group"), 2, TOKEN_OF_APP),
    "givers of tokens for the tenant": (asks.shown_givers("tenant"), 1, _each(-1, _grant_ends("tenant_grant"))),
    "givers of tokens for users": (asks.shown_givers("user"), 1, _each(-1, _grant_ends("grant"))),
    "group tokens": (
        asks.group_tokens,
        2,
        [
            *TOKEN_OF_APP,
            *_each(-1, _by_key("grants", "group_grant", "reach = 'user'")),
            *_each(-1, _by_key("groups", "group", "deleted_at = :now")),
            *_each(-2, _by_key("users", "member", "deleted_at = :now")),
            *_each(-2, _by_key("connectors", "connector", "deleted_at = :now")),
        ],
    ),
    "users": (asks.total("users"), 6, _each(-1, _by_key("users", "member", "deleted_at = :now"))),
    "groups": (asks.total("groups"), 6, _each(-1, _by_key("groups", "group", "deleted_at = :now"))),
    "devices": (asks.total("devices"), 4, _each(-1, _device("removed_at = :now", "provisioned_at = NULL"))),
    "managed": (
        asks.total("managed"),
        2,
        [
            *_each(-1, _by_key("enterprises", "managed", "unenrolled_at = :now"), _tenant_ends("customer")),
            *_each(0, _by_key("enterprises", "enterprise", "emm_tenant_id = tenant_id")),
        ],
    ),
    "customers": (asks.total("customers"), 2, CUSTOMERS),
    "reached customers": (
        asks.customer(None),
        2,
        [*CUSTOMERS, *_each(0, _by_key("partner_relationships", "held", "status = 'approvalPending'"))],
    ),
    "live relationships with customers": (asks.customer("live"), 2, CUSTOMERS),
    "tokens of the app for groups": (asks.of_connector("group_tokens"), 2, TOKEN_OF_APP),
    "tokens of the app for the tenant": (
        asks.of_connector("tenant_tokens"),
        1,
        _each(-1, _grant_ends("tenant_grant")),
    ),
    "tokens of the app for users": (
        asks.of_connector("user_tokens", "other_connector"),
        1,
        _each(-1, _grant_ends("grant")),
    ),
    "secrets of the app": (
        asks.of_connector("secrets"),
        2,
        [*_each(-1, _secret("ended_at = :now", "expires_at = :now")), *_each(0, _secret("expires_at = :later"))],
    ),
    "keys of the account": (
        asks.of_connector("keys", "service_account"),
        2,
        _each(-1, _by_key("service_account_keys", "key", "revoked_at = :now")),
    ),
    "webhooks of the app": (asks.of_connector("webhooks"), 1, _each(-1, WEBHOOK)),
    "sessions": (
        asks.of_user("sessions"),
        2,
        _each(-1, _by_key("sessions", "session", "ended_at = :now", "expires_at = :now")),
    ),
    "tokens of the user": (
        asks.of_user("tokens"),
        3,
        _each(-1, _grant_ends("tenant_grant"), _grant_ends("group_grant")),
    ),
    "groups led": (
        asks.of_user("groups"),
        6,
        _each(-1, ["UPDATE group_members SET role = 'member' WHERE user_id = :member AND group_id = :group"]),
    ),
    "connectors made": (
        asks.of_user("connectors"),
        1,
        _each(-1, _by_key("connectors", "connector", "deleted_at = :now", "created_by = NULL")),
    ),
    "devices of the user": (
        asks.of_user("devices"),
        2,
        _each(-2, _by_key("managed_accounts", "account", "deleted_at = :now", "user_id = NULL")),
    ),
    "apps of the user": (
        asks.apps_of_user,
        1,
        [
            *_each(-1, _by_key("connectors", "connector", "deleted_at = :now")),
            *_each(
                -1,
                [
                    f"UPDATE grants SET {each} WHERE user_id = :member"
                    for each in ("revoked_at = :now", "expires_at = :now")
                ],
            ),
        ],
    ),
    "groups led alone": (
        asks.led_alone,
        6,
        [
            *_each(-1, ["UPDATE group_members SET role = 'member' WHERE user_id = :member AND group_id = :group"]),
            *_each(-1, ["UPDATE group_members SET role = 'admin' WHERE user_id = :other AND group_id = :group"]),
            *_each(-1, _by_key("groups", "group", "deleted_at = :now")),
        ],
    ),
    "the device": (
        asks.device_found,
        1,
        [
            *_each(-1, _device("removed_at = :now", "provisioned_at = NULL"), ENTERPRISE_ENDS),
            *_each(-1, _by_key("managed_accounts", "account", "deleted_at = :now")),
        ],
    ),
    "relationships that end": (
        asks.ending("relationship"),
        2,
        [
            *GIVEN,
            *_each(
                -1, _by_key("delegated_relationships", "given", "status = 'approvalPending'", "expires_at = :too_late")
            ),
            *_each(0, _by_key("delegated_relationships", "given", "expires_at = :latest")),
        ],
    ),
    "relationships with customers that end": (
        asks.ending("customer"),
        2,
        [
            *CUSTOMERS,
            *_each(
                -1, _by_key("partner_relationships", "held", "status = 'approvalPending'", "expires_at = :too_late")
            ),
            *_each(0, _by_key("partner_relationships", "held", "expires_at = :latest")),
        ],
    ),
    "secrets that end": (
        asks.ending("secret"),
        4,
        [
            *_each(-1, _secret("ended_at = :now", "expires_at = :now", "expires_at = :too_late", "expires_at = NULL")),
            *_each(0, _secret("expires_at = :latest")),
            *_each(-2, _by_key("connectors", "connector", "deleted_at = :now")),
        ],
    ),
    "tokens that end": (
        asks.ending("token"),
        4,
        [
            *_each(-1, _grant_ends("grant"), _by_key("grants", "grant", "expires_at = :too_late")),
            *_each(0, _by_key("grants", "grant", "expires_at = :latest")),
            *_each(-3, _by_key("users", "member", "deleted_at = :now")),
            *_each(-1, _by_key("connectors", "other_connector", "deleted_at = :now")),
        ],
    ),
    "requests": (
        asks.waiting,
        0,
        [
            *_each(1, _by_key("delegated_relationships", "given", "status = 'approvalPending'")),
            *_each(0, _by_key("delegated_relationships", "given", "status = 'approvalPending', expires_at = :now")),
        ],
    ),
    "apps with two secrets": (
        asks.double_secrets,
        2,
        [
            *_each(-1, _secret("ended_at = :now", "expires_at = :now", "created_at = created_at + 1")),
            *_each(-1, _by_key("connectors", "connector", "deleted_at = :now")),
            *_each(0, _secret("expires_at = :later")),
        ],
    ),
    "administrators without a second factor": (
        asks.unguarded,
        0,
        [
            *_each(1, ["UPDATE role_assignments SET user_id = :newcomer WHERE user_id = :admin"]),
            *_each(0, ["UPDATE role_assignments SET user_id = :newcomer, expires_at = :now WHERE user_id = :admin"]),
        ],
    ),
    "administrators": (asks.administrators, 2, [*HOLDER, *_each(0, HELD)]),
    "callbacks that all share": (
        asks.callbacks,
        1,
        [
            *_each(-1, ["UPDATE shared_callbacks SET replaced_at = :now WHERE tenant_id = :tenant"]),
            *_each(-1, ["UPDATE identity_providers SET disabled_at = :now WHERE tenant_id = :tenant"]),
        ],
    ),
    "accounts that are full": (
        asks.full_accounts,
        2,
        _each(-1, _by_key("managed_accounts", "account", "deleted_at = :now", "device_count = device_count - 1")),
    ),
    "accounts counted": (
        asks.counted_accounts,
        4,
        _each(-1, _by_key("managed_accounts", "account", "deleted_at = :now")),
    ),
}
"""What is asked, how much there is at first, and what each change does to that."""
