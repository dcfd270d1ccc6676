"""Whether this process can read on in the floor's state: is it there, its version, its groupings.

All three stand in the ``meta`` of each partition, or show by its absence.
"""

from schemas.topics import INPUT_ROLES, Topics
from streams import groups
from streams.admin import Kafka
from streams.core import wire
from streams.findings import Finding, ok, problem
from streams.floor_files import read_plan
from streams.refusals import Refusal
from streams.settings import Floor
from streams.spaces import Names
from streams.standing import last_metas

_REMEDY = (
    "bring back what it had (deploy/dimensions.yaml, WATCHFLOOR_LATENESS_FINE_S_MAX), or count "
    "anew in another space: `watchfloor --space NAME setup`, then `watchfloor replay` into it"
)


_REMEDY_GONE = (
    "restore the changelog; or drop the space, set it up and replay the events, so that all are "
    "counted from the beginning"
)


def check_plan(kafka: Kafka, topics: Topics, floor: Floor) -> list[Finding]:
    """The configured plan against the one of the space's state; stage 1's changelog must exist."""
    try:
        ours = read_plan(floor).fingerprint
    except Refusal as refusal:
        return [problem("plan", refusal.problem, refusal.remedy)]
    metas = last_metas(kafka, topics.floor_changelog(1), floor.partitions)
    space = f"the state of space {topics.space_name}"
    if len(metas) < _committed(kafka, topics):
        return [problem("plan", f"{space} is gone, while its events were counted", _REMEDY_GONE)]
    newest = max((meta.version for meta in metas), default=0)
    if newest > wire.STATE_VERSION:
        says = f"{space} was written by a later version: it has state {newest}"
        says += f", this one reads up to {wire.STATE_VERSION}"
        return [problem("plan", says, "run the version that wrote it, or a later one")]
    others = sorted({meta.plan for meta in metas} - {ours})
    if not others:
        return [ok("plan", "groupings and lateness are those of the state")]
    says = f"{space} was written under another plan"
    return [problem("plan", f"{says}: {_difference(others[0], ours)}", _REMEDY)]


def _committed(kafka: Kafka, topics: Topics) -> int:
    """In how many partitions the floor has counted events."""
    inputs = {topics.name(role) for role in INPUT_ROLES}
    found = groups.find(kafka, [Names(topics.space_name).group("floor")])
    return len({number for each in found for topic, number in each.committed if topic in inputs})


def _difference(theirs: str, ours: str) -> str:
    """What two fingerprints do not share, part by part (see ``Plan.fingerprint``)."""
    had, have = theirs.split(";"), ours.split(";")
    lost = [part for part in had if part not in have]
    new = [part for part in have if part not in had]
    if not lost and not new:
        return "the same groupings in another order"
    return f"it has {', '.join(lost) or 'no more'}, configured is {', '.join(new) or 'no more'}"
