"""Consumer groups: who is in them, and how far behind they are."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from kafka.errors import KafkaError

from streams.admin import Kafka, Place, Span
from streams.spaces import Names

LOADING_TRIES = 20
LOADING_PAUSE_S = 0.25
#: What to do about members that are in the way.
STOP_MEMBERS = "stop them; a killed one is forgotten after WATCHFLOOR_SESSION_TIMEOUT_S"


@dataclass(frozen=True, slots=True)
class Group:
    """A consumer group. ``committed`` are next offsets; a partition never committed is absent.

    ``instances``: by instance name who bears it now, as Kafka's id and the address of the member.
    """

    name: str
    state: str
    members: tuple[str, ...]
    instances: dict[str, tuple[str, str]]
    committed: dict[Place, int]


@dataclass(frozen=True, slots=True)
class Lag:
    """How far a group is behind in one partition; ``committed`` None: it never committed."""

    group: str
    topic: str
    partition: int
    committed: int | None
    span: Span

    @property
    def records(self) -> int:
        """Records between the commit and the end; all of them when nothing was committed.

        Compacted topics and record gaps make this an upper bound.
        """
        at = self.span.start if self.committed is None else max(self.committed, self.span.start)
        return max(0, self.span.end - at)


def find(
    kafka: Kafka, names: Collection[str], more: Callable[[str], bool] | None = None
) -> list[Group]:
    """Those of the groups that the cluster knows, in the order asked for.

    ``more``: which others as well, by name. A broker that has just started says "not yet" for a
    while: it is asked again.
    """
    for _ in range(LOADING_TRIES):
        try:
            return _find(kafka, names, more)
        except KafkaError as error:
            if not error.retriable:
                raise
        time.sleep(LOADING_PAUSE_S)
    return _find(kafka, names, more)


def of_space(kafka: Kafka, space: str) -> list[Group]:
    """A space's groups: those it has to have, and its mappings of live topics."""
    names = Names(space)
    return find(kafka, names.groups, names.group_of_mapping)


def _find(kafka: Kafka, names: Collection[str], more: Callable[[str], bool] | None) -> list[Group]:
    states = {each["group_id"]: each["group_state"] for each in kafka.client.list_groups()}
    # Asked only for known groups: a cluster that never had one has no coordinator to ask.
    known = [name for name in names if name in states]
    if more is not None:
        known += sorted(name for name in states if more(name))
    if not known:
        return []
    offsets = kafka.client.list_group_offsets(known)
    described = kafka.client.describe_groups(known)
    return [
        Group(
            name,
            states[name],
            tuple(sorted(member["client_id"] for member in described[name]["members"])),
            {
                member["group_instance_id"]: (member["member_id"], member["client_host"])
                for member in described[name]["members"]
                if member.get("group_instance_id")
            },
            {tuple(place): at.offset for place, at in offsets[name].items() if at.offset >= 0},
        )
        for name in known
    ]


def delete(kafka: Kafka, names: Collection[str]) -> list[str]:
    """Forget groups and what they committed; returns those that still have members."""
    if not names:
        return []
    answers = kafka.client.delete_groups(list(names))
    return sorted(name for name, answer in answers.items() if answer == "NonEmptyGroupError")


def lags(kafka: Kafka, group: Group, places: Collection[Place] = ()) -> list[Lag]:
    """The lag of a group in the partitions that it committed and in ``places``."""
    wanted = sorted({*group.committed, *places})
    existing = kafka.topics({topic for topic, _ in wanted})
    known = [
        (topic, partition)
        for topic, partition in wanted
        if topic in existing and partition < existing[topic].partitions
    ]
    spans = kafka.spans(known)
    return [
        Lag(group.name, place[0], place[1], group.committed.get(place), spans[place])
        for place in known
    ]
