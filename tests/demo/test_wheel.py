"""What was installed from a wheel works without the clone: code, data files, settings."""

import json
import os
import subprocess
from importlib import metadata
from pathlib import Path

import pytest

from schemas.metrics import METRICS, definitions_version
from tests.demo.wheels import PACKAGES, ROOT


def run(programs: Path, directory: Path, program: str, *arguments: str) -> str:
    """What an installed program prints in a directory that has nothing to do with the clone."""
    clean = {name: text for name, text in os.environ.items() if not name.startswith("WATCHFLOOR_")}
    done = subprocess.run(
        [programs / program, *arguments],
        cwd=directory,
        env={name: text for name, text in clean.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_no_module_comes_from_the_clone(programs: Path, tmp_path: Path) -> None:
    files = ", ".join(f"{package}.__file__" for package in PACKAGES)
    asked = f"import json, {', '.join(PACKAGES)}; print(json.dumps([{files}]))"
    for file in json.loads(run(programs, tmp_path, "python", "-c", asked)):
        assert not Path(file).is_relative_to(ROOT)
        assert Path(file).is_relative_to(programs.parent)


def test_the_version_is_told_with_that_of_the_definitions(programs: Path, tmp_path: Path) -> None:
    wanted = f"{len(METRICS)} metrics, definitions {definitions_version()}"
    said = run(programs, tmp_path, "watchfloor", "--version").strip()
    assert said == f"watchfloor {metadata.version('watchfloor')}, {wanted}"


@pytest.mark.parametrize(
    ("command", "has"),
    [
        ("rules check", "rules"),
        ("metrics ls", "throughput"),
        ("mapping ls", "label_studio"),
        ("mapping show cvat", "item.created"),
        ("access show", "GRANT"),
    ],
)
def test_commands_find_the_files_they_come_with(
    programs: Path, tmp_path: Path, command: str, has: str
) -> None:
    assert has in run(programs, tmp_path, "watchfloor", *command.split())


def test_a_log_is_replayed_before_anything_was_set_up(programs: Path, tmp_path: Path) -> None:
    sample = ROOT / "deploy" / "mappings" / "samples" / "judgments.csv"
    arguments = ("replay", str(sample), "--mapping", "judgments", "--out")
    first = run(programs, tmp_path, "watchfloor", *arguments, "first")
    again = run(programs, tmp_path, "watchfloor", *arguments, "again")
    assert "people key: made" in first
    assert "people key: made" not in again
    summaries = [(tmp_path / name / "summary.json").read_text() for name in ("first", "again")]
    assert summaries[0] == summaries[1]


def test_every_file_of_the_clone_is_in_the_wheel(programs: Path) -> None:
    """Data files that a package lacks are missed by somebody at night."""
    (site,) = programs.parent.glob("lib/python*/site-packages")
    tracked = subprocess.run(
        ["git", "ls-files", *PACKAGES], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    documents = {"README.md", "Dockerfile", "Dockerfile.dockerignore"}
    missing = [
        name for name in tracked if Path(name).name not in documents and not (site / name).exists()
    ]
    assert missing == []
