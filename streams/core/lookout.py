"""One partition of subjects with the rules that watch it: what stage 2 owns, stores and says."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from schemas.alerts import AlertTransition, Command
from streams.core import publish, wire
from streams.core.alert_state import RULES
from streams.core.alerting import Alerting, RuleCalendar
from streams.core.forgetting import forget_in_rollups
from streams.core.publish import Calendar, Published, RollupsKeeper
from streams.core.rollups import Rollups

#: Minutes of which refused messages are counted, and how many of them make an hour.
_DEAD_MINUTES = 15
_PER_HOUR = 60 // _DEAD_MINUTES


class Lookout:
    """The state of one partition of stage 2."""

    def __init__(self, rollups: Rollups, alerting: Alerting, calendar: Calendar) -> None:
        self.rollups = rollups
        self.alerting = alerting
        self._calendar = RuleCalendar(calendar, alerting)
        #: Said already, to be sent with the next flush.
        self._said: list[AlertTransition] = []

    @property
    def epoch(self) -> int:
        """Which owner this is."""
        return self.rollups.epoch

    def command(self, command: Command) -> None:
        """Do what somebody asked for, as far as this partition is concerned."""
        self._said += self.alerting.command(command, self.rollups)
        self.rollups.changed = True

    def forget(self, person: str) -> None:
        """Let go of a person; alerts about them resolve, and are forgotten once that was told."""
        forget_in_rollups(self.rollups, person)
        self.alerting.state.leave_out(person)

    def flush(self, signals: Mapping[str, float], *, late: bool = False) -> Published | None:
        """Everything that changed since the last flush, and what rules say to it; or None.

        ``signals`` are values of the whole floor that others measure; ``late`` marks what is
        raised while catching up.
        """
        rollups, alerting = self.rollups, self.alerting
        if rollups.forgotten:
            alerting.state.forget_about(
                lambda subject: rollups.forgotten.in_subject(subject, rollups.groupings)
            )
        published = publish.flush(rollups, self._calendar)
        if published is None:
            return None
        changed = {subject for subject, _ in published.snapshots}
        given = {name: {"": value} for name, value in signals.items()}
        given["dead_letter_rate"] = {"": float(self._dead_per_hour())}
        said, self._said = self._said, []
        alerting.take_back(rollups.guard.take())
        if rollups.watermark_ms:
            now_ms = rollups.watermark_ms
            said += alerting.evaluate(rollups, now_ms, changed=changed, late=late, signals=given)
        stored: list[wire.LogRecord] = [
            (key, None if value is None else wire.stamped(rollups.epoch, published.seq, value))
            for key, value in alerting.state.records()
        ]
        rollups.guard.subjects = alerting.guarded
        silences = alerting.take_silences()
        return replace(published, log=published.log + stored, alerts=said, silences=silences)

    def _dead_per_hour(self) -> int:
        since_ms = self.rollups.watermark_ms - _DEAD_MINUTES * 60_000
        recent = [
            n
            for mark in self.rollups.meta.sources.values()
            for minute_ms, n in mark.dead_ms.items()
            if minute_ms >= since_ms
        ]
        return sum(recent) * _PER_HOUR

    def resay(self, said: list[AlertTransition]) -> None:
        """Send again what the last owner may not have sent."""
        self._said += said


class LookoutKeeper:
    """Puts a partition of stage 2 back together from its changelog."""

    def __init__(self, lookout: Lookout) -> None:
        self._lookout = lookout
        self._rollups = RollupsKeeper(lookout.rollups)

    def put_back(self, key: bytes, payload: bytes | None) -> None:
        """Take in what the changelog says about a key."""
        if key.startswith(RULES):
            self._lookout.alerting.state.put_back(key, payload)
        else:
            self._rollups.put_back(key, payload)

    def settle(self) -> Iterator[None]:
        """What windows hold follows from the panes, in slices."""
        return self._rollups.settle()

    def begin(self, epoch: int, touched: set[bytes], stale: set[bytes]) -> None:
        """Number flushes anew; what the last owner may not have sent goes out again."""
        state = self._lookout.alerting.state
        rules = {key for key in touched | stale if key.startswith(RULES)}
        self._lookout.resay(state.begin(touched & rules))
        state.rewrite(rules)
        self._lookout.rollups.guard.subjects = self._lookout.alerting.guarded
        self._rollups.begin(epoch, touched - rules, stale - rules)
