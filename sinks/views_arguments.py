"""What the arguments of views may be: a wrong one is an error that names it, never an empty answer.

The checks stand in a subquery of their own, so they are made once, before any row is read, and
also when there is none.
"""

from collections.abc import Iterable, Sequence

from schemas.groupings import DIMENSIONS, Grouping
from schemas.metrics import Metric
from sinks.ddl import quoted

#: Panes are whole minutes: a step that is not would put them in the wrong one.
STEP_UNIT_S = 60
#: So long it is known what was told when.
KEPT_YEARS = 2

_GROUPING = "{grouping:String}"
_FROM, _TO, _STEP_S = "{from:DateTime('UTC')}", "{to:DateTime('UTC')}", "{step_s:UInt32}"
_TZ, _METRIC, _FILTERS = "{tz:String}", "{metric:String}", "{filters:Map(String, String)}"
_CLOCK = "YYYY-MM-DD hh:mm:ss as the clocks of tz show it, or the same with Z or +hh:mm"

Check = tuple[str, str]


def grouping(known: Sequence[Grouping]) -> Check:
    """The grouping is one of these."""
    names = [each.name for each in known]
    listed = ", ".join(quoted(name) for name in names)
    return f"{_GROUPING} NOT IN ({listed})", f"grouping: accepted are {', '.join(names)}"


def span() -> Check:
    """The range is not reversed."""
    return f"{_FROM} > {_TO}", "from: must not be after to; both are UTC, YYYY-MM-DD hh:mm:ss"


def step() -> Check:
    """Steps are of whole minutes."""
    accepted = "accepted are 0 for one row over the whole range, and multiples of 60"
    return f"{_STEP_S} % {STEP_UNIT_S} != 0", f"step_s: {accepted}"


def moment(name: str, *, optional: bool = False) -> Check:
    """A time that is written as the clocks of ``tz`` show it; ``optional``: it may be ''."""
    given = f"{{{name}:String}}"
    unread = f"isNull(parseDateTimeBestEffortOrNull({given}, {_TZ}))"
    if optional:
        return f"{given} != '' AND {unread}", f"{name}: accepted are '' for now, and {_CLOCK}"
    return unread, f"{name}: accepted is {_CLOCK}"


def kept(as_of: str) -> Check:
    """What was told at that moment is still known."""
    oldest = f"now('UTC') - INTERVAL {KEPT_YEARS} YEAR"
    text = f"as_of: what was told when is kept for {KEPT_YEARS} years"
    return f"{{as_of:String}} != '' AND {as_of} < {oldest}", text


def local_span(start: str, end: str) -> Check:
    """The same as ``span`` for times that were read already."""
    return f"{start} > {end}", "from: must not be after to; both are times of tz"


def metric(known: Sequence[Metric]) -> Check:
    """The metric is one of these, or '' for all of them."""
    listed = ", ".join(quoted(each.id) for each in known)
    text = f"metric: accepted are '' for all, and {', '.join(each.id for each in known)}"
    return f"{_METRIC} NOT IN ('', {listed})", text


def let_through(names: Sequence[str]) -> str:
    """Whether a row is of the subjects that ``filters`` let through."""
    return " AND ".join(
        f"(NOT mapContains({_FILTERS}, '{it}') OR {it} = {_FILTERS}['{it}'])" for it in names
    )


def filters(known: Sequence[Grouping]) -> Check:
    """Only dimensions that the grouping has are filtered by: of others its rows know nothing."""
    having = ", ".join(
        f"{quoted(name)}, {_names(g.name for g in known if name in g.dimensions)}"
        for name in DIMENSIONS
    )
    condition = (
        f"arrayExists(name -> NOT has(map({having})[name], {_GROUPING}), mapKeys({_FILTERS}))"
    )
    listed = "; ".join(f"{g.name}: {', '.join(g.dimensions) or 'none'}" for g in known)
    return condition, f"filters: accepted are the dimensions of the grouping ({listed})"


def _names(names: Iterable[str]) -> str:
    return "CAST([" + ", ".join(quoted(name) for name in names) + "], 'Array(String)')"


def condition(checks: Sequence[Check]) -> str:
    """What to put behind WHERE: always true, or an error."""
    tests = " + ".join(f"throwIf({bad}, {quoted(text)})" for bad, text in checks)
    return f"(SELECT {tests}) = 0"
