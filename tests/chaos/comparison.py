"""What is there, read from the stores themselves, against what has to be there."""

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from clickhouse_connect.driver.client import Client

from streams.admin import Kafka
from streams.standing import last_metas
from tests.chaos.promises import SETTLED_MS, Promises, only_clocks, stored_ledger
from tests.chaos.truth import Panes, Place, Sent
from tests.integration.main_job.row_sets import panes_in_clickhouse
from tests.oracle.measures import M

_COUNTED = frozenset(map(int, M))
_ITEM_TEXTS = ("state", "queue", "annotator", "reviewer", "outcome")
_ITEM_NUMBERS = ("claims", "submissions", "reviews", "events")
_ITEM_TIMES = (
    "created", "queued", "first_claimed", "last_claimed", "started", "submitted", "reviewed",
    "completed",
)  # fmt: skip


@dataclass(slots=True)
class Verdict:
    """How far a space is from the truth; all zero is exact."""

    #: Counts that are missing from panes, and counts that are too many.
    lost: int = 0
    doubled: int = 0
    #: Rows, snapshots and counters that say something else than the truth.
    wrong: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def exact(self) -> bool:
        """Whether nothing differs."""
        return not (self.lost or self.doubled or self.wrong)

    def note(self, text: str) -> None:
        """One more thing that is wrong."""
        self.wrong += 1
        if len(self.notes) < 20:
            self.notes.append(text)


def compare_panes(found: Panes, wanted: Panes, verdict: Verdict) -> None:
    """Every pane and every measure in it."""
    for at in found.keys() | wanted.keys():
        one, other = found.get(at, {}), wanted.get(at, {})
        if one == other:
            continue
        for key in one.keys() | other.keys():
            more = one.get(key, 0) - other.get(key, 0)
            # Flows have signs; what matters is how far from the truth, and on which side.
            less_than_wanted = abs(one.get(key, 0)) < abs(other.get(key, 0))
            if less_than_wanted:
                verdict.lost += abs(more)
            else:
                verdict.doubled += abs(more)
        if len(verdict.notes) < 20:
            verdict.notes.append(f"pane {at}: {one} is not {other}")


def only_counted(panes: Panes) -> Panes:
    """Only what the oracle counts; clocks of SLA policies are compared by themselves."""
    found = {
        at: {key: n for key, n in tally.items() if key >> 12 in _COUNTED}
        for at, tally in panes.items()
    }
    return {at: tally for at, tally in found.items() if tally}


def compare_fates(kafka: Kafka, changelog: str, partitions: int, sent: Sent) -> Counter[str]:
    """The counters of stage 1, less those of the truth; empty when they are equal."""
    found: Counter[str] = Counter()
    for meta in last_metas(kafka, changelog, partitions):
        for name in ("applied", "duplicate", "late", "dead"):
            found[name] += getattr(meta, name)
    found.subtract(sent.fates)
    return Counter({name: n for name, n in found.items() if n})


def compare_clocks(client: Client, found: Panes, promises: Promises, verdict: Verdict) -> None:
    """What SLA clocks count for, and every step in their ledger, up to a minute ago."""
    now_ms = int(time.time() * 1000)
    promises.pass_to(now_ms)
    before_ms = now_ms - SETTLED_MS
    compare_panes(only_clocks(found, before_ms), promises.panes(before_ms), verdict)
    stored, told = stored_ledger(client, before_ms), promises.ledger(before_ms)
    if stored != told:
        verdict.note(f"ledger: {sorted(set(stored) ^ set(told))[:4]} of {len(told)}")


def compare_clickhouse(
    client: Client, sent: Sent, refused: set[Place], wanted: Panes, promises: Promises
) -> Verdict:
    """Panes, clocks, items, labels, dead letters; ``refused``: rows that a sink would not take."""
    verdict = Verdict()
    panes = panes_in_clickhouse(client)
    compare_panes(only_counted(panes), wanted, verdict)
    compare_clocks(client, panes, promises, verdict)
    _compare_items(client, sent, verdict)
    labels = client.query("SELECT item_id, label, count() FROM labels FINAL GROUP BY ALL")
    found = {(item, label): n for item, label, n in labels.result_rows}
    if found != sent.labels():
        verdict.note(f"labels: {_difference(found, sent.labels())}")
    dead = client.query("SELECT topic, partition, offset FROM dead_letters FINAL").result_rows
    places = {(topic.rsplit("ops.", 1)[1], partition, offset) for topic, partition, offset in dead}
    if places != sent.dead | refused or len(dead) != len(places):
        verdict.note(f"dead letters: {len(dead)}; {places ^ (sent.dead | refused)}")
    return verdict


def _compare_items(client: Client, sent: Sent, verdict: Verdict) -> None:
    times = ", ".join(f"toUnixTimestamp64Milli({name}_at) AS {name}_ms" for name in _ITEM_TIMES)
    columns = ", ".join(("item_id", "handle_ms", *_ITEM_TEXTS, *_ITEM_NUMBERS))
    answer = client.query(f"SELECT {columns}, {times} FROM items FINAL")
    rows = {row["item_id"]: row for row in answer.named_results()}
    wanted = sent.items()
    for item_id in rows.keys() | wanted.keys():
        row, truth = rows.get(item_id), wanted.get(item_id)
        if row is None or truth is None:
            verdict.note(f"item {item_id}: {'missing' if row is None else 'nobody sent it'}")
            continue
        for name in row:
            if not _same(row[name], truth[name]):
                verdict.note(f"item {item_id}: {name} is {row[name]!r}, not {truth[name]!r}")


def _same(found: Any, wanted: Any) -> bool:
    if wanted is None or wanted != wanted:
        # A NaN of pandas is "unknown" too.
        return found is None
    return bool(found == wanted) or (found == "unopened" and wanted == "")


def _difference(one: dict[Any, int], other: dict[Any, int]) -> dict[Any, int]:
    return {
        key: one.get(key, 0) - other.get(key, 0)
        for key in one.keys() | other.keys()
        if one.get(key, 0) != other.get(key, 0)
    }
