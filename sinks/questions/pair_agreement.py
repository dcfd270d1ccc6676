"""How far two people agree who labelled the same units: Cohen's kappa and the plain share (45, 46).

It names people, so it is for those who may know them. The label of each is the latest answer about
the unit in the range, as in ``agreement``; kappa is ``schemas.agreement.cohen_kappa`` to the last
digit.
"""

from sinks.questions.agreement import latest_answers
from sinks.questions.shape import PLACE, Told, question
from sinks.views_shape import VALUE

_PROJECT = "org, source, project"
#: Of an array of (person, label) in order of the persons: each two of them.
_EACH_TWO = (
    "arrayFlatten(arrayMap((one, at) -> arrayMap(other -> (one.1, other.1, one.2, other.2), "
    "arraySlice(said, at + 1)), said, arrayEnumerate(said)))"
)
_ALL = "units * units"

_COLUMNS: list[Told] = [
    *PLACE,
    ("annotator", "String", "Pseudonym of one of the two", "first"),
    ("other_annotator", "String", "Pseudonym of the other; each two have one row", "second"),
    ("n", "Int64", "Units that both labelled", "units"),
    ("agreeing", "Int64", "Of these, labelled alike", "alike"),
    ("percent_agreement", VALUE, "Share labelled alike; inflated where one label prevails (45)",
     "alike / units"),
    ("percent_agreement_low", VALUE, "Lower end of its 95 % Wilson interval",
     "wilson_low(alike, units)"),
    ("percent_agreement_high", VALUE, "Upper end of its 95 % Wilson interval",
     "wilson_high(alike, units)"),
    ("cohen_kappa", VALUE,
     "1 agreement, 0 chance, NULL both said one thing only; says little of few units (46)",
     f"if(chance = {_ALL}, NULL, (alike * units - chance) / ({_ALL} - chance))"),
    ("pabak", VALUE,
     "Kappa, were two labels as frequent: it stays high where one prevails and nearly all agree",
     "2 * alike / units - 1"),
]  # fmt: skip


def statements(database: str) -> list[str]:
    """The view ``pair_agreement``."""
    units = (
        f"SELECT {_PROJECT}, arraySort(groupArray((annotator, label))) AS said "
        f"FROM ({latest_answers(database)}) GROUP BY {_PROJECT}, item_id, unit_id "
        "HAVING length(said) > 1"
    )
    source = (
        f"SELECT {_PROJECT}, two.1 AS first, two.2 AS second, toInt64(count()) AS units, "
        "toInt64(countIf(two.3 = two.4)) AS alike, sumMap(map(two.3, toInt64(1))) AS by_first, "
        "sumMap(map(two.4, toInt64(1))) AS by_second, "
        "arraySum((label, given) -> given * by_second[label], mapKeys(by_first), "
        "mapValues(by_first)) AS chance "
        f"FROM (SELECT {_PROJECT}, arrayJoin({_EACH_TWO}) AS two FROM ({units})) "
        f"GROUP BY {_PROJECT}, first, second"
    )
    about = "How far each two people agree who labelled the same units; for those who may know them"
    return [question(database, "pair_agreement", about, _COLUMNS, source)]
