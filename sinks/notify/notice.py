"""A notice: everything one receiver is told at once, frozen when it was decided on."""

from hashlib import blake2b

import msgspec

from schemas.alerts import AlertTransition
from schemas.notices import Outcome, Reason, Told
from sinks.notify.decision import is_active


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One alert of a notice; ``reason`` is None when it is only there because its group is."""

    alert: AlertTransition
    reason: Reason | None


class Notice(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is sent, as often as it takes, under one id. Times are wall clock, UTC ms."""

    id: str
    receiver: str
    group: dict[str, str]
    entries: tuple[Entry, ...]
    created_ms: int
    next_try_ms: int
    attempts: int = 0
    tried_ms: int = 0
    #: Alerts of its group without news that did not fit.
    left_out: int = 0
    outcome: Outcome = "pending"
    detail: str = ""

    @property
    def news(self) -> tuple[Entry, ...]:
        """The alerts that are why it is sent."""
        return tuple(each for each in self.entries if each.reason is not None)

    @property
    def status(self) -> str:
        """``firing`` while any of its alerts is, else ``resolved``."""
        return "firing" if any(is_active(each.alert) for each in self.entries) else "resolved"

    def told(self, at_ms: int) -> list[Told]:
        """What the log gets: one record per alert it is about."""
        return [
            Told(
                self.id, self.receiver, each.reason, each.alert.fingerprint,
                each.alert.starts_at_ms, each.alert.seq, self.outcome, self.attempts, at_ms,
                self.detail, each.alert.rule, each.alert.rule_version, each.alert.labels,
            )
            for each in self.entries
            if each.reason is not None
        ]  # fmt: skip


def notice_id(receiver: str, steps: list[tuple[str, Reason, int]]) -> str:
    """A stable id out of the steps that are told: (alert's id, reason, how many before)."""
    digest = blake2b(digest_size=12)
    digest.update(receiver.encode())
    for step in sorted(steps):
        digest.update(b"\xff%b\xff%b\xff%d" % (step[0].encode(), step[1].encode(), step[2]))
    return f"msg_{digest.hexdigest()}"
