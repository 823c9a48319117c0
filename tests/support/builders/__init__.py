"""Things with good defaults, made by the functions that make them in production; each returns what a test needs of it.

One builder a noun: `a_user(store, tenant)`. What it answers has the noun's name: `SomeUser`.
"""

from __future__ import annotations

from tests.support.builders.connectors import (
    SomeConnector,
    SomeGrant,
    SomeServiceAccount,
    a_connector,
    a_grant,
    a_service_account,
    an_access_token,
)
from tests.support.builders.devices import (
    DEVICE_LIMIT,
    TOKEN_LIFETIME,
    SomeEnterprise,
    a_device_token,
    a_google_managed_account,
    a_managed_account,
    an_android_id,
    an_enterprise,
    device_count,
    live_credentials,
    live_devices,
    redeem,
)
from tests.support.builders.directory import (
    PASSWORD,
    SomeTenant,
    SomeUser,
    a_group,
    a_relationship,
    a_tenant,
    a_user,
    as_user,
    list_groups,
)
from tests.support.builders.sign_in import (
    a_session,
    add_factors,
    begin_to_sign_in,
    federate,
)
from tests.support.builders.stage import (
    HASHER,
    KEY,
    OPERATOR,
)
from tests.support.builders.webhooks import (
    a_webhook,
)

__all__ = [
    "DEVICE_LIMIT",
    "HASHER",
    "KEY",
    "OPERATOR",
    "PASSWORD",
    "TOKEN_LIFETIME",
    "SomeConnector",
    "SomeEnterprise",
    "SomeGrant",
    "SomeServiceAccount",
    "SomeTenant",
    "SomeUser",
    "a_connector",
    "a_device_token",
    "a_google_managed_account",
    "a_grant",
    "a_group",
    "a_managed_account",
    "a_relationship",
    "a_service_account",
    "a_session",
    "a_tenant",
    "a_user",
    "a_webhook",
    "add_factors",
    "an_access_token",
    "an_android_id",
    "an_enterprise",
    "as_user",
    "begin_to_sign_in",
    "device_count",
    "federate",
    "list_groups",
    "live_credentials",
    "live_devices",
    "redeem",
]
