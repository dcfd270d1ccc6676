"""Rules over one partition of stage 2: evaluated in event time, stored with its state.

The one entry point, for a worker, a replay or a test::

    alerting = Alerting(book, owns)               # beside each Rollups
    calendar = RuleCalendar(calendar, alerting)   # what publish.flush asks for window starts
    said = alerting.evaluate(rollups, now_ms)     # each flush, after publish.flush
    said += alerting.command(command, now_ms)     # from ops.commands, in each partition
    silences = alerting.take_silences()           # each flush: what it now knows of silences
    log += alerting.state.records()               # into the same flush; keys begin with ``r``
    alerting.state.put_back(key, payload)         # recovery: every key that begins with ``r``
    said = alerting.state.begin(touched)          # then: what the last owner may not have sent

``now_ms`` is the partition's watermark, taken down to whole seconds; a second is evaluated once.
``owns`` says whether this partition is the one for a signal's subject. A rule costs per subject of
its grouping that changed, and once a minute per subject; one over more than an hour is looked at
once a minute anyway, as its windows are. A new book (after a reload) is put into ``book``: alerts
of rules that are no more resolve. What is said goes to ``ops.alerts``; a repeat carries the same
id. ``Close`` is for the log of alerts, not for here.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Protocol, assert_never

from schemas.alerts import (
    Acknowledge,
    AlertTransition,
    Close,
    Command,
    Silence,
    Transition,
    Unacknowledge,
)
from schemas.groupings import SEPARATOR
from schemas.rules_signals import Signal
from streams.core import alerts
from streams.core.alert_state import AlertState
from streams.core.alerts import UNWATCHED_MS
from streams.core.corrections import take_back
from streams.core.evaluation import Evaluation, subjects_of
from streams.core.guard import TakenBack
from streams.core.observations import Index, Observer, Signals
from streams.core.plan import MINUTE_MS
from streams.core.rollups import Rollups
from streams.core.rules import ReadyRule, RuleBook, since_start_ms, since_window
from streams.core.windows import FINE_MS, ROLLING_MS

SECOND_MS = 1000


class Alerting:
    """The rules of a floor over one partition of subjects."""

    def __init__(self, book: RuleBook, owns: Callable[[str], bool] = lambda _: True) -> None:
        self.book = book
        self.state = AlertState()
        self._owns = owns
        self._index = Index()
        #: Subjects that changed since rules were last looked at: a second may have two flushes.
        self._unseen: frozenset[str] = frozenset()

    def evaluate(
        self,
        rollups: Rollups,
        now_ms: int,
        *,
        changed: Collection[str] | None = None,
        late: bool = False,
        signals: Signals | None = None,
    ) -> list[AlertTransition]:
        """Look at what rules watch; ``late`` marks what is found while catching up.

        ``changed`` are the subjects that are published anew: within a minute nothing else is
        looked at but them and the alerts there are. None looks at everything.
        """
        now_ms -= now_ms % SECOND_MS
        if changed is not None:
            changed = self._unseen = self._unseen.union(changed)
        if now_ms <= self.state.last_ms:
            return []
        self._unseen = frozenset()
        self._index.refresh(rollups, now_ms)
        seen = Observer(rollups, now_ms, self._index, signals or {})
        return self.look(seen, changed=changed, late=late)

    def look(
        self, seen: Observer, *, changed: Collection[str] | None = None, late: bool = False
    ) -> list[AlertTransition]:
        """The same over any observer whose time is later than the last one's."""
        now_ms, last_ms = seen.now_ms, self.state.last_ms
        assert now_ms > last_ms
        if last_ms and now_ms - last_ms > UNWATCHED_MS:
            self._pause(now_ms - last_ms)
        self.state.last_ms = now_ms
        evaluation = Evaluation(self.book, self.state, seen, late)
        new_minute = now_ms // MINUTE_MS != last_ms // MINUTE_MS
        for ready in self.book.rules:
            if not new_minute and _is_long(ready):
                continue
            for subject in subjects_of(ready, self.state, seen, None if new_minute else changed):
                if self._is_ours(ready, subject):
                    evaluation.look(ready, subject)
        evaluation.settle()
        return evaluation.said

    def take_back(self, taken: Iterable[TakenBack]) -> None:
        """Hear what became less; call it before ``evaluate``, in the same flush."""
        for each in taken:
            take_back(self.book, self.state, each)

    @property
    def guarded(self) -> frozenset[str]:
        """Subjects of which something was told that can be taken back."""
        found = self.state.alerts.items()
        return frozenset(subject for (_, subject), alert in found if alert.basis is not None)

    def _is_ours(self, ready: ReadyRule, subject: str) -> bool:
        if not isinstance(ready.watched, Signal):
            return True
        return self._owns(SEPARATOR.join((ready.watched.id, subject)))

    def take_silences(self) -> list[Silence]:
        """Silences that changed, from the one partition that speaks of each."""
        heard = self.state.take_heard()
        return [each for each in heard if self._owns(SEPARATOR.join(("silence", each.id)))]

    def _pause(self, length_ms: int) -> None:
        """Nobody looked for so long: it counts for no hold and no recovery."""
        for key, alert in self.state.alerts.items():
            if alert.unknown_from_ms is None and alert.state in ("pending", "recovering"):
                alerts.pause(alert, length_ms)
                self.state.touch(key)

    def command(
        self, command: Command, rollups: Rollups, *, late: bool = False
    ) -> list[AlertTransition]:
        """Do what somebody asked for; nothing where the alert is not in this partition."""
        if isinstance(command, Close):
            return []
        if isinstance(command, Silence):
            if all(not each.is_regex or _is_regex(each.value) for each in command.matchers):
                self.state.put_silence(command)
            return []
        key = self.state.of_fingerprint(command.fingerprint)
        if key is None:
            return []
        alert = self.state.alerts[key]
        now_ms = self.state.last_ms
        steps: list[Transition]
        match command:
            case Acknowledge():
                steps = alerts.acknowledge(alert, command.owner, command.note, command.until_ms)
                alert.changed_ms = now_ms if steps else alert.changed_ms
            case Unacknowledge():
                steps = alerts.unacknowledge(alert)
            case _:
                assert_never(command)
        evaluation = Evaluation(
            self.book, self.state, Observer(rollups, now_ms, self._index, {}), late
        )
        for step in steps:
            evaluation.say(alert, step)
            self.state.touch(key)
        return evaluation.said


def _is_long(ready: ReadyRule) -> bool:
    return any(ROLLING_MS.get(name, FINE_MS + 1) > FINE_MS for name in ready.windows)


def _is_regex(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return True


class Calendar(Protocol):
    """Says when the shift and the business day of a subject began."""

    def starts_ms(self, dims: Mapping[str, str], at_ms: int) -> Mapping[str, int]:
        """Window name to its start; names without one at that time are absent."""


class RuleCalendar:
    """A calendar that also knows from when confidence rules count, by rule and subject."""

    def __init__(self, calendar: Calendar, alerting: Alerting) -> None:
        self._calendar = calendar
        self._alerting = alerting

    def starts_ms(self, dims: Mapping[str, str], at_ms: int) -> Mapping[str, int]:
        """The calendar's starts, and a window for each rule about these dimensions."""
        starts = self._calendar.starts_ms(dims, at_ms)
        own = {
            since_window(ready.rule): self._start_ms(ready, dims, at_ms)
            for ready in self._alerting.book.rules
            if ready.rule.since in ("guideline", "last_change") and ready.dimensions == tuple(dims)
        }
        return {**starts, **own} if own else starts

    def _start_ms(self, ready: ReadyRule, dims: Mapping[str, str], at_ms: int) -> int:
        begin_ms = since_start_ms(at_ms)
        subject = SEPARATOR.join((ready.grouping, *dims.values()))
        alert = self._alerting.state.alerts.get((ready.name, subject))
        if ready.rule.since != "last_change" or alert is None:
            return begin_ms
        return max(begin_ms, alert.changed_ms)
