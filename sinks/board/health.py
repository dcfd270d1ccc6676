"""Whether what is shown is live; if not, which part stopped, since when, and what to do. Pure.

Each part is judged by what it alone would move: Redis by its answer, the deliverer by its beat,
the workers by their ticks, numbers by their watermark. Parts that could only be judged through
one that stopped are ``unknown``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from sinks.board.facts import Answer, Facts
from sinks.board.words import span_text

State = Literal["ok", "behind", "stopped", "unknown"]

#: A part that moves every second and did not for so long has stopped.
STOPPED_MS = 3_500
#: Ticks come once a second, and are looked at as often.
TICKLESS_MS = 3_000
#: Kafka is asked every second; an answer that takes so long is none.
UNASKED_MS = 8_000
#: Numbers older than this are called late: twice what a flush and its delivery take on a bad day.
LATE_MS = 10_000
QUIET_MS = 120_000
HISTORY_LATE_MS = 180_000
CLOCK_MS = 2_000
_ORDER: tuple[State, ...] = ("stopped", "behind", "unknown", "ok")
#: Without these the numbers do not move.
_NEEDED = frozenset({"redis", "delivery", "workers", "clock", "board", "numbers"})


@dataclass(frozen=True, slots=True)
class Part:
    """How one part does; ``since_ms`` None: not known, or it is well."""

    part: str
    state: State
    says: str
    since_ms: int | None = None
    remedy: str = ""


def health(facts: Facts) -> dict[str, Any]:
    """All parts, worst first, and the one sentence that matters."""
    parts = sorted(_parts(facts), key=lambda each: _ORDER.index(each.state))
    blocking = [each for each in parts if each.part in _NEEDED and each.state == "stopped"]
    worst = (blocking or parts)[0]
    well = worst.state in ("ok", "unknown")
    return {
        "state": worst.state,
        "live": not blocking,
        "says": "All parts are well." if well else worst.says,
        "since_ms": None if well else worst.since_ms,
        "parts": [
            {"part": each.part, "state": each.state, "since_ms": each.since_ms,
             "says": each.says, "remedy": each.remedy}
            for each in parts
        ],
    }  # fmt: skip


def for_client(found: dict[str, Any]) -> dict[str, Any]:
    """Without what is no client's business: parts and remedies."""
    says = found["says"] if found["live"] else "The numbers stand still."
    return {**found, "says": says, "parts": []}


def pipeline(facts: Facts) -> dict[str, Any]:
    """The pipeline strip; what is not known is None."""
    given, as_of_ms, until_ms = facts.pipeline, facts.as_of_ms, facts.history_until_ms
    behind_ms = None if as_of_ms is None or until_ms is None else max(0, as_of_ms - until_ms)
    known, total = facts.sources or (None, None)
    return {
        "lag_records": given.get("lags"),
        "members": given.get("members"),
        "watermark_delay_ms": None if as_of_ms is None else max(0, facts.now_ms - as_of_ms),
        "last_tick_ms": max(given.get("ticks", {}).values(), default=None),
        "last_event_ms": facts.last_event_ms,
        "dead_letters_1h": facts.dead_letters_1h,
        "history_until_ms": until_ms,
        "history_delay_ms": behind_ms,
        "sources": None if known is None else {"known": known, "total": total},
        "as_of_ms": as_of_ms,
    }


def _parts(facts: Facts) -> Iterator[Part]:
    redis = _answers(facts, facts.redis, "redis", "Redis", "watchfloor local up, or see Redis' log")
    yield redis
    delivery = _delivery(facts, redis)
    yield delivery
    workers = _workers(facts, delivery)
    yield workers
    yield _numbers(facts, redis, workers)
    yield _events(facts, workers)
    remedy = "watchfloor local up, or see ClickHouse's log"
    clickhouse = _answers(facts, facts.clickhouse, "clickhouse", "ClickHouse", remedy)
    yield clickhouse
    yield _history(facts, clickhouse, delivery)
    remedy = "watchfloor deliver --only notify"
    yield _answers(facts, facts.notifier, "alerts", "The notifier", remedy)
    yield _clock(facts)
    yield _board(facts)


def _answers(facts: Facts, answer: Answer, part: str, name: str, remedy: str) -> Part:
    if answer.error is not None:
        since_ms = answer.failed_ms or facts.now_ms
        for_ms = facts.now_ms - since_ms
        says = f"{name} has not answered for {span_text(for_ms)} ({answer.error})."
        return Part(part, "stopped", says, since_ms, remedy)
    if answer.ok_ms is None:
        return Part(part, "unknown", f"{name} was not asked yet.")
    return Part(part, "ok", f"{name} answers.")


def _delivery(facts: Facts, redis: Part) -> Part:
    if redis.state == "stopped":
        return Part("delivery", "unknown", "Not known while Redis is away.")
    beat_ms = facts.pipeline.get("beat_ms")
    remedy = "watchfloor deliver --only redis"
    if beat_ms is None:
        return Part("delivery", "stopped", "deliver-redis has written nothing yet.", None, remedy)
    silent_ms = facts.now_ms - beat_ms
    if silent_ms >= STOPPED_MS:
        says = f"deliver-redis has written nothing for {span_text(silent_ms)}."
        return Part("delivery", "stopped", says, beat_ms, remedy)
    away_ms = facts.pipeline.get("kafka_away_since_ms")
    asked_ms = facts.pipeline.get("asked_ms")
    if away_ms is None and asked_ms is not None and facts.now_ms - asked_ms >= UNASKED_MS:
        away_ms = asked_ms
    if away_ms is not None:
        says = f"Kafka has not answered deliver-redis for {span_text(facts.now_ms - away_ms)}."
        return Part("delivery", "stopped", says, away_ms, "watchfloor local up, or see Kafka's log")
    return Part("delivery", "ok", "deliver-redis writes.")


def _workers(facts: Facts, delivery: Part) -> Part:
    if delivery.state != "ok":
        return Part("workers", "unknown", "Not known while nothing is delivered.")
    ticks: dict[str, int] = facts.pipeline.get("ticks", {})
    members = facts.pipeline.get("members", {}).get("floor")
    remedy = "watchfloor worker; if it runs, `watchfloor doctor` and its log"
    # Against when they were last looked at: an answer that is late is no tick that is missing.
    looked_ms = facts.pipeline.get("asked_ms", facts.now_ms)
    still = {name: ms for name, ms in ticks.items() if looked_ms - ms >= TICKLESS_MS}
    if not ticks:
        return Part("workers", "stopped", "No worker has ever sent a tick.", None, remedy)
    if not still:
        return Part("workers", "ok", "The workers tick.")
    since_ms = max(still.values())
    nobody = " No worker is running." if members == 0 else ""
    if len(still) == len(ticks):
        says = f"The workers have not ticked for {span_text(facts.now_ms - since_ms)}.{nobody}"
        return Part("workers", "stopped", says, since_ms, remedy)
    # A window is as old as its oldest part, so one partition that stands holds all of them up.
    says = f"{len(still)} of {len(ticks)} partitions have no worker that ticks."
    return Part("workers", "stopped", says, min(still.values()), remedy)


def _numbers(facts: Facts, redis: Part, workers: Part) -> Part:
    if redis.state == "stopped" or workers.state != "ok":
        return Part("numbers", "unknown", "They stand still with what they come from.")
    if facts.as_of_ms is None:
        return Part("numbers", "unknown", "No numbers have come yet.")
    age_ms = facts.now_ms - facts.as_of_ms
    if age_ms < LATE_MS:
        return Part("numbers", "ok", f"Numbers are {span_text(age_ms)} old.")
    lag = (facts.pipeline.get("lags") or {}).get("floor")
    behind = "" if not lag else f", {lag:,} records behind"
    says = f"Numbers are {span_text(age_ms)} old: the workers catch up{behind}."
    remedy = "wait; if the lag grows, start more workers (watchfloor worker)"
    return Part("numbers", "behind", says, facts.as_of_ms, remedy)


def _events(facts: Facts, workers: Part) -> Part:
    if workers.state != "ok" or facts.last_event_ms is None:
        return Part("events", "unknown", "Nothing is known of events.")
    quiet_ms = facts.now_ms - facts.last_event_ms
    if quiet_ms < QUIET_MS:
        return Part("events", "ok", "Events come in.")
    says = f"No event has come for {span_text(quiet_ms)}: the platforms are silent, or their way."
    remedy = "see what feeds ops.annotations, ops.reviews and ops.workforce"
    return Part("events", "behind", says, facts.last_event_ms, remedy)


def _history(facts: Facts, clickhouse: Part, delivery: Part) -> Part:
    if clickhouse.state != "ok" or delivery.state != "ok":
        return Part("history", "unknown", "Not known while others are away.")
    remedy = "watchfloor deliver --only clickhouse"
    if facts.pipeline.get("members", {}).get("deliver-clickhouse") == 0:
        says = "deliver-clickhouse does not run: charts and SQL stand still."
        return Part("history", "stopped", says, facts.history_until_ms, remedy)
    lag = (facts.pipeline.get("lags") or {}).get("deliver-clickhouse")
    until_ms, as_of_ms = facts.history_until_ms, facts.as_of_ms
    behind_ms = 0 if until_ms is None or as_of_ms is None else as_of_ms - until_ms
    if lag and behind_ms > HISTORY_LATE_MS:
        says = f"Charts and SQL are {span_text(behind_ms)} behind the numbers."
        return Part("history", "behind", says, until_ms, remedy)
    return Part("history", "ok", "ClickHouse gets the history.")


def _clock(facts: Facts) -> Part:
    remedy = "see the time service (chrony, ntpd) of this machine and of Redis'"
    if facts.jumped is not None:
        at_ms, by_ms = facts.jumped
        how = "stood still for" if by_ms < 0 else "jumped by"
        says = f"The board's clock {how} {span_text(abs(by_ms))}: ages are not to be trusted."
        return Part("clock", "stopped", says, at_ms, remedy)
    if abs(facts.redis_ahead_ms) > CLOCK_MS:
        says = (
            f"The clocks of the board and Redis differ by {span_text(abs(facts.redis_ahead_ms))}."
        )
        return Part("clock", "behind", says, None, remedy)
    return Part("clock", "ok", "The clocks agree.")


def _board(facts: Facts) -> Part:
    if facts.stalled is None:
        return Part("board", "ok", "The board keeps up.")
    from_ms, to_ms = facts.stalled
    says = f"The board itself stood still for {span_text(to_ms - from_ms)}."
    return Part("board", "behind", says, from_ms, "see how busy this machine is")
