"""`POST /device/v1/provision`: a device policy client redeems its device token. Source: Play EMM contract §7.1.

The body is `{token, androidId, managementType, dpcPackageName, device: {maker, model, product, device, retailBrand,
sdkVersion, latestBuildFingerprint}}`, of which the first two are required. The answer is
`{userId, enterpriseId, deviceId, accountName, deviceToken}`; deviceToken is the device's credential, shown once.
"""

from __future__ import annotations

import re

import msgspec
from starlette.types import Receive, Scope

from tenantry.access.actions import Action
from tenantry.core.caller import Origin
from tenantry.core.errors import (
    DeviceTokenExpired,
    DeviceTokenNotFound,
    DeviceTokenUsed,
    DomainError,
    InvalidValue,
    RateLimited,
)
from tenantry.devices.redeem import Provisioned, parse_android_id, redeem_device_token
from tenantry.store.devices.devices import DeviceFacts
from tenantry.surfaces.device.errors import JSON, refuse
from tenantry.surfaces.shared.body import Fields, parse_json, read_body
from tenantry.surfaces.shared.deps import Deps
from tenantry.surfaces.shared.failures import check_failures, count_failure
from tenantry.surfaces.shared.hot import HotAnswer, HotRoute, answer_of
from tenantry.surfaces.shared.origin import origin_of

_MANAGEMENT_TYPES = {
    "managedDevice": "managed_device",
    "managedProfile": "managed_profile",
    "containerApp": "container_app",
    "unmanagedProfile": "unmanaged_profile",
}
_HEADERS = [(b"content-type", JSON.encode()), (b"cache-control", b"no-store")]
_LONGEST_TOKEN = 4096
_LARGEST_BODY = 65_536  # four times what all fields can hold: parsing is work that strangers ask for


async def provision(deps: Deps, scope: Scope, receive: Receive, _match: re.Match[str] | None) -> HotAnswer:
    """Hot path: 1 write transaction. Anybody may call: who presents too many bad tokens has to wait."""
    origin = origin_of(scope)
    try:
        check_failures(deps, "device", origin)
        raw = await read_body(receive, min(_LARGEST_BODY, deps.settings.body_limit_bytes))
        fields = Fields(parse_json(raw, depth_limit=deps.settings.json_depth_limit))
        provisioned = await redeem_device_token(
            deps.store,
            deps.hasher,
            token=fields.text("token", required=True, max_length=_LONGEST_TOKEN),
            facts=_facts(fields),
            device_limit=deps.settings.device_limit,
            origin=origin,
            now=deps.clock(),
        )
    except (DeviceTokenNotFound, DeviceTokenUsed, DeviceTokenExpired) as error:
        return answer_of(refuse(_counted(deps, origin, error), origin))
    except DomainError as error:
        return answer_of(refuse(error, origin))
    headers = [*_HEADERS, (b"x-correlation-id", origin.correlation_id.encode())]
    return HotAnswer(200, msgspec.json.encode(_resource(provisioned)), headers)


def _counted(deps: Deps, origin: Origin, error: DomainError) -> DomainError:
    """The error itself, or RateLimited once the address has too many."""
    try:
        count_failure(deps, "device", origin)
    except RateLimited as limited:
        return limited
    return error


def _facts(fields: Fields) -> DeviceFacts:
    """What the device says of itself. Raises InvalidValue that names the field."""
    management_type = fields.text("managementType")
    if management_type is not None and management_type not in _MANAGEMENT_TYPES:
        raise InvalidValue(f"managementType must be one of {', '.join(_MANAGEMENT_TYPES)}.", field="managementType")
    device = fields.object("device") or Fields({})
    return DeviceFacts(
        android_id=parse_android_id(fields.text("androidId", required=True)),
        management_type=management_type and _MANAGEMENT_TYPES[management_type],
        dpc_package_name=fields.text("dpcPackageName"),
        maker=device.text("maker"),
        model=device.text("model"),
        product=device.text("product"),
        device=device.text("device"),
        retail_brand=device.text("retailBrand"),
        sdk_version=device.whole("sdkVersion", high=2**31 - 1),
        latest_build_fingerprint=device.text("latestBuildFingerprint"),
    )


def _resource(provisioned: Provisioned) -> dict[str, str]:
    return {
        "userId": provisioned.account_id,
        "enterpriseId": provisioned.enterprise_id,
        "deviceId": provisioned.android_id,
        "accountName": f"work-{provisioned.account_id}@{provisioned.enterprise_id.lower()}.tenantry",
        "deviceToken": provisioned.credential,
    }


HOT = [HotRoute("POST", "/device/v1/provision", provision, Action.PROVISION_DEVICE)]
