"""One evaluation of all rules over one partition: verdicts into steps, steps into transitions."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from schemas.alerts import AlertTransition, Transition, fingerprint
from schemas.groupings import SEPARATOR
from schemas.rules_signals import Signal
from streams.core import alerts
from streams.core.alert_state import AlertState, Key
from streams.core.alerts import Alert, Timing, Verdict
from streams.core.corrections import basis_of
from streams.core.evidence import annotations_of, contributors_of, evidence_of
from streams.core.observations import Observer
from streams.core.plan import DAY_MS
from streams.core.rules import ReadyRule, RuleBook, label_name, since_start_ms
from streams.core.verdicts import Finding, judge

#: A silence is remembered this long after its end.
SILENCE_KEPT_MS = DAY_MS
GONE = "there is nothing left to judge"


@dataclass(slots=True)
class Evaluation:
    """What is looked at, and what was said so far; one second of event time."""

    book: RuleBook
    state: AlertState
    seen: Observer
    late: bool = False
    said: list[AlertTransition] = field(default_factory=list)

    def look(self, ready: ReadyRule, subject: str) -> None:
        """Hold one rule against one subject."""
        key = (ready.name, subject)
        alert = self.state.alerts.get(key)
        dims = self._dims(ready, subject)
        threshold = None
        if ready.rule.slo is None:
            threshold = self.book.threshold(ready, dims, self.seen.now_ms)
            if threshold is None:
                return
        finding = judge(ready, subject, threshold, self.seen)
        if alert is None:
            if finding.verdict is not Verdict.BREACHED:
                return
            alert = self.state.add(key, Alert(_labels(ready, dims)))
        before = _mark(alert)
        alert.rule_version = ready.version
        if alert.withdrawn and finding.verdict in (Verdict.CLEAR, Verdict.BETWEEN):
            steps = alerts.correct(alert, self.seen.now_ms)
        else:
            steps = alerts.step(alert, _timing(ready), finding.verdict, self.seen.now_ms)
        if "firing" in steps or (alert.withdrawn and finding.verdict is Verdict.BREACHED):
            # From now on, or now that its first reason is gone, it rests on this.
            alert.basis = basis_of(ready, subject, finding, self.seen)
            alert.withdrawn = False
        if "firing" in steps:
            alerts.suppress(alert, self._quiet(key, alert))
        for step in steps:
            if step != "unacknowledged":
                self._explain(ready, subject, alert, finding, step)
            self.say(alert, step)
        if before != _mark(alert):
            self.state.touch(key)

    def settle(self) -> None:
        """End what nothing is known of any more, note who keeps what quiet, forget what is over."""
        now_ms = self.seen.now_ms
        rules = {ready.name: ready for ready in self.book.rules}
        for name, silence in list(self.state.silences.items()):
            if silence.ends_at_ms + SILENCE_KEPT_MS < now_ms:
                self.state.forget_silence(name)
        for key, alert in sorted(self.state.alerts.items()):
            ready = rules.get(key[0])
            if ready is None or not self._is_there(ready, key[1]):
                for step in alerts.resolve(alert, now_ms):
                    alert.note = alert.note or GONE
                    self.say(alert, step)
                    self.state.touch(key)
            by = self._quiet(key, alert)
            if alert.suppressed_by != by:
                for step in alerts.suppress(alert, by):
                    self.say(alert, step)
                self.state.touch(key)
            if (
                not alert.said
                and alerts.is_over(alert, now_ms)
                and not _counts_on(ready, alert, now_ms)
            ):
                self.state.forget(key)

    def say(self, alert: Alert, step: Transition) -> None:
        """One more transition of an alert."""
        ends_at_ms = self.seen.now_ms if step in ("resolved", "dropped") else None
        if step == "corrected":
            ends_at_ms = alert.resolved_ms
        alert.seq += 1
        transition = AlertTransition(
            fingerprint=fingerprint(alert.labels),
            starts_at_ms=alert.starts_at_ms,
            seq=alert.seq,
            transition=step,
            state=alert.state,
            at_ms=self.seen.now_ms,
            rule=alert.labels["alertname"],
            rule_version=alert.rule_version,
            labels=alert.labels,
            annotations=alert.annotations,
            evidence=alert.evidence,
            ends_at_ms=ends_at_ms,
            suppressed_by=alert.suppressed_by,
            acknowledged_by=alert.owner,
            note=alert.note,
            late=self.late,
        )
        alert.said = (*alert.said, transition)
        self.said.append(transition)

    def _explain(
        self, ready: ReadyRule, subject: str, alert: Alert, finding: Finding, step: Transition
    ) -> None:
        """What the alert says of its reason from now on."""
        is_new = step == "firing"
        found = contributors_of(ready, subject, finding, self.seen) if is_new else ()
        alert.evidence = evidence_of(ready, self._dims(ready, subject), finding, found)
        if step != "resolved":
            # Its words are about what was wrong; what ended it is in the evidence.
            alert.annotations = annotations_of(ready, alert.evidence, alert.labels)

    def _dims(self, ready: ReadyRule, subject: str) -> dict[str, str]:
        if isinstance(ready.watched, Signal):
            values = subject.split(SEPARATOR) if ready.dimensions else []
            return dict(zip(ready.dimensions, values, strict=True))
        return self.seen.dims(subject)

    def _is_there(self, ready: ReadyRule, subject: str) -> bool:
        if isinstance(ready.watched, Signal):
            # A signal that nobody measures now may come back: it is unknown, not gone.
            return True
        if not self.seen.has(subject):
            return False
        if ready.rule.target is None:
            return True
        return self.book.threshold(ready, self.seen.dims(subject), self.seen.now_ms) is not None

    def _quiet(self, key: Key, alert: Alert) -> tuple[str, ...]:
        """The silences that cover an alert, and alerts of the same subject that inhibit it."""
        if alert.state in ("inactive", "resolved"):
            return alert.suppressed_by
        covering = [
            name
            for name, silence in self.state.silences.items()
            if silence.covers(alert.labels, self.seen.now_ms)
        ]
        inhibitors = next((r.rule.inhibited_by for r in self.book.rules if r.name == key[0]), ())
        for name in inhibitors:
            other = self.state.alerts.get((name, key[1]))
            if other is not None and other.is_active:
                covering.append(f"inhibited:{fingerprint(other.labels)}")
        return tuple(sorted(covering))


def _labels(ready: ReadyRule, dims: dict[str, str]) -> dict[str, str]:
    """An alert's identity; labels without a value are none."""
    found = {label_name(name): value for name, value in dims.items() if value}
    return {"alertname": ready.name, **found, **ready.rule.labels}


def _timing(ready: ReadyRule) -> Timing:
    return Timing(ready.rule.for_ms, ready.rule.keep_firing_for_ms)


def _mark(alert: Alert) -> tuple[object, ...]:
    """What must be stored when it changes."""
    return (
        alert.state, alert.seq, alert.counted_from_ms, alert.unknown_from_ms, alert.stale,
        alert.basis, alert.withdrawn,
    )  # fmt: skip


def _counts_on(ready: ReadyRule | None, alert: Alert, now_ms: int) -> bool:
    """Whether the rule still counts from the alert's last change."""
    if ready is None or ready.rule.since != "last_change":
        return False
    return alert.changed_ms > since_start_ms(now_ms)


def subjects_of(
    ready: ReadyRule, state: AlertState, seen: Observer, changed: Collection[str] | None
) -> Iterator[str]:
    """The subjects that a rule must look at: those that ``changed`` and those it has alerts of.

    None: all that the partition has. The order does not depend on when they came.
    """
    if not isinstance(ready.watched, Signal):
        for subject in seen.subjects(ready.grouping):
            if changed is None or subject in changed or (ready.name, subject) in state.alerts:
                yield subject
        return
    values = seen.signal(ready.watched)
    known = {subject for rule, subject in state.alerts if rule == ready.name}
    yield from sorted(known.union(values))
