"""Whether the floor's state was written under the groupings that this process has.

State of other groupings can't be read on: the plan of each partition stands in its ``meta``.
"""

from schemas.topics import Topics
from streams.admin import Kafka
from streams.findings import Finding, ok, problem
from streams.floor_files import read_plan
from streams.refusals import Refusal
from streams.settings import Floor
from streams.standing import last_metas

_REMEDY = (
    "bring back what it had (deploy/dimensions.yaml, WATCHFLOOR_LATENESS_FINE_S_MAX), or count "
    "anew in another space: `watchfloor --space NAME setup`, then `watchfloor replay` into it"
)


def check_plan(kafka: Kafka, topics: Topics, floor: Floor) -> list[Finding]:
    """The configured plan against the one of the space's state; stage 1's changelog must exist."""
    try:
        ours = read_plan(floor).fingerprint
    except Refusal as refusal:
        return [problem("plan", refusal.problem, refusal.remedy)]
    metas = last_metas(kafka, topics.floor_changelog(1), floor.partitions)
    others = sorted({meta.plan for meta in metas} - {ours})
    if not others:
        return [ok("plan", "groupings and lateness are those of the state")]
    says = f"the state of space {topics.space_name} was written under another plan"
    return [problem("plan", f"{says}: {_difference(others[0], ours)}", _REMEDY)]


def _difference(theirs: str, ours: str) -> str:
    """What two fingerprints do not share, part by part (see ``Plan.fingerprint``)."""
    had, have = theirs.split(";"), ours.split(";")
    lost = [part for part in had if part not in have]
    new = [part for part in have if part not in had]
    if not lost and not new:
        return "the same groupings in another order"
    return f"it has {', '.join(lost) or 'no more'}, configured is {', '.join(new) or 'no more'}"
