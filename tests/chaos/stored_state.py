"""State as this version stores it, kept so that every later version is held to read it.

``python -m tests.chaos.stored_state`` writes ``state/vN.json`` anew. Do that only for a version
that was never released, or for a new N together with a new ``wire.STATE_VERSION``.
"""

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from schemas.groupings import Grouping
from streams.core import outputs, wire
from streams.core.plan import HOUR_MS, Plan
from streams.core.publish import RollupsKeeper
from streams.core.publish import flush as publish_flush
from streams.core.recovery import Replay
from streams.core.rollups import Rollups
from streams.core.shard import Shard
from tests.core.floors import CALENDAR, Said, apply_all, new_shard, said
from tests.core.test_recovery import Log
from tests.oracle.histories import history

FOLDER = Path(__file__).parent / "state"
#: Fixed here, so that other defaults do not change what is stored.
PLAN = Plan(
    groupings=(
        Grouping("all", ()),
        Grouping("queue", ("org", "source", "project", "queue")),
        Grouping("annotator", ("org", "annotator")),
    )
)
Record = tuple[bytes, bytes | None, bytes | None, int]


@dataclass(frozen=True, slots=True)
class Stored:
    """Changelogs of one source partition and of stage 2, and what has to be read from them."""

    source: list[Record]
    subjects: list[Record]
    says: dict[str, Any]


def read(version: int) -> Stored:
    """What a version stored."""
    found = json.loads((FOLDER / f"v{version}.json").read_text())
    return Stored(_records(found["source"]), _records(found["subjects"]), found["says"])


def recovered_source(records: list[Record]) -> Shard:
    """Stage 1 out of a changelog."""
    return Log(records, len(records)).recover(len(records), PLAN)


def recovered_subjects(records: list[Record]) -> Rollups:
    """Stage 2 out of a changelog."""
    keeper = RollupsKeeper(Rollups(PLAN, 1))
    replay = Replay(keeper)
    for record in records:
        replay.record(*record)
    replay.finish(len(records))
    return keeper.state


def says(shard: Shard, state: Rollups) -> dict[str, Any]:
    """The numbers of both stages, as JSON has them."""
    meta = shard.meta
    counters = ("consumed", "applied", "duplicate", "late", "dead", "watermark_ms", "sealed_ms")
    state.changed = True
    published = publish_flush(state, CALENDAR)
    assert published is not None
    found = {
        "offsets": meta.offsets,
        "counters": {name: getattr(meta, name) for name in counters},
        "panes": {
            f"{pane.size_ms}/{pane.start_ms}/{pane.subject}": dict(sorted(pane.tally.items()))
            for pane in shard.panes
        },
        "items": len(shard.shelf),
        "windows": {
            f"{subject}/{name}": dict(sorted(window.tally.items()))
            for subject, row in published.snapshots
            for name, window in row.windows.items()
        },
        "waiting": {subject: row.gauge["waiting"] for subject, row in published.snapshots},
    }
    return dict(json.loads(json.dumps(found, sort_keys=True)))


def make() -> dict[str, Any]:
    """A floor's life in three flushes with a claim between them, as both stages store it."""
    records = said(history(Random(4), 6))
    log, roof = Log(), Log()
    shard, state = new_shard(PLAN), Rollups(PLAN, 1)
    third = len(records) // 3 + 1
    last_ms = max(record.timestamp for _, record in records)
    for number in range(3):
        shard.epoch, state.epoch = log.claim(str(number)), roof.claim(str(number))
        apply_all(shard, records[number * third : (number + 1) * third])
        tick = json.dumps({"t_ms": last_ms - (2 - number) * HOUR_MS, "ends": {}}).encode()
        shard.tick([Said(number, last_ms, {}, value=tick)])
        flush = shard.flush()
        assert flush is not None
        log.append(flush.log, shard.epoch, flush.seq)
        (chunk,) = outputs.chunks(flush, 0, shard.epoch, 1, lambda _: 0)
        outputs.rows(flush, shard.epoch)
        state.apply(wire.decode_chunk(wire.encode_chunk(chunk)))
        published = publish_flush(state, CALENDAR)
        assert published is not None
        roof.append(published.log, state.epoch, published.seq)
    shard, state = recovered_source(log.records), recovered_subjects(roof.records)
    return {
        "source": [_text(record) for record in log.records],
        "subjects": [_text(record) for record in roof.records],
        "says": says(shard, state),
    }


def _text(record: Record) -> list[Any]:
    *parts, offset = record
    return [*(None if part is None else b64encode(part).decode() for part in parts), offset]


def _records(found: list[list[Any]]) -> list[Record]:
    return [
        (
            b64decode(key),
            None if value is None else b64decode(value),
            None if stamp is None else b64decode(stamp),
            offset,
        )
        for key, value, stamp, offset in found
    ]


if __name__ == "__main__":
    (FOLDER / f"v{wire.STATE_VERSION}.json").write_text(json.dumps(make(), indent=1) + "\n")
