"""One real run of `watchfloor demo`, as a stranger sees it who installed the wheel."""

import fcntl
import os
import re
import subprocess
from pathlib import Path

import pytest

#: Starting everything may take long on a busy machine; hanging takes longer.
RUN_S_MAX = 600


def run_demo(
    programs: Path, directory: Path, *arguments: str, **settings: str
) -> subprocess.CompletedProcess[str]:
    """The installed command in a directory, with no setting in its environment but these."""
    ours = ("WATCHFLOOR_", "PYTHONPATH")
    clean = {name: text for name, text in os.environ.items() if not name.startswith(ours)}
    return subprocess.run(
        [programs / "watchfloor", "demo", *arguments],
        cwd=directory,
        env=clean | settings,
        capture_output=True,
        text=True,
        timeout=RUN_S_MAX,
        check=False,
    )


@pytest.fixture(scope="module")
def first(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Where a demo ran to its end, and what it said."""
    directory = tmp_path_factory.mktemp("demo")
    done = run_demo(programs, directory, "--seconds", "40", "--rate", "5")
    assert done.returncode == 0, done.stdout + done.stderr
    return directory, done.stdout


def test_what_was_sent_is_applied_duplicate_late_or_dead(first: tuple[Path, str]) -> None:
    found = re.search(
        r"^sent (\d+) = applied (\d+) \+ duplicate (\d+) \+ late (\d+) \+ dead (\d+)$",
        first[1],
        re.MULTILINE,
    )
    assert found is not None
    sent, *fates = (int(text) for text in found.groups())
    applied, duplicate, _, dead = fates
    assert sent == sum(fates)
    assert min(applied, duplicate, dead) > 0


def test_sql_has_the_totals_of_the_events_that_were_sent(first: tuple[Path, str]) -> None:
    totals = re.findall(r"^SQL: (\w[\w ]*?) +([\d,]+) +([\d,]+)$", first[1], re.MULTILINE)
    assert {name for name, _, _ in totals} >= {"arrived", "submitted", "completed", "dead letters"}
    assert all(sent == found for _, sent, found in totals)
    assert "DIFFERENT" not in first[1]


def test_the_floor_was_shown_with_its_age(first: tuple[Path, str]) -> None:
    assert re.search(r"data \d+\.\d s old .* done/h [\d,]+ ", first[1])


def test_an_alert_fired_was_delivered_and_resolved(first: tuple[Path, str]) -> None:
    summary = re.search(r"^alerts: (\d+) fired .*, (\d+) of them .*$", first[1], re.MULTILINE)
    assert summary is not None
    if "a busy machine" in summary[0]:
        return
    assert int(summary[2]) > 0
    number = r"SourceSilent .*source=custom  value [\d.]+ s \(n=1\)  threshold > 8"
    why = r"why: custom has sent nothing .*  runbook: http://127\.0\.0\.1:\d+/runbooks/source-silent\.md"
    assert re.search(rf"^ALERT firing {number}  {why}$", first[1], re.MULTILINE)
    assert re.search(rf"^ALERT resolved {number}  held from .* to .*$", first[1], re.MULTILINE)


def test_the_address_of_the_board_is_told_with_a_token(first: tuple[Path, str]) -> None:
    assert re.search(r"^The board: http://127\.0\.0\.1:\d+\n.* wf_\S{40,}$", first[1], re.MULTILINE)


def test_nothing_it_started_is_left_running(first: tuple[Path, str]) -> None:
    local = first[0] / ".local"
    assert not (local / "endpoints.json").exists()
    assert list((local / "run").glob("*.json")) == []


def test_a_second_demo_in_the_same_directory_is_refused(programs: Path, tmp_path: Path) -> None:
    (tmp_path / ".local").mkdir()
    with (tmp_path / ".local" / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = run_demo(programs, tmp_path, "--seconds", "1")
    assert done.returncode == 1
    assert "another demo" in done.stderr
    assert "remedy:" in done.stderr


def test_made_up_events_are_kept_from_the_parts_of_others(programs: Path, tmp_path: Path) -> None:
    done = run_demo(programs, tmp_path, "--seconds", "1", WATCHFLOOR_KAFKA="127.0.0.1:9")
    assert done.returncode == 1
    assert "WATCHFLOOR_KAFKA is set" in done.stderr
    assert not (tmp_path / ".local").exists()
