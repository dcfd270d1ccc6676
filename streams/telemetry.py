"""Our own metrics: every name, its kind, what it means and what to do when it is high.

A name is ``<area>_<thing>_<unit>``, with ``_total`` for counters. A name that is not listed here
is a type error at the call and a KeyError when it runs. Tags are bounded: topics, partitions,
stages, sinks, reasons of a closed list; never an id and never the text of an exception.
``streams.meters`` counts; ``/metrics`` of ``streams.health`` shows.
"""

from dataclasses import dataclass
from typing import Literal, get_args

from streams import telemetry_gateway, telemetry_map

Counter = Literal[
    telemetry_map.Counter,
    "floor_consumed_events_total",
    "floor_applied_events_total",
    "floor_duplicate_events_total",
    "floor_late_events_total",
    "floor_dead_events_total",
    "floor_misplaced_keys_total",
    "floor_flushes_total",
    "floor_changelog_bytes_total",
    "floor_produced_records_total",
    "floor_claims_total",
    "floor_lost_partitions_total",
    "deliver_consumed_records_total",
    "deliver_stored_rows_total",
    "deliver_refused_rows_total",
    "deliver_failed_writes_total",
    "notify_sent_notices_total",
    "notify_failed_notices_total",
    "gateway_requests_total",
    "gateway_accepted_events_total",
    "gateway_refused_events_total",
]
Gauge = Literal[
    telemetry_map.Gauge,
    "floor_lag_records",
    "floor_watermark_delay_s",
    "floor_commit_age_s",
    "floor_held_items",
    "floor_held_panes",
    "floor_subjects",
    "floor_recovery_s",
    "deliver_backlog_records",
    "deliver_outage_s",
    "notify_pending_notices",
    "notify_refused_files",
    "board_clients",
    "board_views",
    "board_turn_s",
    "gateway_held_bytes",
    "gateway_connections",
    "gateway_broker_owes_s",
    "process_resident_bytes",
    "process_uptime_s",
]
Histogram = Literal[
    "floor_batch_s",
    "floor_batch_records",
    "floor_flush_s",
    "floor_flush_bytes",
    "deliver_write_s",
    "deliver_write_rows",
    "notify_attempt_s",
    "gateway_write_s",
]
Name = Counter | Gauge | Histogram
Kind = Literal["counter", "gauge", "histogram"]

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
COUNTS = (1.0, 10.0, 100.0, 300.0, 1e3, 3e3, 1e4, 3e4, 1e5, 3e5, 1e6)
BYTES = tuple(float(4**power) for power in range(4, 13))


@dataclass(frozen=True, slots=True)
class Declaration:
    """One metric of ours. ``when_high`` is advice; ``buckets`` are a histogram's upper bounds."""

    name: str
    meaning: str
    when_high: str
    tags: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    @property
    def kind(self) -> Kind:
        """What can be done with it, from the list that names it."""
        if self.name in get_args(Counter):
            return "counter"
        return "gauge" if self.name in get_args(Gauge) else "histogram"


_D = Declaration
_NORMAL = "Nothing: it follows the floor's traffic."
_BROKER = "The broker is slow."
_WORKERS = "Add workers, up to the number of partitions."
_FLOOR = (
    _D("floor_consumed_events_total", "Records read from the sources.", _NORMAL, ("topic",)),
    _D("floor_applied_events_total", "Events that changed the state in time.", _NORMAL, ("topic",)),
    _D(
        "floor_duplicate_events_total",
        "Events seen before, by id or by offset.",
        "After a restart: nothing. Else a producer repeats itself: look at its retries.",
        ("topic",),
    ),
    _D(
        "floor_late_events_total",
        "Events applied to a coarse pane, because they came after the fine limit.",
        "A source was away or its clock is slow: compare with its last heartbeat.",
        ("topic",),
    ),
    _D(
        "floor_dead_events_total",
        "Records that became dead letters.",
        "`watchfloor dlq ls` names reason, field and topic; then mend the producer.",
        ("topic", "reason"),
    ),
    _D(
        "floor_misplaced_keys_total",
        "Sampled keys that lie in another partition than the declared partitioner chooses.",
        "`watchfloor doctor`: set the producer's partitioner, or declare the one it uses.",
        ("topic",),
    ),
    _D("floor_flushes_total", "Atomic record batches written.", _NORMAL, ("stage",)),
    _D("floor_changelog_bytes_total", "Bytes of state written.", _NORMAL, ("stage",)),
    _D("floor_produced_records_total", "Records sent to our own topics.", _NORMAL, ("topic",)),
    _D(
        "floor_claims_total",
        "Partitions claimed, one for each partition at each rebalance.",
        "Workers come and go: look for restarts, and for pauses longer than the session.",
        ("stage",),
    ),
    _D(
        "floor_lost_partitions_total",
        "Flushes given up because another owner had written.",
        "A worker was paused: the machine is overloaded or sleeps.",
        ("stage",),
    ),
    _D("floor_lag_records", "Records not yet applied.", _WORKERS, ("topic", "partition")),
    _D(
        "floor_watermark_delay_s",
        "Broker's time minus the time up to which the partition is complete.",
        "A silent source or lag; windows are shown as incomplete meanwhile.",
        ("partition",),
    ),
    _D(
        "floor_commit_age_s",
        "Time since the partition that is longest without a flush was made durable.",
        "The worker ends itself at WATCHFLOOR_STALLED_S_MAX; before that look at the broker.",
        ("stage",),
    ),
    _D(
        "floor_held_items",
        "Items in memory, closed ones within retention included.",
        "Add workers, or shorten WATCHFLOOR_RETENTION_D.",
        ("partition",),
    ),
    _D(
        "floor_held_panes",
        "Panes in memory.",
        "A dimension with many values, or many late events: look at deploy/dimensions.yaml.",
        ("stage", "partition"),
    ),
    _D("floor_subjects", "Subjects with a live window.", _WORKERS, ("partition",)),
    _D(
        "floor_recovery_s",
        "How long the last recovery of a partition took.",
        "The changelog is larger than its state: look at the log cleaner of the broker.",
        ("stage",),
    ),
    _D("floor_batch_s", "Time to apply one fetched batch.", _WORKERS, ("stage",), SECONDS),
    _D("floor_batch_records", "Records of one fetched batch.", _NORMAL, ("stage",), COUNTS),
    _D("floor_flush_s", "Time of one flush.", _BROKER, ("stage",), SECONDS),
    _D("floor_flush_bytes", "Size of one flush.", "Nothing below 16 MB.", ("stage",), BYTES),
)
_DELIVER = (
    _D("deliver_consumed_records_total", "Records read from our topics.", _NORMAL, ("topic",)),
    _D("deliver_stored_rows_total", "Rows a sink took.", _NORMAL, ("sink", "kind")),
    _D(
        "deliver_refused_rows_total",
        "Rows a sink will never take; kept as dead letters.",
        "`watchfloor doctor`: the schema of the sink is likely older than the rows.",
        ("sink", "kind"),
    ),
    _D(
        "deliver_failed_writes_total",
        "Writes that will be tried again.",
        "The sink is away or overloaded; nothing is lost, it comes later.",
        ("sink",),
    ),
    _D(
        "deliver_backlog_records",
        "Records of our topics not yet delivered.",
        "The sink is slow or away; the floor itself is not touched.",
        ("sink",),
    ),
    _D(
        "deliver_outage_s",
        "How long the sink has been away; 0: it is there.",
        "Start it.",
        ("sink",),
    ),
    _D("deliver_write_s", "Time of one write.", "The sink is slow.", ("sink",), SECONDS),
    _D("deliver_write_rows", "Rows of one write.", _NORMAL, ("sink",), COUNTS),
)
_NOTIFY = (
    _D("notify_sent_notices_total", "Notices a receiver took.", _NORMAL, ("receiver",)),
    _D(
        "notify_failed_notices_total",
        "Attempts that a receiver did not take.",
        "`watchfloor notify-test RECEIVER` tries it and says why.",
        ("receiver",),
    ),
    _D(
        "notify_pending_notices",
        "Notices on their way to a receiver.",
        "The receiver is away or slow; others are not touched.",
        ("receiver",),
    ),
    _D(
        "notify_refused_files",
        "1: the file of receivers was changed and can't be used, so the old ones are in force.",
        "The log says file, line and reason.",
    ),
    _D("notify_attempt_s", "Time of one attempt.", "It is slow.", ("receiver",), SECONDS),
)
_BOARD = (
    _D("board_clients", "Streams that are open.", "WATCHFLOOR_BOARD_CLIENTS_MAX is the most."),
    _D("board_views", "Different views that are worked out each second.", _NORMAL),
    _D(
        "board_turn_s",
        "How long one reading of Redis and telling of all views takes.",
        "Near 1 the board is late: fewer views at a time, or a faster machine.",
    ),
)
_GATEWAY = (
    *(_D(*each) for each in telemetry_gateway.DECLARED),
    _D("gateway_write_s", "Time until the broker has a request's events.", _BROKER, (), SECONDS),
)
_MAP = tuple(_D(*each) for each in telemetry_map.DECLARED)
_PROCESS = (
    _D("process_resident_bytes", "Memory of the process.", "As `floor_held_items` and panes."),
    _D("process_uptime_s", "Time since the process began.", "Nothing; low: it restarts."),
)
DECLARATIONS: dict[str, Declaration] = {
    each.name: each for each in _FLOOR + _DELIVER + _NOTIFY + _BOARD + _GATEWAY + _MAP + _PROCESS
}
