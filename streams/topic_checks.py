"""Are the topics as declared? Pure: what was wanted against what the cluster has."""

from collections.abc import Iterable, Mapping

from streams.admin import Topic, Wanted, min_in_sync
from streams.findings import Finding, ok, problem, warning

CHECK = "topics"


def wrong_settings(wanted: Wanted, found: Topic) -> dict[str, str]:
    """The settings to change, with the values they should have."""
    return {
        name: value
        for name, value in wanted.config.items()
        if _normal(found.config.get(name, "")) != _normal(value)
    }


def compare(
    wanted: Iterable[Wanted], found: Mapping[str, Topic], brokers: int, replicas: int
) -> list[Finding]:
    """Every difference; one finding that all is well when there is none."""
    wanted = list(wanted)
    missing = [each.name for each in wanted if each.name not in found]
    findings = []
    if missing:
        findings.append(
            problem(CHECK, f"missing: {', '.join(missing)}", "`watchfloor setup` makes them")
        )
    for each in wanted:
        if each.name in found:
            findings += _differences(each, found[each.name])
    findings += _replication(found, brokers, replicas)
    if not findings:
        findings.append(ok(CHECK, f"{len(wanted)} as declared"))
    return findings


def _differences(wanted: Wanted, found: Topic) -> Iterable[Finding]:
    if found.partitions != wanted.partitions:
        yield problem(
            CHECK,
            f"{wanted.name} has {found.partitions} partitions, not {wanted.partitions}: "
            "events of one item would be counted in two places",
            f"set WATCHFLOOR_PARTITIONS={found.partitions} if every topic has as many; else stop "
            "the workers, delete this topic and run `watchfloor setup`",
        )
    for name, value in wrong_settings(wanted, found).items():
        yield problem(
            CHECK,
            f"{wanted.name} has {name}={found.config.get(name)}, not {value}",
            "`watchfloor setup` corrects it",
        )
    if found.leaderless:
        yield problem(
            CHECK,
            f"{wanted.name} has no leader in partition {_listed(found.leaderless)}",
            "start the brokers that hold it",
        )


def _replication(found: Mapping[str, Topic], brokers: int, replicas: int) -> Iterable[Finding]:
    few = [name for name, topic in found.items() if topic.replicas < min(replicas, brokers)]
    if few:
        yield warning(
            CHECK,
            f"fewer than {replicas} copies: {', '.join(few)}",
            "kafka-reassign-partitions.sh adds copies; until then one lost disk loses the state",
        )
    for name, topic in found.items():
        least = int(topic.config.get("min.insync.replicas", "1"))
        if topic.in_sync_least < least:
            yield problem(
                CHECK,
                f"{name} has {topic.in_sync_least} copies in sync, {least} are needed to write",
                "start the brokers that are away",
            )
        elif least < min_in_sync(topic.replicas):
            yield warning(
                CHECK,
                f"{name} has min.insync.replicas={least} with {topic.replicas} copies",
                "`watchfloor setup` sets it to 2, so that no write rests on one disk alone",
            )
    if brokers >= 3 and replicas < 3:
        yield warning(
            CHECK,
            f"{brokers} brokers run, but WATCHFLOOR_REPLICATION_FACTOR is {replicas}",
            "set it to 3 before topics are made",
        )


def _normal(value: str) -> str:
    # A list setting, as cleanup.policy, may come back in another order.
    return ",".join(sorted(part.strip() for part in value.split(",")))


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(str(number) for number in numbers)
