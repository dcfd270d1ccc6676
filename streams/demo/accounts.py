"""Was everything counted, once? What was sent against the floor's state, and against SQL."""

from collections.abc import Iterator
from dataclasses import astuple, dataclass

from clickhouse_connect.driver.client import Client

from schemas.topics import Topics
from streams.admin import Kafka
from streams.demo.script import MEASURES, Tally
from streams.standing import last_metas


@dataclass(frozen=True, slots=True)
class Fates:
    """What became of records, from the state of stage 1."""

    applied: int = 0
    duplicate: int = 0
    late: int = 0
    dead: int = 0

    @property
    def total(self) -> int:
        """All records that were read."""
        return self.applied + self.duplicate + self.late + self.dead

    def since(self, before: "Fates") -> "Fates":
        """What happened after ``before``."""
        pairs = zip(astuple(self), astuple(before), strict=True)
        return Fates(*(now - then for now, then in pairs))


@dataclass(frozen=True, slots=True)
class Books:
    """All counts of a space at a moment when nothing is on its way."""

    fates: Fates
    sums: dict[str, int]


@dataclass(frozen=True, slots=True)
class Line:
    """One comparison: what was sent, and what is found."""

    what: str
    sent: int
    found: int


def read_books(kafka: Kafka, client: Client, topics: Topics, partitions: int) -> Books:
    """The counts of stage 1's state and of ClickHouse; ``client`` has the space's database."""
    return Books(read_fates(kafka, topics, partitions), read_sums(client))


def read_fates(kafka: Kafka, topics: Topics, partitions: int) -> Fates:
    """The counters of all partitions; zeros for a floor that never ran."""
    topic = topics.floor_changelog(1)
    totals = [0, 0, 0, 0]
    for meta in last_metas(kafka, topic, partitions):
        for at, n in enumerate((meta.applied, meta.duplicate, meta.late, meta.dead)):
            totals[at] += n
    return Fates(*totals)


def read_sums(client: Client) -> dict[str, int]:
    """The sums of the whole floor, and the number of dead letters, as SQL has them."""
    sums = ", ".join(f"sum({name})" for name in MEASURES)
    rollups = client.query(f"SELECT {sums} FROM rollups FINAL WHERE grouping = 'all'")
    dead = client.query("SELECT count() FROM dead_letters FINAL")
    found = dict(zip(MEASURES, map(int, rollups.result_rows[0]), strict=True))
    return found | {"dead letters": int(dead.result_rows[0][0])}


def compare(sent: Tally, fates: Fates, before: Books, after: Books) -> Iterator[Line]:
    """Everything that can be told of what was sent, beside what the floor and SQL say."""
    yield Line("all records", sent.sent, fates.total)
    yield Line("sent twice", sent.kinds["repeated"], fates.duplicate)
    yield Line("malformed", sent.kinds["spoilt"], fates.dead)
    expected = {name: sent.measures[name] for name in MEASURES}
    for name, n in (expected | {"dead letters": sent.kinds["spoilt"]}).items():
        yield Line(f"SQL: {name}", n, after.sums[name] - before.sums[name])
