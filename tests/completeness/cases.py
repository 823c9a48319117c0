"""For each route: how it is called rightly, who may not, and what it must refuse. `{names}` come from `sides.Side`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tenantry.tokens.assertions import TOKEN_PATHS
from tests.completeness.sides import Auth

LONE_SURROGATE = b'{"%s": "\\ud800"}'


@dataclass(frozen=True)
class Call:
    """One request that must be refused. Empty fields are those of the case."""

    url: str = ""
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """`path` is that of `App.routes()`. A body that is not bytes is sent as JSON."""

    method: str
    path: str
    url: str
    auth: Auth = Auth.NONE
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    refused: tuple[Call, ...] = ()
    """For routes that need no caller: requests whose secret is not good enough."""
    bad: tuple[Call, ...] = ()
    own: bool = False
    """The address names nothing: a stranger gets what is the stranger's own, and nothing of this side."""

    @property
    def key(self) -> tuple[str, str]:
        return self.method, self.path


def _form(**fields: str) -> bytes:
    return "&".join(f"{name}={value}" for name, value in fields.items()).encode()


GROUPS = "/kaizala/v1/groups"
SUBSCRIBERS = GROUPS + "/{group_id}/subscribers"
_BAD_BODIES = (Call(body=b"{not json"), Call(body=b"[" * 200 + b"]" * 200), Call(body=b'{"a": "' + b"x" * 5_000_000))
_NO_BROADCAST = (Call(url=GROUPS + "/{group}/subscribers"), Call(url=GROUPS + "/no-guid/subscribers"))
WEBHOOKS = "/kaizala/v1/webhook"
_NEW_WEBHOOK = {
    "objectId": "{group}",
    "objectType": "Group",
    "eventTypes": ["MemberAdded"],
    "callBackUrl": "{receiver}",
}
_EXCHANGE_HEADERS = {"applicationId": "{connector}", "applicationSecret": "{secret}", "refreshToken": "{refresh_token}"}
_EXCHANGE_REFUSED = (
    Call(headers={"refreshToken": "{refresh_token}x"}),
    Call(headers={"refreshToken": "{secret}"}),
    Call(headers={"applicationSecret": "{refresh_token}"}),
)


def _kaizala(method: str, path: str, *, body: Any = None, bad: tuple[Call, ...] = (), own: bool = False) -> Case:
    group = "{broadcast}" if "/subscribers" in path else "{group}"
    url = path.replace("{group_id}", group).replace("{member_id}", "{user}").replace("{webhook_id}", "{webhook}")
    return Case(method, path, url, Auth.KAIZALA, body, bad=bad, own=own)


KAIZALA = [
    Case(
        "GET",
        "/kaizala/v1/accessToken",
        "/kaizala/v1/accessToken",
        headers=_EXCHANGE_HEADERS,
        refused=_EXCHANGE_REFUSED,
        bad=(Call(headers={"applicationId": ""}), Call(headers={"refreshToken": "\xff" * 9_000})),
    ),
    Case(
        "POST",
        "/kaizala/v1/generatePin",
        "/kaizala/v1/generatePin",
        body={"mobileNumber": "{phone}", "applicationId": "{connector}"},
        bad=(*_BAD_BODIES, Call(body={"mobileNumber": "12", "applicationId": "{connector}"}), Call(body={})),
    ),
    Case(
        "POST",
        "/kaizala/v1/loginWithPinAndApplicationId",
        "/kaizala/v1/loginWithPinAndApplicationId",
        body={"mobileNumber": "{phone}", "applicationId": "{connector}", "pin": 123456},
        refused=(Call(), Call(body={"mobileNumber": "+12065550000", "applicationId": "{connector}", "pin": 123456})),
        bad=(*_BAD_BODIES, Call(body={"mobileNumber": "{phone}", "applicationId": "{connector}", "pin": []})),
    ),
    Case(
        "POST",
        "/kaizala/api/oauth/token",
        "/kaizala/api/oauth/token",
        body=b"client_id={connector}&client_secret={secret}&code={refresh_token}",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        refused=(Call(), Call(body=b"client_id={connector}&client_secret={secret}&code=x")),
        bad=(Call(body=b"client_id={connector}"), Call(body=b"code=a&code=b"), Call(body=b"\xff"), _BAD_BODIES[-1]),
    ),
    _kaizala("GET", GROUPS, bad=(Call(url=GROUPS + "?fetchAllGroups=perhaps"),), own=True),
    _kaizala(
        "POST",
        GROUPS,
        body={"name": "Night shift", "welcomeMessage": "Welcome"},
        bad=(Call(body={"name": "", "welcomeMessage": "x"}), Call(body=LONE_SURROGATE % b"name")),
        own=True,
    ),
    _kaizala("GET", GROUPS + "/{group_id}", bad=(Call(url=GROUPS + "/no-guid"), Call(url=GROUPS + "/%00"))),
    _kaizala("DELETE", GROUPS + "/{group_id}", bad=(Call(url=GROUPS + "/no-guid"), Call(url=GROUPS + "/%00"))),
    _kaizala("GET", GROUPS + "/{group_id}/members", bad=(Call(url=GROUPS + "/no-guid/members"),)),
    _kaizala(
        "PUT",
        GROUPS + "/{group_id}/members",
        body={"members": ["+12065550199"]},
        bad=(Call(body={"members": [1]}), Call(body={"members": ["+1 nothing"]})),
    ),
    _kaizala(
        "PUT",
        GROUPS + "/{group_id}/members/{member_id}",
        body={"role": "Admin"},
        bad=(Call(body={"role": "King"}), Call(url=GROUPS + "/{group}/members/no-guid")),
    ),
    _kaizala("DELETE", GROUPS + "/{group_id}/members/{member_id}", bad=(Call(url=GROUPS + "/{group}/members/x"),)),
    _kaizala(
        "POST",
        SUBSCRIBERS,
        body={"count": 2},
        bad=(*_NO_BROADCAST, Call(body={"count": "many"}), Call(body={"cursor": "somewhere"})),
    ),
    _kaizala("GET", SUBSCRIBERS, bad=(*_NO_BROADCAST, Call(url=GROUPS + "/{broadcast}/subscribers?count=0"))),
    _kaizala(
        "PUT",
        SUBSCRIBERS + "/add",
        body={"subscribers": ["+12065550198"]},
        bad=(Call(body={"subscribers": []}), Call(body={"subscribers": [1]})),
    ),
    _kaizala(
        "PUT",
        SUBSCRIBERS + "/remove",
        body={"subscribers": ["+12065550198"]},
        bad=(Call(body={}), Call(body={"subscribers": {"a": 1}})),
    ),
    _kaizala(
        "POST",
        WEBHOOKS,
        body=_NEW_WEBHOOK,
        bad=(
            Call(body={**_NEW_WEBHOOK, "eventTypes": ["SurveyRead"]}),
            Call(body={**_NEW_WEBHOOK, "callBackUrl": "http://127.0.0.1:1/"}),
            Call(body={**_NEW_WEBHOOK, "objectType": "Action"}),
            Call(body={**_NEW_WEBHOOK, "validity": 1}),
            Call(body=LONE_SURROGATE % b"callBackContext"),
        ),
    ),
    Case(
        "GET",
        WEBHOOKS,
        WEBHOOKS + "?objectId={group}&objectType=Group",
        Auth.KAIZALA,
        bad=(Call(url=WEBHOOKS), Call(url=WEBHOOKS + "?objectId=no-guid&objectType=Group")),
    ),
    _kaizala(
        "PUT",
        WEBHOOKS + "/{webhook_id}",
        body={"eventTypes": ["GroupAdded"]},
        bad=(Call(body={"Active": "perhaps"}), Call(body={"eventTypes": []})),
    ),
    _kaizala("DELETE", WEBHOOKS + "/{webhook_id}", bad=(Call(url=WEBHOOKS + "/no-guid"), Call(url=WEBHOOKS + "/%00"))),
    _kaizala("GET", "/kaizala/v1/users/me", bad=(Call(headers={"accessToken": "x" * 9_000}),), own=True),
]

USERS = "/partnercenter/v1/customers/{customer}/users"
_NEW_USER = {
    "userPrincipalName": "new@{domain}",
    "displayName": "New",
    "usageLocation": "US",
    "passwordProfile": {"password": "teRN58*q", "forceChangePassword": True},
}
_NO_GUID = Call(url="/partnercenter/v1/customers/{customer}/users/no-guid")


def _partner_center(method: str, path: str, *, body: Any = None, bad: tuple[Call, ...]) -> Case:
    tail = path.removeprefix(USERS).replace("{user}", "{user}")
    return Case(method, path, USERS + tail, Auth.PARTNER_CENTER, body, bad=bad)


PARTNER_CENTER = [
    _partner_center(
        "POST",
        USERS,
        body=_NEW_USER,
        bad=(
            Call(body={**_NEW_USER, "userPrincipalName": "new@elsewhere.example"}),
            Call(body={**_NEW_USER, "usageLocation": "ZZ"}),
            Call(body={**_NEW_USER, "passwordProfile": {"password": "weak"}}),
            Call(body={**_NEW_USER, "displayName": 7}),
            Call(body=LONE_SURROGATE % b"displayName"),
            Call(url="/partnercenter/v1/customers/no-guid/users", body=_NEW_USER),
        ),
    ),
    _partner_center("GET", USERS, bad=(Call(url=USERS + "?size=many"), Call(url=USERS + "?filter={{"))),
    _partner_center("GET", USERS + "/{user}", bad=(_NO_GUID,)),
    _partner_center("PATCH", USERS + "/{user}", body={"displayName": "N"}, bad=(Call(body={"usageLocation": "ZZ"}),)),
    _partner_center(
        "PATCH",
        USERS + "/{user}/resetpassword",
        body={"passwordProfile": {"password": "teRN58*q", "forceChangePassword": True}},
        bad=(Call(body={"passwordProfile": {"password": "weak"}}),),
    ),
    _partner_center("DELETE", USERS + "/{user}", bad=(_NO_GUID,)),
    Case(
        "GET",
        "/partnercenter/v1/domains/{domain}",
        "/partnercenter/v1/domains/{domain}",
        Auth.PARTNER_CENTER,
        bad=(Call(url="/partnercenter/v1/domains/nowhere"), Call(url="/partnercenter/v1/domains/%00.example")),
        own=True,
    ),
]

ENTERPRISES = "/androidenterprise/v1/enterprises"
ENTERPRISE = ENTERPRISES + "/{enterprise_id}"
USER = ENTERPRISE + "/users/{user_id}"
DEVICE = USER + "/devices/{device_id}"


def _filled(path: str) -> str:
    return (
        path.replace("{enterprise_id}", "{enterprise}")
        .replace("{user_id}", "{account}")
        .replace("{device_id}", "{device}")
    )


def _android(method: str, path: str, *, body: Any = None, query: str = "", bad: tuple[Call, ...]) -> Case:
    return Case(method, path, _filled(path) + query, Auth.ANDROID_ENTERPRISE, body, bad=bad)


def _no_such(path: str) -> Call:
    return Call(url=_filled(path))


ANDROID_ENTERPRISE = [
    replace(_android("GET", ENTERPRISES, query="?domain=none.example", bad=(Call(url=ENTERPRISES),)), own=True),
    _android("GET", ENTERPRISE, bad=(_no_such("/androidenterprise/v1/enterprises/enroll"),)),
    _android(
        "POST",
        ENTERPRISE + "/users",
        body={"accountIdentifier": "asset-7", "accountType": "deviceAccount"},
        bad=(
            Call(body={"accountIdentifier": "a", "accountType": "kingAccount"}),
            Call(body={"accountType": "userAccount"}),
            Call(body=LONE_SURROGATE % b"accountIdentifier"),
        ),
    ),
    _android("GET", ENTERPRISE + "/users", query="?email=a@b.example", bad=(_no_such(ENTERPRISE + "/users"),)),
    _android("GET", USER, bad=(_no_such(ENTERPRISE + "/users/none"),)),
    _android("PUT", USER, body={"displayName": "N"}, bad=(Call(body={"displayName": 7}),)),
    _android("DELETE", USER, bad=(_no_such(ENTERPRISE + "/users/none"),)),
    _android("POST", USER + "/authenticationToken", bad=(_no_such(ENTERPRISE + "/users/none/authenticationToken"),)),
    _android("DELETE", USER + "/deviceAccess", bad=(_no_such(ENTERPRISE + "/users/none/deviceAccess"),)),
    _android("GET", USER + "/devices", bad=(_no_such(ENTERPRISE + "/users/none/devices"),)),
    _android("GET", DEVICE, bad=(_no_such(USER + "/devices/zz"),)),
    _android(
        "PUT",
        DEVICE,
        body={"policy": {"autoUpdatePolicy": "wifiOnly"}},
        bad=(Call(body={"policy": {"autoUpdatePolicy": "sometimes"}}), Call(body={"policy": 7})),
    ),
    _android("GET", DEVICE + "/state", bad=(_no_such(USER + "/devices/zz/state"),)),
    _android("PUT", DEVICE + "/state", body={"accountState": "enabled"}, bad=(Call(body={"accountState": "x"}),)),
    _android("POST", DEVICE + "/forceReportUpload", bad=(_no_such(USER + "/devices/zz/forceReportUpload"),)),
    *(
        Case(
            "POST",
            path,
            path,
            bad=(Call(body=b"nothing"), Call(headers={"Content-Type": "multipart/mixed"})),
        )
        for path in ("/batch", "/batch/androidenterprise/v1")
    ),
    Case(
        "POST",
        "/device/v1/provision",
        "/device/v1/provision",
        body={"token": "{device_token}", "androidId": "00beef"},
        refused=(Call(body={"token": "{secret}", "androidId": "00beef"}),),
        bad=(*_BAD_BODIES, Call(body={"token": "{device_token}"}), Call(body={"token": 7, "androidId": "00beef"})),
    ),
]

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_REFRESH = {
    "grant_type": "refresh_token",
    "client_id": "{connector}",
    "client_secret": "{secret}",
    "refresh_token": "{refresh_token}",
}

_TOKEN_PATHS = ("/{tenant}/oauth2/token", "/{tenant}/oauth2/v2.0/token")
_NO_TENANT = "/a%20b"

OAUTH = [
    *(
        Case(
            "POST",
            path,
            path.replace("{tenant}", "{customer}"),
            body=_form(**_REFRESH),
            headers=_FORM,
            refused=(
                Call(body=_form(**{**_REFRESH, "client_secret": "{refresh_token}"})),
                Call(body=_form(**{**_REFRESH, "refresh_token": "{secret}"})),
                Call(url=path.replace("{tenant}", "{partner}")),
                Call(body=_form(**{**_REFRESH, "grant_type": "password", "username": "a", "password": "b"})),
            ),
            bad=(
                Call(body=b"grant_type=refresh_token"),
                Call(body=b"x" * 5_000_000),
                Call(body=_form(**_REFRESH) + b"&client_id=twice"),
                Call(body=b"\xff\xfe=%ZZ"),
                Call(url=path.replace("/{tenant}", _NO_TENANT)),
            ),
        )
        for path in _TOKEN_PATHS
    ),
    *(
        Case(
            "GET",
            "/{tenant}" + path,
            "/{customer}" + path,
            refused=(Call(url="/" + "x" * 261 + path),),
            bad=(Call(url=_NO_TENANT + path),),
        )
        for path in ("/.well-known/openid-configuration", "/v2.0/.well-known/openid-configuration")
    ),
    *(
        Case(
            "POST",
            path,
            path,
            body=_form(grant_type="urn:ietf:params:oauth:grant-type:jwt-bearer", assertion="a.b.c"),
            headers=_FORM,
            refused=(Call(),),
            bad=(Call(body=b"grant_type=other"), Call(body=b"x" * 5_000_000), Call(body=b"")),
        )
        for path in TOKEN_PATHS
    ),
    *(
        Case(
            "POST",
            path,
            path,
            body=b"grant_type=jwt_token",
            headers=_FORM,
            refused=(Call(), Call(headers={"Authorization": "Bearer a.b.c"})),
            bad=(Call(body=b"grant_type=other"), Call(body=b"x" * 5_000_000)),
        )
        for path in (
            "/partnercenter/generatetoken",
            "/partnercenter/v3/generatetoken",
            "/generatetoken",
            "/v3/generatetoken",
        )
    ),
]

CASES = {case.key: case for case in [*KAIZALA, *PARTNER_CENTER, *ANDROID_ENTERPRISE, *OAUTH]}

NOTHING_TO_REFUSE = {
    # Shows what everyone may see and takes no input. This list may only shrink.
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/.well-known/openid-configuration"),
    ("GET", "/.well-known/oauth-authorization-server"),
    ("GET", "/.well-known/jwks.json"),
    ("GET", "/discovery/v1/apis/androidenterprise/v1/rest"),
    ("GET", "/$discovery/rest"),
}

ANSWERS_EVERYONE_ALIKE = {
    # Whoever asks gets the same answer, by design: nobody may learn whether a number is known; each part of a batch is
    # judged for itself. This list may only shrink.
    ("POST", "/kaizala/v1/generatePin"),
    ("POST", "/batch"),
    ("POST", "/batch/androidenterprise/v1"),
}
