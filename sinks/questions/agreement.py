"""How far people agree who labelled the same units, by project: ``schemas.agreement`` as SQL.

The label of a rater is his latest answer about the unit in the range; an answer of several labels
is one label, all of them together, so two agree when they say the same. Both give the same
numbers; sums of shares may differ in the last digits, since they are added in another order.
"""

from sinks.ddl import quoted
from sinks.questions.shape import PLACE, Told, question, within
from sinks.views_shape import VALUE

_PROJECT = "org, source, project"
#: Between the labels of one answer, sorted.
SEVERAL = " + "
#: Of others (counts without one label of its own): whether one label has most, and which.
_OTHERS = "arrayMap((c, at) -> c - (at = own), counts, arrayEnumerate(counts))"

_NUMBERS: list[Told] = [
    ("units", "Int64", "Units that two or more people labelled", "units"),
    ("labels", "Int64", "Their answers, the latest of each person", "n"),
    ("percent_agreement", VALUE,
     "Pairs that agree, of all within units; inflated where one label prevails (45)",
     "agreeing / pairs"),
    ("pairs", "Int64", "Pairs behind it", "pairs"),
    ("krippendorff_alpha", VALUE,
     "1 agreement, 0 chance, NULL one label only; from 0.8 reliable, 0.667 tentative (48)",
     "if(expected = 0, NULL, 1 - unlike * (n - 1) / expected)"),
    ("fleiss_kappa", VALUE, "Over the units with the most frequent number of people (47)",
     "if(length(f.4) = 1, NULL, (f_agreed - f_chance) / (1 - f_chance))"),
    ("fleiss_units", "Int64", "Units behind it", "f.2"),
    ("mean_entropy", VALUE, "Mean entropy of a unit in nats; 0 is agreement (49)",
     "entropy / units"),
    ("with_consensus", VALUE,
     "Answers that most others gave, too, where most gave one; all may be wrong (50)",
     "if(judged = 0, NULL, like_others / judged)"),
    ("with_consensus_n", "Int64", "Answers behind it", "judged"),
]  # fmt: skip


def statements(database: str) -> list[str]:
    """The views ``agreement`` and ``label_confusions``."""
    return [_agreement(database), _confusions(database)]


def latest_answers(database: str) -> str:
    """A row for each person and unit of the range: ``label``, what they said of it last."""
    rater = f"{_PROJECT}, item_id, unit_id, annotator"
    # Labels of one answer come in one submission and as events of their own, at one time.
    answers = (
        f"SELECT {rater}, occurred_at, "
        f"arrayStringConcat(arraySort(groupUniqArray(toString(label))), {quoted(SEVERAL)}) AS said "
        f"FROM {database}.labels FINAL WHERE annotator != '' AND {within('occurred_at')} "
        f"GROUP BY {rater}, occurred_at"
    )
    return f"SELECT {rater}, argMax(said, occurred_at) AS label FROM ({answers}) GROUP BY {rater}"


def _units(database: str) -> str:
    """A row for each unit that two or more labelled: ``m`` labels, counted by ``given``."""
    return (
        f"SELECT {_PROJECT}, toInt64(count()) AS m, "
        "sumMap(map(toString(label), toInt64(1))) AS by_label, "
        "mapKeys(by_label) AS given, mapValues(by_label) AS counts, "
        "arraySum(c -> c * c, counts) AS squares "
        f"FROM ({latest_answers(database)}) GROUP BY {_PROJECT}, item_id, unit_id HAVING m > 1"
    )


def _agreement(database: str) -> str:
    others = (
        f"arrayMap((n, own) -> ({_OTHERS} AS others, arrayMax(others) AS most, "
        "arrayCount(c -> c = most, others) = 1 AS clear, n * clear, n * (clear AND "
        "others[own] = most)), counts, arrayEnumerate(counts))"
    )
    of_unit = (
        f"SELECT *, {others} AS told, arraySum(t -> t.4, told) AS judged, "
        "arraySum(t -> t.5, told) AS like_others, "
        "-arraySum(c -> c / m * log(c / m), counts) AS entropy "
        f"FROM ({_units(database)})"
    )
    # Fleiss needs one number of raters: that which most units have, the smaller of two as frequent.
    by_size = (
        f"SELECT {_PROJECT}, m, toInt64(count()) AS u, sum(squares) AS s, "
        "sumMap(by_label) AS t, sum(entropy) AS e, sum(judged) AS j, sum(like_others) AS l "
        f"FROM ({of_unit}) GROUP BY {_PROJECT}, m"
    )
    whole = (
        f"SELECT {_PROJECT}, sum(u) AS units, sum(u * m) AS n, "
        "sum(intDiv(u * m * (m - 1), 2)) AS pairs, sum(intDiv(s - u * m, 2)) AS agreeing, "
        "sum((u * m * m - s) / (m - 1)) AS unlike, "
        "n * n - arraySum(c -> c * c, mapValues(sumMap(t))) AS expected, "
        "sum(e) AS entropy, sum(j) AS judged, sum(l) AS like_others, "
        "argMin(tuple(m, u, s, mapValues(t)), tuple(-u, m)) AS f, "
        "(f.3 - f.2 * f.1) / (f.2 * f.1 * (f.1 - 1)) AS f_agreed, "
        "arraySum(c -> c * c, f.4) / (f.2 * f.1 * f.2 * f.1) AS f_chance "
        f"FROM ({by_size}) GROUP BY {_PROJECT}"
    )
    about = "How far people agree who labelled the same units in a range of time (45 to 50)"
    return question(database, "agreement", about, [*PLACE, *_NUMBERS], whole)


def _confusions(database: str) -> str:
    pair = "arrayFilter(p -> p.1 < p.2, arrayFlatten(arrayMap((a, x) -> arrayMap("
    pair += "(b, y) -> (a, b, x * y), given, counts), given, counts)))"
    units = _units(database)
    totals = (
        f"SELECT {_PROJECT}, sumMap(by_label) AS totals, arraySum(mapValues(totals)) AS n, "
        f"sum(intDiv(m * (m - 1), 2)) AS whole FROM ({units}) GROUP BY {_PROJECT}"
    )
    seen = (
        f"SELECT {_PROJECT}, one.1 AS a, one.2 AS b, sum(one.3) AS pairs "
        f"FROM (SELECT {_PROJECT}, arrayJoin({pair}) AS one FROM ({units})) "
        f"GROUP BY {_PROJECT}, a, b"
    )
    source = f"SELECT * FROM ({seen}) AS seen JOIN ({totals}) AS every USING ({_PROJECT})"
    # Shares, since the product of four counts of a large project does not fit 64 bits.
    lift = "pairs / whole * (n / totals[a]) * (n / totals[b]) / 2"
    columns: list[Told] = [
        *PLACE,
        ("label", "String", "A label, or several of one answer, joined by +", "a"),
        ("confused_with", "String", "Another that people gave the same unit", "b"),
        ("pairs", "Int64", "How often, in pairs of people", "pairs"),
        ("lift", VALUE, "That by what chance would give; 1 is chance", lift),
    ]
    about = "Labels that people give the same unit in place of each other (51)"
    return question(database, "label_confusions", about, columns, source)
