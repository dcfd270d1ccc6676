"""What tests of rules stand on: a floor that counts what series say, or one that takes events."""

from typing import Protocol

import orjson

from schemas.codec import AcceptedTimes, Decoder, DecoderSettings
from schemas.groupings import SEPARATOR, Grouping
from schemas.measures import BY_NAME
from schemas.metrics import METRICS
from schemas.people import Scope, pseudonymiser
from schemas.rules_tests import RuleTest
from streams.core import publish, wire
from streams.core.alerting import Calendar
from streams.core.engine import Engine
from streams.core.plan import DAY_MS, MINUTE_MS, Plan
from streams.core.rollups import Rollups
from streams.rule_series import Script, Series
from streams.sources.routing import route_of


class Floor(Protocol):
    """Whatever counts what a test lets come in."""

    rollups: Rollups

    def advance(self, now_ms: int) -> None:
        """Event time reaches ``now_ms``."""


class CountedFloor:
    """A floor of one partition whose panes are the values of measure series."""

    def __init__(self, script: Script, plan: Plan, calendar: Calendar) -> None:
        self.rollups = Rollups(plan, 1)
        self._counts = [each for each in script.series if each.name in BY_NAME]
        self._script, self._calendar = script, calendar
        self._done, self._seq = 0, 0
        kinds = {need for metric in METRICS for each in metric.needs for need in each.split("|")}
        first_ms = dict.fromkeys(sorted(kinds), script.start_ms)
        names = [_source_of(each, plan.groupings) for each in self._counts]
        self._first_seen_ms = dict.fromkeys(names, first_ms)

    def advance(self, now_ms: int) -> None:
        """Let the panes of all intervals come in that have ended."""
        start_ms, interval_ms = self._script.start_ms, self._script.interval_ms
        ended = (now_ms - start_ms) // interval_ms
        panes: dict[tuple[str, int], dict[int, int]] = {}
        for number in range(self._done, ended):
            pane_ms = start_ms + number * interval_ms
            for each in self._counts:
                said = each.at(number)
                if said is not None and said.value:
                    tally = panes.setdefault((each.subject, pane_ms - pane_ms % MINUTE_MS), {})
                    key = BY_NAME[each.name].key
                    tally[key] = tally.get(key, 0) + round(said.value)
        self._done = max(ended, self._done)
        states = [wire.PaneState(*at, MINUTE_MS, tally) for at, tally in panes.items()]
        heard_ms = dict.fromkeys(self._first_seen_ms, now_ms)
        seq, self._seq = self._seq, self._seq + 1
        chunk = wire.Chunk(0, 0, seq, now_ms, 0, self._first_seen_ms, heard_ms, states, {})
        self.rollups.apply(chunk)
        publish.flush(self.rollups, self._calendar)


def _source_of(series: Series, groupings: tuple[Grouping, ...]) -> str:
    by_name = {grouping.name: grouping.dimensions for grouping in groupings}
    name, *values = series.subject.split(SEPARATOR)
    dims = dict(zip(by_name[name], values, strict=True))
    return SEPARATOR.join((dims.get("org", "any"), dims.get("source", "any")))


class EventFloor:
    """A whole floor of one partition that decodes and applies events as they occurred."""

    def __init__(self, test: RuleTest, plan: Plan, calendar: Calendar) -> None:
        start_ms = int(test.start.timestamp() * 1000)
        accepted = AcceptedTimes(start_ms - DAY_MS, start_ms + 400 * DAY_MS, relative=False)
        people = pseudonymiser(None, are_pseudonyms=True, scope=Scope.SOURCE)
        decoder = Decoder(people, DecoderSettings(accepted=accepted))
        self._engine = Engine(plan, decoder, calendar, partitions=1)
        self._events = sorted(test.events, key=lambda event: int(event["occurred_at"]))
        (self.rollups,) = self._engine.states

    def advance(self, now_ms: int) -> None:
        """Let all events come in that occurred before."""
        while self._events and int(self._events[0]["occurred_at"]) < now_ms:
            event = self._events.pop(0)
            route = route_of(event)
            record_ms = int(event["occurred_at"])
            self._engine.put(route.role, route.key, orjson.dumps(event), record_ms)
        self._engine.tick(now_ms)
        self._engine.flush()
        dead = self._engine.found.dead
        if dead:
            raise ValueError(f"an event is refused: {dead[0].reason.value} {dead[0].field}")
