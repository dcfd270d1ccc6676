"""Rules made ready: each with its metric, grouping, windows and threshold looked up once.

What can't be made ready was refused by ``rule_checks`` before; here nothing is checked again.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.groupings import Grouping
from schemas.metrics import METRIC_BY_ID, Metric
from schemas.metrics.formulas import PRESENT, Age, Level, LevelShare
from schemas.rules import Rule
from schemas.rules_amounts import amount
from schemas.rules_signals import SIGNAL_BY_ID, Signal
from schemas.targets import Target, target_of
from streams.core.windows import LONGEST_MS, ROLLING_MS

#: Windows that begin where a site's calendar says, by the name that rules have for them.
NAMED_WINDOWS = {"shift": "shift", "day": "business_day"}
#: Those that identify a thing together with its name, so a rule need not write them.
IDENTITY = frozenset({"org", "source"})

Watched = Metric | Signal


def label_name(dimension: str) -> str:
    """A dimension's name among an alert's labels, where ``severity`` is the alert's own."""
    return "item_severity" if dimension == "severity" else dimension


def window_names() -> tuple[str, ...]:
    """Every window that a rule may name."""
    return (*ROLLING_MS, *NAMED_WINDOWS)


def looks_at_window(watched: Watched) -> bool:
    """Whether what is watched is counted over a window and not only a present value."""
    return isinstance(watched, Metric) and not isinstance(watched.formula, Level | Age | LevelShare)


def needs_gauges(watched: Watched) -> bool:
    """Whether the backlog as it stands is part of the value."""
    return isinstance(watched, Metric) and isinstance(watched.formula, PRESENT)


def watched_of(name: str) -> Watched | None:
    """The metric or signal of that name."""
    return METRIC_BY_ID.get(name) or SIGNAL_BY_ID.get(name)


def grouping_of(by: tuple[str, ...], groupings: tuple[Grouping, ...]) -> Grouping | None:
    """The grouping with these dimensions; org and source may be left out where that is clear."""
    wanted = frozenset(by)
    exact = [each for each in groupings if frozenset(each.dimensions) == wanted]
    if exact:
        return exact[0]
    near = [
        each
        for each in groupings
        if wanted <= frozenset(each.dimensions) and frozenset(each.dimensions) - wanted <= IDENTITY
    ]
    return near[0] if len(near) == 1 else None


@dataclass(frozen=True, slots=True)
class ReadyRule:
    """One rule as the core evaluates it; thresholds are in the metric's own unit.

    ``grouping`` is "" for a signal. ``windows`` are the names by which stage 2 knows them: one,
    or for a budget the long, the short and the period; none for a present value.
    """

    rule: Rule
    watched: Watched
    grouping: str
    dimensions: tuple[str, ...]
    windows: tuple[str, ...]
    threshold: float | None
    clear: float | None
    version: str

    @property
    def name(self) -> str:
        """The alert's name."""
        return self.rule.alert


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All rules of a floor, those that inhibit others first, and the targets they look up."""

    rules: tuple[ReadyRule, ...] = ()
    targets: tuple[Target, ...] = ()

    def threshold(self, ready: ReadyRule, dims: Mapping[str, str], at_ms: int) -> float | None:
        """The number to compare with; None when no target was agreed for the subject."""
        if ready.rule.target is None:
            return ready.threshold
        target = target_of(self.targets, ready.rule.metric, dims, at_ms)
        return None if target is None else amount(target.value, ready.watched.unit)


def make_ready(
    rules: tuple[Rule, ...], targets: tuple[Target, ...], groupings: tuple[Grouping, ...]
) -> RuleBook:
    """The book of rules that were found without fault."""
    ready = [_ready(rule, groupings) for rule in rules]
    return RuleBook(tuple(sorted(ready, key=lambda each: bool(each.rule.inhibited_by))), targets)


def _ready(rule: Rule, groupings: tuple[Grouping, ...]) -> ReadyRule:
    watched = watched_of(rule.metric)
    assert watched is not None
    grouping = None if isinstance(watched, Signal) else grouping_of(rule.by, groupings)
    unit = watched.unit
    threshold = None if rule.value is None else amount(rule.value, unit)
    return ReadyRule(
        rule=rule,
        watched=watched,
        grouping="" if grouping is None else grouping.name,
        dimensions=watched.dimensions if isinstance(watched, Signal) else _dimensions(grouping),
        windows=_windows(rule),
        threshold=threshold,
        clear=threshold if rule.clear is None else amount(rule.clear, unit),
        version=rule.version,
    )


def _dimensions(grouping: Grouping | None) -> tuple[str, ...]:
    assert grouping is not None
    return grouping.dimensions


def _windows(rule: Rule) -> tuple[str, ...]:
    if rule.slo is not None:
        return rule.slo.window, rule.slo.short, rule.slo.period
    if rule.since is not None:
        return (since_window(rule),)
    return () if rule.window is None else (NAMED_WINDOWS.get(rule.window, rule.window),)


def since_window(rule: Rule) -> str:
    """The window in which a confidence rule counts: a calendar's, or one of its own."""
    assert rule.since is not None
    return NAMED_WINDOWS.get(rule.since, f"since:{rule.alert}")


def since_start_ms(at_ms: int) -> int:
    """When counting begins that no calendar begins: anew every 28 days, for all alike.

    A guideline's version is counted from its first event on, as it has none before. Panes are
    kept for 28 days, and a sequence over a window that slides would not hold.
    """
    return at_ms - at_ms % LONGEST_MS
