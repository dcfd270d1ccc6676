"""What one item counted for: the parts of numbers that are its own, so that they can be opened.

The same facts as in the panes, at the same level, but of one item, and without people: an item's
share is the same whoever worked on it.
"""

from collections.abc import Iterable

import msgspec

from schemas.measures import Tally
from schemas.rows import UNKNOWN_PARTS
from streams.core.facts import Delta, Fact
from streams.core.plan import Plan

#: An item with more is told without its parts: a row has to fit into a message.
PARTS_MAX = 1_000

#: Start and length of the pane in ms, queue, team, site, label, and further dimensions in order.
_Place = tuple[int, int, str | None, str | None, str | None, str | None, tuple[str, ...]]

_encode = msgspec.json.Encoder().encode


class Shares:
    """Signed counts of one item by pane and place."""

    __slots__ = ("_cells",)

    def __init__(self) -> None:
        # Most places have one fact: its own counts are kept, and added up where another comes.
        self._cells: dict[_Place, tuple[Delta, ...] | Tally] = {}

    def book(self, facts: Iterable[Fact], record_ms: int, plan: Plan) -> None:
        """Add facts that a Kafka record of that time caused."""
        late_before_ms = record_ms - plan.late_after_ms
        pane_ms, late_pane_ms, cells = plan.pane_ms, plan.late_pane_ms, self._cells
        for t_ms, (queue, team, site, _, _, label, extras), deltas in facts:
            size_ms = late_pane_ms if t_ms < late_before_ms else pane_ms
            place = (t_ms - t_ms % size_ms, size_ms, queue, team, site, label, extras)
            cell = cells.get(place)
            if cell is None:
                cells[place] = deltas
                continue
            if isinstance(cell, tuple):
                cell = cells[place] = dict(cell)
            for key, n in deltas:
                cell[key] = cell.get(key, 0) + n

    def parts(self, plan: Plan) -> msgspec.Raw:
        """All of them as JSON of ``ItemPart``s, without what came and was taken back.

        In the order of their text, so that the same parts are the same bytes.
        """
        if len(self._cells) > PARTS_MAX:
            return UNKNOWN_PARTS
        names, found = plan.extra_dims, []
        for (start_ms, size_ms, queue, team, site, label, extras), cell in self._cells.items():
            deltas = cell if isinstance(cell, tuple) else cell.items()
            counts = sorted([delta for delta in deltas if delta[1]])
            if counts:
                named = {name: it for name, it in zip(names, extras, strict=True) if it}
                start_s, size_s = start_ms // 1000, size_ms // 1000
                found.append(_encode((start_s, size_s, queue, team, site, label, named, counts)))
        found.sort()
        return msgspec.Raw(b"[%b]" % b",".join(found))
