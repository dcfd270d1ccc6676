"""A simulated floor put through the core without a broker, with some of its records late."""

from collections.abc import Iterator
from random import Random

from schemas.codec import AcceptedTimes, Decoder, DecoderSettings
from streams.core.engine import Engine
from streams.core.plan import HOUR_MS, MINUTE_MS, Plan
from streams.core.terms import Book
from streams.floor_files import read_calendar
from streams.simulate.config import FloorConfig
from streams.simulate.floor import Floor
from streams.simulate.history import Record, encoded

START_MS = 1_772_442_000_000
SPAN_MS = HOUR_MS // 2
ACCEPTED = AcceptedTimes(START_MS - 24 * HOUR_MS, START_MS + 24 * HOUR_MS, relative=False)


def sent(seed: int = 7, rate: float = 2.0) -> Iterator[tuple[Record, int]]:
    """Records with their Kafka times, in order of arrival: one in fifty comes hours late."""
    random = Random(seed)
    config = FloorConfig().for_rate(rate)
    arriving = []
    for event in Floor(seed, config).events(START_MS, START_MS + SPAN_MS):
        record = encoded(event)
        late_ms = random.randrange(3 * HOUR_MS) if random.random() < 0.02 else 0
        arriving.append((record, record.received_ms + late_ms))
    yield from sorted(arriving, key=lambda each: each[1])


def played(plan: Plan, policies: Book | None = None, partitions: int = 4) -> Engine:
    """An engine that has taken in all of it, with a tick every minute and an hour at the end."""
    decoder = Decoder(None, DecoderSettings(accepted=ACCEPTED))
    engine = Engine(plan, decoder, read_calendar(), partitions=partitions, policies=policies)
    ticked_ms = last_ms = 0
    for record, record_ms in sent():
        if record_ms >= ticked_ms + MINUTE_MS:
            ticked_ms = record_ms
            engine.tick(ticked_ms)
            engine.flush()
        engine.put(record.role, record.key, record.value, record_ms)
        last_ms = record_ms
    engine.flush()
    engine.tick(last_ms + MINUTE_MS)
    engine.flush()
    return engine
