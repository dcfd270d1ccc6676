"""How a delivery can fail: three kinds, because each wants something else done.

An outage is waited for and nothing is lost; a refused row goes to the dead letters and the rest
is stored; anything else stops the delivery, because guessing would lose rows or block them.
"""

from dataclasses import dataclass

import msgspec


class SinkError(Exception):
    """A delivery did not happen. ``reason`` is short and never repeats content."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class SinkUnavailable(SinkError):
    """The other side can't take anything now; the same rows will do later."""


class SinkRefused(SinkError):
    """These rows are wrong and would be refused again."""


class SinkUnknown(SinkError):
    """Neither an outage nor a bad row: somebody has to look. Nothing may be acknowledged."""


@dataclass(frozen=True, slots=True)
class Refused:
    """One row that can't be stored, and why."""

    row: msgspec.Struct
    reason: str
