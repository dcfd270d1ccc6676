"""A log of judgments counted with pandas from its rows, knowing nothing of events or panes.

Reads the columns of the ``judgments`` mapping. Only what a row says by itself is counted:
submissions, golden answers, and handle times, from the start or else from the offer.
"""

from pathlib import Path

import pandas as pd

from schemas.measures import key_of
from tests.integration.main_job.sums import Sums

ROWS_PER_S = 5
CLOCK = f"rate:{ROWS_PER_S}"
CLOCK_START_MS = 1_704_067_200_000
MEASURES = ("submitted", "golden_n", "golden_correct", "handled", "handle_ms")
#: Grouping to the columns of its dimensions.
GROUPINGS = {
    "all": (),
    "org": ("org",),
    "project": ("org", "source", "project"),
    "queue": ("org", "source", "project", "queue"),
    "annotator": ("org", "annotator_id"),
}


def needs_clock(path: Path) -> bool:
    """Whether the log says no times."""
    first = pd.read_csv(path, dtype=str, keep_default_na=False, nrows=1)
    return "submitted_at" not in first or first["submitted_at"][0] == ""


def read(path: Path) -> pd.DataFrame:
    """One line per judgment: when (UTC ms), whose, where, and what it counts for."""
    given = pd.read_csv(path, dtype=str, keep_default_na=False)
    for name in ("stage", "expert", "offered_at", "started_at", "handle_s", "submitted_at", "gold"):
        if name not in given:
            given[name] = ""
    given["t_ms"] = [int(number * 1000 / ROWS_PER_S) + CLOCK_START_MS for number in given.index]
    timed = given["submitted_at"] != ""
    if timed.any():
        given.loc[timed, "t_ms"] = given.loc[timed, "submitted_at"].map(_ms)
    if "judgment_id" in given and (given["judgment_id"] != "").all():
        given = given.drop_duplicates(["job_id", "judgment_id"])
    given["org"], given["source"] = "local", "custom"
    given["project"] = given["stage"].where(given["stage"] != "", given["job_id"])
    given["queue"] = given["job_id"]
    handle_ms = [_handle_ms(*row) for row in zip(*_handle_columns(given), strict=True)]
    golden = (given["gold"] != "") & (given["expert"] == "")
    given["submitted"] = 1
    given["golden_n"] = golden.astype(int)
    given["golden_correct"] = (golden & (given["label"] == given["gold"])).astype(int)
    given["handled"] = [int(value is not None) for value in handle_ms]
    given["handle_ms"] = [value or 0 for value in handle_ms]
    return given


def _ms(text: str) -> int:
    return int(pd.Timestamp(text).value // 1_000_000)


def _handle_columns(given: pd.DataFrame) -> list[list[object]]:
    return [given[name].tolist() for name in ("t_ms", "started_at", "handle_s", "offered_at")]


def _handle_ms(t_ms: int, started_at: str, handle_s: str, offered_at: str) -> int | None:
    if started_at:
        return max(0, t_ms - _ms(started_at))
    if handle_s:
        return round(float(handle_s) * 1000)
    return max(0, t_ms - _ms(offered_at)) if offered_at else None


def counted(judgments: pd.DataFrame, start_ms: int, end_ms: int) -> Sums:
    """Every subject's sums over [start, end)."""
    inside = judgments[(judgments["t_ms"] >= start_ms) & (judgments["t_ms"] < end_ms)]
    sums: Sums = {}
    for grouping, columns in GROUPINGS.items():
        parts = inside.groupby(list(columns)) if columns else [((), inside)]
        for dims, part in parts:
            tally = {key_of(name): int(part[name].sum()) for name in MEASURES}
            tally = {key: n for key, n in tally.items() if n}
            if tally:
                sums[grouping, tuple(dims)] = tally
    return sums


def comparable(sums: Sums) -> Sums:
    """Of other sums what can be compared with these."""
    keys = {key_of(name) for name in MEASURES}
    kept = {
        subject: {key: n for key, n in tally.items() if key in keys}
        for subject, tally in sums.items()
        if subject[0] in GROUPINGS
    }
    return {subject: tally for subject, tally in kept.items() if tally}
