"""The manifests for Kubernetes: valid, and true of the processes that they run."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from streams import settings, settings_sources

K8S = Path(__file__).parents[1] / "deploy" / "k8s"
COMPOSE = K8S.parents[1] / "docker-compose.yml"
VERSION = "1.30"
KUSTOMIZATIONS = sorted(K8S.glob("*/kustomization.yaml"))
#: Kinds of others, whose schemas are not those of Kubernetes.
FOREIGN = {"ScaledObject", "ServiceMonitor"}


def _objects(folder: Path) -> Iterator[dict[str, Any]]:
    for file in sorted(folder.glob("*.yaml")):
        if file.name != "kustomization.yaml":
            yield from yaml.safe_load_all(file.read_text())


BASE = list(_objects(K8S / "base"))
PODS = [each for each in BASE if each["kind"] in ("StatefulSet", "Deployment", "Job")]


def _name(thing: dict[str, Any]) -> str:
    return f"{thing['kind']} {thing['metadata']['name']}"


def _container(thing: dict[str, Any]) -> dict[str, Any]:
    (container,) = thing["spec"]["template"]["spec"]["containers"]
    return dict(container)


@pytest.mark.parametrize("thing", BASE, ids=_name)
def test_each_object_is_what_kubernetes_says_it_is(thing: dict[str, Any]) -> None:
    kubernetes_validate.validate(thing, VERSION, strict=True)


@pytest.mark.parametrize("file", KUSTOMIZATIONS, ids=lambda file: file.parent.name)
def test_a_kustomization_names_what_there_is_and_all_of_it(file: Path) -> None:
    resources = yaml.safe_load(file.read_text())["resources"]
    assert all((file.parent / each).exists() for each in resources)
    own = {path.name for path in file.parent.glob("*.yaml")} - {file.name}
    assert own <= set(resources)


@pytest.mark.parametrize("thing", PODS, ids=_name)
def test_nothing_runs_as_root_or_writes_to_its_image(thing: dict[str, Any]) -> None:
    pod, container = thing["spec"]["template"]["spec"], _container(thing)
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["runAsUser"] == 10001
    assert "--uid 10001" in (K8S.parent / "Dockerfile").read_text()
    assert pod["automountServiceAccountToken"] is False
    # A Service called watchfloor-redis would put WATCHFLOOR_REDIS_PORT into every pod, which is a
    # setting that nobody reads, so that every process refuses to start.
    assert pod["enableServiceLinks"] is False
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["resources"].keys() == {"requests", "limits"}


@pytest.mark.parametrize("thing", PODS, ids=_name)
def test_every_setting_is_one_that_the_code_reads(thing: dict[str, Any]) -> None:
    known = {name for group in settings.GROUPS for name in settings_sources.variables(group)}
    (shared,) = (each["data"] for each in BASE if each["kind"] == "ConfigMap")
    given = {each["name"] for each in _container(thing).get("env", [])}
    assert given | shared.keys() <= known
    mounted = {each["name"] for each in _container(thing)["volumeMounts"]}
    spec = thing["spec"]["template"]["spec"]
    claimed = {each["metadata"]["name"] for each in thing["spec"].get("volumeClaimTemplates", [])}
    assert mounted == {each["name"] for each in spec["volumes"]} | claimed


def test_the_same_processes_run_as_with_compose() -> None:
    services = yaml.safe_load(COMPOSE.read_text())["services"]
    ours = [each["command"] for each in services.values() if each.get("image") == "watchfloor"]
    assert sorted(ours) == sorted(_container(each)["args"] for each in PODS)


@pytest.mark.parametrize("thing", PODS, ids=_name)
def test_a_port_that_is_asked_is_one_that_is_open(thing: dict[str, Any]) -> None:
    container = _container(thing)
    ports = {each["name"]: each["containerPort"] for each in container.get("ports", [])}
    for probe in ("livenessProbe", "readinessProbe"):
        if thing["kind"] != "Job":
            assert container[probe]["httpGet"]["port"] in ports
    for service in (each for each in BASE if each["kind"] == "Service"):
        if service["metadata"]["name"] == thing["metadata"]["name"]:
            assert {each["name"]: each["port"] for each in service["spec"]["ports"]} == ports


def test_what_others_look_at_is_there() -> None:
    foreign = [*_objects(K8S / "keda"), *_objects(K8S / "monitoring")]
    assert {each["kind"] for each in foreign} == FOREIGN
    scaled, monitor = (each["spec"] for each in foreign)
    target = scaled["scaleTargetRef"]
    assert f"{target['kind']} {target['name']}" in {_name(each) for each in PODS}
    services = [each for each in BASE if each["kind"] == "Service"]
    wanted = monitor["selector"]["matchLabels"].items()
    assert all(wanted <= each["metadata"]["labels"].items() for each in services)
    assert {each["port"] for each in monitor["endpoints"]} == {"health"}
