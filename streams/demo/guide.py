"""What the demo tells its audience: what to ask in SQL, where to look next, how it ended."""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from streams.demo.accounts import Fates, Line
from streams.demo.script import Tally
from streams.simulate.incidents import Incident

#: What is asked, and the question.
QUESTIONS: dict[str, str] = {
    "each queue in the last hour: done per hour, handle time in seconds": (
        "SELECT queue, round(throughput) AS done_per_h, round(handle_time_p50) AS p50_s, "
        "round(handle_time_p90) AS p90_s FROM throughput(grouping='queue', from=now()-3600, "
        "to=now(), step_s=0) JOIN aht(grouping='queue', from=now()-3600, to=now(), step_s=0) "
        "USING (queue) ORDER BY queue"
    ),
    "how right the answers were, with interval and n": (
        "SELECT project, value, low, high, n, cause FROM metric_values(grouping='project', "
        "from=now()-3600, to=now(), step_s=0) WHERE metric = 'golden_accuracy'"
    ),
    "the items that waited longest for their first claim": (
        "SELECT queue, item_id, dateDiff('second', created_at, first_claimed_at) AS waited_s "
        "FROM items FINAL ORDER BY waited_s DESC LIMIT 5"
    ),
    "what was refused, and why": (
        "SELECT topic, reason, field, count() AS n FROM dead_letters FINAL GROUP BY ALL"
    ),
    "each step of each alert, and who was told of it": (
        "SELECT at, rule, labels, kind, what, receiver, outcome, value, threshold "
        "FROM alert_log FINAL ORDER BY at DESC, seq DESC LIMIT 20"
    ),
}


def program() -> str:
    """How to call ``watchfloor`` from here."""
    if shutil.which("watchfloor"):
        return "watchfloor"
    beside = Path(sys.executable).with_name("watchfloor")
    if beside.exists():
        return os.path.relpath(beside) if beside.is_relative_to(Path.cwd()) else str(beside)
    return f"{sys.executable} -m streams.main"


def to_try(space: str) -> str:
    """The ready-made questions, to be asked while the demo runs."""
    call = program() if space == "live" else f"{program()} --space {space}"
    lines = ["Ask it in SQL: in another terminal, in this directory,", ""]
    for what, sql in QUESTIONS.items():
        lines += [f"  # {what}", f'  {call} sql "{sql}"', ""]
    lines += [
        f"  {call} alerts          what fires now (after about half a minute something does)",
        f"  {call} metrics ls      every metric and what it means",
        f"  {call} dlq ls          the malformed events that this demo sends on purpose",
        f"  {call} doctor          whether all parts are well",
    ]
    return "\n".join(lines)


def incident(planned: Incident | None) -> str:
    """What will go wrong on purpose; '' when nothing of ours will."""
    if planned is None:
        return ""
    return (
        f"             In {planned.start_s} s the source {planned.subject} falls silent for "
        f"{planned.duration_s} s: an alert fires, is delivered to a webhook of this terminal, "
        "and resolves."
    )


def verdict(sent: Tally, fates: Fates, lines: Sequence[Line]) -> str:
    """The equation and the comparison with SQL, and whether all of it is equal."""
    repeated, spoilt = sent.kinds["repeated"], sent.kinds["spoilt"]
    shown = [
        f"sent {sent.sent} = applied {fates.applied} + duplicate {fates.duplicate}"
        f" + late {fates.late} + dead {fates.dead}"
        if sent.sent == fates.total
        else f"sent {sent.sent} is NOT applied {fates.applied} + duplicate {fates.duplicate}"
        f" + late {fates.late} + dead {fates.dead}, which is {fates.total}",
        f"(on purpose, {repeated} of these were sent twice and {spoilt} were malformed)",
        "",
        f"{'':<20}{'sent':>12}{'found':>12}",
    ]
    for each in lines:
        mark = "" if each.sent == each.found else "   DIFFERENT"
        shown.append(f"{each.what:<20}{each.sent:>12,}{each.found:>12,}{mark}")
    return "\n".join(shown)


def after(space: str, kept_running: bool) -> str:
    """What to do when the demo is over."""
    call = program() if space == "live" else f"{program()} --space {space}"
    up = "" if kept_running else f"{program()} local up; "
    running = "Kafka, ClickHouse and Valkey ran before and go on. " if kept_running else ""
    return (
        f"{running}The data is kept in .local: `{up}{call} sql …` asks it again, "
        f"another demo adds to it, `{program()} local reset` deletes it."
    )
