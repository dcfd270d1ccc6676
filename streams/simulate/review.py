"""How a reviewer decides on a submission, and how some authors appeal."""

import random

from streams.simulate.incidents import Troubles
from streams.simulate.outbox import Outbox
from streams.simulate.roster import Stint
from streams.simulate.work import Item, item_fields

REVIEW_TIME_SHARE = 0.45
FOUND_SHARE = 0.88
WRONGLY_REJECTED_SHARE = 0.03
FIX_SHARE = 0.45
APPEAL_SHARE = 0.06
OVERTURN_SHARE = 0.4


class Review:
    """Plays reviews into the outbox; the item goes on by the outcome that is returned."""

    def __init__(self, troubles: Troubles, outbox: Outbox, chance: random.Random) -> None:
        self._troubles = troubles
        self._outbox = outbox
        self._chance = chance
        self._reviews = 0

    def queued(self, item: Item, at_ms: int) -> str:
        """Announces that a review is wanted; returns its id."""
        self._reviews += 1
        review_id = self._outbox.new_id("r", self._reviews)
        self._outbox.emit(
            at_ms, "review.queued", item.queue.source, item_fields(item) | {"review_id": review_id}
        )
        return review_id

    def play(self, reviewer: Stint, item: Item, review_id: str, now_ms: int) -> tuple[int, str]:
        """Returns when it was decided and the outcome: accept, fix or reject."""
        assert item.author is not None
        chance, source, author = self._chance, item.queue.source, item.author
        fields = item_fields(item) | {"review_id": review_id, "reviewer_id": reviewer.actor_id}
        self._outbox.emit(now_ms, "review.assigned", source, fields)
        started_ms = now_ms + 500 + int(chance.random() * 2000)
        self._outbox.emit(started_ms, "review.started", source, fields)
        active_ms = 500 + int(
            chance.lognormvariate(0, 0.5) * item.queue.handle_s * 1000 * REVIEW_TIME_SHARE
        )
        ended_ms = started_ms + active_ms
        outcome = self._outcome(item)
        seat = author.seat
        decided = fields | {
            "author_id": author.actor_id,
            "outcome": outcome,
            "attempt": item.attempt,
            "active_ms": active_ms,
            "team_id": seat.team,
            "vendor_id": seat.vendor,
            "site": seat.site,
            "guideline_version": self._troubles.guideline_version(item.queue.project, ended_ms),
        }
        if outcome != "accept":
            decided["defects"] = [
                {"code": "wrong_label", "severity": chance.choice(("minor", "major"))}
            ]
        self._outbox.emit(ended_ms, "review.decided", source, decided)
        if outcome == "reject" and chance.random() < APPEAL_SHARE:
            self._appeal(item, review_id, ended_ms)
        return ended_ms, outcome

    def _outcome(self, item: Item) -> str:
        chance = self._chance
        if item.label == item.truth:
            return "reject" if chance.random() < WRONGLY_REJECTED_SHARE else "accept"
        if chance.random() >= FOUND_SHARE:
            return "accept"
        return "fix" if chance.random() < FIX_SHARE or item.attempt >= 3 else "reject"

    def _appeal(self, item: Item, review_id: str, rejected_ms: int) -> None:
        chance, source = self._chance, item.queue.source
        fields = item_fields(item) | {
            "appeal_id": f"{review_id}-ap",
            "original_decision_id": review_id,
            "channel": "tool",
        }
        filed_ms = rejected_ms + 60_000 + int(chance.random() * 600_000)
        self._outbox.emit(filed_ms, "appeal.filed", source, fields)
        outcome = "overturn" if chance.random() < OVERTURN_SHARE else "uphold"
        decided_ms = filed_ms + 600_000 + int(chance.expovariate(1 / 3_600_000))
        self._outbox.emit(decided_ms, "appeal.decided", source, fields | {"outcome": outcome})
