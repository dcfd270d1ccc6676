"""What the doctor asks ClickHouse and Redis."""

from clickhouse_connect.driver.exceptions import Error as DriverError
from redis import Redis
from redis.exceptions import RedisError

from sinks import migrations
from sinks.clients import redis_client
from streams.findings import Finding, ok, problem, warning
from streams.refusals import Refusal
from streams.settings import Connections
from streams.setup import connect_clickhouse

_SETUP = "`watchfloor setup` makes it"
#: The engine's codes for an unknown table and an unknown database.
_ABSENT = frozenset({60, 81})


def check_clickhouse(
    connections: Connections, database: str, may_be_away: bool = False
) -> list[Finding]:
    """Check that it answers, and that the database has the tables of this version.

    ``may_be_away``: no answer is only a warning, because the caller would wait for it.
    """
    try:
        client = connect_clickhouse(connections)
    except Refusal as refusal:
        severe = warning if may_be_away else problem
        return [severe("clickhouse", refusal.problem, refusal.remedy)]
    try:
        known = migrations.load()
        left = migrations.pending(client, database, known)
    except migrations.MigrationChanged as error:
        remedy = "install the version that made this database, or a newer one"
        return [problem("clickhouse", str(error), remedy)]
    except DriverError as error:
        if error.code in _ABSENT:
            return [problem("clickhouse", f"database {database} has no schema", _SETUP)]
        says = f"database {database} can't be read: error {error.code}"
        return [problem("clickhouse", says, "give the user of WATCHFLOOR_CLICKHOUSE_USER access")]
    finally:
        client.close()
    if left:
        names = ", ".join(f"{each.number:03d}_{each.name}" for each in left)
        return [problem("clickhouse", f"database {database} lacks {names}", _SETUP)]
    says = f"{client.server_version} at {connections.clickhouse}, {len(known)} migrations"
    return [ok("clickhouse", says)]


def check_redis(connections: Connections) -> list[Finding]:
    """Check that it answers, and that it has room."""
    client: Redis = redis_client(
        connections.redis,
        connections.redis_password.get_secret_value() or None,
        socket_timeout=connections.timeout_s,
        socket_connect_timeout=connections.timeout_s,
    )
    try:
        memory = client.info("memory")
    except RedisError as error:
        return [
            problem(
                "redis",
                f"Redis does not answer at {connections.redis}: {type(error).__name__}",
                "`watchfloor local up` starts one here; else set WATCHFLOOR_REDIS and its password",
            )
        ]
    finally:
        client.close()
    limit, used = int(memory.get("maxmemory", 0)), int(memory.get("used_memory", 0))
    if limit and used > 0.9 * limit:
        says = f"{used / limit:.0%} of maxmemory is used"
        return [warning("redis", says, "raise maxmemory: snapshots are refused when it is full")]
    return [ok("redis", f"answers at {connections.redis}")]
