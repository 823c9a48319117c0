"""google-api-python-client and google-auth, as they come from PyPI, against a running server.

The client looks a host of Google up behind the caller's back (Play EMM contract §5.6). Here every name but the server's
is refused before a packet leaves, and what was tried is kept.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import httplib2
import httpx
import pytest
from google.auth.exceptions import RefreshError
from google.oauth2 import service_account
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build, build_from_document
from googleapiclient.errors import HttpError

from tenantry.app import App
from tenantry.connectors.service_accounts import generate_key_pair, key_file
from tenantry.core.clock import system_clock
from tenantry.core.ids import ManagedAccountId
from tenantry.store.engine.interface import Store
from tests.support.app import an_app
from tests.support.builders import SomeEnterprise, a_google_managed_account, an_enterprise
from tests.support.server import a_running_server

SCOPES = ["https://www.googleapis.com/auth/androidenterprise"]

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")


@dataclass(frozen=True)
class Place:
    """A running server, an enterprise on it, and the key file of its service account."""

    url: str
    enterprise: SomeEnterprise
    google_managed_id: ManagedAccountId
    key_file: dict[str, str]

    def credentials(self, **key_file: str) -> Any:
        return service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
            {**self.key_file, **key_file}, scopes=SCOPES
        )

    def client(self) -> Any:
        """By our own discovery document: nothing else says where we are."""
        return build(
            "androidenterprise",
            "v1",
            credentials=self.credentials(),
            discoveryServiceUrl=f"{self.url}/discovery/v1/apis/{{api}}/{{apiVersion}}/rest",
            cache_discovery=False,
        )


@pytest.fixture
async def place(store: Store) -> AsyncIterator[Place]:
    async def make_app(address: str) -> App:
        return await an_app(store, clock=system_clock, public_url=address, rate_limits="on")

    now = system_clock()
    enterprise = await an_enterprise(store, now=now)
    account = enterprise.service_account
    google_managed_id = await a_google_managed_account(store, enterprise, "ann@customer.example.com", now=now)
    async with a_running_server(make_app) as address:
        yield Place(
            address,
            enterprise,
            google_managed_id,
            key_file(
                email=account.email,
                connector_id=account.id,
                key_id=account.key_id,
                private_pem=account.private_pem,
                token_uri=f"{address}/token",
                project_id="demo",
            ),
        )


@pytest.fixture(autouse=True)
def outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The names that were looked up and are not this machine; none is resolved."""
    tried: list[str] = []
    resolve = socket.getaddrinfo

    def only_here(host: Any, *args: Any, **options: Any) -> Any:
        if host not in ("127.0.0.1", "localhost", None, ""):
            tried.append(str(host))
            raise socket.gaierror(f"{host} is outside")
        return resolve(host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", only_here)
    yield tried
    assert set(tried) <= {"iamcredentials.googleapis.com", "metadata.google.internal"}


def refused(call: Callable[[], Any]) -> tuple[int, str]:
    """The status and the reason of a call that must fail."""
    with pytest.raises(HttpError) as caught:
        call()
    [detail] = caught.value.error_details
    return caught.value.status_code, detail["reason"]


def check_a_device_managed(place: Place) -> None:
    """One managed user, from its making to its end."""
    enterprise_id = place.enterprise.id
    with closing(place.client()) as client:
        users, devices = client.users(), client.devices()
        assert client.enterprises().get(enterpriseId=enterprise_id).execute()["id"] == enterprise_id

        body = {"accountIdentifier": "asset#44418", "accountType": "userAccount", "displayName": "Ann"}
        user = users.insert(enterpriseId=enterprise_id, body=body).execute()
        assert user["kind"] == "androidenterprise#user"
        assert (user["managementType"], user["accountType"]) == ("emmManaged", "userAccount")
        again = users.insert(enterpriseId=enterprise_id, body={**body, "displayName": "Ann B"}).execute()
        assert (again["id"], again["displayName"]) == (user["id"], "Ann B")
        at = {"enterpriseId": enterprise_id, "userId": user["id"]}
        assert users.update(**at, body={"displayName": "Ann C"}).execute()["displayName"] == "Ann C"
        assert users.get(**at).execute()["displayName"] == "Ann C"
        assert users.get(**at, fields="id,displayName").execute() == {"id": user["id"], "displayName": "Ann C"}

        [found] = users.list(enterpriseId=enterprise_id, email="ann@customer.example.com").execute()["user"]
        assert (found["id"], found["managementType"]) == (place.google_managed_id, "googleManaged")
        assert "user" not in users.list(enterpriseId=enterprise_id, email="nobody@example.com").execute()

        device_at = {**at, "deviceId": "1a2b3c4d5e6f7081"}
        early = devices.update(**device_at, body={"policy": {"policyId": "p1"}}, updateMask="policy").execute()
        assert (early["androidId"], early["policy"]) == (device_at["deviceId"], {"policyId": "p1"})
        assert "device" not in devices.list(**at).execute()

        token = users.generateAuthenticationToken(**at).execute()
        assert token["kind"] == "androidenterprise#authenticationToken"
        provision = {
            "token": token["token"],
            "androidId": device_at["deviceId"],
            "managementType": "managedDevice",
            "dpcPackageName": "com.example.dpc",
            "device": {"maker": "Google", "model": "Pixel 9", "sdkVersion": 35},
        }
        with httpx.Client(base_url=place.url) as http:
            answer = http.post("/device/v1/provision", json=provision)
            assert answer.status_code == 200, answer.text
            assert {name: answer.json()[name] for name in ("userId", "enterpriseId", "deviceId")} == device_at
            second = http.post("/device/v1/provision", json={**provision, "androidId": "ffff"})
            assert (second.status_code, second.json()["error"]["errors"][0]["reason"]) == (409, "tokenAlreadyUsed")

        [device] = devices.list(**at).execute()["device"]
        assert device == devices.get(**device_at).execute()
        assert (device["model"], device["sdkVersion"], device["policy"]) == ("Pixel 9", 35, {"policyId": "p1"})
        assert devices.getState(**device_at).execute()["accountState"] == "disabled"
        state = devices.setState(**device_at, body={"accountState": "enabled"}).execute()
        assert state["accountState"] == devices.getState(**device_at).execute()["accountState"] == "enabled"
        for _ in range(3):
            assert devices.forceReportUpload(**device_at).execute() == ""
        assert refused(devices.forceReportUpload(**device_at).execute) == (429, "rateLimitExceeded")

        assert users.revokeDeviceAccess(**at).execute() == ""
        assert users.revokeDeviceAccess(**at).execute() == ""
        assert "device" not in devices.list(**at).execute()
        assert refused(devices.get(**device_at).execute) == (404, "notFound")
        assert users.delete(**at).execute() == ""
        assert refused(users.delete(**at).execute) == (404, "notFound")
        google_managed = {"enterpriseId": enterprise_id, "userId": place.google_managed_id}
        assert refused(users.generateAuthenticationToken(**google_managed).execute) == (400, "invalid")
        assert refused(users.delete(**google_managed).execute) == (400, "invalid")


async def test_a_user_is_managed_from_beginning_to_end_by_our_own_discovery_document(place: Place) -> None:
    await asyncio.to_thread(check_a_device_managed, place)


def check_a_batch(place: Place) -> None:
    enterprise_id = place.enterprise.id
    answers: dict[str, Any] = {}

    def keep(request_id: str, response: Any, error: Exception | None) -> None:
        assert request_id not in answers
        answers[request_id] = error or response

    with closing(place.client()) as client:
        batch = client.new_batch_http_request(callback=keep)
        for number in range(20):
            body = {"accountIdentifier": f"user {number} é", "accountType": "userAccount"}
            batch.add(client.users().insert(enterpriseId=enterprise_id, body=body), request_id=f"new user {number}+/")
        batch.add(client.users().get(enterpriseId=enterprise_id, userId="1"), request_id="absent")
        batch.add(client.users().list(enterpriseId=enterprise_id, email="a&b@x.example"), request_id="list")
        batch.execute()
        made = [answers[f"new user {number}+/"] for number in range(20)]
        assert [user["accountIdentifier"] for user in made] == [f"user {number} é" for number in range(20)]
        assert answers["absent"].status_code == 404
        assert answers["list"] == {"kind": "androidenterprise#usersListResponse"}

        second = client.new_batch_http_request(callback=keep)
        for user in made:
            at = {"enterpriseId": enterprise_id, "userId": user["id"]}
            second.add(client.users().generateAuthenticationToken(**at), request_id=f"token {user['id']}")
            second.add(client.users().revokeDeviceAccess(**at), request_id=f"revoke {user['id']}")
        second.execute()
        assert all(answers[f"token {user['id']}"]["token"].startswith("tny_dt_") for user in made)
        assert all(answers[f"revoke {user['id']}"] == "" for user in made)


async def test_a_batch_reaches_our_server_by_the_discovery_document(place: Place) -> None:
    await asyncio.to_thread(check_a_batch, place)


def check_endpoint_and_document(place: Place) -> None:
    enterprise_id = place.enterprise.id
    with closing(
        build(
            "androidenterprise",
            "v1",
            credentials=place.credentials(),
            client_options={"api_endpoint": place.url},
            static_discovery=True,
        )
    ) as client:
        got = client.enterprises().get(enterpriseId=enterprise_id).execute()
        assert got["enterpriseType"] == "managedGooglePlayAccountsEnterprise"
        unserved = client.enterprises().getStoreLayout(enterpriseId=enterprise_id)
        assert refused(unserved.execute) == (400, "notSupported")
        # A GET whose URL is too long comes as POST with X-HTTP-Method-Override.
        long = client.users().list(enterpriseId=enterprise_id, email="ann@customer.example.com", quotaUser="q" * 40)
        long.uri += "&ignored=" + "x" * 2100
        assert long.execute()["user"][0]["id"] == place.google_managed_id
    document = httpx.get(f"{place.url}/$discovery/rest", params={"version": "v1"}).json()
    with closing(build_from_document(document, credentials=place.credentials())) as client:
        assert client.enterprises().get(enterpriseId=enterprise_id).execute()["id"] == enterprise_id


async def test_the_bundled_document_works_with_our_address_and_ours_works_as_a_file(place: Place) -> None:
    await asyncio.to_thread(check_endpoint_and_document, place)


def check_a_self_signed_token(place: Place) -> None:
    with closing(
        build(
            "androidenterprise",
            "v1",
            credentials=place.credentials(token_uri="http://127.0.0.1:1/never-called"),
            client_options={"api_endpoint": place.url},
            always_use_jwt_access=True,
        )
    ) as client:
        assert client.enterprises().get(enterpriseId=place.enterprise.id).execute()["id"] == place.enterprise.id


async def test_a_self_signed_token_needs_no_token_call(place: Place) -> None:
    await asyncio.to_thread(check_a_self_signed_token, place)


def check_another_universe(place: Place) -> None:
    with closing(
        build(
            "androidenterprise",
            "v1",
            credentials=place.credentials(universe_domain="tenantry.example"),
            client_options={"api_endpoint": place.url, "universe_domain": "tenantry.example"},
        )
    ) as client:
        assert client.enterprises().get(enterpriseId=place.enterprise.id).execute()["id"] == place.enterprise.id


async def test_a_key_file_with_a_universe_of_its_own_keeps_the_client_inside(place: Place, outside: list[str]) -> None:
    await asyncio.to_thread(check_another_universe, place)
    assert outside == []


def check_a_wrong_key(place: Place) -> None:
    private_pem, _ = generate_key_pair()
    credentials = place.credentials(private_key=private_pem)
    with (
        closing(
            build("androidenterprise", "v1", credentials=credentials, client_options={"api_endpoint": place.url})
        ) as client,
        pytest.raises(RefreshError, match="invalid_grant"),
    ):
        client.enterprises().get(enterpriseId=place.enterprise.id).execute()


async def test_a_key_that_is_not_registered_gets_no_token(place: Place) -> None:
    await asyncio.to_thread(check_a_wrong_key, place)


def check_a_wrong_token(place: Place) -> None:
    http = httplib2.Http()
    _, content = http.request(
        f"{place.url}/androidenterprise/v1/enterprises/{place.enterprise.id}", headers={"authorization": "Bearer x.y.z"}
    )
    error = json.loads(content)["error"]
    assert (error["code"], error["status"], error["errors"][0]["reason"]) == (401, "UNAUTHENTICATED", "authError")
    http.close()
    with (
        closing(
            build(
                "androidenterprise",
                "v1",
                credentials=Credentials(token="x.y.z"),  # type: ignore[no-untyped-call]
                client_options={"api_endpoint": place.url},
            )
        ) as client,
        pytest.raises(RefreshError),  # it has nothing to get a new token with
    ):
        client.enterprises().get(enterpriseId=place.enterprise.id).execute()


async def test_a_token_that_is_none_is_answered_in_the_form_the_client_reads(place: Place) -> None:
    await asyncio.to_thread(check_a_wrong_token, place)
