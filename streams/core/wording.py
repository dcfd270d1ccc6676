"""Annotations as templates: ``{queue}: {value:.1%} inside SLA (n={n})``.

Names and formats only: no attributes, no indexing, nothing that could compute.
"""

from collections.abc import Collection, Iterator, Mapping
from string import Formatter

#: What an annotation may name beside the dimensions and labels of its alert.
NUMBERS = ("value", "low", "high", "threshold")
WORDS = ("alertname", "metric", "window", "unit", "cause")
FIELDS = (*NUMBERS, "n", *WORDS)
UNKNOWN = "unknown"

_formatter = Formatter()


def fill(template: str, fields: Mapping[str, str | float | None]) -> str:
    """The text with its fields; a value that is not known reads ``unknown`` in any format."""
    parts = []
    for literal, name, spec, _ in _formatter.parse(template):
        parts.append(literal)
        if name is not None:
            value = fields.get(name)
            parts.append(UNKNOWN if value is None else format(value, spec or ""))
    return "".join(parts)


def template_faults(template: str, names: Collection[str]) -> Iterator[str]:
    """What is wrong with a template; ``names`` are the dimensions and labels it may use too."""
    try:
        fields = list(_formatter.parse(template))
    except ValueError as error:
        yield f"is no template: {error}"
        return
    for _, name, spec, conversion in fields:
        if name is None:
            continue
        if name not in FIELDS and name not in names:
            known = ", ".join([*FIELDS, *sorted(names)])
            yield f"{{{name}}} is nothing an alert has; it has {known}"
        elif conversion or "{" in (spec or ""):
            yield f"{{{name}}}: conversions and nested fields are not taken"
        elif not _formats(name, spec or ""):
            yield f"{{{name}:{spec}}}: there is no such format for it"


def _formats(name: str, spec: str) -> bool:
    sample: str | float = 0.5 if name in NUMBERS else 1 if name == "n" else "a"
    try:
        format(sample, spec)
    except ValueError:
        return False
    return True
