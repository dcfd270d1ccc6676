"""How far people agree who labelled the same units: percent, kappa, alpha, confusion.

A *unit* is what was labelled, with the one label of each *rater*; units of fewer than two raters
say nothing and count nowhere. Sums are kept as whole numbers, so no order of arrival changes a
digit. ``sinks.questions.agreement`` asks the same of ClickHouse. None: the numbers don't say.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from math import log

#: The label of each rater of one unit.
Unit = Mapping[str, str]


def _told(units: Iterable[Unit]) -> list[Counter[str]]:
    """How often each label was given, of each unit that two or more labelled."""
    return [Counter(unit.values()) for unit in units if len(unit) > 1]


def percent_agreement(units: Iterable[Unit]) -> tuple[int, int]:
    """(agreeing pairs, pairs) of labels within units. Inflated where one label prevails."""
    agreeing = pairs = 0
    for counts in _told(units):
        m = counts.total()
        pairs += m * (m - 1) // 2
        agreeing += sum(c * (c - 1) // 2 for c in counts.values())
    return agreeing, pairs


def cohen_kappa(pairs: Iterable[tuple[str, str]]) -> float | None:
    """Cohen's kappa of two raters' labels, unit by unit; None when both always say one thing.

    (p_o - p_e) / (1 - p_e). Where one label prevails it is low although nearly all agree: show
    the percentage beside it. Source: Cohen 1960, Educational and Psychological Measurement 20(1).
    """
    told = list(pairs)
    n = len(told)
    first, second = Counter(a for a, _ in told), Counter(b for _, b in told)
    same = sum(a == b for a, b in told)
    chance = sum(count * second[label] for label, count in first.items())
    return None if chance == n * n else (same * n - chance) / (n * n - chance)


def fleiss_kappa(units: Iterable[Unit]) -> float | None:
    """Fleiss' kappa over the units that most raters labelled alike in number; None as Cohen's.

    It needs one number of raters: that which most units have, the smaller of two as frequent.
    Source: Fleiss 1971, Psychological Bulletin 76(5).
    """
    told = _told(units)
    sizes = Counter(counts.total() for counts in told)
    if not sizes:
        return None
    m = min(sizes, key=lambda size: (-sizes[size], size))
    chosen = [counts for counts in told if counts.total() == m]
    n = len(chosen)
    squares = sum(c * c for counts in chosen for c in counts.values())
    totals: Counter[str] = sum(chosen, Counter())
    agreed = (squares - n * m) / (n * m * (m - 1))
    chance = sum(c * c for c in totals.values()) / (n * m * n * m)
    return None if len(totals) == 1 else (agreed - chance) / (1 - chance)


@dataclass(slots=True)
class Coincidences:
    """What Krippendorff's alpha is made of, for labels that come, change and go one by one."""

    #: By number of raters: ordered pairs of unlike labels within units.
    unlike: Counter[int] = field(default_factory=Counter)
    totals: Counter[str] = field(default_factory=Counter)
    units: dict[str, dict[str, str]] = field(default_factory=dict)

    def put(self, unit: str, rater: str, label: str | None) -> None:
        """A rater's label of a unit; None takes it back. What the unit said before is replaced."""
        labels = self.units.setdefault(unit, {})
        self._count(labels, -1)
        labels.pop(rater, None)
        if label is not None:
            labels[rater] = label
        self._count(labels, +1)

    def _count(self, labels: Unit, sign: int) -> None:
        m = len(labels)
        if m < 2:
            return
        counts = Counter(labels.values())
        self.unlike[m] += sign * (m * m - sum(c * c for c in counts.values()))
        for label, c in counts.items():
            self.totals[label] += sign * c

    def alpha(self) -> float | None:
        """Krippendorff's alpha, nominal: 1 is agreement, 0 chance; None when one label is all.

        1 - D_o / D_e; from 0.8 reliable, from 0.667 tentative. Raters may be missing.
        Source: Krippendorff 2004, Content Analysis, chapter 11.
        """
        n = self.totals.total()
        expected = n * n - sum(c * c for c in self.totals.values())
        if not expected:
            return None
        observed = sum(pairs / (m - 1) for m, pairs in sorted(self.unlike.items()))
        return 1 - observed * (n - 1) / expected


def krippendorff_alpha(units: Iterable[Unit]) -> float | None:
    """The alpha of units as they are; see ``Coincidences.alpha``."""
    found = Coincidences()
    for number, unit in enumerate(units):
        for rater, label in unit.items():
            found.put(str(number), rater, label)
    return found.alpha()


def mean_entropy(units: Iterable[Unit]) -> float | None:
    """Mean entropy of the units' labels in nats: 0 where all agree; None without units."""
    told = _told(units)
    each = [-sum(c / m * log(c / m) for c in u.values()) for u in told if (m := u.total())]
    return sum(each) / len(each) if each else None


def with_consensus(units: Iterable[Unit]) -> tuple[int, int]:
    """(labels that are what most of the others gave, labels whose others have one such label).

    Without the label itself, which would agree with itself. Most may be wrong together.
    """
    like = n = 0
    for counts in _told(units):
        for label, given in counts.items():
            others = counts - Counter([label])
            (most, votes), *rest = others.most_common()
            if not rest or rest[0][1] < votes:
                n += given
                like += given * (most == label)
    return like, n


def confusion_pairs(units: Iterable[Unit]) -> dict[tuple[str, str], tuple[int, float]]:
    """Of each pair of unlike labels within units (in order): how often, and its lift.

    The lift is that number by the one that chance would give, were labels drawn from all: 1 is
    chance, more is a confusion of just these two.
    """
    told = _told(units)
    pairs: Counter[tuple[str, str]] = Counter()
    for counts in told:
        for a, b in combinations(sorted(counts), 2):
            pairs[a, b] += counts[a] * counts[b]
    totals: Counter[str] = sum(told, Counter())
    n = totals.total()
    whole = sum(counts.total() * (counts.total() - 1) // 2 for counts in told)
    return {
        (a, b): (seen, seen * n * n / (2 * whole * totals[a] * totals[b]))
        for (a, b), seen in pairs.items()
    }
