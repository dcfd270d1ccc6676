"""What was mistaken for what on golden items, and on which: accuracy label by label (36, 37).

Told by what each item counted for, minute by minute, as in the panes, so the rows add up to
``golden_accuracy``, whatever came late or was restated, and nobody is named in them.

Of an item's minute it is known how often a label was expected and missed, and how often one was
given in place of another. One of both is nearly always one label, so the pairs are known; where
neither is, or answers without labels are among them, all of that minute are told without labels.
"""

from collections.abc import Sequence

from schemas.groupings import PERSONS, Grouping
from schemas.measures import BY_NAME
from sinks import views_arguments
from sinks.questions import item_parts
from sinks.questions.item_parts import FROM, IDENTITY, MAY_APPLY, PART, TO
from sinks.questions.shape import PLACE, Told, declared
from sinks.views_shape import VALUE, Shape, create

_WHERE = tuple(name for name in item_parts.WHERE if name != "label")
_ITEM = ", ".join((*IDENTITY, "item_id", *_WHERE))
_COUNTED = ("golden_n", "golden_correct", "golden_tp", "golden_fn", "golden_fp")

_PAIR: list[Told] = [
    ("expected", "Nullable(String)", "Label that is right; NULL: not told, or not for sure",
     "expected"),
    ("given", "Nullable(String)", "Label that was given; NULL as expected", "given"),
    ("n", "Nullable(Int64)", "Golden answers; they add up to golden_accuracy's n", "n"),
    ("correct", "Nullable(Int64)", "Of these, correct; they add up to its numerator", "correct"),
]  # fmt: skip
_SHARE: list[Told] = [
    ("expected_n", "Nullable(Int64)", "Answers for which that label was right",
     "if(isNull(expected), NULL, expected_n)"),
    ("share", VALUE, "n of these; where both labels are one, its recall",
     "if(isNull(expected), NULL, n / expected_n)"),
    ("share_low", VALUE, "Lower end of its 95 % Wilson interval",
     "if(isNull(expected), NULL, wilson_low(n, expected_n))"),
    ("share_high", VALUE, "Upper end of its 95 % Wilson interval",
     "if(isNull(expected), NULL, wilson_high(n, expected_n))"),
    ("items", "Int64", "Items behind them; golden_items lists them", "items"),
]  # fmt: skip
_PANES: list[Told] = [
    ("first_pane", "DateTime('UTC')", "First pane of the range with such an answer", "first_pane"),
    ("last_pane", "DateTime('UTC')", "Last pane of the range with such an answer", "last_pane"),
]
_IS_KNOWN: Told = (
    "is_known", "UInt8", "0: items of that time of which that is not known; they may have answers",
    "is_known",
)  # fmt: skip


def statements(database: str, groupings: Sequence[Grouping]) -> list[str]:
    """The views ``golden_confusion`` and ``golden_items``; by no label, and by no person."""
    known = [each for each in groupings if not {*PERSONS, "label"} & set(each.dimensions)]
    checks = (
        views_arguments.grouping(known), views_arguments.span(), views_arguments.filters(known)
    )  # fmt: skip
    where: list[Told] = [
        (name, "String", f"{name.capitalize()} of the answers; empty where not grouped by", name)
        for name in _WHERE
    ]
    item: Told = ("item_id", "String", "Item; watchfloor explain tells its story", "item_id")
    confusion = declared([*PLACE, *where, *_PAIR, *_SHARE, _IS_KNOWN])
    opened = declared([*PLACE, item, *where, *_PAIR, *_PANES, _IS_KNOWN])
    items = f"{_items(database, known)} UNION ALL {_unknown(database)}"
    about = "Golden answers by what was right and what was given; they add up to golden_accuracy"
    behind = "The items behind golden_confusion; together they are its numbers"
    return [
        create(
            database, Shape("golden_confusion", confusion, about, checks), _matrix(items, known)
        ),
        create(database, Shape("golden_items", opened, behind, checks), items),
    ]


def _matrix(items: str, groupings: Sequence[Grouping]) -> str:
    """A row for each subject and pair of labels; one more where items are not known."""
    subject = ", ".join((*IDENTITY, *_WHERE))
    identity = ", ".join(
        f"if({item_parts.is_by(name, groupings)}, i.{name}, '') AS {name}" for name in IDENTITY
    )
    pairs = (
        f"SELECT {identity}, {', '.join(_WHERE)}, expected, given, is_known, sum(i.n) AS n, "
        "sum(i.correct) AS correct, toInt64(uniqExact(i.item)) AS items "
        f"FROM (SELECT *, (org, source, project, item_id) AS item FROM ({items})) AS i "
        f"GROUP BY {subject}, expected, given, is_known"
    )
    return f"SELECT *, sum(n) OVER (PARTITION BY {subject}, expected) AS expected_n FROM ({pairs})"


def _items(database: str, groupings: Sequence[Grouping]) -> str:
    """A row for each item, place and pair of labels."""
    return (
        f"SELECT {_ITEM}, pair.1 AS expected, pair.2 AS given, toNullable(sum(pair.3)) AS n, "
        "toNullable(sum(pair.4)) AS correct, toDateTime(min(start_s), 'UTC') AS first_pane, "
        "toDateTime(max(start_s), 'UTC') AS last_pane, toUInt8(1) AS is_known "
        f"FROM (SELECT {_ITEM}, start_s, arrayJoin({_pairs()}) AS pair "
        f"FROM ({_minutes(database, groupings)}) WHERE n != 0) GROUP BY {_ITEM}, expected, given"
    )


def _unknown(database: str) -> str:
    """Items that may have golden answers in the range, in the same columns."""
    text, number = "CAST(NULL, 'Nullable(String)')", "CAST(NULL, 'Nullable(Int64)')"
    nothing = f"{text} AS expected, {text} AS given, {number} AS n, {number} AS correct"
    return (
        f"SELECT {_ITEM}, expected, given, n, correct, first_pane, last_pane, is_known "
        f"FROM ({item_parts.unknown(database, nothing)})"
    )


def _minutes(database: str, groupings: Sequence[Grouping]) -> str:
    """Each item's panes: answers, correct ones, and by label those right, missed and mistaken."""
    keys = {name: BY_NAME[name].key for name in _COUNTED}
    applies = " AND ".join(
        f"(NOT {item_parts.is_by(name, groupings)} OR isNotNull(p.{at}))"
        for name, at in MAY_APPLY.items()
        if name in _WHERE
    )
    counted = f"arrayExists(c -> c.1 IN ({', '.join(map(str, keys.values()))}), p.8)"
    wanted = f"p.1 >= {FROM} AND p.1 < {TO} AND {applies} AND {counted}"
    parts = (
        f"SELECT {', '.join(IDENTITY)}, item_id, arrayJoin(arrayFilter(p -> {wanted}, "
        f"JSONExtract(parts, '{PART}'))) AS p FROM {database}.items FINAL "
        f"WHERE {item_parts.within()}"
    )
    where = ", ".join(item_parts.place(name, groupings) for name in _WHERE)
    placed = (
        f"SELECT {', '.join(IDENTITY)}, item_id, {where}, p.1 AS start_s, ifNull(p.6, '') AS mine, "
        "toString((p.1, p.2, p.3, p.4, p.5, p.7)) AS pane, CAST(p.8, 'Map(UInt32, Int64)') AS m "
        f"FROM ({parts})"
    )
    by_label = ", ".join(
        f"mapFilter((k, v) -> v > 0, sumMap(map(mine, m[{keys[name]}]))) AS {told}"
        for name, told in (("golden_tp", "hit"), ("golden_fn", "missed"), ("golden_fp", "taken"))
    )
    return (
        f"SELECT {_ITEM}, start_s, sum(m[{keys['golden_n']}]) AS n, "
        f"sum(m[{keys['golden_correct']}]) AS correct, {by_label} FROM ({placed}) "
        f"WHERE {views_arguments.let_through((*IDENTITY, *_WHERE))} GROUP BY {_ITEM}, start_s, pane"
    )


def _pairs() -> str:
    """The pairs of a pane: (expected, given, n, correct)."""
    right = "arrayMap((it, k) -> (it, it, k), mapKeys(hit), mapValues(hit))"
    one_missed = (
        "arrayMap((it, k) -> (mapKeys(missed)[1], it, k), mapKeys(taken), mapValues(taken))"
    )
    one_taken = (
        "arrayMap((it, k) -> (it, mapKeys(taken)[1], k), mapKeys(missed), mapValues(missed))"
    )
    told = f"arrayConcat({right}, if(length(missed) = 1, {one_missed}, {one_taken})) AS told"
    labelled = "arraySum(mapValues(hit)) + arraySum(mapValues(missed)) = n"
    sure = f"{labelled} AND (length(missed) <= 1 OR length(taken) <= 1)"
    as_labels = "arrayMap(it -> (it.1, it.2, it.3, if(it.1 = it.2, it.3, 0)), told)"
    # Whether an answer counts as correct is told by the event, and may differ from its labels; two
    # of one pane that differ in opposite ways would not be noticed, and change no sum.
    agree = "correct = arraySum(mapValues(hit))"
    one = "[(told[1].1, told[1].2, n, correct)]"
    unlabelled = "[(NULL, NULL, n, correct)]"
    chosen = (
        f"multiIf(empty(({told})) OR NOT ({sure}), 1, {agree}, 2, length(told) = 1, 3, 1) AS kind"
    )
    pair = "Array(Tuple(Nullable(String), Nullable(String), Int64, Int64))"
    return (
        f"multiIf(({chosen}) = 1, CAST({unlabelled}, '{pair}'), kind = 2, "
        f"CAST({as_labels}, '{pair}'), CAST({one}, '{pair}'))"
    )
