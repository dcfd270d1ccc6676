"""Logs of judgments through everything: a small one made here, and those of WATCHFLOOR_REAL_DATA.

The counts are the oracle's, and pandas' of the file's own rows.
"""

import csv
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from streams import setup
from tests.integration.main_job import real_logs
from tests.integration.main_job.conftest import OPEN_SPACE

# Read here, because the fixtures take the variable away.
GIVEN = os.environ.get("WATCHFLOOR_REAL_DATA")
FILES = sorted(Path(GIVEN).glob("*.csv*")) if GIVEN else []
START = datetime(2025, 3, 29, tzinfo=UTC)
SPAN_S = 3 * 86_400
COLUMNS = (
    "source_file", "row", "job_id", "item_id", "annotator_id", "label", "gold", "offered_at",
    "submitted_at", "handle_s", "review_status", "reviewed_at", "reviewer_id", "team", "site",
)  # fmt: skip


def write_judgments(path: Path, seed: int, rows: int) -> Path:
    """Made-up judgments of two jobs over three days, some reviewed, some with a gold label."""
    rng = Random(seed)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for number in range(rows):
            submitted = START + timedelta(seconds=rng.random() * SPAN_S)
            handle_s = rng.choice(("", f"{rng.lognormvariate(3, 1):.3f}"))
            reviewed = submitted + timedelta(minutes=rng.randrange(1, 600))
            status = rng.choice(("", "", "accepted", "rejected", "fixed"))
            offered = submitted - timedelta(hours=rng.randrange(1, 5))
            writer.writerow(
                ("made-up", number, rng.choice(("boxes", "chats")), f"i{rng.randrange(rows // 3)}",
                 f"p{rng.randrange(9)}", rng.choice("ABC"), rng.choice(("", "A", "B")),
                 _iso(offered), _iso(submitted), handle_s, status,
                 _iso(reviewed) if status else "", "q1" if status else "",
                 rng.choice(("", "red")), rng.choice(("", "manila")))
            )  # fmt: skip
    return path


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


@pytest.mark.parametrize("given", [None, *FILES], ids=lambda path: path.name if path else "made-up")
def test_a_log_of_judgments_is_the_same_all_ways(
    opened: OPEN_SPACE, tmp_path: Path, given: Path | None
) -> None:
    path = given or write_judgments(tmp_path / "judgments.csv", 5, 300)
    log = real_logs.open_judgments(path)
    report = real_logs.compare(path, log, opened(setup.Accept(log.from_ms, log.to_ms)))
    assert report.unequal == []
    assert report.events
