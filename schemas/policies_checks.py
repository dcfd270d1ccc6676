"""What a policy file means: names that lead nowhere, and clocks that could not do what they say."""

from collections.abc import Iterator
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from schemas.envelope import Envelope, OfItem
from schemas.events import MODELS
from schemas.policies import ALWAYS, Condition, ItemMatch, Policy, PolicyFile, PolicyVersion

Place = tuple[str | int, ...]
#: Where something is wrong, and what.
Found = tuple[Place, str]

#: Event types that move clocks.
ITEM_EVENTS: dict[str, type[Envelope]] = {
    name: model for name, model in MODELS.items() if issubclass(model, OfItem)
}
#: The fields of an item that a policy may ask for, and their names in events.
ITEM_FIELDS: dict[str, str] = {
    "queue": "queue_id",
    "team": "team_id",
    "vendor": "vendor_id",
    "guideline": "guideline_version",
} | {name: name for name in ("site", "language", "stage", "priority", "severity", "category")}
#: The fields that only the event itself has.
EVENT_FIELDS = ("reason", "outcome", "terminal_state", "actor_type", "to_queue")
CONDITIONS = ("start", "pause", "resume", "stop", "cancel", "reset")


def policy_faults(file: PolicyFile) -> Iterator[Found]:
    """Everything that is wrong with a file whose shape is right."""
    seen: set[str] = set()
    for at, policy in enumerate(file.policies):
        if policy.id in seen:
            yield ("policies", at, "id"), f"another policy is called {policy.id!r}"
        seen.add(policy.id)
        yield from _order_faults(policy, ("policies", at, "versions"))
        for number, version in enumerate(policy.versions):
            place = ("policies", at, "versions", number)
            yield from _version_faults(version, place, tuple(file.calendars))


def _order_faults(policy: Policy, place: Place) -> Iterator[Found]:
    pairs = zip(policy.versions, policy.versions[1:], strict=False)
    for at, (before, after) in enumerate(pairs, 1):
        if after.version <= before.version:
            text = f"comes after version {before.version}: write a larger number"
            yield (*place, at, "version"), text
        if after.valid_from <= before.valid_from:
            yield (*place, at, "valid_from"), "begins no later than the version before it"
    if policy.versions[0].applies == "open":
        yield (*place, 0, "applies"), "no clock is open before the first version: leave it out"


def _version_faults(
    version: PolicyVersion, place: Place, calendars: tuple[str, ...]
) -> Iterator[Found]:
    if version.calendar != ALWAYS and version.calendar not in calendars:
        known = ", ".join((ALWAYS, *calendars))
        yield (*place, "calendar"), f"no calendar is called {version.calendar!r}; there are {known}"
    for one, other in (("pause", "resume"), ("resume", "pause")):
        if getattr(version, one) and not getattr(version, other):
            yield (*place, one), f"a clock with {one} needs {other} as well"
    for name in CONDITIONS:
        for at, condition in enumerate(getattr(version, name)):
            yield from _condition_faults(condition, (*place, name, at))
    yield from _target_faults(version, place)
    for name in ("stop", "cancel", "reset"):
        for at, condition in enumerate(getattr(version, name)):
            if condition in version.start and name != "reset":
                yield (*place, name, at), f"the same condition starts and {name}s the clock"


def _target_faults(version: PolicyVersion, place: Place) -> Iterator[Found]:
    for at, target in enumerate(version.targets):
        if version.calendar != ALWAYS and "d" in target.target:
            text = f"{target.target}: a day of a calendar has the hours it has; say hours"
            yield (*place, "targets", at, "target"), text
    for at, target in enumerate(version.targets[:-1]):
        if not _asked(target):
            yield (*place, "targets", at), "matches every item, so those after it never count"


def _condition_faults(condition: Condition, place: Place) -> Iterator[Found]:
    for name in condition.event:
        model = ITEM_EVENTS.get(name)
        if model is None:
            known = ", ".join(ITEM_EVENTS)
            yield (*place, "event"), f"no event of an item is called {name!r}; there are {known}"
            continue
        for field in EVENT_FIELDS:
            values = getattr(condition, field)
            if values is None:
                continue
            if field not in model.model_fields:
                known = ", ".join(f for f in EVENT_FIELDS if f in model.model_fields)
                yield (*place, field), f"{name} has no {field}; it has {known}"
                continue
            closed = _closed_values(model.model_fields[field].annotation)
            strange = [value for value in values if closed and value not in closed]
            if strange:
                known = ", ".join(closed)
                yield (*place, field), f"{name} never says {strange[0]!r}; it says one of {known}"


def _asked(match: ItemMatch) -> dict[str, tuple[str, ...]]:
    """The item's fields that are asked for."""
    return {name: v for name in ITEM_FIELDS if (v := getattr(match, name)) is not None}


def _closed_values(annotation: Any) -> tuple[str, ...]:
    """The values of a closed list, () for open text."""
    if get_origin(annotation) is Literal:
        return tuple(str(value) for value in get_args(annotation))
    if get_origin(annotation) in (Union, UnionType):
        return tuple(v for part in get_args(annotation) for v in _closed_values(part))
    return ()
