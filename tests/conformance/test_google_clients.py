"""Google's client for Node and two more Python ones, as the registries have them, against a running server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiogoogle.auth.creds import ServiceAccountCreds
from aiogoogle.client import Aiogoogle
from aiogoogle.excs import HTTPError
from aiogoogle.resource import GoogleAPI
from gcloud.aio.auth import Token
from google.oauth2 import service_account
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from tenantry.app import App
from tenantry.connectors.service_accounts import key_file
from tenantry.core.clock import system_clock
from tenantry.core.ids import EnterpriseId
from tenantry.store import open_store
from tenantry.surfaces.android_enterprise.discovery import document
from tenantry.surfaces.android_enterprise.methods import CLOSED, METHODS
from tests.support.app import an_app
from tests.support.builders import an_enterprise
from tests.support.npm import installed
from tests.support.server import a_running_server

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")

SCOPES = ["https://www.googleapis.com/auth/androidenterprise"]


@dataclass(frozen=True)
class Place:
    """A running server, an enterprise on it, and its service account's key: the file, and what is in it."""

    url: str
    enterprise_id: EnterpriseId
    key_path: Path
    key: dict[str, str]


@pytest.fixture
async def place(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Place]:
    store = await open_store(sqlite_url)

    async def make_app(address: str) -> App:
        return await an_app(store, clock=system_clock, public_url=address, rate_limits="on")

    enterprise = await an_enterprise(store, now=system_clock())
    account = enterprise.service_account
    async with a_running_server(make_app) as address:
        key = key_file(
            email=account.email,
            connector_id=account.id,
            key_id=account.key_id,
            private_pem=account.private_pem,
            token_uri=f"{address}/token",
            project_id="demo",
        )
        key_path = tmp_path / "key.json"
        key_path.write_text(json.dumps(key))
        yield Place(address, enterprise.id, key_path, key)
    await store.close()


async def test_googles_client_for_node_manages_a_user(place: Place) -> None:
    """Its assertions have no key id, and go to the vendor's own token address."""
    folder = await asyncio.to_thread(installed, Path(__file__).parent / "google_node")
    arguments = ("node", "client.mjs", place.url, str(place.key_path), place.enterprise_id)
    running = await asyncio.create_subprocess_exec(
        *arguments, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, errors = await running.communicate()
    assert running.returncode == 0, errors.decode()
    got: dict[str, Any] = json.loads(output)
    assert got["asked"] == ["https://oauth2.googleapis.com/token"]
    assert got["enterprise"]["id"] == place.enterprise_id
    assert (got["user"]["accountIdentifier"], got["updated"]["displayName"]) == ("node", "Node 2")
    assert "device" not in got["devices"]
    assert got["token"]["token"].startswith("tny_dt_")
    assert got["deleted"] == 204
    assert got["refused"] == [400, "enterprises.getStoreLayout is not offered by this server."]
    assert got["gone"][0] == 404


def call_every_method(place: Place) -> dict[str, HttpError]:
    """The errors of the methods of the vendor's own document, called with values that name nothing."""
    credentials = service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
        place.key, scopes=SCOPES
    )
    options = {"api_endpoint": place.url}
    found: dict[str, HttpError] = {}
    with closing(
        build("androidenterprise", "v1", credentials=credentials, client_options=options, static_discovery=True)
    ) as client:
        for resource, of_resource in document(place.url)["resources"].items():
            for name, method in of_resource["methods"].items():
                values: dict[str, Any] = dict.fromkeys(method["parameterOrder"], "1")
                call = getattr(getattr(client, resource)(), name)
                try:
                    call(**values, **({"body": {}} if "request" in method else {})).execute()
                except HttpError as error:
                    found[f"{resource}.{name}"] = error
    return found


async def test_every_method_of_the_vendors_client_gets_an_answer_that_it_reads(place: Place) -> None:
    found = await asyncio.to_thread(call_every_method, place)
    reasons = {name: error.error_details[0]["reason"] for name, error in found.items()}
    assert {name for name, reason in reasons.items() if reason == "forbidden"} == CLOSED
    not_offered = {name for name, reason in reasons.items() if reason == "notSupported"}
    assert not_offered == {method.id for method in METHODS} - CLOSED
    served = {error.status_code for name, error in found.items() if name not in not_offered | CLOSED}
    assert served == {400, 404}


async def test_gcloud_aio_auth_gets_a_token_that_opens_the_enterprise(place: Place) -> None:
    """Its assertions have no key id, and the key file's address as their audience."""
    async with aiohttp.ClientSession() as session:
        token = Token(service_file=str(place.key_path), session=session, scopes=SCOPES)  # type: ignore[arg-type]
        headers = {"Authorization": f"Bearer {await token.get()}"}
        url = f"{place.url}/androidenterprise/v1/enterprises/{place.enterprise_id}"
        async with session.get(url, headers=headers) as answer:
            assert (answer.status, (await answer.json())["id"]) == (200, place.enterprise_id)


async def test_aiogoogle_manages_a_user_by_our_discovery_document(place: Place) -> None:
    settings: dict[str, Any] = {"scopes": SCOPES, **place.key}
    creds = ServiceAccountCreds(**settings)
    enterprise_id = place.enterprise_id
    async with aiohttp.ClientSession() as session, session.get(f"{place.url}/$discovery/rest") as document:
        api: Any = GoogleAPI(await document.json())  # type: ignore[no-untyped-call]
    async with Aiogoogle(service_account_creds=creds) as aiogoogle:
        body = {"accountIdentifier": "aio", "accountType": "userAccount"}
        user: Any = await aiogoogle.as_service_account(api.users.insert(enterpriseId=enterprise_id, json=body))
        at = {"enterpriseId": enterprise_id, "userId": user["id"]}
        updated: Any = await aiogoogle.as_service_account(api.users.update(**at, json={"displayName": "Aio"}))
        assert (updated["id"], updated["displayName"]) == (user["id"], "Aio")
        devices: Any = await aiogoogle.as_service_account(api.devices.list(**at))
        assert "device" not in devices
        await aiogoogle.as_service_account(api.users.delete(**at))
        with pytest.raises(HTTPError) as refused:
            await aiogoogle.as_service_account(api.enterprises.getStoreLayout(enterpriseId=enterprise_id))
        assert "is not offered by this server" in str(refused.value)
