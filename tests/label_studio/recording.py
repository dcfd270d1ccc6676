"""Writes what a real Label Studio sends to files, one for each step, without content."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.label_studio.scenario import Step
from tests.label_studio.stripping import stripped

PAYLOADS = Path(__file__).parent / "payloads"
EXPORT = "export"
_HEADERS = ("content-type", "user-agent", "x-watchfloor-secret")


def write_payloads(steps: Iterable[Step], folder: Path) -> int:
    """Replaces the payloads in ``folder`` and returns how many steps there are."""
    for old in folder.glob("*.json"):
        old.unlink()
    count = 0
    for count, step in enumerate(steps, start=1):
        whole = stripped(step.answer) if step.name == EXPORT else _record(step)
        name = "export" if step.name == EXPORT else f"{count:02}_{step.name}"
        (folder / f"{name}.json").write_text(json.dumps(whole, indent=1) + "\n")
    return count


def _record(step: Step) -> dict[str, Any]:
    deliveries = [
        {
            "headers": {name: each.headers.get(name) for name in _HEADERS},
            "body": stripped(each.body),
        }
        for each in step.deliveries
    ]
    return {"step": step.name, "deliveries": deliveries}


def read_bodies(folder: Path = PAYLOADS) -> dict[str, list[Any]]:
    """The recorded bodies by the name of their step, in the order in which they were sent."""
    found = {}
    for path in sorted(folder.glob("[0-9]*.json")):
        record = json.loads(path.read_text())
        found[record["step"]] = [each["body"] for each in record["deliveries"]]
    return found


def read_export(folder: Path = PAYLOADS) -> Any:
    """The recorded JSON export."""
    return json.loads((folder / f"{EXPORT}.json").read_text())
