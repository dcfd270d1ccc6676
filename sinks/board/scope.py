"""What somebody may see. Pure: who it is has been found out before."""

from dataclasses import dataclass
from typing import Any

import msgspec

from schemas.alerts import AlertTransition
from schemas.groupings import is_of_persons
from schemas.principals import ALL_PROJECTS, Principal, in_projects
from schemas.receivers import PERSON_LABELS
from sinks.board.ids import grouping_of
from sinks.board.live import WHOLE, Held, Live
from sinks.notify.audience import for_client


@dataclass(frozen=True, slots=True)
class Scope:
    """The projects, whether persons too, and whether as a client. Views of one scope are shared."""

    projects: frozenset[str] = frozenset({ALL_PROJECTS})
    people: bool = False
    is_client: bool = False

    @classmethod
    def of(cls, principal: Principal | None) -> "Scope":
        """Of a principal; None is somebody on this machine: all of it but persons."""
        if principal is None:
            return cls()
        return cls(frozenset(principal.projects), principal.may_see_people, principal.is_client)

    @property
    def is_everything(self) -> bool:
        """Whether it has no limit of projects."""
        return ALL_PROJECTS in self.projects

    def sees(self, held: Held) -> bool:
        """Whether a subject may be seen; what adds up several projects is of no single one."""
        if is_of_persons(held.grouping) and not self.people:
            return False
        return self.is_everything or in_projects(held.dims, self.projects)

    def sees_grouping(self, grouping: str) -> bool:
        """Whether any subject of a grouping may be seen."""
        return not is_of_persons(grouping) or self.people

    def alert(self, given: AlertTransition) -> AlertTransition | None:
        """An alert as it may be seen; None when it may not."""
        if self.is_client:
            return for_client(given, self.projects)
        if not self.is_everything and not in_projects(given.labels, self.projects):
            return None
        if self.people:
            return given
        if PERSON_LABELS & given.labels.keys():
            return None
        return _without_persons(given)

    def first_place(self, live: Live) -> str:
        """Where somebody starts who names no place."""
        if self.is_everything:
            return WHOLE
        own = [each for each in live.subjects.values() if each.grouping == "project"]
        return min((each.key for each in own if self.sees(each)), default=WHOLE)

    def may_place(self, live: Live, key: str) -> bool:
        """Whether a subject, which may not be there, may be looked at."""
        held = live.subjects.get(key)
        if held is not None:
            return self.sees(held)
        return self.is_everything and self.sees_grouping(grouping_of(key))


def _without_persons(given: AlertTransition) -> AlertTransition:
    """Contributors that are persons are left out."""
    seen = given.evidence
    if seen is None:
        return given
    kept = tuple(each for each in seen.contributors if not PERSON_LABELS & each.dims.keys())
    if len(kept) == len(seen.contributors):
        return given
    changed: dict[str, Any] = {"evidence": msgspec.structs.replace(seen, contributors=kept)}
    return msgspec.structs.replace(given, **changed)
