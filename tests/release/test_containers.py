"""Container, compose file and Helm chart: rendered, held against Kubernetes' own schemas, and naming what there is."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

import tenantry
from tenantry.settings import Settings

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / ".venv-release" / "bin"
CHART = ROOT / "deploy" / "helm" / "tenantry"
CONTAINERFILE = (ROOT / "deploy" / "container" / "Containerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "container" / "compose.yaml").read_text())
NEEDED = ("publicUrl=https://id.example.com", "existingSecret=tenantry")
EVERYTHING = (
    *NEEDED,
    "replicas=3",
    "trustedProxies={10.0.0.0/8}",
    "metricsFrom={10.1.0.0/16}",
    "settings.refresh_token_days=90",
    "settings.log_format=pretty",
    "ingress.enabled=true",
    "ingress.host=id.example.com",
    "ingress.tlsSecret=tls",
    "ingress.className=nginx",
    "nodeSelector.disk=ssd",
)
needs_helm = pytest.mark.skipif(not (TOOLS / "helm").exists(), reason="needs `make release-tools`")


def rendered(*values: str) -> str:
    options = [word for value in values for word in ("--set", value)]
    done = subprocess.run(
        [str(TOOLS / "helm"), "template", "id", str(CHART), *options], capture_output=True, text=True, check=False
    )
    return done.stdout if done.returncode == 0 else done.stderr


def objects(*values: str) -> dict[str, Any]:
    return {each["kind"]: each for each in yaml.safe_load_all(rendered(*values))}


@needs_helm
@pytest.mark.parametrize("values", [NEEDED, EVERYTHING, (*NEEDED, "replicas=1")])
def test_what_the_chart_renders_is_what_kubernetes_takes(values: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(rendered(*values))
    done = subprocess.run(
        [str(TOOLS / "kubernetes-validate"), "--strict", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert ("PodDisruptionBudget" in objects(*values)) == ("replicas=1" not in values)


@needs_helm
@pytest.mark.parametrize(
    ("values", "named"),
    [
        (NEEDED[1:], "publicUrl"),
        (NEEDED[:1], "existingSecret"),
        ((*NEEDED, "ingress.enabled=true"), "ingress.host"),
    ],
)
def test_a_value_that_has_to_be_given_is_named(values: tuple[str, ...], named: str) -> None:
    assert named in rendered(*values)


@needs_helm
def test_settings_become_settings_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in objects(*EVERYTHING)["ConfigMap"]["data"].items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.public_url == "https://id.example.com"
    assert settings.trusted_proxies == ["10.0.0.0/8"]
    assert [str(network) for network in settings.metrics_from] == ["10.1.0.0/16"]
    assert (settings.refresh_token_days, settings.log_format) == (90, "pretty")


@needs_helm
def test_no_secret_is_in_what_the_chart_renders_but_by_its_name() -> None:
    pod = objects(*EVERYTHING)["Deployment"]["spec"]["template"]["spec"]
    for container in (*pod["initContainers"], *pod["containers"]):
        assert all("value" not in each or each["name"].endswith("_FILE") for each in container["env"])
        assert container["securityContext"]["readOnlyRootFilesystem"]


def names_in(text: str) -> set[str]:
    return {name.lower() for name in re.findall(r"TENANTRY_([A-Z_]+)", text)}


@pytest.mark.parametrize("file", [path for path in sorted((ROOT / "deploy").rglob("*")) if path.is_file()], ids=str)
def test_each_setting_that_a_file_names_exists(file: Path) -> None:
    assert names_in(file.read_text()) - {"port"} <= set(Settings.model_fields)


def test_the_image_the_chart_and_the_package_have_one_version_and_one_user() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["appVersion"] == tenantry.__version__
    [user] = re.findall(r"^USER (\d+):\1$", CONTAINERFILE, re.MULTILINE)
    assert f"runAsUser: {user}" in (CHART / "templates" / "deployment.yaml").read_text()


def test_the_servers_of_the_compose_file_start_after_their_database_is_ready() -> None:
    services = COMPOSE["services"]
    assert services["tenantry"]["depends_on"] == {"init": {"condition": "service_completed_successfully"}}
    assert services["init"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert services["init"]["command"] == ["init"]
    assert services["tenantry"]["ports"] == ["127.0.0.1:8080:8080"], "nobody but the proxy reaches it"
