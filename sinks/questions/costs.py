"""What an accepted unit costs: hours times the rate of their day, over net accepted output."""

from collections.abc import Iterable, Sequence

from schemas.groupings import DIMENSIONS, Grouping
from schemas.measures import BY_NAME
from schemas.metrics.declaration import PLACE, PRESENCE
from schemas.readings import NEVER_SENT, NOT_APPLICABLE
from sinks import flows, views_arguments
from sinks.ddl import quoted
from sinks.formulas import strings
from sinks.questions.shape import Told, declared
from sinks.views_shape import STEP, VALUE, Shape, create

_SUMMED = tuple(
    BY_NAME[name]
    for name in (
        "accepted", "accept_retracted", "productive_ms", "active_ms", "active_n", "submitted"
    )
)  # fmt: skip
#: What a rate may name beside its organisation, in the order of its tuple from 2.
_NAMED = ("source", "project", "vendor", "team")
_SUBJECT = tuple(name for name in DIMENSIONS if name in PLACE)
_HOUR_MS = 3_600_000
#: Causes for which hours and rates are known all the same.
_COUNTED = "('', 'nothing_accepted')"
_DECIMAL = "toDecimal128({}, 4)"

_NUMBERS: list[Told] = [
    ("currency", "String", "ISO 4217; a row for each, they are never added. Empty: no rate",
     "currency"),
    ("first_day", "Date", "First day (UTC) that the row is about", "first_day"),
    ("last_day", "Date", "Last day (UTC) that the row is about", "last_day"),
    ("accepted", "Nullable(Int64)", "Accepts less those taken back, when so (4)",
     "if(has(seen, 'review.decided'), units, NULL)"),
    ("productive_hours", VALUE, "Hours of productive presence; NULL: of no place, or not told",
     f"if(productive_ms > 0, productive_ms / {_HOUR_MS}, NULL)"),
    ("active_hours", VALUE, "Active hours of submissions; NULL: not known of each of them",
     f"if(active_known, active_ms / {_HOUR_MS}, NULL)"),
    ("cost", VALUE, "Productive hours times the rate of their day",
     f"if(productive_why IN {_COUNTED}, toFloat64(productive_amount) / {_HOUR_MS}, NULL)"),
    ("cost_per_unit", VALUE, "That by accepted unit: what was paid, waits included",
     f"if(productive_why = '', toFloat64(productive_amount) / {_HOUR_MS} / units, NULL)"),
    ("cost_per_unit_n", "Int64", "Accepted units behind it",
     "if(productive_why = '', units, 0)"),
    ("cause", "Nullable(String)", "Why there is no cost_per_unit", "nullIf(productive_why, '')"),
    ("active_cost", VALUE, "Active hours times the rate of their day",
     f"if(active_why IN {_COUNTED}, toFloat64(active_amount) / {_HOUR_MS}, NULL)"),
    ("active_cost_per_unit", VALUE, "That by accepted unit: time on items only, so it is lower",
     f"if(active_why = '', toFloat64(active_amount) / {_HOUR_MS} / units, NULL)"),
    ("active_cost_per_unit_n", "Int64", "Accepted units behind it",
     "if(active_why = '', units, 0)"),
    ("active_cause", "Nullable(String)", "Why there is no active_cost_per_unit",
     "nullIf(active_why, '')"),
]  # fmt: skip


def statements(database: str, groupings: Sequence[Grouping]) -> list[str]:
    """The view ``cost_per_unit``; by every grouping of places within an organisation."""
    known = [g for g in groupings if "org" in g.dimensions and PLACE.issuperset(g.dimensions)]
    checks = (views_arguments.grouping(known), views_arguments.span(), views_arguments.step())
    places: list[Told] = [
        (name, "String", f"{name.capitalize()}; empty where not grouped by", name)
        for name in _SUBJECT
    ]
    about = "Cost per accepted unit, by the rates that hold on each day (dim_cost_rates)"
    columns = [STEP, *declared([*places, *_NUMBERS])]
    return [
        create(database, Shape("cost_per_unit", columns, about, checks), _rated(database, known))
    ]


def _rated(database: str, groupings: Sequence[Grouping]) -> str:
    """Sums by step, subject, currency and fault of the rate, and why a cost is unknown."""
    subject = ", ".join(_SUBJECT)
    rate = _DECIMAL.format("rate.1")
    sums = (
        f"SELECT step_start, {subject}, rate.2 AS currency, why, min(day) AS first_day, "
        "max(day) AS last_day, sum(r.accepted - r.accept_retracted) AS units, "
        "sum(r.productive_ms) AS productive_ms, sum(r.active_ms) AS active_ms, "
        "sum(r.active_n) = sum(r.submitted) AND sum(r.active_n) > 0 AS active_known, "
        f"sum({rate} * r.productive_ms) AS productive_amount, "
        f"sum({rate} * r.active_ms) AS active_amount "
        f"FROM ({_by_day(database, groupings)}) AS r GROUP BY step_start, {subject}, currency, why"
    )
    by_presence = strings([g.name for g in groupings if PRESENCE.issuperset(g.dimensions)])
    unsent = f"NOT has(seen, 'review.decided'), '{NEVER_SENT}review.decided'"
    productive = (
        f"multiIf(NOT has({by_presence}, {{grouping:String}}), '{NOT_APPLICABLE}', {unsent}, "
        f"NOT has(seen, 'presence.changed'), '{NEVER_SENT}presence.changed', why != '', why, "
        "productive_ms <= 0, 'no_hours', units <= 0, 'nothing_accepted', '')"
    )
    active = (
        f"multiIf({unsent}, why != '', why, NOT active_known, 'no_hours', "
        "units <= 0, 'nothing_accepted', '')"
    )
    seen = f"SELECT types FROM {database}.seen_events"
    return (
        f"SELECT *, ({seen}) AS seen, {productive} AS productive_why, {active} AS active_why "
        f"FROM ({sums})"
    )


def _by_day(database: str, groupings: Sequence[Grouping]) -> str:
    """Sums by step, subject and day, with the rate of that day or why there is none."""
    subject = ", ".join(_SUBJECT)
    summed = ", ".join(f"sum(p.{each.name}) AS {each.name}" for each in _SUMMED)
    rows = flows.rows_now(database, _SUMMED).removesuffix("AS r") + "AS p"
    days = (
        f"SELECT {flows.UTC.step_start} AS step_start, {subject}, toDate(pane_start) AS day, "
        f"{summed} FROM {rows} GROUP BY step_start, {subject}, day "
        f"HAVING {' OR '.join(f'{each.name} != 0' for each in _SUMMED)}"
    )
    number = "toInt8((r.2 != '') + (r.3 != '') + (r.4 != '') + (r.5 != ''))"
    held = "r.1 = org AND r.6 <= day AND day < r.7"
    fits = " AND ".join([held, *(_fits(name, groupings, maybe=False) for name in _NAMED)])
    may_fit = " AND ".join([held, *(_fits(name, groupings, maybe=True) for name in _NAMED)])
    undivided = ", ".join(
        f"open[1].{at} != '' AND NOT ({_is_known(name, groupings)}), 'rates_by:{name}'"
        for at, name in enumerate(_NAMED, start=2)
    )
    rates = (
        "SELECT groupArray((org, source, project, vendor, team, valid_from, valid_to, "
        f"cost_per_hour, currency)) FROM {database}.dim_cost_rates"
    )
    teams = (
        f"SELECT groupArray((org, team, valid_from, valid_to, vendor)) FROM {database}.dim_teams"
    )
    steps = {
        "employer": "if(vendor != '', toString(vendor), toString(arrayFirst(t -> t.1 = org AND "
        "t.2 = team AND t.2 != '' AND t.3 <= day AND day < t.4, teams).5))",
        "fitting": f"arrayFilter(r -> {fits}, rates)",
        "possible": f"arrayFilter(r -> {may_fit}, rates)",
        "most": f"if(empty(fitting), -1, arrayMax(r -> {number}, fitting))",
        "best": "arrayDistinct(arrayMap(r -> (r.8, r.9), "
        f"arrayFilter(r -> {number} = most, fitting)))",
        "open": f"arrayFilter(r -> {number} >= most AND NOT has(best, (r.8, r.9)) "
        "AND NOT has(fitting, r), possible)",
        "why": f"multiIf(notEmpty(open), multiIf({undivided}, 'rates_tie'), empty(best), "
        "'no_rate', length(best) > 1, 'rates_tie', '')",
        "rate": "if(why = '', best[1], (toDecimal64(0, 4), ''))",
    }
    source = f"SELECT *, ({rates}) AS rates, ({teams}) AS teams FROM ({days})"
    for name, sql in steps.items():
        # One in another: an engine writes an alias out wherever it stands, and these would grow.
        source = f"SELECT *, {sql} AS {name} FROM ({source})"
    return source


def _is_known(name: str, groupings: Sequence[Grouping]) -> str:
    """Whether the rows tell what a rate may name; who employs a team is in dim_teams, too."""
    if name == "vendor":
        return "employer != ''"
    return f"{{grouping:String}} IN ({_names(g.name for g in groupings if name in g.dimensions)})"


def _fits(name: str, groupings: Sequence[Grouping], *, maybe: bool) -> str:
    """Whether a rate ``r`` holds as far as one dimension goes; ``maybe``: for all we know."""
    at = _NAMED.index(name) + 2
    same = f"r.{at} = {'employer' if name == 'vendor' else name}"
    known = _is_known(name, groupings)
    if maybe:
        return f"(r.{at} = '' OR NOT ({known}) OR {same})"
    return f"(r.{at} = '' OR ({known}) AND {same})"


def _names(names: Iterable[str]) -> str:
    return ", ".join(quoted(name) for name in names) or "''"
