"""The methods of the vendor's API that are not served here, as data.

The answers to these methods are made from it, and what the discovery document says of them, since generators of code
want all methods in that document. Source: Play EMM contract §1; the vendor's document of REVISION.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from tenantry.surfaces.shared.not_offered import ANY, Missing, NotOffered

REVISION = "20260729"
ROOT = "androidenterprise/v1"

_ENTERPRISE = "enterprises/{enterpriseId}"
_USER = f"{_ENTERPRISE}/users/{{userId}}"
_DEVICE = f"{_USER}/devices/{{deviceId}}"
_PRODUCT = f"{_ENTERPRISE}/products/{{productId}}"
_PAGES = f"{_ENTERPRISE}/storeLayout/pages"
_CLUSTERS = f"{_PAGES}/{{pageId}}/clusters"


class Method(NamedTuple):
    """A method of the vendor's. `path` is below ROOT; `request` and `response` name shapes."""

    id: str
    http_method: str
    path: str
    request: str | None = None
    response: str | None = None


METHODS = (
    Method(
        "enrollmentTokens.create",
        "POST",
        f"{_ENTERPRISE}/enrollmentTokens",
        request="EnrollmentToken",
        response="EnrollmentToken",
    ),
    Method("enterprises.acknowledgeNotificationSet", "POST", "enterprises/acknowledgeNotificationSet"),
    Method("enterprises.completeSignup", "POST", "enterprises/completeSignup", response="Enterprise"),
    Method(
        "enterprises.createWebToken",
        "POST",
        f"{_ENTERPRISE}/createWebToken",
        request="AdministratorWebTokenSpec",
        response="AdministratorWebToken",
    ),
    Method("enterprises.enroll", "POST", "enterprises/enroll", request="Enterprise", response="Enterprise"),
    Method(
        "enterprises.generateEnterpriseUpgradeUrl",
        "POST",
        f"{_ENTERPRISE}/generateEnterpriseUpgradeUrl",
        response="GenerateEnterpriseUpgradeUrlResponse",
    ),
    Method("enterprises.generateSignupUrl", "POST", "enterprises/signupUrl", response="SignupInfo"),
    Method("enterprises.getServiceAccount", "GET", f"{_ENTERPRISE}/serviceAccount", response="ServiceAccount"),
    Method("enterprises.getStoreLayout", "GET", f"{_ENTERPRISE}/storeLayout", response="StoreLayout"),
    Method("enterprises.pullNotificationSet", "POST", "enterprises/pullNotificationSet", response="NotificationSet"),
    Method(
        "enterprises.sendTestPushNotification",
        "POST",
        f"{_ENTERPRISE}/sendTestPushNotification",
        response="EnterprisesSendTestPushNotificationResponse",
    ),
    Method(
        "enterprises.setAccount",
        "PUT",
        f"{_ENTERPRISE}/account",
        request="EnterpriseAccount",
        response="EnterpriseAccount",
    ),
    Method(
        "enterprises.setStoreLayout", "PUT", f"{_ENTERPRISE}/storeLayout", request="StoreLayout", response="StoreLayout"
    ),
    Method("enterprises.unenroll", "POST", f"{_ENTERPRISE}/unenroll"),
    Method("entitlements.delete", "DELETE", f"{_USER}/entitlements/{{entitlementId}}"),
    Method("entitlements.get", "GET", f"{_USER}/entitlements/{{entitlementId}}", response="Entitlement"),
    Method("entitlements.list", "GET", f"{_USER}/entitlements", response="EntitlementsListResponse"),
    Method(
        "entitlements.update",
        "PUT",
        f"{_USER}/entitlements/{{entitlementId}}",
        request="Entitlement",
        response="Entitlement",
    ),
    Method("grouplicenses.get", "GET", f"{_ENTERPRISE}/groupLicenses/{{groupLicenseId}}", response="GroupLicense"),
    Method("grouplicenses.list", "GET", f"{_ENTERPRISE}/groupLicenses", response="GroupLicensesListResponse"),
    Method(
        "grouplicenseusers.list",
        "GET",
        f"{_ENTERPRISE}/groupLicenses/{{groupLicenseId}}/users",
        response="GroupLicenseUsersListResponse",
    ),
    Method("installs.delete", "DELETE", f"{_DEVICE}/installs/{{installId}}"),
    Method("installs.get", "GET", f"{_DEVICE}/installs/{{installId}}", response="Install"),
    Method("installs.list", "GET", f"{_DEVICE}/installs", response="InstallsListResponse"),
    Method("installs.update", "PUT", f"{_DEVICE}/installs/{{installId}}", request="Install", response="Install"),
    Method(
        "managedconfigurationsfordevice.delete",
        "DELETE",
        f"{_DEVICE}/managedConfigurationsForDevice/{{managedConfigurationForDeviceId}}",
    ),
    Method(
        "managedconfigurationsfordevice.get",
        "GET",
        f"{_DEVICE}/managedConfigurationsForDevice/{{managedConfigurationForDeviceId}}",
        response="ManagedConfiguration",
    ),
    Method(
        "managedconfigurationsfordevice.list",
        "GET",
        f"{_DEVICE}/managedConfigurationsForDevice",
        response="ManagedConfigurationsForDeviceListResponse",
    ),
    Method(
        "managedconfigurationsfordevice.update",
        "PUT",
        f"{_DEVICE}/managedConfigurationsForDevice/{{managedConfigurationForDeviceId}}",
        request="ManagedConfiguration",
        response="ManagedConfiguration",
    ),
    Method(
        "managedconfigurationsforuser.delete",
        "DELETE",
        f"{_USER}/managedConfigurationsForUser/{{managedConfigurationForUserId}}",
    ),
    Method(
        "managedconfigurationsforuser.get",
        "GET",
        f"{_USER}/managedConfigurationsForUser/{{managedConfigurationForUserId}}",
        response="ManagedConfiguration",
    ),
    Method(
        "managedconfigurationsforuser.list",
        "GET",
        f"{_USER}/managedConfigurationsForUser",
        response="ManagedConfigurationsForUserListResponse",
    ),
    Method(
        "managedconfigurationsforuser.update",
        "PUT",
        f"{_USER}/managedConfigurationsForUser/{{managedConfigurationForUserId}}",
        request="ManagedConfiguration",
        response="ManagedConfiguration",
    ),
    Method(
        "managedconfigurationssettings.list",
        "GET",
        f"{_PRODUCT}/managedConfigurationsSettings",
        response="ManagedConfigurationsSettingsListResponse",
    ),
    Method("permissions.get", "GET", "permissions/{permissionId}", response="Permission"),
    Method("products.approve", "POST", f"{_PRODUCT}/approve", request="ProductsApproveRequest"),
    Method(
        "products.generateApprovalUrl",
        "POST",
        f"{_PRODUCT}/generateApprovalUrl",
        response="ProductsGenerateApprovalUrlResponse",
    ),
    Method("products.get", "GET", _PRODUCT, response="Product"),
    Method(
        "products.getAppRestrictionsSchema",
        "GET",
        f"{_PRODUCT}/appRestrictionsSchema",
        response="AppRestrictionsSchema",
    ),
    Method("products.getPermissions", "GET", f"{_PRODUCT}/permissions", response="ProductPermissions"),
    Method("products.list", "GET", f"{_ENTERPRISE}/products", response="ProductsListResponse"),
    Method("products.unapprove", "POST", f"{_PRODUCT}/unapprove"),
    Method("serviceaccountkeys.delete", "DELETE", f"{_ENTERPRISE}/serviceAccountKeys/{{keyId}}"),
    Method(
        "serviceaccountkeys.insert",
        "POST",
        f"{_ENTERPRISE}/serviceAccountKeys",
        request="ServiceAccountKey",
        response="ServiceAccountKey",
    ),
    Method(
        "serviceaccountkeys.list", "GET", f"{_ENTERPRISE}/serviceAccountKeys", response="ServiceAccountKeysListResponse"
    ),
    Method("storelayoutclusters.delete", "DELETE", f"{_CLUSTERS}/{{clusterId}}"),
    Method("storelayoutclusters.get", "GET", f"{_CLUSTERS}/{{clusterId}}", response="StoreCluster"),
    Method("storelayoutclusters.insert", "POST", _CLUSTERS, request="StoreCluster", response="StoreCluster"),
    Method("storelayoutclusters.list", "GET", _CLUSTERS, response="StoreLayoutClustersListResponse"),
    Method(
        "storelayoutclusters.update",
        "PUT",
        f"{_CLUSTERS}/{{clusterId}}",
        request="StoreCluster",
        response="StoreCluster",
    ),
    Method("storelayoutpages.delete", "DELETE", f"{_PAGES}/{{pageId}}"),
    Method("storelayoutpages.get", "GET", f"{_PAGES}/{{pageId}}", response="StorePage"),
    Method("storelayoutpages.insert", "POST", _PAGES, request="StorePage", response="StorePage"),
    Method("storelayoutpages.list", "GET", _PAGES, response="StoreLayoutPagesListResponse"),
    Method("storelayoutpages.update", "PUT", f"{_PAGES}/{{pageId}}", request="StorePage", response="StorePage"),
    Method("users.getAvailableProductSet", "GET", f"{_USER}/availableProductSet", response="ProductSet"),
    Method(
        "users.setAvailableProductSet",
        "PUT",
        f"{_USER}/availableProductSet",
        request="ProductSet",
        response="ProductSet",
    ),
    Method("webapps.delete", "DELETE", f"{_ENTERPRISE}/webApps/{{webAppId}}"),
    Method("webapps.get", "GET", f"{_ENTERPRISE}/webApps/{{webAppId}}", response="WebApp"),
    Method("webapps.insert", "POST", f"{_ENTERPRISE}/webApps", request="WebApp", response="WebApp"),
    Method("webapps.list", "GET", f"{_ENTERPRISE}/webApps", response="WebAppsListResponse"),
    Method("webapps.update", "PUT", f"{_ENTERPRISE}/webApps/{{webAppId}}", request="WebApp", response="WebApp"),
)

_TEXT: dict[str, Any] = {"type": "string"}
_TEXTS = {"type": "string", "repeated": True}

QUERY: dict[str, dict[str, dict[str, Any]]] = {
    "enterprises.acknowledgeNotificationSet": {"notificationSetId": _TEXT},
    "enterprises.completeSignup": {"completionToken": _TEXT, "enterpriseToken": _TEXT},
    "enterprises.enroll": {"token": {**_TEXT, "required": True}},
    "enterprises.generateEnterpriseUpgradeUrl": {"adminEmail": _TEXT, "allowedDomains": _TEXTS},
    "enterprises.generateSignupUrl": {"adminEmail": _TEXT, "allowedDomains": _TEXTS, "callbackUrl": _TEXT},
    "enterprises.getServiceAccount": {"keyType": {**_TEXT, "enum": ["googleCredentials", "pkcs12"]}},
    "enterprises.pullNotificationSet": {
        "requestMode": {**_TEXT, "enum": ["waitForNotifications", "returnImmediately"]}
    },
    "entitlements.update": {"install": {"type": "boolean"}},
    "permissions.get": {"language": _TEXT},
    "products.generateApprovalUrl": {"languageCode": _TEXT},
    "products.get": {"language": _TEXT},
    "products.getAppRestrictionsSchema": {"language": _TEXT},
    "products.list": {
        "approved": {"type": "boolean"},
        "language": _TEXT,
        "maxResults": {"type": "integer", "format": "uint32"},
        "query": _TEXT,
        "token": _TEXT,
    },
}
"""The query parameters of each method, besides the standard ones."""

CLOSED = frozenset({"users.getAvailableProductSet", "users.setAvailableProductSet"})
"""Methods that the vendor has closed too. What they were for is in `Device.policy` now."""

_REMOVED = (
    Missing("POST", "enterprises", "enterprises.insert"),
    Missing("DELETE", _ENTERPRISE, "enterprises.delete"),
    Missing("GET", f"{_ENTERPRISE}/androidDevicePolicyConfig", "enterprises.getAndroidDevicePolicyConfig"),
    Missing("PUT", f"{_ENTERPRISE}/androidDevicePolicyConfig", "enterprises.setAndroidDevicePolicyConfig"),
    Missing("POST", f"{_USER}/token", "users.generateToken"),
    Missing("DELETE", f"{_USER}/token", "users.revokeToken"),
)
"""Methods of an older revision of the API, which older clients still call."""

_TOKENS = "enterprises/{enterprise}/enrollmentTokens"

MANAGEMENT = NotOffered(
    "/v1",
    [
        Missing("POST", _TOKENS, "androidmanagement.enterprises.enrollmentTokens.create"),
        Missing("GET", _TOKENS, "androidmanagement.enterprises.enrollmentTokens.list"),
        Missing("GET", f"{_TOKENS}/{{token}}", "androidmanagement.enterprises.enrollmentTokens.get"),
        Missing("DELETE", f"{_TOKENS}/{{token}}", "androidmanagement.enterprises.enrollmentTokens.delete"),
        Missing(ANY, "enterprises/**", "The Android Management API"),
    ],
)
"""The Android Management API, the vendor's other API for devices, which EMMs call beside this one. Source: Play EMM
contract §6.
"""

NOT_OFFERED = NotOffered(
    f"/{ROOT}",
    (
        *(Missing(method.http_method, method.path, method.id) for method in METHODS),
        *_REMOVED,
    ),
)
