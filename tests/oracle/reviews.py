"""What reviewers and appeals say about an item's submissions."""

from dataclasses import dataclass, field

from tests.oracle.lives import Event
from tests.oracle.measures import M
from tests.oracle.scene import Dims, Scene


@dataclass(slots=True)
class Reviews:
    """Books measures 6-7 and 30-37; ``standing`` is the accept that nobody took back so far."""

    scene: Scene
    decided: int = 0
    reached: bool = False
    standing: Dims | None = None
    submissions: dict[str, Event] = field(default_factory=dict)

    def step(self, event: Event) -> None:
        """Book what this one event says, given all before it."""
        kind = event["event_type"]
        if kind == "item.submitted":
            self.submissions[event["actor_id"]] = event
        elif kind == "review.decided":
            self._decided(event)
        elif kind == "appeal.decided" and event["outcome"] == "overturn":
            self._retract(event)

    def _dims(self, event: Event) -> Dims:
        work = self.submissions.get(event["author_id"], {})
        return self.scene.flow(event)._replace(
            team=work.get("team_id", event.get("team_id", "")),
            site=work.get("site", event.get("site", "")),
            annotator=event["author_id"],
            reviewer=event["reviewer_id"],
        )

    def _decided(self, event: Event) -> None:
        dims, outcome = self._dims(event), event["outcome"]
        self.decided += 1
        kinds = {"accept": M.ACCEPTED, "reject": M.REJECTED, "fix": M.FIXED}
        self.scene.book(event, M.REVIEWED, dims)
        self.scene.book(event, kinds[outcome], dims)
        if self.decided == 1:
            self.scene.book(event, M.FIRST_REVIEWED, dims)
            firsts = {"accept": M.FIRST_PASSED, "fix": M.FIRST_FIXED}
            if outcome in firsts:
                self.scene.book(event, firsts[outcome], dims)
        if outcome in ("accept", "fix") and not self.reached:
            self.reached = True
            self.scene.book(event, M.ROUNDS, dims, self.decided)
            self.scene.book(event, M.ROUNDS_N, dims)
        if outcome == "accept":
            self.standing = dims
        else:
            self._retract(event)

    def _retract(self, event: Event) -> None:
        if self.standing is not None:
            self.scene.book(event, M.ACCEPT_RETRACTED, self.standing)
            self.standing = None
