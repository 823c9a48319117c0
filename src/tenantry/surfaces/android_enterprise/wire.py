"""The shapes of the wire, and how they are turned into those of the domain and back. Source: Play EMM contract §2.

A request may have `kind` and fields that only answers have; fields that are not named here are ignored. A field that is
null counts as absent. Numbers of 64 bits are texts.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, ClassVar, Literal, cast

from msgspec import UNSET, Meta, Struct, UnsetType

from tenantry.core.hiding import hiding
from tenantry.devices.managed_accounts import AccountType
from tenantry.store.devices.devices import Device as DeviceRow
from tenantry.store.devices.enterprises import Enterprise as EnterpriseRow
from tenantry.store.devices.managed_accounts import ManagedAccount
from tenantry.surfaces.shared.google_error import to_camel

Text = Annotated[str, Meta(max_length=1024)]
Identifier = Annotated[str, Meta(min_length=1, max_length=1024)]
Int64 = Annotated[str, Meta(pattern=r"^-?[0-9]{1,19}$")] | int
Int32 = Annotated[int, Meta(ge=-(2**31), lt=2**31)]

ACCOUNT_TYPES = {"userAccount": AccountType.USER_ACCOUNT, "deviceAccount": AccountType.DEVICE_ACCOUNT}


class _Shape(Struct, rename="camel", omit_defaults=True):
    """Base of the shapes that clients send. The vendor uses one shape for what is sent and for what is answered; here
    they are two.
    """

    vendor_name: ClassVar[str] = ""


class NewUser(_Shape):
    """A user to make."""

    vendor_name: ClassVar[str] = "User"

    account_identifier: Identifier
    account_type: Literal["userAccount", "deviceAccount"]
    display_name: Text | None = None


class UserUpdate(_Shape):
    """What to change of a user. It may also name what has its value already."""

    vendor_name: ClassVar[str] = "User"

    display_name: Text | None = None
    id: Text | None = None
    account_identifier: Text | None = None
    account_type: Literal["userAccount", "deviceAccount"] | None = None
    management_type: Literal["googleManaged", "emmManaged"] | None = None
    primary_email: Text | None = None

    def unchanged(self) -> dict[str, str]:
        """The values that the user must have already, by the names and in the words of the domain."""
        values = {
            "id": self.id,
            "account_identifier": self.account_identifier,
            "account_type": self.account_type and _to_snake(self.account_type),
            "management_type": self.management_type and _to_snake(self.management_type),
            "primary_email": self.primary_email,
        }
        return {name: value for name, value in values.items() if value is not None}


class AutoInstallConstraint(_Shape):
    """When Play may install an app without asking the user."""

    charging_state_constraint: (
        Literal["chargingStateConstraintUnspecified", "chargingNotRequired", "chargingRequired"] | None
    ) = None
    device_idle_state_constraint: (
        Literal["deviceIdleStateConstraintUnspecified", "deviceIdleNotRequired", "deviceIdleRequired"] | None
    ) = None
    network_type_constraint: Literal["networkTypeConstraintUnspecified", "anyNetwork", "unmeteredNetwork"] | None = None


class AutoInstallPolicy(_Shape):
    """Whether Play installs an app without asking the user."""

    auto_install_mode: (
        Literal["autoInstallModeUnspecified", "doNotAutoInstall", "autoInstallOnce", "forceAutoInstall"] | None
    ) = None
    auto_install_priority: Int32 | None = None
    minimum_version_code: Int32 | None = None
    auto_install_constraint: Annotated[list[AutoInstallConstraint], Meta(max_length=1)] | None = None


class ProductPolicy(_Shape):
    """What holds for one app on a device."""

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
    """The hours in which Play may update apps."""

    start_time_after_midnight_ms: Int64 | None = None
    duration_ms: Int64 | None = None


class Policy(_Shape):
    """What holds for one device."""

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
    """What to change of a device."""

    vendor_name: ClassVar[str] = "Device"

    android_id: Text | None = None
    policy: Policy | UnsetType | None = UNSET


class NewDeviceState(_Shape):
    """Whether the account shall be usable on the device."""

    vendor_name: ClassVar[str] = "DeviceState"

    account_state: Literal["enabled", "disabled"]


class _Resource(Struct, rename="camel", omit_defaults=True, tag_field="kind"):
    """Base of the shapes that are answered; `kind` says which one it is."""


class Enterprise(_Resource, tag="androidenterprise#enterprise"):
    """The enterprise of a customer."""

    id: str
    name: str
    primary_domain: str | None = None
    enterprise_type: Literal["managedGoogleDomain", "managedGooglePlayAccountsEnterprise"] | None = None


class EnterprisesListResponse(_Resource, tag="androidenterprise#enterprisesListResponse"):
    """A list without an enterprise leaves `enterprise` out."""

    enterprise: list[Enterprise] | None = None


class User(_Resource, tag="androidenterprise#user"):
    """A managed account."""

    id: str
    account_identifier: str | None = None
    account_type: str | None = None
    display_name: str | None = None
    management_type: str | None = None
    primary_email: str | None = None


class UsersListResponse(_Resource, tag="androidenterprise#usersListResponse"):
    """A list without a user leaves `user` out."""

    user: list[User] | None = None


@hiding("token")
class AuthenticationToken(_Resource, tag="androidenterprise#authenticationToken"):
    """A device token, which is good once."""

    token: str


class Device(_Resource, tag="androidenterprise#device"):
    """A device that an account is on, or will be."""

    android_id: str
    management_type: str | None = None
    maker: str | None = None
    model: str | None = None
    product: str | None = None
    device: str | None = None
    retail_brand: str | None = None
    sdk_version: int | None = None
    latest_build_fingerprint: str | None = None
    policy: Policy | None = None


class DevicesListResponse(_Resource, tag="androidenterprise#devicesListResponse"):
    """A list without a device leaves `device` out."""

    device: list[Device] | None = None


class DeviceState(_Resource, tag="androidenterprise#deviceState"):
    """Whether the account may be used on the device."""

    account_state: Literal["enabled", "disabled"]


def shown_enterprise(enterprise: EnterpriseRow) -> Enterprise:
    """The enterprise in the wire's shape."""
    managed_domain = enterprise.primary_domain is not None
    return Enterprise(
        id=enterprise.id,
        name=enterprise.name,
        primary_domain=enterprise.primary_domain,
        enterprise_type="managedGoogleDomain" if managed_domain else "managedGooglePlayAccountsEnterprise",
    )


def shown_user(account: ManagedAccount) -> User:
    """The managed account in the wire's shape."""
    return User(
        id=account.id,
        account_identifier=account.account_identifier,
        account_type=to_camel(account.account_type),
        display_name=account.display_name,
        management_type=to_camel(account.management_type),
        primary_email=account.primary_email,
    )


def shown_device(device: DeviceRow) -> Device:
    """The device in the wire's shape. The policy is answered as it was set, since it was read by its shape then."""
    return Device(
        android_id=device.android_id,
        management_type=device.management_type and to_camel(device.management_type),
        maker=device.maker,
        model=device.model,
        product=device.product,
        device=device.device,
        retail_brand=device.retail_brand,
        sdk_version=device.sdk_version,
        latest_build_fingerprint=device.latest_build_fingerprint,
        policy=cast(Policy, json.loads(device.policy)) if device.policy else None,
    )


def _to_snake(word: str) -> str:
    return "".join(f"_{character.lower()}" if character.isupper() else character for character in word)
