"""`POST /device/v1/provision`: a device policy client redeems its device token. Source: Play EMM contract §7.1."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from tenantry.access.actions import Action
from tenantry.core.errors import DeviceTokenExpired, DeviceTokenNotFound, DeviceTokenUsed, InvalidValue
from tenantry.core.hiding import hiding
from tenantry.devices.redeem import parse_android_id, redeem_device_token
from tenantry.store.devices.devices import DeviceFacts
from tenantry.surfaces.device.coat import DEVICE
from tenantry.surfaces.operation import Ask, operations

_MANAGEMENT_TYPES = {
    "managedDevice": "managed_device",
    "managedProfile": "managed_profile",
    "containerApp": "container_app",
    "unmanagedProfile": "unmanaged_profile",
}

op = operations(DEVICE, "/device/v1")


class Device(Struct, rename="camel", omit_defaults=True):
    """What the maker built the device as."""

    maker: str | None = None
    model: str | None = None
    product: str | None = None
    device: str | None = None
    retail_brand: str | None = None
    sdk_version: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None
    latest_build_fingerprint: str | None = None


@hiding("token")
class Presented(Struct, rename="camel", omit_defaults=True):
    """A device token, and what the device says of itself."""

    token: Annotated[str, Meta(max_length=4096)]
    android_id: str
    management_type: str | None = None
    """One of managedDevice, managedProfile, containerApp, unmanagedProfile."""
    dpc_package_name: str | None = None
    device: Device | None = None


@hiding("device_token")
class Provisioned(Struct, rename="camel"):
    """The account that the device has now. `deviceToken` is the device's credential, shown once."""

    user_id: str
    enterprise_id: str
    device_id: str
    account_name: str
    device_token: str


@op(
    "provision",
    "POST",
    "/provision",
    Action.PROVISION_DEVICE,
    source="Play EMM contract §7.1",
    headers=((b"cache-control", b"no-store"),),
    hot=True,
    guesses=(DeviceTokenNotFound, DeviceTokenUsed, DeviceTokenExpired),
)
async def provision(ask: Ask, body: Presented) -> Provisioned:
    """Trade a device token for a device credential.

    Hot path: 1 write transaction. Anybody may call; a client that presents too many bad tokens has to wait.
    """
    provisioned = await redeem_device_token(
        ask.deps.store,
        ask.deps.hasher,
        token=body.token,
        facts=_facts(body),
        device_limit=ask.deps.settings.device_limit,
        origin=ask.origin,
        now=ask.now,
    )
    account_id, enterprise_id = provisioned.account_id, provisioned.enterprise_id
    return Provisioned(
        user_id=account_id,
        enterprise_id=enterprise_id,
        device_id=provisioned.android_id,
        account_name=f"work-{account_id}@{enterprise_id.lower()}.tenantry",
        device_token=provisioned.credential,
    )


def _facts(body: Presented) -> DeviceFacts:
    """What the device says of itself. Raises InvalidValue that names the field."""
    management_type, device = body.management_type, body.device or _UNKNOWN
    if management_type is not None and management_type not in _MANAGEMENT_TYPES:
        raise InvalidValue(f"managementType must be one of {', '.join(_MANAGEMENT_TYPES)}.", field="managementType")
    return DeviceFacts(
        android_id=parse_android_id(body.android_id),
        management_type=management_type and _MANAGEMENT_TYPES[management_type],
        dpc_package_name=body.dpc_package_name,
        maker=device.maker,
        model=device.model,
        product=device.product,
        device=device.device,
        retail_brand=device.retail_brand,
        sdk_version=device.sdk_version,
        latest_build_fingerprint=device.latest_build_fingerprint,
    )


_UNKNOWN = Device()
