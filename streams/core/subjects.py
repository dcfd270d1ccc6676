"""From a fact's scope to the subjects it counts for."""

from schemas.groupings import DIMENSIONS, SEPARATOR, Grouping
from streams.core.facts import Scope
from streams.core.forgotten import is_mark

#: (org, source, project) of an item; a person has no project, so no grouping by it gets them.
Home = tuple[str, str, str | None]

#: Positions of the fixed dimensions in ``home + scope``; extras follow.
_FIXED = ("org", "source", "project", "queue", "team", "site", "annotator", "reviewer", "label")


#: Dimensions with so many values that few facts of a flush share them.
_NARROW = frozenset({"annotator", "reviewer", "label"})


class Subjects:
    """Resolves (home, scope) to subject keys, remembering what it resolved.

    *Broad* subjects name no person and no label, *narrow* ones do. The memory is bounded: it is
    emptied when it holds ``remembered_max`` scopes.
    """

    def __init__(
        self,
        groupings: tuple[Grouping, ...],
        extra_dims: tuple[str, ...],
        remembered_max: int = 200_000,
    ) -> None:
        self.extra_dims = extra_dims
        order = _FIXED + extra_dims
        assert all(name in DIMENSIONS for g in groupings for name in g.dimensions)
        self._plans = [
            (g.name, tuple(order.index(name) for name in g.dimensions), "label" in g.dimensions)
            for g in groupings
        ]
        self._broad = {g.name for g in groupings if _NARROW.isdisjoint(g.dimensions)}
        self._remembered: dict[tuple[Home, Scope], tuple[tuple[str, ...], tuple[str, ...]]] = {}
        self._remembered_max = remembered_max

    def of(self, home: Home, scope: Scope) -> tuple[str, ...]:
        """The keys of all subjects for which a fact in this scope counts."""
        broad, narrow = self.split(home, scope)
        return broad + narrow

    def split(self, home: Home, scope: Scope) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The keys of the broad subjects, and of the narrow ones."""
        known = self._remembered.get((home, scope))
        if known is not None:
            return known
        if len(self._remembered) >= self._remembered_max:
            self._remembered.clear()
        asked = scope
        if is_mark(scope.annotator) or is_mark(scope.reviewer):
            scope = _nobodys(scope)
        values = (*home, *scope[:6], *scope.extras)
        by_label = scope.label is not None
        broad: list[str] = []
        narrow: list[str] = []
        for name, positions, has_label in self._plans:
            parts = [values[at] for at in positions]
            if has_label is by_label and None not in parts:
                keys = broad if name in self._broad else narrow
                keys.append(SEPARATOR.join([name, *[part or "" for part in parts]]))
        found = self._remembered[home, asked] = (tuple(broad), tuple(narrow))
        return found

    def forget(self) -> None:
        """Remember nothing: somebody's name may be in it."""
        self._remembered.clear()


def _nobodys(scope: Scope) -> Scope:
    """The scope, to which a dimension does not apply where a mark stands for a person."""
    return scope._replace(
        annotator=None if is_mark(scope.annotator) else scope.annotator,
        reviewer=None if is_mark(scope.reviewer) else scope.reviewer,
    )
