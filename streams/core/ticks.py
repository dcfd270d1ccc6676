"""Time as it enters the state: ticks, each of which waits for the records it knows of."""

from collections.abc import Iterator, Mapping

import msgspec

#: Ticks that wait for their events; beyond this the older of two neighbours is dropped.
TICKS_PENDING_MAX = 1000


class Tick(msgspec.Struct, frozen=True):
    """A tick's value: all records from before ``t_ms`` lie before these offsets.

    ``ends`` are the end offsets of the same partition of each source topic, asked for after the
    broker had stamped the tick before with ``t_ms``: no clock but the broker's is involved.
    """

    t_ms: int
    ends: dict[str, int]


_decode = msgspec.json.Decoder(Tick).decode


class Ticks:
    """Ticks of one source partition that wait for their records, in the order they came."""

    def __init__(self) -> None:
        self._pending: list[Tick] = []

    def hear(self, value: bytes) -> None:
        """Take in a tick's value; msgspec.ValidationError when it is not one."""
        self._pending.append(_decode(value))

    def take_due(self, offsets: Mapping[str, int]) -> Iterator[int]:
        """The times (UTC ms) of ticks whose records are all in, given the next offset by topic."""
        if len(self._pending) > TICKS_PENDING_MAX:
            del self._pending[:-TICKS_PENDING_MAX:2]
        while self._pending:
            tick = self._pending[0]
            if any(offsets.get(role, 0) < end for role, end in tick.ends.items()):
                return
            del self._pending[0]
            yield tick.t_ms
