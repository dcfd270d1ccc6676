"""What is known of each person's work, with intervals; no order among them, and no points of few.

The views name people: ``deploy/clickhouse/access`` opens them to nobody but ``ops_people``.

Numbers of a person are those of the metrics, of the roll-ups by annotator, which belong to no
queue. What a person did in one queue is told by the items, which know their latest submission.
"""

from schemas.measures import MEASURES, Kind
from schemas.metrics import METRIC_BY_ID, Interval, Metric
from schemas.metrics.formulas import Amount
from sinks.formulas import plain
from sinks.questions.shape import PLACE, Told, question, within
from sinks.views_shape import VALUE
from sinks.views_spans import named_in

#: Views that name people.
RESTRICTED = frozenset({"people", "people_by_queue", "pair_agreement"})
#: With fewer observations a value is withheld; its interval and n say what is known.
N_MIN = 30

_METRICS = (
    "net_accepted",
    "handle_time_mean",
    "handle_time_p50",
    "handle_time_p90",
    "first_pass_yield",
    "golden_accuracy",
)
_WITHHELD = f"NULL with fewer than {N_MIN}"
_WHO: list[Told] = [("annotator", "String", "Pseudonym of who did the work", "annotator")]


def statements(database: str) -> list[str]:
    """The views ``people`` and ``people_by_queue``."""
    return [_people(database), _by_queue(database)]


def _people(database: str) -> str:
    columns: list[Told] = [
        ("org", "String", "Organisation", "org"),
        *_WHO,
        ("submissions", "Int64", "Submissions in the range: rejected work counts too", "submitted"),
    ]
    for name in _METRICS:
        columns += _metric(name)
    measures = named_in(" ".join(expression for *_, expression in columns))
    sums = ", ".join(
        f"{'sumMap' if each.kind is Kind.HISTOGRAM else 'sum'}(r.{each.name}) AS {each.name}"
        for each in MEASURES
        if each in measures
    )
    source = (
        f"SELECT org, annotator, {sums} FROM {database}.rollups AS r FINAL "
        f"WHERE grouping = 'annotator' AND annotator != '' AND {within('pane_start')} "
        "GROUP BY org, annotator"
    )
    about = "Each person's work in a range of time, with intervals; for those who may know people"
    return question(database, "people", about, columns, source)


def _metric(name: str) -> list[Told]:
    """A metric's columns: as everywhere, but for values of few observations."""
    metric = METRIC_BY_ID[name]
    raw = plain(metric)
    # A count is what it is, however small.
    least, withheld = (1, "NULL without any") if _is_count(metric) else (N_MIN, _WITHHELD)
    value = f"if(({raw.n}) < {least}, NULL, {raw.value})"
    about = f"{metric.title}, {metric.unit}; {withheld}. {metric.caveat}"
    columns: list[Told] = [
        (name, VALUE, about, value),
        (f"{name}_n", "Int64", f"{name}: observations behind it", f"toInt64({raw.n})"),
    ]
    if metric.interval is Interval.WILSON:
        columns += [
            (f"{name}_low", VALUE, f"{name}: lower end of the 95 % Wilson interval", raw.low),
            (f"{name}_high", VALUE, f"{name}: upper end of the 95 % Wilson interval", raw.high),
        ]
    return columns


def _is_count(metric: Metric) -> bool:
    return isinstance(metric.formula, Amount)


def _by_queue(database: str) -> str:
    place = "org, source, project, queue"
    # Of several submissions an item has one sum, which may be of several people.
    alone = "submissions = 1 AND handle_ms IS NOT NULL"
    source = (
        f"SELECT {place}, annotator, toInt64(count()) AS items, "
        "toInt64(countIf(completed_at IS NOT NULL)) AS completed, "
        f"toInt64(countIf({alone})) AS timed, sumIf(assumeNotNull(handle_ms), {alone}) AS ms "
        f"FROM {database}.items FINAL WHERE annotator != '' AND {within('submitted_at')} "
        f"GROUP BY {place}, annotator"
    )
    columns: list[Told] = [
        *PLACE,
        ("queue", "String", "Present queue of the items", "queue"),
        *_WHO,
        ("items", "Int64", "Items whose latest submission is theirs, and in the range", "items"),
        ("completed", "Int64", "Of these, completed", "completed"),
        ("handle_time_mean", VALUE,
         f"Mean handle time in s of the items with one submission; {_WITHHELD}",
         f"if(timed < {N_MIN}, NULL, ms / timed / 1000)"),
        ("handle_time_mean_n", "Int64", "Items behind it", "timed"),
    ]  # fmt: skip
    about = "Who worked where: items by their latest submission; for those who may know people"
    return question(database, "people_by_queue", about, columns, source)
