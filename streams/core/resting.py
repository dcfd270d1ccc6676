"""Values that rest as bytes: a floor holds weeks of panes, and few of them change.

A dict of a dozen counts takes a kilobyte, its bytes a hundred. A value is opened to be changed,
stays open until ``rest``, and is then bytes again.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

import msgspec

from schemas.measures import Tally, add

K = TypeVar("K")
V = TypeVar("V")

_pack = msgspec.msgpack.Encoder().encode
_unpack_tally = msgspec.msgpack.Decoder(dict[int, int]).decode


class Resting(Mapping[K, V]):
    """A dict whose values rest as msgpack; what ``[]`` gives of them is not to be changed."""

    __slots__ = ("_open", "_resting", "_unpack")

    def __init__(self, unpack: Callable[[bytes], V]) -> None:
        self._unpack = unpack
        self._open: dict[K, V] = {}
        self._resting: dict[K, bytes] = {}

    def __len__(self) -> int:
        return len(self._open) + len(self._resting)

    def __iter__(self) -> Iterator[K]:
        yield from self._resting
        yield from self._open

    def __contains__(self, key: object) -> bool:
        return key in self._open or key in self._resting

    def __getitem__(self, key: K) -> V:
        value = self._open.get(key)
        return self._unpack(self._resting[key]) if value is None else value

    def open(self, key: K, make: Callable[[], V]) -> V:
        """The value to be changed, made new when there is none."""
        value = self._open.get(key)
        if value is None:
            packed = self._resting.pop(key, None)
            value = self._open[key] = make() if packed is None else self._unpack(packed)
        return value

    def packed(self, key: K) -> bytes:
        """A value's bytes; from now on it rests."""
        value = self._open.pop(key, None)
        if value is not None:
            self._resting[key] = _pack(value)
        return self._resting[key]

    def put(self, key: K, packed: bytes) -> None:
        """Take in a value as it was packed."""
        self._open.pop(key, None)
        self._resting[key] = packed

    def drop(self, key: K) -> None:
        """Forget a value, if it is there."""
        self._open.pop(key, None)
        self._resting.pop(key, None)

    def rest(self, may: Callable[[K], bool] | None = None) -> None:
        """Pack what is open, or what of it ``may`` rest."""
        for key in [key for key in self._open if may is None or may(key)]:
            self.packed(key)


class Tallies(Resting[K, Tally]):
    """Tallies by their key."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(_unpack_tally)

    def add(self, key: K, delta: Mapping[int, int]) -> None:
        """Add counts to a tally; it stays, even when nothing is left in it."""
        add(self.open(key, dict), delta)
