"""Make what a space needs, as often as one likes: what is there already stays as it is."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from clickhouse_connect.driver.client import Client

from schemas.topics import INPUT_ROLES, Topics
from sinks import clickhouse, migrations
from sinks.errors import SinkError
from streams import (
    brokers,
    left_rows,
    people_key,
    settings_sources,
    source_checks,
    spaces,
    topic_checks,
)
from streams.admin import Kafka, Topic, min_in_sync
from streams.findings import Finding
from streams.refusals import Refusal
from streams.sender import Sender
from streams.settings import Connections, Settings
from streams.spaces import Names, Terms
from streams.topic_checks import wrong_settings

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Accept:
    """Event times that a space takes, UTC ms, the end excluded; None: moves with the clock."""

    from_ms: int | None
    to_ms: int | None


def make_local_people_key(say: Say) -> None:
    """Give the local stack a key of its own, once; elsewhere a person has to."""
    path = settings_sources.people_key_path()
    if (settings_sources.local_dir() / "endpoints.json").is_file() and people_key.create(path):
        say(f"people key: made {path}; keep it as long as the history")


def set_up(settings: Settings, say: Say, accept: Accept | None) -> None:
    """Topics, terms and ClickHouse's tables of the space of ``settings``.

    ``accept`` None leaves the accepted range of event times as it is. Raises Refusal, or
    SettingsRefused before anything was made.
    """
    set_up_kafka(settings, say, accept, lambda: _refuse_lost_floor(settings))
    done = migrate(settings.connections, Names(settings.space.space).database)
    say(f"ClickHouse: {', '.join(done) if done else 'up to date'}")


def _refuse_lost_floor(settings: Settings) -> None:
    """A space without topics must not find rows of its name."""
    space = settings.space.space
    client = connect_clickhouse(settings.connections)
    try:
        left_rows.refuse(client, Names(space).database, space)
    finally:
        client.close()


def set_up_kafka(
    settings: Settings,
    say: Say,
    accept: Accept | None,
    before_new: Callable[[], None] = lambda: None,
) -> None:
    """The part of ``set_up`` that needs only the brokers; ``before_new`` may refuse a new space."""
    key = people_key.fingerprint(people_key.read(settings.people))
    connections = settings.connections
    topics = Topics(settings.space.space)
    with Kafka(connections.kafka, connections.timeout_s) as kafka:
        known = spaces.read_terms(kafka, topics)
        if known is not None and known.people_key != key:
            raise other_key(settings.space.space)
        if known is None:
            before_new()
        make_topics(kafka, settings, say)
        terms = replace(known or Terms(key, ""), partitioner=settings.floor.partitioner.value)
        now = source_checks.ids(topics, kafka.topics([topics.name(role) for role in INPUT_ROLES]))
        if known is not None and (roles := source_checks.replaced(known, now)):
            raise Refusal(f"the topics of {', '.join(roles)} were deleted", source_checks.REMEDY)
        terms = replace(terms, source_ids=now)
        if accept is not None:
            terms = replace(terms, accept_from_ms=accept.from_ms, accept_to_ms=accept.to_ms)
        if terms != known:
            with Sender(connections.kafka, connections.timeout_s) as sender:
                spaces.write_terms(sender, topics, terms)
            say("terms: written")


def make_topics(kafka: Kafka, settings: Settings, say: Say) -> None:
    """Make missing topics and correct settings; Refusal where only a person can decide."""
    wanted = Topics(settings.space.space).specs(settings.floor.partitions)
    found = kafka.topics([each.name for each in wanted])
    if settings.connections.topics_are_given:
        replicas = settings.connections.replication_factor
        _refuse_differences(topic_checks.compare(wanted, found, brokers.count(kafka), replicas))
        say(f"topics: {len(found)} are as declared")
        return
    for each in wanted:
        topic = found.get(each.name)
        if topic is not None and topic.partitions != each.partitions:
            raise Refusal(
                f"{each.name} has {topic.partitions} partitions, not {each.partitions}",
                f"set WATCHFLOOR_PARTITIONS={topic.partitions}, or drop the space and begin anew",
            )
    made = kafka.create_topics(wanted, settings.connections.replication_factor)
    say(f"topics: {len(made)} made, {len(found)} were there")
    for each in wanted:
        if each.name in found:
            wrong = {**wrong_settings(each, found[each.name]), **_in_sync(found[each.name])}
            if wrong:
                kafka.set_config(each.name, wrong)
                say(f"topic {each.name}: set {', '.join(f'{k}={v}' for k, v in wrong.items())}")


def _refuse_differences(findings: list[Finding]) -> None:
    wrong = [each.says for each in findings if each.severity == "problem"]
    if wrong:
        raise Refusal(
            "; ".join(wrong),
            "have them made so, since WATCHFLOOR_TOPICS_ARE_GIVEN says that others make them",
        )


def migrate(connections: Connections, database: str) -> list[str]:
    """Bring ClickHouse's tables up to date; the migrations that were applied."""
    client = connect_clickhouse(connections)
    try:
        return migrations.migrate(client, database)
    except migrations.MigrationChanged as error:
        remedy = "install the version that made this database, or a newer one"
        raise Refusal(str(error), remedy) from error
    finally:
        client.close()


def connect_clickhouse(connections: Connections) -> Client:
    """A client, to be closed; Refusal when ClickHouse does not answer."""
    password = connections.clickhouse_password.get_secret_value()
    try:
        return clickhouse.connect(connections.clickhouse, connections.clickhouse_user, password)
    except SinkError as error:
        raise Refusal(
            f"ClickHouse does not answer at {connections.clickhouse}: {error.reason}",
            "`watchfloor local up` starts one here; else set WATCHFLOOR_CLICKHOUSE, its user and "
            "its password",
        ) from error


def other_key(space: str) -> Refusal:
    """What to say when people would get other pseudonyms than so far."""
    return Refusal(
        f"space {space} was set up with another people key: everybody would become a new person",
        "give the key it had (WATCHFLOOR_PEOPLE_KEY_FILE), or drop the space and begin anew",
    )


def _in_sync(topic: Topic) -> dict[str, str]:
    least = min_in_sync(topic.replicas)
    have = int(topic.config.get("min.insync.replicas", "1"))
    return {"min.insync.replicas": str(least)} if have < least else {}
