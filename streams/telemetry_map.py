"""The metrics of `watchfloor map`: name, meaning, what to do when it is high."""

from typing import Literal

from streams.telemetry_gateway import Declared

Counter = Literal[
    "map_read_records_total",
    "map_sent_events_total",
    "map_ignored_records_total",
    "map_dead_records_total",
]
Gauge = Literal["map_lag_records", "map_remembered_things"]

_NORMAL = "Nothing: it follows the other tool's traffic."
DECLARED: tuple[Declared, ...] = (
    ("map_read_records_total", "Records of the other tool's topic that were read.", _NORMAL, ()),
    ("map_sent_events_total", "Events that Kafka has of them.", _NORMAL, ()),
    ("map_ignored_records_total", "Records that the mapping leaves out.", _NORMAL, ()),
    (
        "map_dead_records_total",
        "Records that give no event: dead letters.",
        "`watchfloor dlq ls` has the reasons: mend the mapping or the tool.",
        (),
    ),
    (
        "map_lag_records",
        "Records of our partitions of the topic that are yet to be read.",
        "Start more of them, up to the topic's partitions.",
        (),
    ),
    (
        "map_remembered_things",
        "Things of which earlier records are remembered.",
        "At the most of a partition the oldest is forgotten: its next total gives no delta.",
        (),
    ),
)
