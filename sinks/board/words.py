"""What the board says in words: why a number is not known, and how it stands to its target."""

from collections.abc import Mapping

from schemas.readings import (
    NEVER,
    NEVER_SENT,
    NO_BREACH,
    NOT_APPLICABLE,
    STALE_SOURCE,
    TOO_FEW,
    WARMING_UP,
)

#: The board has no such window of the subject, for example after Redis was emptied.
NOT_HERE_YET = "not_here_yet"
#: ClickHouse does not answer, so what only it knows is not known.
HISTORY_AWAY = "history_away"
#: Nothing was agreed to compare with.
NO_TARGET = "no_target"

CAUSES: Mapping[str, str] = {
    TOO_FEW: "not enough data (n = {n})",
    WARMING_UP: "warming up: not all of its data has been heard of",
    STALE_SOURCE: "a source is silent, so a low count may only be a gap",
    NEVER: "never at this rate",
    NO_BREACH: "none at this pace",
    NOT_APPLICABLE: "makes no sense here",
    NEVER_SENT.rstrip(":"): "no {types} was ever sent",
    NOT_HERE_YET: "not here yet: it comes within five minutes",
    HISTORY_AWAY: "ClickHouse does not answer",
    NO_TARGET: "no target was agreed",
}
STATUSES: Mapping[str, str] = {
    "met": "meets its target",
    "unsure": "its interval holds the target",
    "missed": "misses its target",
    "far": "misses its target by far",
}


def why(cause: str, n: int) -> str:
    """A cause in words, with the n that shows how far it is."""
    if cause.startswith(NEVER_SENT):
        types = cause.removeprefix(NEVER_SENT).replace("|", " or ")
        return CAUSES[NEVER_SENT.rstrip(":")].format(types=types)
    return CAUSES.get(cause, "not known").format(n=n)


def span_text(length_ms: int) -> str:
    """A length of time as one says it: ``7 s``, ``4 min``, ``3 h``, ``2 days``."""
    seconds = max(0, length_ms) // 1000
    for size, unit in ((86_400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
