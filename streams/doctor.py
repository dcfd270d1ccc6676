"""Look at everything a floor rests on; say what is wrong and what to do about it.

``examine`` is the whole round for ``watchfloor doctor``. ``preflight`` is the part that a worker
asks before it starts: only what would make it count wrongly or not at all.
"""

import shutil
from collections.abc import Callable, Mapping
from typing import Literal, assert_never

from schemas.topics import Topics
from streams import (
    access_rights,
    brokers,
    certificates,
    kafka_checks,
    people_key,
    plan_checks,
    settings_sources,
    source_checks,
    spaces,
    store_checks,
    topic_checks,
)
from streams.admin import Kafka
from streams.alert_checks import check_alert_files
from streams.findings import Finding, ok, problem, warning
from streams.refusals import Refusal, SettingsRefused
from streams.settings import People, Settings
from streams.setup import other_key
from streams.spaces import Names

Role = Literal["floor", "deliver-clickhouse", "deliver-redis", "deliver-notify"]
_LOCAL_FREE_BYTES_MIN = 1_000_000_000
#: Checks of what a process was given: starting it again gives it the same.
_SETTINGS_CHECKS = frozenset({"settings", "people", "plan", "sources"})


def examine(settings: Settings) -> list[Finding]:
    """Every check, in the order in which one would mend things."""
    names = Names(settings.space.space)
    return [
        ok("settings", f"space {settings.space.space}, {settings.floor.partitions} partitions"),
        *check_people(settings.people),
        *check_local_disk(),
        *_kafka(settings),
        *store_checks.check_clickhouse(settings.connections, names.database),
        *store_checks.check_redis(settings.connections),
        *certificates.check_certificates(settings.connections),
        *check_alert_files(),
    ]


def preflight(settings: Settings, role: Role) -> None:
    """Refuse to start on a wrong set-up: a Refusal that names all problems and their remedies.

    SettingsRefused when starting again can't help until somebody corrects what this process was
    given. A sink that is merely away is no problem: its deliverer waits for it.
    """
    match role:
        case "floor":
            findings = [*check_people(settings.people), *_kafka(settings, "floor")]
        case "deliver-clickhouse":
            database = Names(settings.space.space).database
            findings = [
                *_kafka(settings, role),
                *store_checks.check_clickhouse(settings.connections, database, may_be_away=True),
            ]
        case "deliver-redis" | "deliver-notify":
            findings = _kafka(settings, role)
        case _:
            assert_never(role)
    problems = [finding for finding in findings if finding.severity == "problem"]
    if problems:
        for_good = any(each.check in _SETTINGS_CHECKS for each in problems)
        refusal = SettingsRefused if for_good else Refusal
        raise refusal(
            "; ".join(each.says for each in problems),
            "; ".join(dict.fromkeys(each.remedy or "" for each in problems)),
        )


def check_people(people: People) -> list[Finding]:
    """Check that there is a people key, and that it stays a secret."""
    try:
        key = people_key.read(people)
    except SettingsRefused as refusal:
        return [problem("people", refusal.problem, refusal.remedy)]
    if key is None:
        return [ok("people", "ids are pseudonyms already, and pass unchanged")]
    file = None if people.key else people.key_file
    if file is not None and file.stat().st_mode & 0o077:
        says = f"others on this machine can read {file}, and so find out who is who"
        return [warning("people", says, f"chmod 600 {file}")]
    return [ok("people", f"key {people_key.fingerprint(key)}, scope {people.scope}")]


def check_local_disk() -> list[Finding]:
    """Room for the local stack, where there is one."""
    home = settings_sources.local_dir()
    if not home.is_dir():
        return []
    free = shutil.disk_usage(home).free
    if free < _LOCAL_FREE_BYTES_MIN:
        says = f"{free / 1e9:.1f} GB left for {home}"
        return [problem("disk", says, "free some space, or `watchfloor local reset`")]
    return [ok("disk", f"{free / 1e9:.0f} GB left for {home}")]


def _kafka(settings: Settings, role: Role | None = None) -> list[Finding]:
    """What a role needs of the brokers, None: everything; if none answers, the only finding."""
    connections = settings.connections
    try:
        with Kafka(connections.kafka, connections.timeout_s) as kafka:
            return _brokers(settings, kafka, role)
    except Refusal as refusal:
        return [problem("brokers", refusal.problem, refusal.remedy)]


def _brokers(settings: Settings, kafka: Kafka, role: Role | None) -> list[Finding]:
    topics = Topics(settings.space.space)
    wanted = topics.specs(settings.floor.partitions)
    found = kafka.topics([each.name for each in wanted])
    running = brokers.count(kafka)
    replicas = settings.connections.replication_factor
    findings = [
        ok("brokers", f"{running} at {kafka.servers}"),
        *topic_checks.compare(wanted, found, running, replicas),
        *_terms(settings, kafka, topics, source_checks.ids(topics, found)),
    ]
    state = found.get(topics.floor_changelog(1))
    if role in (None, "floor") and state and state.partitions == settings.floor.partitions:
        findings += plan_checks.check_plan(kafka, topics, settings.floor)
    if role is None:
        later: list[Callable[[], list[Finding]]] = [
            lambda: kafka_checks.check_partitioner(kafka, topics, settings.floor.partitioner),
            lambda: kafka_checks.check_groups(kafka, Names(topics.space_name).groups),
            lambda: kafka_checks.check_instances(kafka, Names(topics.space_name).groups),
            lambda: kafka_checks.check_clock(kafka),
            lambda: kafka_checks.judge_disks(brokers.disks(kafka)),
            lambda: access_rights.check_rights(kafka, topics, found),
        ]
        findings += [finding for check in later for finding in check()]
    return findings


def _terms(
    settings: Settings, kafka: Kafka, topics: Topics, source_ids: Mapping[str, str]
) -> list[Finding]:
    """What the space was set up with, against the settings of this process."""
    terms = spaces.read_terms(kafka, topics)
    if terms is None:
        says = f"space {topics.space_name} was never set up"
        return [problem("space", says, "`watchfloor setup`")]
    findings = source_checks.check_sources(terms, source_ids)
    if terms.partitioner != settings.floor.partitioner:
        findings.append(
            problem(
                "settings",
                f"the space was set up for {terms.partitioner}, WATCHFLOOR_PARTITIONER is "
                f"{settings.floor.partitioner}",
                "correct it, or run `watchfloor setup` to change it for all workers",
            )
        )
    try:
        key = people_key.fingerprint(people_key.read(settings.people))
    except SettingsRefused:
        # Told by check_people already.
        return findings
    if key != terms.people_key:
        refusal = other_key(topics.space_name)
        findings.append(problem("people", refusal.problem, refusal.remedy))
    return findings
