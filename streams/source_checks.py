"""Whether the topics of the sources are still those that the space was set up with.

A topic that was deleted and made again begins at offset 0, and the state takes records below its
own offsets for counted: however long the new topic is by now, its events can't be told apart.
"""

from collections.abc import Mapping

from schemas.topics import INPUT_ROLES, Topics
from streams.admin import Topic
from streams.findings import Finding, problem
from streams.spaces import Terms

REMEDY = (
    "restore the topics that were counted; or `watchfloor space drop`, set the space up anew and "
    "send all events again"
)


def ids(topics: Topics, found: Mapping[str, Topic]) -> dict[str, str]:
    """Kafka's id of each source topic that exists, by role."""
    names = {role.value: topics.name(role) for role in INPUT_ROLES}
    return {role: found[name].topic_id for role, name in names.items() if name in found}


def replaced(terms: Terms, now: Mapping[str, str]) -> list[str]:
    """The roles whose topic is another one than when the space was set up."""
    return sorted(role for role, known in terms.source_ids.items() if now.get(role, known) != known)


def check_sources(terms: Terms, now: Mapping[str, str]) -> list[Finding]:
    """A finding when a topic was replaced."""
    roles = replaced(terms, now)
    if not roles:
        return []
    return [problem("sources", f"deleted and made again: the topics of {', '.join(roles)}", REMEDY)]
