"""Which rights the floor needs at brokers that ask, and which of them it lacks.

What is allowed is asked of the brokers about ourselves (authorized operations, KIP-430): that needs
no right to read ACLs and works with any authorizer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from kafka.errors import KafkaError

from schemas.topics import LIVE, Topics
from streams.admin import Kafka
from streams.broker_refusals import principal
from streams.findings import Finding, ok, problem, warning
from streams.spaces import Names

CHECK = "rights"
_WORK = ("READ", "WRITE", "DESCRIBE", "DESCRIBE_CONFIGS")
_SETUP = ("CREATE", "ALTER_CONFIGS")
#: A right that another one brings along, as Kafka's authorizer has it.
_IMPLIED = {"DESCRIBE": {"READ", "WRITE", "DELETE", "ALTER"}, "DESCRIBE_CONFIGS": {"ALTER_CONFIGS"}}


@dataclass(frozen=True, slots=True)
class Right:
    """What is needed on a topic, a group or the cluster, in Kafka's own words."""

    kind: Literal["TOPIC", "GROUP", "CLUSTER"]
    pattern: Literal["LITERAL", "PREFIXED"]
    name: str
    operations: tuple[str, ...]

    def command(self, principal: str) -> str:
        """The arguments of ``kafka-acls.sh`` that give it."""
        where = {
            "TOPIC": f"--topic '{self.name}'",
            "GROUP": f"--group '{self.name}'",
            "CLUSTER": "--cluster",
        }[self.kind]
        prefixed = " --resource-pattern-type prefixed" if self.pattern == "PREFIXED" else ""
        each = " ".join(f"--operation {name.title().replace('_', '')}" for name in self.operations)
        return f"--add --allow-principal '{principal}' {each} {where}{prefixed}"


def needed(space: str, makes_topics: bool = True) -> tuple[Right, ...]:
    """What workers, deliverers and commands of a space need; with setup's, if it makes topics."""
    topics = Topics(space)
    work = (*_WORK, *_SETUP) if makes_topics else _WORK
    names = ("ops.", "watchfloor-") if space == LIVE else (topics.prefix,)
    return (
        *(Right("TOPIC", "PREFIXED", name, work) for name in names),
        Right("GROUP", "PREFIXED", f"{topics.prefix}watchfloor-", ("READ", "DESCRIBE")),
        Right("CLUSTER", "LITERAL", "kafka-cluster", ("DESCRIBE",)),
    )


def check_rights(kafka: Kafka, topics: Topics, found: Iterable[str]) -> list[Finding]:
    """What we lack on the space's topics and groups; nothing where brokers tell no rights."""
    try:
        lacks = {**_topics(kafka, found), **_groups(kafka, topics.space_name)}
    except KafkaError as error:
        return [
            warning(
                CHECK,
                f"the brokers do not tell our rights: {type(error).__name__}",
                "give DESCRIBE on topics and groups of the space",
            )
        ]
    findings = [
        problem(CHECK, f"we lack {', '.join(names)} on {what}", _remedy(kafka.servers))
        for what, names in lacks.items()
        if names
    ]
    return findings or [ok(CHECK, f"all there are on {len(lacks)} topics and groups")]


def _topics(kafka: Kafka, names: Iterable[str]) -> dict[str, list[str]]:
    wanted = list(names)
    described = kafka.client.describe_topics(wanted) if wanted else []
    return {
        f"topic {each['name']}": _lacking(_WORK, each.get("authorized_operations"))
        for each in described
        if each["error_code"] == 0
    }


def _groups(kafka: Kafka, space: str) -> dict[str, list[str]]:
    lacks = {}
    for name in Names(space).groups:
        told = _group(kafka, name)
        lacks[f"group {name}"] = _lacking(("READ",), told)
    return lacks


def _group(kafka: Kafka, name: str) -> list[str] | None:
    """What we may do with a group; None where that is not told, as for one that is not there."""
    try:
        found: Mapping[str, Any] = kafka.client.describe_groups([name])[name]
    except KafkaError as error:
        return [] if type(error).__name__.startswith("GroupAuthorization") else None
    told = found.get("authorized_operations")
    return list(told) if told else None


def _lacking(wanted: Iterable[str], told: Iterable[str] | None) -> list[str]:
    if told is None:
        return []
    have = set(told)
    if "ALL" in have:
        return []
    return [name for name in wanted if name not in have and not have & _IMPLIED.get(name, set())]


def _remedy(servers: str) -> str:
    return f"`watchfloor doctor --rights` prints what {principal(servers)} needs"
