"""The demo's trouble: a source falls silent, a rule fires, a webhook hears of it and of its end."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import orjson

from streams.demo.pacing import now_ms
from streams.demo.printer import Printer
from streams.notify_settings import DEPLOY
from streams.simulate.incidents import Incident, IncidentKind

RULES = Path(__file__).with_name("rules.yaml")
#: The busiest source of the simulated floor: else it is never silent for more than 5 s.
SOURCE = "custom"
SILENT_S = 15
#: The latest start, in s after the half hour before has begun to be sent.
START_S_MAX = 25
#: A shorter demo has no time for a trouble, its alert and its end.
SECONDS_MIN = 40
#: A notice may be on its way when everything else has settled.
DELIVERY_S_MAX = 15.0


def planned(seconds: float | None) -> Incident | None:
    """The trouble that fits into a demo of so many seconds (None: without end), if one does."""
    if seconds is not None and seconds < SECONDS_MIN:
        return None
    start_s = START_S_MAX if seconds is None else min(START_S_MAX, int(seconds) // 2)
    return Incident(IncidentKind.SILENT_SOURCE, SOURCE, start_s, SILENT_S)


@dataclass(slots=True)
class Alarm:
    """Rules and a receiver of the demo's own, in files below ``place``.

    The rule is put in force when the floor has caught up: while half an hour is sent at once,
    every source seems to have been silent. ``incident`` None: no trouble of ours is expected.
    """

    place: Path
    printer: Printer
    incident: Incident | None
    _starts_ms: int = 0
    _armed_ms: int | None = None

    def lay_out(self, address: str) -> dict[str, str]:
        """Write the files; the settings of worker and deliver that name them."""
        shutil.copytree(DEPLOY / "runbooks", self.place / "runbooks", dirs_exist_ok=True)
        rules, receivers = self.place / "rules.yaml", self.place / "receivers.yaml"
        rules.write_text("rules: []\n")
        # On a small floor the other sources are silent for seconds without any trouble.
        wanted = [] if self.incident is None else [f'source="{self.incident.subject}"']
        receiver = {
            "name": "terminal",
            "webhook": {"url": address},
            "internal": True,
            "matchers": wanted,
            "group_by": ["alertname", "source"],
            "group_wait": "0s",
        }
        # JSON is YAML, too.
        receivers.write_bytes(orjson.dumps({"receivers": [receiver]}))
        return {
            "WATCHFLOOR_ALERTS_RULES": str(rules.resolve()),
            "WATCHFLOOR_NOTIFY_RECEIVERS": str(receivers.resolve()),
            # A demo in a space of its own is no replay.
            "WATCHFLOOR_NOTIFY_REPLAYS": "true",
        }

    def begin(self) -> None:
        """The floor's present is now, and the incident's start is counted from it."""
        if self.incident is not None:
            self._starts_ms = now_ms() + self.incident.start_s * 1000

    def arm(self) -> None:
        """Put the rule in force: a worker reads its file again when it changes."""
        fresh = self.place / "rules.new"
        shutil.copyfile(RULES, fresh)
        fresh.replace(self.place / "rules.yaml")
        self._armed_ms = now_ms()

    @property
    def expected(self) -> bool:
        """Whether an alert must come: there is a trouble, and the rule was there before it."""
        return (
            self.incident is not None
            and self._armed_ms is not None
            and self._armed_ms <= self._starts_ms
        )

    @property
    def told(self) -> str:
        """How many alerts the printer was told of by now."""
        fired, resolved = self.printer.fired, self.printer.resolved
        return f"alerts: {fired} fired and delivered, {resolved} of them delivered as resolved"

    def verdict(self) -> tuple[str, bool]:
        """What came of it, in a sentence, and whether it is as it should be.

        Waits for the end of an alert that has to come.
        """
        if self.incident is None:
            return (
                f"{self.told} (no incident of ours: it takes {SECONDS_MIN} s, and no --incident)",
                True,
            )
        if not self.expected:
            return (
                f"{self.told} (the incident began before the floor had caught up: a busy machine)",
                True,
            )
        well = self.printer.await_resolved(DELIVERY_S_MAX)
        return self.told, well
