"""CPU time of an event through the whole core, phase by phase, beside bare validation.

The log is a simulated floor's; its first half warms up and is not measured. Phases are also given
as multiples of pydantic's bare ``validate_json`` over the same payloads in the same run, because
absolute times of a shared machine mean little.
"""

import gc
import time
from collections import Counter, defaultdict
from collections.abc import Iterator

from schemas.codec import Decoder, DecoderSettings
from schemas.events import DICT_UNION
from schemas.people import Pseudonymiser
from schemas.rows import encode
from streams.core import outputs, publish, wire
from streams.core.engine import OfflineRecord
from streams.core.plan import Plan
from streams.core.rollups import Rollups
from streams.core.shard import Shard
from streams.core.ticks import Tick
from streams.floor_files import read_calendar
from streams.simulate.history import history

START_MS = 1_760_000_000_000
EVENTS_PER_S = 200.0
FETCH_RECORDS = 2_000
FLUSH_CHANGES = 20_000

Fetch = tuple[str, list[OfflineRecord]]


def fetches(events: int) -> list[Fetch]:
    """Records as fetches of one topic each, in the order of arrival."""
    ends: Counter[str] = Counter()
    found: list[Fetch] = []
    waiting: dict[str, list[OfflineRecord]] = {}
    log = history(1, START_MS, START_MS + 86_400_000, EVENTS_PER_S)
    for number, each in zip(range(events), log, strict=False):
        role = each.role.value
        record = OfflineRecord(ends[role], each.received_ms, each.key, each.value)
        ends[role] += 1
        waiting.setdefault(role, []).append(record)
        if number % FETCH_RECORDS == FETCH_RECORDS - 1:
            found += waiting.items()
            waiting = {}
    return found + list(waiting.items())


class Bench:
    """One shard and one partition of stage 2, with a stop-watch for each phase."""

    def __init__(self, plan: Plan | None = None) -> None:
        plan = plan or Plan()
        self.decoder = Decoder(Pseudonymiser(b"k" * 32), DecoderSettings())
        self.shard = Shard(plan, 0, self.decoder)
        self.state = Rollups(plan, 1)
        self.calendar = read_calendar()
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.bytes: Counter[str] = Counter()
        self.ticks = 0

    def take(self, role: str, records: list[OfflineRecord], *, last: bool) -> None:
        """Apply a fetch; flush when a worker would."""
        began_s = time.process_time()
        self.shard.apply(role, records)
        self.seconds["decode and apply"] += time.process_time() - began_s
        if last or self.shard.changes >= FLUSH_CHANGES:
            self.flush(records[-1].timestamp)

    def flush(self, now_ms: int) -> None:
        """Flush both stages and encode everything that leaves them."""
        tick = wire.encode_json(Tick(now_ms, {}))
        self.shard.tick([OfflineRecord(self.ticks, now_ms, None, tick)])
        self.ticks += 1
        self.shard.dead.clear()
        marks = [time.process_time()]
        flush = self.shard.flush()
        assert flush is not None
        marks.append(time.process_time())
        (chunk,) = outputs.chunks(flush, 0, 0, 1, lambda _: 0)
        said = wire.encode_chunk(chunk)
        items, labels = outputs.rows(flush, 0)
        rows = [encode(row) for row in (*items, *labels)]
        marks.append(time.process_time())
        self.state.apply(wire.decode_chunk(said))
        published = publish.flush(self.state, self.calendar)
        assert published is not None
        rollups = [encode(row) for row in published.rows]
        snapshots = [encode(row) for _, row in published.snapshots]
        marks.append(time.process_time())
        for name, began_s, ended_s in zip(
            ("flush", "outputs", "stage 2"), marks, marks[1:], strict=False
        ):
            self.seconds[name] += ended_s - began_s
        self.bytes["changelog 1"] += sum(len(k) + len(v or b"") for k, v in flush.log)
        self.bytes["changelog 2"] += sum(len(k) + len(v or b"") for k, v in published.log)
        self.bytes["panes"] += len(said)
        self.bytes["items, labels"] += sum(map(len, rows))
        self.bytes["rollups"] += sum(map(len, rollups))
        self.bytes["snapshots"] += sum(map(len, snapshots))


def lines(bench: Bench, measured: list[Fetch]) -> Iterator[str]:
    """The table: us per event, multiples of validation, bytes per event."""
    payloads = [record.value or b"" for _, records in measured for record in records]
    validate = DICT_UNION.validator.validate_json
    began_s = time.process_time()
    for payload in payloads:
        validate(payload)
    bare_us = (time.process_time() - began_s) / len(payloads) * 1e6
    total_us = sum(bench.seconds.values()) / len(payloads) * 1e6
    size = sum(map(len, payloads)) // len(payloads)
    yield f"bare validation   {bare_us:6.2f} us an event of {size} B"
    for name, seconds in bench.seconds.items():
        cost_us = seconds / len(payloads) * 1e6
        yield f"{name:17} {cost_us:6.2f} us  {cost_us / bare_us:5.2f} x validation"
    rate = 1e6 / total_us
    yield f"{'all':17} {total_us:6.2f} us  {total_us / bare_us:5.2f} x = {rate:,.0f} events a CPU s"
    for name, size in bench.bytes.items():
        yield f"{name:17} {size / len(payloads):6.0f} B an event"


def measured(log: list[Fetch], plan: Plan | None = None) -> Bench:
    """The second half of a log, after its first half has warmed up."""
    bench, half = Bench(plan), len(log) // 2
    for role, records in log[:half]:
        bench.take(role, records, last=False)
    bench.flush(log[half - 1][1][-1].timestamp)
    bench.seconds.clear()
    bench.bytes.clear()
    gc.collect()
    gc.freeze()
    for number, (role, records) in enumerate(log[half:], half + 1):
        bench.take(role, records, last=number == len(log))
    gc.unfreeze()
    return bench


def run(events: int) -> None:
    """Measure about ``events`` after as many that warm up."""
    log = fetches(2 * events)
    for line in lines(measured(log), log[len(log) // 2 :]):
        print(line, flush=True)
