"""What is known of an item as its moments go by; its clocks share it."""

from streams.core import moments
from streams.core.custody import Custody
from streams.core.moments import Moment
from streams.core.terms import CLAIMS

QUEUEINGS = frozenset({moments.QUEUED, moments.REQUEUED})


class Known:
    """Where an item is, what it is, and the times that clocks count from."""

    __slots__ = ("claims", "created_ms", "custody", "queueings", "values")

    def __init__(self, extra_count: int) -> None:
        self.custody = Custody()
        #: Queue, team, site and further dimensions as last heard.
        self.values = [""] * (3 + extra_count)
        self.created_ms: int | None = None
        self.queueings: list[int] = []
        self.claims: list[int] = []

    def step(self, moment: Moment) -> None:
        """Hear of one moment."""
        custody, values = self.custody, self.values
        custody.step(moment)
        values[0] = custody.queue
        if moment.team is not None:
            values[1] = moment.team
        if moment.site is not None:
            values[2] = moment.site
        for at, value in enumerate(moment.extras, 3):
            if value is not None:
                values[at] = value
        code = moment.code
        if code == moments.CREATED and self.created_ms is None:
            self.created_ms = moment.t_ms
        elif code in QUEUEINGS:
            self.queueings.append(moment.t_ms)
        elif code in CLAIMS:
            self.claims.append(moment.t_ms)
