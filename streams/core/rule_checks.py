"""What is wrong with rules beyond their shape: names that lead nowhere."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from schemas.groupings import DIMENSIONS, Grouping
from schemas.metrics import METRIC_BY_ID, Metric
from schemas.metrics.formulas import Share
from schemas.rules import SEVERITIES, Rule
from schemas.rules_signals import SIGNAL_BY_ID, Signal
from schemas.targets import Target
from streams.core.rule_reach import reach_faults
from streams.core.rules import (
    Watched,
    grouping_of,
    label_name,
    looks_at_window,
    watched_of,
    window_names,
)
from streams.core.wording import template_faults

#: Where in a rule, and what is wrong there.
Found = tuple[tuple[str | int, ...], str]
ANNOTATIONS_NEEDED = ("summary", "runbook")


@dataclass(frozen=True, slots=True)
class Floor:
    """What rules may refer to; ``has_runbook`` says whether a runbook's file is there."""

    groupings: tuple[Grouping, ...]
    targets: tuple[Target, ...]
    has_runbook: Callable[[str], bool]


def rule_faults(rules: Sequence[Rule], floor: Floor) -> Iterator[Found]:
    """Everything that is wrong, in the order of the file; locations begin with the rule's index."""
    seen: set[str] = set()
    for index, rule in enumerate(rules):
        if rule.alert in seen:
            yield (index, "alert"), f"another rule is called {rule.alert}"
        seen.add(rule.alert)
        for location, message in _faults(rule, floor):
            yield (index, *location), message
        for location, message in _inhibition(rule, rules, floor.groupings):
            yield (index, *location), message


def _faults(rule: Rule, floor: Floor) -> Iterator[Found]:
    yield from _texts(rule, floor)
    watched = watched_of(rule.metric)
    if watched is None:
        yield ("metric",), _unknown_metric(rule.metric)
        return
    misplaced = list(_place(rule, watched, floor.groupings))
    yield from misplaced
    yield from _window(rule, watched)
    if rule.target and not any(each.metric == rule.metric for each in floor.targets):
        yield ("target",), f"can't fire: no target is agreed for {rule.metric}"
    if rule.decide_on == "confidence" and not _is_share(watched):
        yield ("decide_on",), f"{rule.metric} is no share of decisions, so it has no interval"
    if rule.slo is not None and not _is_share(watched):
        yield ("slo",), f"{rule.metric} is no share of items, so it has no error budget"
    if not misplaced:
        yield from reach_faults(rule, watched, floor.targets)


def _is_share(watched: Watched) -> bool:
    return isinstance(watched, Metric) and isinstance(watched.formula, Share)


def _unknown_metric(name: str) -> str:
    known = [*METRIC_BY_ID, *SIGNAL_BY_ID]
    near = get_close_matches(name, known, n=3)
    hint = f"; near it are {', '.join(near)}" if near else ""
    signals = ", ".join(SIGNAL_BY_ID)
    return f"no metric is called {name!r}{hint}; `watchfloor metrics ls` names all, and {signals}"


def _place(rule: Rule, watched: Watched, groupings: tuple[Grouping, ...]) -> Iterator[Found]:
    for dimension in rule.by:
        if dimension not in DIMENSIONS:
            yield ("by",), f"there is no dimension {dimension!r}; there are {', '.join(DIMENSIONS)}"
            return
    if isinstance(watched, Signal):
        if frozenset(rule.by) != frozenset(watched.dimensions):
            wanted = ", ".join(watched.dimensions)
            yield ("by",), f"{watched.id} is known by [{wanted}] only"
        return
    grouping = grouping_of(rule.by, groupings)
    if grouping is None:
        yield ("by",), f"no grouping has these dimensions; there are {_list(groupings)}"
    elif not watched.makes_sense_by(grouping.dimensions):
        fitting = tuple(each for each in groupings if watched.makes_sense_by(each.dimensions))
        yield ("by",), f"{watched.id} is not known by this; it is by {_list(fitting) or 'nothing'}"
    else:
        yield from _calendar(rule, grouping)


def _calendar(rule: Rule, grouping: Grouping) -> Iterator[Found]:
    for key in ("window", "since"):
        if getattr(rule, key) == "shift" and "site" not in grouping.dimensions:
            yield (key,), "can't fire: only a site has shifts, and `by` names no site"
    if rule.since == "guideline" and "guideline" not in grouping.dimensions:
        yield ("since",), "can't fire: `by` names no guideline, whose versions would begin it"


def _list(groupings: tuple[Grouping, ...]) -> str:
    return ", ".join(f"[{', '.join(each.dimensions)}]" for each in groupings)


def _window(rule: Rule, watched: Watched) -> Iterator[Found]:
    accepted = ", ".join(window_names())
    if rule.slo is not None or rule.since is not None:
        return
    if not looks_at_window(watched):
        if rule.window is not None:
            yield ("window",), f"{rule.metric} is a present value: leave out `window`"
    elif rule.window is None:
        yield (), f"`window` is missing: one of {accepted}"
    elif rule.window not in window_names():
        yield ("window",), f"there is no window {rule.window!r}; there are {accepted}"


def _texts(rule: Rule, floor: Floor) -> Iterator[Found]:
    taken = {"alertname", *map(label_name, DIMENSIONS)}
    for name, value in rule.labels.items():
        if name in taken:
            yield ("labels", name), "the alert has this label by itself"
        elif not value:
            yield ("labels", name), "an empty label is no label"
    severity = rule.labels.get("severity")
    if severity is not None and severity not in SEVERITIES:
        accepted = ", ".join(SEVERITIES)
        yield ("labels", "severity"), f"there is no severity {severity!r}; there are {accepted}"
    for name in ANNOTATIONS_NEEDED:
        if not rule.annotations.get(name):
            yield ("annotations",), f"`{name}` is missing"
    names = {*map(label_name, DIMENSIONS), *rule.labels}
    for name, template in rule.annotations.items():
        for fault in template_faults(template, names):
            yield ("annotations", name), fault
    runbook = rule.annotations.get("runbook", "")
    if runbook and not runbook.startswith("https://") and not floor.has_runbook(runbook):
        yield ("annotations", "runbook"), f"there is no file {runbook} beside the rules"


def _inhibition(
    rule: Rule, rules: Sequence[Rule], groupings: tuple[Grouping, ...]
) -> Iterator[Found]:
    by_name = {each.alert: each for each in rules}
    for name in rule.inhibited_by:
        other = by_name.get(name)
        if other is None:
            yield ("inhibited_by",), f"no rule is called {name}"
        elif _subjects(other, groupings) != _subjects(rule, groupings):
            yield ("inhibited_by",), f"{name} is not about the same subjects: `by` differs"
        elif other.inhibited_by:
            yield ("inhibited_by",), f"{name} is inhibited itself: one level only"


def _subjects(rule: Rule, groupings: tuple[Grouping, ...]) -> frozenset[str]:
    """The dimensions by which a rule's subjects are told apart, org and source included."""
    grouping = None if rule.metric in SIGNAL_BY_ID else grouping_of(rule.by, groupings)
    return frozenset(rule.by if grouping is None else grouping.dimensions)
