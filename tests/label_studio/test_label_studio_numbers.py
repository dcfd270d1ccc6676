"""`watchfloor replay` finds the numbers that the recorded export and webhooks hold."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.label_studio.recording import PAYLOADS, read_bodies, read_export

#: Deletes have no time of their own, so whoever saves bodies adds when they came.
RECEIVED = "2026-11-23T14:00:00Z"


def replayed(log: Path, mapping: str, folder: Path) -> dict[str, Any]:
    """The readings of the whole log, by metric."""
    command = [sys.executable, "-m", "streams.main", "replay", str(log)]
    options = ["--mapping", mapping, "--out", str(folder / "found")]
    run = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "late=0 dead=0" in run.stdout
    found = json.loads((folder / "found" / "summary.json").read_text())
    everything = next(each for each in found["whole"] if each["grouping"] == "all")
    metrics: dict[str, Any] = everything["metrics"]
    return metrics


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WATCHFLOOR_LOCAL_DIR", str(tmp_path))
    monkeypatch.setenv("WATCHFLOOR_PEOPLE_KEY", "a5" * 32)


def annotations() -> Iterator[dict[str, Any]]:
    for task in read_export():
        yield from task["annotations"]


def test_the_export_gives_label_studios_own_numbers(tmp_path: Path) -> None:
    done = [each for each in annotations() if not each["was_cancelled"]]
    spent = [each["lead_time"] for each in done if each["lead_time"] is not None]
    found = replayed(PAYLOADS / "export.json", "label_studio_export", tmp_path)
    assert found["arrival_rate"]["n"] == len(read_export())
    assert found["throughput"]["n"] == len(done)
    assert found["skip_rate"]["value"] == pytest.approx(1 / (1 + len(done)))
    assert found["active_time"]["n"] == found["handle_time_mean"]["n"] == len(spent)
    assert found["active_time"]["value"] == pytest.approx(sum(spent) / 3600)
    assert found["handle_time_mean"]["value"] == pytest.approx(sum(spent) / len(spent))


def test_the_webhooks_give_the_numbers_of_all_that_was_done(tmp_path: Path) -> None:
    log = tmp_path / "webhooks.jsonl"
    bodies = [{**body, "received_at": RECEIVED} for each in read_bodies().values() for body in each]
    log.write_text("".join(f"{json.dumps(body)}\n" for body in bodies))
    found = replayed(log, "label_studio", tmp_path)
    # Ten answers, a withdrawn skip, and one that a manager made of a prediction. That one and one
    # of the answers say nothing of time.
    spent = (12.345, 8.001, 5, 10.2 - 3.2, 6, 2.5, 3, 4, 1.5, 1.5)
    assert found["arrival_rate"]["n"] == 11
    assert found["throughput"]["n"] == len(spent) + 2
    assert found["active_time"]["n"] == len(spent)
    assert found["active_time"]["value"] == pytest.approx(sum(spent) / 3600)
    assert found["skip_rate"]["value"] == pytest.approx(2 / (2 + len(spent) + 2))
