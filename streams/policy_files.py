"""SLA policies read from a file: ready to be compiled, or refused with every fault."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel

from schemas.calendars import BusinessCalendar
from schemas.faults import Fault
from schemas.policies import (
    Condition,
    Policy,
    PolicyFile,
    PolicyTarget,
    PolicyVersion,
    keys_of,
)
from schemas.policies_checks import CONDITIONS, policy_faults
from streams import marked_yaml, settings_sources
from streams.core.kept import Layout, NotKept
from streams.core.plan import Plan
from streams.core.terms import Book, make_book
from streams.marked_yaml import FileRefused
from streams.notify_settings import Alerts

POLICIES_FILE = Path(__file__).resolve().parent.parent / "deploy" / "policies.yaml"

#: The last key of a path that names a part, and the part's model.
_PARTS: dict[str, type[BaseModel]] = {
    "policies": Policy,
    "versions": PolicyVersion,
    "targets": PolicyTarget,
    "calendars": BusinessCalendar,
    **dict.fromkeys(CONDITIONS, Condition),
}


def read_policies(path: Path = POLICIES_FILE) -> PolicyFile:
    """The policies of a file; raises FileRefused with file, line and reason of each fault."""
    try:
        marked = marked_yaml.read(path, PolicyFile)
    except FileRefused as refused:
        raise FileRefused(_with_keys(fault) for fault in refused.faults) from refused
    faults = [marked.fault(place, message) for place, message in policy_faults(marked.content)]
    if faults:
        raise FileRefused(faults)
    return marked.content


def configured() -> PolicyFile:
    """The policies of this floor; raises FileRefused."""
    return read_policies(settings_sources.read(Alerts).policies)


def read_book(plan: Plan) -> Book:
    """The same, ready for the clocks of a floor; FileRefused when it keeps too little for them."""
    try:
        return make_book(configured(), Layout(plan.extra_dims))
    except NotKept as missing:
        raise FileRefused([Fault(POLICIES_FILE.name, 1, "policies", str(missing))]) from missing


def _with_keys(fault: Fault) -> Fault:
    """An unknown key, told with those that are known."""
    if not fault.message.startswith("unknown key"):
        return fault
    known = ", ".join(keys_of(_part_at(fault.field.split("."))))
    return Fault(fault.file, fault.line, fault.field, f"{fault.message}; there are {known}")


def _part_at(path: Sequence[str]) -> type[BaseModel]:
    """The model of the part that holds the last key of a path."""
    named = [name for name in path[:-1] if name in _PARTS]
    return _PARTS[named[-1]] if named else PolicyFile
