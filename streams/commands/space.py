"""``watchfloor space``: list and drop spaces."""

import click
from redis import Redis
from redis.exceptions import RedisError

from schemas.topics import LIVE, Topics
from sinks import rebuilds
from sinks.clients import redis_client
from streams import groups, spaces
from streams.admin import Kafka
from streams.commands.invocation import read_settings
from streams.refusals import Refusal
from streams.settings import Connections, Settings
from streams.setup import connect_clickhouse
from streams.spaces import Names


@click.group("space")
def command() -> None:
    """List and drop spaces: floors that share the machines and nothing else.

    \b
    watchfloor space ls
    watchfloor space drop june
    """


@command.command("ls")
def ls() -> None:
    """Name the spaces that have topics."""
    connections = read_settings().connections
    with Kafka(connections.kafka, connections.timeout_s) as kafka:
        for name in spaces.existing(kafka.topic_names()):
            click.echo(name)


@command.command("drop")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def drop(name: str, yes: bool) -> None:
    """Delete the space NAME: its topics, groups, ClickHouse database and Redis keys.

    Nothing of it can be brought back. Stop its workers first.
    """
    try:
        topics = Topics(name)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    settings = read_settings()
    with Kafka(settings.connections.kafka, settings.connections.timeout_s) as kafka:
        remembered = [each for each in kafka.topic_names() if Names(name).memory_of_mapping(each)]
        found = kafka.topics([*(each.name for each in topics.specs()), *remembered])
        _refuse_while_in_use(kafka, name)
        if not yes:
            live = " This is the floor itself." if name == LIVE else ""
            question = f"delete {len(found)} topics and all that space {name} holds?{live}"
            click.confirm(question, abort=True, err=True)
        kafka.delete_topics(list(found))
        known = {group.name for group in groups.of_space(kafka, name)}
        groups.delete(kafka, sorted(known))
    _drop_stores(settings, Names(name))
    click.echo(f"dropped space {name}: {len(found)} topics, {len(known)} groups")


def _refuse_while_in_use(kafka: Kafka, name: str) -> None:
    for group in groups.of_space(kafka, name):
        if group.members:
            raise Refusal(
                f"{len(group.members)} members of {group.name} work in space {name}",
                groups.STOP_MEMBERS,
            )


def _drop_stores(settings: Settings, names: Names) -> None:
    client = connect_clickhouse(settings.connections)
    try:
        for database in (*rebuilds.sides(client, names.database), names.database):
            client.command(f"DROP DATABASE IF EXISTS {database}")
    finally:
        client.close()
    _drop_keys(settings.connections, names)


def _drop_keys(connections: Connections, names: Names) -> None:
    password = connections.redis_password.get_secret_value() or None
    client: Redis = redis_client(connections.redis, password)
    try:
        for pattern in names.redis_patterns:
            for key in client.scan_iter(match=pattern, count=1000):
                client.unlink(key)
    except RedisError as error:
        raise Refusal(
            f"Redis does not answer at {connections.redis}: {type(error).__name__}",
            "start it and drop the space again; its snapshots expire in any case",
        ) from error
    finally:
        client.close()
