"""The project itself: what it needs, what it installs, and how it is deployed."""

import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from importlib import metadata
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from streams import settings
from streams.cli import COMMANDS

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
OURS = {name: it for name, it in COMPOSE["services"].items() if it["image"] == "watchfloor"}
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()
TARGETS = {"help", "install", "demo", "test", "check", "chaos", "bench", "label-studio", "clean"}


def pins() -> dict[str, str]:
    """The version of each distribution that constraints.txt names."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


def needed() -> Iterator[Requirement]:
    """Everything that ``make install`` installs here, with what that needs in turn."""
    project = PROJECT["project"]["dependencies"]
    left = [Requirement(line) for line in [*project, *EXTRAS["local"], *EXTRAS["dev"]]]
    seen: set[str] = set()
    while left:
        requirement = left.pop()
        yield requirement
        if str(requirement) in seen:
            continue
        seen.add(str(requirement))
        for line in metadata.requires(requirement.name) or ():
            inner = Requirement(line)
            extras = requirement.extras or {""}
            if not inner.marker or any(inner.marker.evaluate({"extra": one}) for one in extras):
                left.append(inner)


def environment(service: dict[str, Any], monkeypatch: pytest.MonkeyPatch, chosen: Path) -> None:
    """Set what Compose would set; a variable that nobody set has its default."""
    for name in [name for name in os.environ if name.startswith("WATCHFLOOR_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("WATCHFLOOR_LOCAL_DIR", str(chosen))
    of_image = dict(re.findall(r"(WATCHFLOOR_\w+)=(\S+)", DOCKERFILE))
    for name, value in (of_image | service["environment"]).items():
        default = re.sub(r"\$\{\w+:\?[^}]*\}", "secret", str(value))
        monkeypatch.setenv(name, re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", default))


def test_every_need_is_pinned_at_a_version_that_meets_it() -> None:
    pinned = pins()
    for requirement in needed():
        version = pinned.get(canonicalize_name(requirement.name))
        assert version, f"{requirement.name} is not in constraints.txt"
        assert requirement.specifier.contains(version, prereleases=True), requirement


def test_constraints_hold_exact_versions_without_addresses() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    names = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9-]+==[A-Za-z0-9.+!]+", name) for name in names)
    assert names == sorted(set(names))


@pytest.mark.parametrize(
    ("group", "name", "value"),
    [
        (group, name, value)
        for group, points in PROJECT["project"]["entry-points"].items()
        for name, value in points.items()
    ]
    + [("console_scripts", *it) for it in PROJECT["project"]["scripts"].items()],
)
def test_an_entry_point_leads_somewhere(group: str, name: str, value: str) -> None:
    assert callable(metadata.EntryPoint(name, value, group).load())


def test_every_data_file_is_installed_with_its_package() -> None:
    """Data are found beside the modules, also when it is a wheel that was installed."""
    globs = PROJECT["tool"]["setuptools"]["package-data"]["*"]
    documents = {"README.md", "Dockerfile", "Dockerfile.dockerignore"}
    left_out = [
        path
        for package in ("streams", "schemas", "sinks", "deploy")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"} and path.name not in documents
        if not any(path.match(glob) for glob in globs)
    ]
    assert left_out == []


def test_make_alone_prints_every_target_with_a_line() -> None:
    # As a person calls it: `make test` hands its own settings down, and make then says more.
    environment = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    shown = subprocess.run(
        ["make"], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    ).stdout
    assert {line.split()[1] for line in shown.splitlines()} == TARGETS
    assert all(len(line.split()) > 3 for line in shown.splitlines())


def test_ci_runs_the_tests_and_the_checks() -> None:
    run = ROOT / ".ci" / "run"
    assert os.access(run, os.X_OK)
    assert run.read_text().splitlines()[-2:] == ["make test", "make check"]


def test_compose_is_what_its_specification_says() -> None:
    text = files("check_jsonschema.builtin_schemas.vendor").joinpath("compose-spec.json")
    schema = yaml.safe_load(text.read_text())
    jsonschema.Draft202012Validator(schema).validate(COMPOSE)


@pytest.mark.parametrize("name", OURS)
def test_a_service_of_ours_has_settings_that_exist_and_fit(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment(OURS[name], monkeypatch, tmp_path)
    read = settings.read()
    assert read.connections.kafka == "kafka:9092"
    assert f":{read.health.port}/livez" in DOCKERFILE


@pytest.mark.parametrize("name", OURS)
def test_a_service_of_ours_runs_a_command_that_exists(name: str) -> None:
    assert OURS[name]["command"][0] in COMMANDS


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_a_service_that_stays_is_asked_how_it_is(name: str) -> None:
    service = COMPOSE["services"][name]
    if service["restart"] == "no":
        assert service["healthcheck"] == {"disable": True}
    elif name in OURS:
        assert "healthcheck" not in service, "the image has one"
        assert "\nHEALTHCHECK " in DOCKERFILE
    else:
        assert service["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", OURS)
def test_a_service_of_ours_waits_for_what_it_needs(name: str) -> None:
    waits = {it: how["condition"] for it, how in OURS[name]["depends_on"].items()}
    if name == "setup":
        assert waits == {"kafka": "service_healthy", "clickhouse": "service_healthy"}
    else:
        assert waits["setup"] == "service_completed_successfully"


def test_the_image_is_made_from_the_pinned_versions_and_runs_without_rights() -> None:
    assert "-c constraints.txt" in DOCKERFILE
    assert "\nUSER 10001\n" in DOCKERFILE


def test_every_change_says_its_kind_its_area_and_its_effect() -> None:
    entry = re.compile(r"- \[(CHANGE|FEATURE|ENHANCEMENT|BUGFIX)\] [a-z/]+: \S.*\.")
    lines = (ROOT / "CHANGELOG.md").read_text().splitlines()
    assert [line for line in lines if line.startswith("-") and not entry.fullmatch(line)] == []
