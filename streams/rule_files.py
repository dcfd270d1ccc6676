"""Rules and targets read from files: ready to be evaluated, or refused with every fault."""

from collections.abc import Iterator
from pathlib import Path

from schemas.faults import Fault
from schemas.groupings import Grouping
from schemas.metrics import METRIC_BY_ID
from schemas.rules import Rule, RulesFile, Slo, keys_of
from schemas.rules_amounts import amount
from schemas.targets import Target, TargetsFile
from streams import marked_yaml
from streams.core.rule_checks import Floor, rule_faults
from streams.core.rules import RuleBook, make_ready
from streams.floor_files import DEPLOY, read_groupings
from streams.marked_yaml import FileRefused, Marked

RULES_FILE = DEPLOY / "rules.yaml"
TARGETS_FILE = DEPLOY / "targets.yaml"


def read_rules(
    rules: Path = RULES_FILE,
    targets: Path = TARGETS_FILE,
    groupings: tuple[Grouping, ...] | None = None,
) -> RuleBook:
    """The book of rules; raises FileRefused with file, line and reason of all that is wrong."""
    groupings = read_groupings() if groupings is None else groupings
    agreed = read_targets(targets)
    marked = _read_shape(rules)
    floor = Floor(groupings, agreed, lambda name: (rules.parent / name).is_file())
    found = rule_faults(marked.content.rules, floor)
    faults = [marked.fault(("rules", *location), message) for location, message in found]
    if faults:
        raise FileRefused(faults)
    return make_ready(marked.content.rules, agreed, groupings)


def read_targets(path: Path = TARGETS_FILE) -> tuple[Target, ...]:
    """What was agreed; raises FileRefused."""
    marked = marked_yaml.read(path, TargetsFile)
    faults = list(_target_faults(marked))
    if faults:
        raise FileRefused(faults)
    return marked.content.targets


def _read_shape(path: Path) -> Marked[RulesFile]:
    """The file's shape; unknown keys are told with those that are known."""
    try:
        return marked_yaml.read(path, RulesFile)
    except FileRefused as refused:
        raise FileRefused(_with_keys(fault) for fault in refused.faults) from refused


def _with_keys(fault: Fault) -> Fault:
    if not fault.message.startswith("unknown key"):
        return fault
    model = Slo if ".slo." in fault.field else Rule if fault.field.count(".") else RulesFile
    known = ", ".join(keys_of(model))
    return Fault(fault.file, fault.line, fault.field, f"{fault.message}; there are {known}")


def _target_faults(marked: Marked[TargetsFile]) -> Iterator[Fault]:
    seen = set()
    for index, target in enumerate(marked.content.targets):
        place: tuple[str | int, ...] = ("targets", index)
        metric = METRIC_BY_ID.get(target.metric)
        if metric is None:
            message = f"no metric is called {target.metric!r}; `watchfloor metrics ls` names all"
            yield marked.fault((*place, "metric"), message)
            continue
        try:
            amount(target.value, metric.unit)
        except ValueError as error:
            yield marked.fault((*place, "value"), str(error))
        strange = sorted(set(target.where) - metric.dimensions)
        if strange:
            known = ", ".join(sorted(metric.dimensions))
            message = f"{target.metric} is not known by {strange[0]}; it is by {known}"
            yield marked.fault((*place, "where"), message)
        key = (target.metric, tuple(sorted(target.where.items())), target.valid_from)
        if key in seen:
            yield marked.fault(place, "another target says the same place, metric and day")
        seen.add(key)
