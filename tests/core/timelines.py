"""A small language for the life of one alert: what was seen when, and what should have happened.

::

    Timeline(for_s=300).at(120).breached().at(900).clear().want("firing", between(420, 430))

Time is in seconds. Between two sights the last one holds; the alert is evaluated every ``every_s``.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from schemas.alerts import Transition
from streams.core import alerts
from streams.core.alerts import Alert, Timing, Verdict

#: (second, transition).
Happened = tuple[int, Transition]


@dataclass(frozen=True, slots=True)
class Between:
    """A span of seconds, both ends included."""

    first_s: int
    last_s: int


def between(first_s: int, last_s: int) -> Between:
    """Some time from the one to the other."""
    return Between(first_s, last_s)


def live(
    verdicts: Iterable[tuple[int, Verdict]], timing: Timing, *, restart: bool = False
) -> list[Happened]:
    """What happens when these verdicts are heard at these ms; with a restart after each."""
    alert = Alert({"alertname": "Test"})
    found: list[Happened] = []
    for now_ms, verdict in verdicts:
        found += [(now_ms // 1000, step) for step in alerts.step(alert, timing, verdict, now_ms)]
        if restart:
            alert = msgspec.msgpack.decode(msgspec.msgpack.encode(alert), type=Alert)
    return found


class Timeline:
    """One alert: sights are told in order, then ``want`` and ``never`` look at what happened."""

    def __init__(self, *, for_s: int = 0, keep_s: int = 0, every_s: int = 1) -> None:
        self._timing = Timing(for_s * 1000, keep_s * 1000)
        self._every_s = every_s
        self._sights: list[tuple[int, Verdict]] = []
        self._now_s = 0

    def at(self, second: int) -> "Timeline":
        """Time passes until then."""
        assert second >= self._now_s
        self._now_s = second
        return self

    def _saw(self, verdict: Verdict) -> "Timeline":
        self._sights.append((self._now_s, verdict))
        return self

    def breached(self) -> "Timeline":
        """The condition holds from now on."""
        return self._saw(Verdict.BREACHED)

    def between_thresholds(self) -> "Timeline":
        """It holds no more, and is not clear either."""
        return self._saw(Verdict.BETWEEN)

    def clear(self) -> "Timeline":
        """All is well from now on."""
        return self._saw(Verdict.CLEAR)

    def unknown(self) -> "Timeline":
        """There is no data from now on."""
        return self._saw(Verdict.UNKNOWN)

    @property
    def happened(self) -> list[Happened]:
        """Every step with its second, until the time that ``at`` named last."""
        sights = dict(self._sights)
        verdict = Verdict.CLEAR
        heard = []
        for second in range(self._now_s + 1):
            verdict = sights.get(second, verdict)
            if second % self._every_s == 0 or second in sights:
                heard.append((second * 1000, verdict))
        found = live(heard, self._timing)
        assert found == live(heard, self._timing, restart=True)
        return found

    def want(self, step: Transition, when: Between) -> "Timeline":
        """The step happened exactly once in that span."""
        hits = [s for s, each in self.happened if each == step and when.first_s <= s <= when.last_s]
        assert len(hits) == 1, self.happened
        return self

    def never(self, step: Transition) -> "Timeline":
        """The step did not happen."""
        assert step not in [each for _, each in self.happened], self.happened
        return self
