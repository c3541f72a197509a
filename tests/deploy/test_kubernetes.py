"""The manifests: roles that exist, settings that the hub takes, paths that it serves, and no privilege."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actors.runtime.arguments import parse
from actors.runtime.settings_bus import ROLES, check_roles
from actors.runtime.version import __version__
from tests.deploy.deployed import DEPLOY, ROOT, addresses, instructions, read_yaml, settings_under
from web.metrics.scrape import FAMILIES

FOLDER = DEPLOY / "kubernetes"
[KUSTOMIZATION] = read_yaml(FOLDER / "kustomization.yaml")
OBJECTS: list[dict[str, Any]] = [
    each for name in KUSTOMIZATION["resources"] for each in read_yaml(FOLDER / name)
]


def of_kind(kind: str) -> dict[str, dict[str, Any]]:
    """The objects of one kind, by name."""
    return {each["metadata"]["name"]: each for each in OBJECTS if each["kind"] == kind}


DEPLOYMENTS = of_kind("Deployment")
SETTINGS = dict(pair.split("=", 1) for pair in KUSTOMIZATION["configMapGenerator"][0]["literals"])
SECRETS = {"TICKWELL_BUS_URL": "redis://:pw@redis:6379/0", "TICKWELL_WEB_CONTROL_TOKEN": "pw"}


def pod_of(role: str) -> dict[str, Any]:
    pod: dict[str, Any] = DEPLOYMENTS[f"tickwell-{role}"]["spec"]["template"]["spec"]
    return pod


def container_of(role: str) -> dict[str, Any]:
    [container] = pod_of(role)["containers"]
    assert isinstance(container, dict)
    return container


def test_every_file_is_used_and_there_is_a_deployment_for_each_role() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {*KUSTOMIZATION["resources"], "kustomization.yaml"}
    assert set(DEPLOYMENTS) == {f"tickwell-{role}" for role in ROLES}
    assert set(of_kind("PodDisruptionBudget")) == set(DEPLOYMENTS)


@pytest.mark.parametrize("role", ROLES)
def test_a_pod_starts_with_a_role_and_settings_that_it_takes(role: str) -> None:
    container = container_of(role)
    options = parse(container["args"], Path("settings.ini"))
    settings = settings_under(SETTINGS | SECRETS | {"TICKWELL_BUS_NODE": f"tickwell-{role}-7d9f8b6c5d-abcde"})
    assert options.role == (role,)
    check_roles(settings.bus, options.role)
    assert settings.data.directory in {mount["mountPath"] for mount in container["volumeMounts"]}
    assert container["ports"][0]["containerPort"] == settings.web.port
    pause_s = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    grace_s = pod_of(role)["terminationGracePeriodSeconds"]
    assert grace_s > settings.supervisor.shutdown_grace_s + pause_s


@pytest.mark.parametrize("role", ROLES)
def test_no_variable_of_kubernetes_is_taken_for_a_setting(role: str) -> None:
    assert pod_of(role)["enableServiceLinks"] is False
    assert not [name for name in of_kind("Service") if name.startswith("tickwell")]


@pytest.mark.parametrize("role", ROLES)
def test_probes_ask_what_is_served(role: str) -> None:
    container = container_of(role)
    probes = ("startup", "liveness", "readiness")
    paths = {kind: container[f"{kind}Probe"]["httpGet"]["path"] for kind in probes}
    assert {path.partition("?")[0] for path in paths.values()} <= addresses()
    assert paths["startup"] == paths["liveness"] == "/livez", (
        "an exchange that is down is no reason to restart"
    )
    assert paths["readiness"] == "/readyz?allow=warn", "nor to take every pod out of service"


@pytest.mark.parametrize("role", ROLES)
def test_a_pod_has_no_privilege(role: str) -> None:
    pod, container = pod_of(role), container_of(role)
    user = next(rest for name, rest in instructions(DEPLOY / "Dockerfile") if name == "USER").split(":")[0]
    assert (pod["securityContext"]["runAsNonRoot"], pod["securityContext"]["runAsUser"]) == (True, int(user))
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert "memory" in container["resources"]["limits"]
    volumes = {each["name"] for each in pod["volumes"]}
    assert {each["name"] for each in container["volumeMounts"]} == volumes


def test_selectors_select_their_own_pods() -> None:
    for name, each in DEPLOYMENTS.items():
        labels = each["spec"]["template"]["metadata"]["labels"]
        assert each["spec"]["selector"]["matchLabels"].items() <= labels.items()
        budget = of_kind("PodDisruptionBudget")[name]["spec"]["selector"]["matchLabels"]
        assert budget.items() <= labels.items()
        others = [o["spec"]["template"]["metadata"]["labels"] for o in DEPLOYMENTS.values() if o is not each]
        assert not [other for other in others if budget.items() <= other.items()]
    [service] = of_kind("Service").values()
    serving = DEPLOYMENTS["tickwell-serve"]["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= serving.items()


def test_clients_decide_how_many_serve() -> None:
    [scaler] = of_kind("HorizontalPodAutoscaler").values()
    spec = scaler["spec"]
    assert spec["scaleTargetRef"]["name"] == "tickwell-serve"
    assert spec["minReplicas"] >= 2
    [metric] = spec["metrics"]
    assert metric["pods"]["metric"]["name"] in {f"tickwell_{family.name}" for family in FAMILIES} | {
        family.name for family in FAMILIES
    }


def test_the_database_has_one_pod_and_a_disk_that_stays() -> None:
    persist = DEPLOYMENTS["tickwell-persist"]["spec"]
    assert (persist["replicas"], persist["strategy"]) == (1, {"type": "Recreate"})
    [claim] = of_kind("PersistentVolumeClaim")
    claimed = [each for each in pod_of("persist")["volumes"] if "persistentVolumeClaim" in each]
    assert [each["persistentVolumeClaim"]["claimName"] for each in claimed] == [claim]


def test_the_network_is_closed_but_for_what_is_named() -> None:
    policies = of_kind("NetworkPolicy")
    everyone = policies["tickwell"]["spec"]
    assert everyone["podSelector"] == {"matchLabels": {"app.kubernetes.io/name": "tickwell"}}
    assert set(everyone["policyTypes"]) == {"Ingress", "Egress"}
    assert all(rule.get("from") for each in policies.values() for rule in each["spec"].get("ingress", []))
    reaching = policies["tickwell-exchanges"]["spec"]
    assert reaching["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "ingest"
    assert reaching["egress"] == [{"ports": [{"port": 443}]}]


def test_the_image_is_that_of_this_version() -> None:
    [image] = KUSTOMIZATION["images"]
    assert image["name"] == container_of("serve")["image"]
    assert image["newTag"] == __version__
    assert (ROOT / "deploy" / "Dockerfile").is_file()
