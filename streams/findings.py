"""What a check found, and what to do about it."""

from dataclasses import asdict, dataclass
from typing import Literal

Severity = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor. A ``remedy`` is there unless all is well."""

    check: str
    severity: Severity
    says: str
    remedy: str | None = None

    def as_dict(self) -> dict[str, str | None]:
        """For ``--json``."""
        return asdict(self)


def ok(check: str, says: str) -> Finding:
    """All is well."""
    return Finding(check, "ok", says)


def warning(check: str, says: str, remedy: str) -> Finding:
    """Something to look at; the floor works."""
    return Finding(check, "warning", says, remedy)


def problem(check: str, says: str, remedy: str) -> Finding:
    """Something that makes the floor stand still or count wrongly."""
    return Finding(check, "problem", says, remedy)
