"""Views to share: numbers of groups in which fewer than five people worked are withheld.

How many worked is counted from the items: whoever made the latest submission of one in the step.
That is never more than there were, so what is withheld is rather too much than too little. Where
it can't be counted (a grouping by anything that items do not have) everything is withheld.
"""

from collections.abc import Sequence

from schemas.groupings import DIMENSIONS, PERSONS, Grouping
from sinks.ddl import quoted

#: With fewer people a number is about somebody.
PEOPLE_MIN = 5
CAUSE = "small_group"

_COUNTED = ("org", "source", "project", "queue", "team", "site")
_FROM, _TO, _STEP_S = "{from:DateTime('UTC')}", "{to:DateTime('UTC')}", "{step_s:UInt32}"
_ASKED = f"grouping={{grouping:String}}, `from`={_FROM}, `to`={_TO}, step_s={_STEP_S}"
_VALUE = "Nullable(Float64)"


def statements(database: str, groupings: Sequence[Grouping]) -> list[str]:
    """What puts both views in place; each statement can be run again."""
    return [_group_sizes(database, groupings), _metric_values_shared(database, groupings)]


def _group_sizes(database: str, groupings: Sequence[Grouping]) -> str:
    known = [each for each in groupings if set(each.dimensions) <= set(_COUNTED)]
    chosen = []
    for name in _COUNTED:
        having = ", ".join(quoted(each.name) for each in known if name in each.dimensions)
        chosen.append(
            f"if({{grouping:String}} IN ({having or quoted('')}), i.{name}, '') AS {name}"
        )
    names = ", ".join(quoted(each.name) for each in known)
    step = (
        f"if({_STEP_S} = 0, {_FROM}, {_FROM} + intDiv(toUnixTimestamp(submitted_at) "
        f"- toUnixTimestamp({_FROM}), greatest({_STEP_S}, 1)) * {_STEP_S})"
    )
    declared = ", ".join(
        [
            "step_start DateTime('UTC') COMMENT 'Start of the step, event time'",
            *(
                f"{it} String COMMENT '{it.capitalize()}; empty where not grouped by'"
                for it in _COUNTED
            ),
            "people UInt64 COMMENT 'People who made the latest submission of an item'",
        ]
    )
    keys = ", ".join(_COUNTED)
    return (
        f"CREATE OR REPLACE VIEW {database}.group_sizes ({declared}) AS "
        f"SELECT step_start, {keys}, uniqExactIf(who, who != '') AS people FROM "
        f"(SELECT {step} AS step_start, {', '.join(chosen)}, i.annotator AS who "
        f"FROM {database}.items AS i FINAL WHERE {{grouping:String}} IN ({names}) "
        f"AND i.submitted_at >= {_FROM} AND i.submitted_at < {_TO}) GROUP BY step_start, {keys} "
        f"COMMENT {quoted('How many people worked; none is named')}"
    )


def _metric_values_shared(database: str, groupings: Sequence[Grouping]) -> str:
    of_people = [it.name for it in groupings if {*PERSONS} & set(it.dimensions)]
    names = ", ".join(quoted(name) for name in of_people or [""])
    small = f"v.n > 0 AND g.people < {PEOPLE_MIN}"
    columns = [
        ("metric String COMMENT 'Which metric; see metric_definitions'", "v.metric"),
        ("step_start DateTime('UTC') COMMENT 'Start of the step, event time'", "v.step_start"),
        *(
            (f"{it} String COMMENT '{it.capitalize()}; empty where not grouped by'", f"v.{it}")
            for it in DIMENSIONS
            if it not in PERSONS
        ),
        (f"value {_VALUE} COMMENT 'Its value; NULL is unknown or withheld'", "v.value"),
        (f"low {_VALUE} COMMENT 'Lower end of the 95 % interval'", "v.low"),
        (f"high {_VALUE} COMMENT 'Upper end of the 95 % interval'", "v.high"),
        ("n Nullable(Int64) COMMENT 'Observations behind it; NULL is withheld'", "v.n"),
        ("cause Nullable(String) COMMENT 'Why there is no value'", "v.cause"),
    ]
    withheld = dict.fromkeys(("value", "low", "high", "n"), "NULL") | {"cause": quoted(CAUSE)}
    selected = []
    for declaration, value in columns:
        name = declaration.split(" ", 1)[0]
        shown = f"if({small}, {withheld[name]}, {value})" if name in withheld else value
        selected.append(f"{shown} AS {name}")
    keys = ", ".join(("step_start", *_COUNTED))
    return (
        f"CREATE OR REPLACE VIEW {database}.metric_values_shared "
        f"({', '.join(declaration for declaration, _ in columns)}) AS "
        f"SELECT {', '.join(selected)} FROM {database}.metric_values({_ASKED}) AS v "
        f"LEFT JOIN {database}.group_sizes({_ASKED}) AS g USING ({keys}) "
        f"WHERE {{grouping:String}} NOT IN ({names}) "
        f"COMMENT {quoted('Any metric, withheld where fewer than five people worked')}"
    )
