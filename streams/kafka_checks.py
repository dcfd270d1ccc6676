"""What the doctor asks the brokers: clock, disks, consumer groups, and where keys lie."""

import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from schemas.partitioner import Partitioner, partition_of
from schemas.topics import INPUT_ROLES, Topics
from streams import brokers, groups, records
from streams.admin import Kafka, Span
from streams.brokers import Disk
from streams.findings import Finding, ok, problem, warning
from streams.groups import Group
from streams.records import Stored

SAMPLE_PER_PARTITION = 100
#: Two processes of one name come and go within seconds of each other.
INSTANCE_LOOKS_APART_S = 3.0
_CLOCK_WARN_MS, _CLOCK_WRONG_MS = 2_000, 60_000
_DISK_FREE_SHARE_MIN, _DISK_FREE_BYTES_MIN = 0.05, 1_000_000_000
_FIXES = {
    Partitioner.CRC32: "the producer uses librdkafka's default: set `partitioner=murmur2_random` "
    "there; when every producer does so on purpose, set WATCHFLOOR_PARTITIONER=crc32",
    Partitioner.MURMUR2: "the producer uses Java's default: set its partitioner to CRC-32, or "
    "WATCHFLOOR_PARTITIONER=murmur2 when every producer does so",
    None: "the producer counts other partitions or chooses them itself: let it use Java's default "
    "partitioner, or librdkafka's `partitioner=murmur2_random`",
}


def check_clock(kafka: Kafka) -> list[Finding]:
    """The controller's clock against ours; nothing where the cluster does not tell."""
    before_ms = time.time() * 1000
    broker_ms = brokers.clock_ms(kafka)
    ours_ms = (before_ms + time.time() * 1000) / 2
    if broker_ms is None:
        return []
    return [judge_clock(int(broker_ms - ours_ms))]


def judge_clock(apart_ms: int) -> Finding:
    """What to say of a broker's clock that is ``apart_ms`` ahead of ours."""
    # The broker tells the time of its last heartbeat, which may be half a second ago.
    if abs(apart_ms) < _CLOCK_WARN_MS:
        return ok("clock", "the brokers' clock and this machine's agree")
    says = f"the brokers' clock is {apart_ms / 1000:+.1f} s from this machine's"
    remedy = "run a time service (chrony, systemd-timesyncd) on both"
    severe = problem if abs(apart_ms) >= _CLOCK_WRONG_MS else warning
    return severe("clock", says, remedy)


def judge_disks(disks: Sequence[Disk]) -> list[Finding]:
    """Room left on the brokers' disks; nothing where the cluster does not tell."""
    findings = [
        problem(
            "disk",
            f"broker {disk.broker} has {disk.free_bytes / 1e9:.1f} GB left in {disk.path}",
            "free or add space; a broker whose disk is full stops",
        )
        for disk in disks
        if disk.free_bytes < max(_DISK_FREE_BYTES_MIN, disk.total_bytes * _DISK_FREE_SHARE_MIN)
    ]
    if disks and not findings:
        least = min(disk.free_bytes for disk in disks)
        findings.append(ok("disk", f"at least {least / 1e9:.0f} GB left on every broker"))
    return findings


def check_partitioner(kafka: Kafka, topics: Topics, declared: Partitioner) -> list[Finding]:
    """The keys of the newest records of each source topic against the declared partitioner."""
    names = [topics.name(role) for role in INPUT_ROLES]
    findings: list[Finding] = []
    for name, topic in kafka.topics(names).items():
        spans = kafka.spans([(name, partition) for partition in range(topic.partitions)])
        sample = list(records.read(kafka.servers, records.last_spans(spans, SAMPLE_PER_PARTITION)))
        findings += _judge(name, topic.partitions, sample, declared)
    return findings or [ok("partitioner", f"sampled keys lie where {declared} puts them")]


def _judge(
    topic: str, partitions: int, sample: Iterable[Stored], declared: Partitioner
) -> Iterable[Finding]:
    keyed = [record for record in sample if record.key is not None]
    misplaced = [record for record in keyed if not _fits(record, declared, partitions)]
    if not misplaced:
        return
    newest_ms = max(record.timestamp_ms for record in misplaced)
    newest = datetime.fromtimestamp(newest_ms / 1000, UTC).isoformat(timespec="seconds")
    yield problem(
        "partitioner",
        f"{len(misplaced)} of {len(keyed)} sampled keys of {topic} are not where {declared} puts "
        f"them (the newest at {newest}): one item's events are spread over several partitions",
        _FIXES[_explanation(misplaced, partitions)],
    )


def _explanation(misplaced: list[Stored], partitions: int) -> Partitioner | None:
    """The partitioner that put all of them where they are; None when neither did."""
    fits = (
        other
        for other in Partitioner
        if all(_fits(record, other, partitions) for record in misplaced)
    )
    return next(fits, None)


def _fits(record: Stored, partitioner: Partitioner, partitions: int) -> bool:
    return partition_of(record.key or b"", partitions, partitioner) == record.partition


def check_groups(kafka: Kafka, names: Iterable[str]) -> list[Finding]:
    """Committed offsets that lie outside their topics, and groups that nobody works for."""
    findings: list[Finding] = []
    for group in groups.find(kafka, list(names)):
        lags = groups.lags(kafka, group)
        for lag in lags:
            findings += _offsets(lag.group, f"{lag.topic}/{lag.partition}", lag.committed, lag.span)
        behind = sum(lag.records for lag in lags)
        if behind and not group.members:
            findings.append(
                warning(
                    "groups",
                    f"{group.name} is {behind} records behind and nobody works for it",
                    f"`watchfloor {_command(group.name)}` does",
                )
            )
        else:
            findings.append(
                ok("groups", f"{group.name}: {len(group.members)} members, {behind} records behind")
            )
    return findings


def check_instances(kafka: Kafka, names: Iterable[str]) -> list[Finding]:
    """Instance names that went from one process to another between two looks at the groups.

    Kafka knows one member of a name at a time, so two that fight show only as a change: none seen
    is no proof, and a process that was just started again looks the same.
    """
    wanted = list(names)
    before = groups.find(kafka, wanted)
    if not any(group.instances for group in before):
        return []
    time.sleep(INSTANCE_LOOKS_APART_S)
    return judge_instances(before, groups.find(kafka, wanted))


def judge_instances(before: Iterable[Group], after: Iterable[Group]) -> list[Finding]:
    """What to say of the bearers of instance names at two moments."""
    then = {group.name: group.instances for group in before}
    return [
        warning(
            "instances",
            f"{name} of {group.name} went from {held[1]} to {bearer[1]} while the doctor looked: "
            "it was started again just now, or two processes have this name and throw each other "
            "out",
            "look again; if it stays, give each process a name of its own (WATCHFLOOR_INSTANCE or "
            "--instance)",
        )
        for group in after
        for name, bearer in group.instances.items()
        if (held := then.get(group.name, {}).get(name)) is not None and held[0] != bearer[0]
    ]


def _offsets(group: str, place: str, committed: int | None, span: Span) -> Iterable[Finding]:
    if committed is not None and committed > span.end:
        yield problem(
            "groups",
            f"{group} has read {place} up to {committed}, but it ends at {span.end}: "
            "the topic was made anew",
            "drop the space (`watchfloor space drop`) and begin anew, or restore the topic",
        )
    if committed is not None and committed < span.start:
        yield problem(
            "groups",
            f"{group} has lost {span.start - committed} records of {place}: they expired unread",
            "send them again with `watchfloor replay`; raise retention.ms, or run more workers",
        )


def _command(group: str) -> str:
    return "worker" if group.endswith("-floor") else "deliver"
