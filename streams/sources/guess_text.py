"""Writes a guessed mapping as YAML whose comments say why."""

import json
import re
from dataclasses import dataclass

from streams.sources.sampling import Sample


@dataclass(frozen=True, slots=True)
class Guess:
    """Which column has which role, how times are written, and what is doubtful."""

    sample: Sample
    file: str
    over: str | None
    columns: dict[str, str]
    formats: dict[str, str]
    doubts: list[str]

    def inside(self, role: str) -> bool:
        """Whether the role's column belongs to an element of the list."""
        return self.over is not None and self.columns.get(role, "").startswith(self.over)


def written(guess: Guess, known: list[str]) -> str:
    """The mapping's text; it passes `watchfloor mapping check` on the sample."""
    lines = [
        f"# Guessed from {guess.sample.records} records. Each comment says why: correct what is",
        "# wrong, take out what you do not need, then run `watchfloor mapping check`.",
        *(f"# The built-in mapping `{name}` reads all of these: better use it." for name in known),
        *(f"# In doubt: {doubt}." for doubt in guess.doubts),
        f"id: {_id(guess.file)}  # Part of every event id: keep it once events were sent.",
        f"format: {guess.sample.format}",
    ]
    if guess.sample.format == "csv" and guess.sample.delimiter != ",":
        lines.append(f"delimiter: {_quoted(guess.sample.delimiter)}")
    lines += _row_id(guess)
    lines += ["zone: UTC  # Of times without a zone: put yours, such as Europe/Berlin.", ""]
    lines += _times(guess)
    if "label" in guess.columns:
        lines += ["answers:", f"  label: {{column: {_column(guess, 'label')}}}"]
        lines += ["  # Short names only; a column of free text must not stand here."]
        if "gold" in guess.columns:
            lines.append(f"  gold: {{column: {_column(guess, 'gold')}}}")
        lines.append("")
    lines += _fields(guess)
    lines += _events(guess)
    return "\n".join(lines) + "\n"


def _row_id(guess: Guess) -> list[str]:
    if "assignment" not in guess.columns:
        return ["# No column names a record for good: its place and content in the file do."]
    if guess.inside("assignment"):
        return []
    column = _column(guess, "assignment")
    return [f"row_id: [[{column}]]  # Never empty and never repeated in the sample."]


def _times(guess: Guess) -> list[str]:
    lines = ["times:"]
    for role, why in (
        ("submitted", "when the judgment was handed in"),
        ("started", "when work on it began"),
        ("created", "when the item came into being"),
    ):
        column = guess.columns.get(role)
        if column is not None:
            says = f"# By its name {why}."
            formats = _quoted(guess.formats[column])
            lines.append(f"  {role}:  {says}")
            lines.append(f"    - {{column: {_quoted(column)}, formats: [{formats}]}}")
        elif role == "submitted":
            lines.append("  # No column tells when: give the log a clock (--clock rate:1).")
            lines.append("  submitted: [{clock: true}]")
        elif role == "started" and "duration" in guess.columns:
            unit = _unit(guess)
            shift = f"{{column: {_column(guess, 'duration')}, unit: {unit}}}"
            lines.append("  # No column tells the start: it is the end less the duration.")
            lines.append("  started:")
            lines.append(f"    - {{time: submitted, minus: {shift}, quality: estimated}}")
    return [*lines, ""]


def _fields(guess: Guess) -> list[str]:
    item, project = guess.columns.get("item"), guess.columns.get("project")
    lines = ["fields:", "  source: {constant: custom}", "  org_id: {constant: local}"]
    if project is not None:
        lines.append(f"  project_id: {{column: {_quoted(project)}, default: unknown}}")
    else:
        lines.append("  project_id: {constant: log}  # No column looks like a project.")
    if guess.columns.get("queue") is not None:
        lines.append(f"  queue_id: {{column: {_column(guess, 'queue')}, default: unknown}}")
    if item is not None:
        lines.append(f"  item_id: {_quoted(item)}  # By its name what was judged.")
    else:
        lines.append("  item_id: {row_id: true}  # No column names the item: each record is one.")
    for role, field in (("team", "team_id"), ("site", "site"), ("language", "language")):
        if role in guess.columns:
            lines.append(f"  {field}: {_column(guess, role)}")
    return [*lines, ""]


def _events(guess: Guess) -> list[str]:
    over = f"    over: {_quoted(guess.over)}\n" if guess.over else ""
    if guess.inside("assignment"):
        over += f"    identity: [{_column(guess, 'assignment')}]\n"
    actor = "{constant: unknown}  # No column names a person."
    if "actor" in guess.columns:
        actor = f"{{column: {_column(guess, 'actor')}, default: unknown}}"
    assignment = "{row_id: true}"
    if "assignment" in guess.columns:
        assignment = _column(guess, "assignment")
    elif guess.over and "actor" in guess.columns:
        assignment = f"{{join: [{{row_id: true}}, {_column(guess, 'actor')}]}}"
    person = f"      actor_id: {actor}\n      assignment_id: {assignment}\n"
    events = []
    if "created" in guess.columns:
        # Each row of an item repeats it: equal content gives equal ids.
        events.append(
            "  - name: created\n    type: item.created\n    at: created\n    identity: content\n"
            "    fields: {created_at: {time: created}}\n"
        )
    if "started" in guess.columns or "duration" in guess.columns:
        events.append(
            f"  - name: started\n    type: work.started\n    at: started\n{over}"
            f"    fields:\n{person}"
        )
    labels = "      labels: {answer: label, kind: list}\n" if "label" in guess.columns else ""
    events.append(
        f"  - name: submitted\n    type: item.submitted\n    at: submitted\n"
        f"    required_when: {{}}  # Without its time a record is a reject.\n{over}"
        f"    fields:\n{person}      attempt: {{constant: 1}}\n{labels}"
    )
    item = _column(guess, "item") if "item" in guess.columns else "{row_id: true}"
    if labels:
        events.append(
            f"  - name: label\n    type: label.recorded\n    at: submitted\n    each: label\n{over}"
            f"    fields:\n      unit_id: {item}\n      actor_id: {actor}\n"
            "      label: {answer: each}\n"
        )
    if "gold" in guess.columns:
        events.append(
            "  - name: golden\n    type: golden.answered\n    at: submitted\n"
            f"    when: {{{_column(guess, 'gold')}: not_empty}}\n{over}"
            f"    fields:\n      golden_id: {item}\n      actor_id: {actor}\n"
            "      correct: {equal: [label, gold]}\n      expected: {answer: gold}\n"
            "      actual: {answer: label}\n"
        )
    return ["events:", *(event.rstrip("\n") for event in events)]


def _unit(guess: Guess) -> str:
    column = guess.columns["duration"].lower()
    return "milliseconds" if column.endswith("ms") else "seconds"


def _column(guess: Guess, role: str) -> str:
    return _quoted(guess.columns[role])


def _quoted(text: str) -> str:
    plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text)
    is_word = plain and text.lower() not in ("true", "false", "null", "y", "n")
    return text if is_word else json.dumps(text, ensure_ascii=False)


def _id(file: str) -> str:
    name = re.sub(r"[^a-z0-9_-]+", "-", file.lower().split(".")[0]).strip("-_")
    return name if re.match(r"[a-z]", name) else f"log-{name}".rstrip("-")
