"""Counts of this process, and their Prometheus text.

Made to be called once per batch or flush: a call is two dictionary look-ups. Not locked:
everything that counts runs in one event loop.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping

from streams.telemetry import DECLARATIONS, Counter, Declaration, Gauge, Histogram

Tags = tuple[str, ...]


class Meters:
    """The values of all declared metrics. Tags are given in the order of the declaration."""

    __slots__ = ("_buckets", "_values")

    def __init__(self) -> None:
        self._values: dict[str, dict[Tags, float]] = {
            name: {} for name, it in DECLARATIONS.items() if it.kind != "histogram"
        }
        self._buckets: dict[str, dict[Tags, list[float]]] = {
            name: {} for name, it in DECLARATIONS.items() if it.kind == "histogram"
        }

    def count(self, name: Counter, n: int, *tags: str) -> None:
        """Add ``n`` >= 0."""
        series = self._values[name]
        series[tags] = series.get(tags, 0) + n

    def set(self, name: Gauge, value: float, *tags: str) -> None:
        """State the present value."""
        self._values[name][tags] = value

    def state(self, name: Gauge, values: Mapping[Tags, float]) -> None:
        """State all present values; others are forgotten, as of another worker's partitions."""
        self._values[name] = dict(values)

    def observe(self, name: Histogram, value: float, *tags: str) -> None:
        """Take in one observation."""
        bounds = DECLARATIONS[name].buckets
        # One slot per bound, one beyond them, and the sum.
        slots = self._buckets[name].setdefault(tags, [0.0] * (len(bounds) + 2))
        slots[bisect_left(bounds, value)] += 1
        slots[-1] += value

    def read(self, name: Counter | Gauge, *tags: str) -> float | None:
        """The present value; None when nothing was said yet."""
        return self._values[name].get(tags)

    def total(self, name: Counter | Gauge) -> float:
        """The sum over all tags."""
        return sum(self._values[name].values())

    def expose(self) -> str:
        """Everything known, in Prometheus' text format 0.0.4."""
        return "".join(f"{line}\n" for it in DECLARATIONS.values() for line in self._lines(it))

    def _lines(self, it: Declaration) -> Iterator[str]:
        series: Mapping[Tags, float | list[float]]
        series = self._buckets[it.name] if it.kind == "histogram" else self._values[it.name]
        if not series:
            return
        yield f"# HELP {it.name} {_escape(it.meaning)}"
        yield f"# TYPE {it.name} {it.kind}"
        for tags, value in series.items():
            assert len(tags) == len(it.tags), f"{it.name} takes the tags {it.tags}"
            labels = [f'{key}="{_escape(tag)}"' for key, tag in zip(it.tags, tags, strict=True)]
            if isinstance(value, list):
                yield from _histogram(it, labels, value)
            else:
                yield f"{it.name}{_braced(labels)} {value:.17g}"


def _histogram(it: Declaration, labels: list[str], slots: list[float]) -> Iterator[str]:
    below = 0.0
    for bound, n in zip((*it.buckets, float("inf")), slots[:-1], strict=True):
        below += n
        edge = 'le="+Inf"' if bound == float("inf") else f'le="{bound:g}"'
        yield f"{it.name}_bucket{_braced([*labels, edge])} {below:.17g}"
    yield f"{it.name}_sum{_braced(labels)} {slots[-1]:.17g}"
    yield f"{it.name}_count{_braced(labels)} {below:.17g}"


def _braced(labels: list[str]) -> str:
    return f"{{{','.join(labels)}}}" if labels else ""


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
