"""Shapes of the wire, and how they are cast to and from the domain. Source: Play EMM contract §2.

Requests may carry `kind` and any output-only field: what is not named here is ignored. Fields that are null count as
absent. int64 values are strings.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from tenantry.devices.managed_accounts import AccountType
from tenantry.store.devices import Device
from tenantry.store.enterprises import Enterprise
from tenantry.store.managed_accounts import ManagedAccount
from tenantry.surfaces.shared.google_error import to_camel

Text = Annotated[str, Meta(max_length=1024)]
Identifier = Annotated[str, Meta(min_length=1, max_length=1024)]
Int64 = Annotated[str, Meta(pattern=r"^-?[0-9]{1,19}$")] | int
Int32 = Annotated[int, Meta(ge=-(2**31), lt=2**31)]

ACCOUNT_TYPES = {"userAccount": AccountType.USER_ACCOUNT, "deviceAccount": AccountType.DEVICE_ACCOUNT}

Resource = dict[str, Any]


class _Shape(Struct, rename="camel", omit_defaults=True):
    """Base of what clients send."""


class NewUser(_Shape):
    account_identifier: Identifier
    account_type: Literal["userAccount", "deviceAccount"]
    display_name: Text | None = None


class UserUpdate(_Shape):
    display_name: Text | None = None
    id: Text | None = None
    account_identifier: Text | None = None
    account_type: Literal["userAccount", "deviceAccount"] | None = None
    management_type: Literal["googleManaged", "emmManaged"] | None = None
    primary_email: Text | None = None

    def unchanged(self) -> dict[str, str]:
        """What must have its value already, by the names and in the words of the domain."""
        values = {
            "id": self.id,
            "account_identifier": self.account_identifier,
            "account_type": self.account_type and _to_snake(self.account_type),
            "management_type": self.management_type and _to_snake(self.management_type),
            "primary_email": self.primary_email,
        }
        return {name: value for name, value in values.items() if value is not None}


class AutoInstallConstraint(_Shape):
    charging_state_constraint: (
        Literal["chargingStateConstraintUnspecified", "chargingNotRequired", "chargingRequired"] | None
    ) = None
    device_idle_state_constraint: (
        Literal["deviceIdleStateConstraintUnspecified", "deviceIdleNotRequired", "deviceIdleRequired"] | None
    ) = None
    network_type_constraint: Literal["networkTypeConstraintUnspecified", "anyNetwork", "unmeteredNetwork"] | None = None


class AutoInstallPolicy(_Shape):
    auto_install_mode: (
        Literal["autoInstallModeUnspecified", "doNotAutoInstall", "autoInstallOnce", "forceAutoInstall"] | None
    ) = None
    auto_install_priority: Int32 | None = None
    minimum_version_code: Int32 | None = None
    auto_install_constraint: Annotated[list[AutoInstallConstraint], Meta(max_length=1)] | None = None


class ProductPolicy(_Shape):
    product_id: Text | None = None
    auto_install_policy: AutoInstallPolicy | None = None
    auto_update_mode: (
        Literal["autoUpdateModeUnspecified", "autoUpdateDefault", "autoUpdatePostponed", "autoUpdateHighPriority"]
        | None
    ) = None
    managed_configuration: dict[str, Any] | None = None
    enterprise_authentication_app_link_configs: list[dict[str, Any]] | None = None
    track_ids: list[Text] | None = None
    tracks: list[Literal["appTrackUnspecified", "production", "beta", "alpha"]] | None = None


class MaintenanceWindow(_Shape):
    start_time_after_midnight_ms: Int64 | None = None
    duration_ms: Int64 | None = None


class Policy(_Shape):
    auto_update_policy: (
        Literal["autoUpdatePolicyUnspecified", "choiceToTheUser", "never", "wifiOnly", "always"] | None
    ) = None
    device_report_policy: (
        Literal["deviceReportPolicyUnspecified", "deviceReportDisabled", "deviceReportEnabled"] | None
    ) = None
    maintenance_window: MaintenanceWindow | None = None
    policy_id: Text | None = None
    product_availability_policy: Literal["productAvailabilityPolicyUnspecified", "whitelist", "all"] | None = None
    product_policy: list[ProductPolicy] | None = None


class DeviceUpdate(_Shape):
    android_id: Text | None = None
    policy: Policy | UnsetType | None = UNSET


class DeviceState(_Shape):
    account_state: Literal["enabled", "disabled"]


def enterprise_resource(enterprise: Enterprise) -> Resource:
    """Enterprise, without `kind`."""
    managed_domain = enterprise.primary_domain is not None
    return _without_none(
        {
            "id": enterprise.id,
            "name": enterprise.name,
            "primaryDomain": enterprise.primary_domain,
            "enterpriseType": "managedGoogleDomain" if managed_domain else "managedGooglePlayAccountsEnterprise",
        }
    )


def user_resource(account: ManagedAccount) -> Resource:
    """User, without `kind`."""
    return _without_none(
        {
            "id": account.id,
            "accountIdentifier": account.account_identifier,
            "accountType": to_camel(account.account_type),
            "displayName": account.display_name,
            "managementType": to_camel(account.management_type),
            "primaryEmail": account.primary_email,
        }
    )


def device_resource(device: Device) -> Resource:
    """Device, without `kind`."""
    return _without_none(
        {
            "androidId": device.android_id,
            "managementType": device.management_type and to_camel(device.management_type),
            "maker": device.maker,
            "model": device.model,
            "product": device.product,
            "device": device.device,
            "retailBrand": device.retail_brand,
            "sdkVersion": device.sdk_version,
            "latestBuildFingerprint": device.latest_build_fingerprint,
            "policy": json.loads(device.policy) if device.policy else None,
        }
    )


def _without_none(resource: Resource) -> Resource:
    return {name: value for name, value in resource.items() if value is not None}


def _to_snake(word: str) -> str:
    return "".join(f"_{character.lower()}" if character.isupper() else character for character in word)
