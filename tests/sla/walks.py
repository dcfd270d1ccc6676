"""A clock watched minute by minute by somebody who knows the rules and none of the code."""

from dataclasses import dataclass, field

#: Kind, minute, elapsed and paused minutes.
Seen = tuple[str, int, int, int]


@dataclass(slots=True)
class Walker:
    """Watches one clock: a target in minutes, the share at which it is at risk."""

    target: int
    share: float
    seen: list[Seen] = field(default_factory=list)
    elapsed: int = 0
    paused: int = 0
    on: bool = False
    holds_still: bool = False
    breached: bool = False
    at_risk: bool = False

    def see(self, kind: str, minute: int) -> None:
        """Write down what happens."""
        self.seen.append((kind, minute, self.elapsed, self.paused))

    def act(self, action: str, minute: int) -> None:
        """Somebody does something at this minute."""
        if action == "start" and not self.on:
            self.elapsed = self.paused = 0
            self.on, self.holds_still, self.breached, self.at_risk = True, False, False, False
            self.see("activate", minute)
        elif action == "pause" and self.on and not self.holds_still:
            self.holds_still = True
            self.see("pause", minute)
        elif action == "resume" and self.on and self.holds_still:
            self.holds_still = False
            self.see("resume", minute)
        elif action == "stop" and self.on:
            self.on = False
            self.see("fulfil", minute)
        elif action == "cancel" and self.on:
            self.on = False
            self.see("cancel", minute)
        elif action == "reset" and self.on:
            self.on = False
            self.see("cancel", minute)
            self.act("start", minute)

    def look(self, minute: int) -> None:
        """See, after all that was done at this minute, whether it is late or about to be."""
        if not self.on or self.holds_still or self.breached:
            return
        if self.elapsed >= self.target:
            self.breached = True
            self.see("breach", minute)
        elif not self.at_risk and self.elapsed >= self.target * self.share:
            self.at_risk = True
            self.see("at_risk", minute)

    def wait(self, is_open: bool) -> None:
        """A minute passes, inside business hours or not."""
        if self.on and is_open:
            if self.holds_still:
                self.paused += 1
            else:
                self.elapsed += 1


def walk(
    actions: dict[int, str], walker: Walker, open_minutes: set[int], first: int, last: int
) -> list[Seen]:
    """Everything seen from ``first`` up to, and without, ``last``; minutes since 1970."""
    for minute in range(first, last):
        if minute in actions:
            walker.act(actions[minute], minute)
        walker.look(minute)
        walker.wait(minute in open_minutes)
    return walker.seen
