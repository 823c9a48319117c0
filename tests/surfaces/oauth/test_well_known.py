"""Discovery: what is listed exists, and nothing asks the store."""

from __future__ import annotations

import pytest

from tenantry.core.errors import all_kinds
from tenantry.surfaces.oauth import errors
from tests.surfaces.oauth.conftest import World


@pytest.mark.parametrize("tenant", ["common", "contoso.example", "11111111-2222-3333-4444-555555555555"])
@pytest.mark.parametrize("version", ["", "v2.0/"])
async def test_a_tenants_document_lists_addresses_that_exist(world: World, tenant: str, version: str) -> None:
    answer = await world.client.get(f"/{tenant}/{version}.well-known/openid-configuration")
    document = answer.json()
    assert document["issuer"] == "http://tenantry.test"
    assert document["token_endpoint"] == f"http://tenantry.test/{tenant}/oauth2/{version}token"
    assert "max-age" in answer.headers["cache-control"]
    for name, address in document.items():
        if name.endswith(("_endpoint", "_uri")):
            assert (await world.client.get(address)).status_code in (200, 400, 405), name
    assert (await world.client.post(document["token_endpoint"])).json()["error"] == "invalid_request"
    await world.store.close()
    again = await world.client.get(f"/{tenant}/{version}.well-known/openid-configuration")
    assert again.json() == document, "the document needs no store"


@pytest.mark.parametrize("name", ["openid-configuration", "oauth-authorization-server"])
async def test_the_servers_own_document_is_there_by_both_names(world: World, name: str) -> None:
    document = (await world.client.get(f"/.well-known/{name}")).json()
    assert document["jwks_uri"] == "http://tenantry.test/.well-known/jwks.json"
    assert "password" not in document["grant_types_supported"]
    keys = (await world.client.get(document["jwks_uri"])).json()["keys"]
    assert [key["alg"] for key in keys] == document["id_token_signing_alg_values_supported"]
    assert not any("d" in key for key in keys)


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/common/v2.0/.well-known/openid-configuration"])
async def test_no_client_has_to_guess_that_every_answer_names_its_issuer(world: World, path: str) -> None:
    """Clients of several servers demand `iss` where it is announced, so that nobody mixes two up (RFC 9207 §3)."""
    assert (await world.client.get(path)).json()["authorization_response_iss_parameter_supported"] is True


@pytest.mark.parametrize("path", ["/a b/.well-known/openid-configuration", "/%00/.well-known/openid-configuration"])
async def test_a_tenant_that_no_name_can_be_is_not_echoed(world: World, path: str) -> None:
    assert (await world.client.get(path)).status_code == 404


def test_every_error_has_a_line() -> None:
    assert set(all_kinds()) == set(errors.TABLE)
