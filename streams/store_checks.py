"""What the doctor asks ClickHouse and Redis."""

import time

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import Error as DriverError
from redis import Redis
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError

from sinks import migrations
from sinks.clients import redis_client
from streams.findings import Finding, ok, problem, warning
from streams.left_rows import ABSENT
from streams.refusals import Refusal
from streams.settings import Connections
from streams.setup import connect_clickhouse

CLOCK_WARN_MS = 2_000
_SETUP = "`watchfloor setup` makes it"


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
        clock_ms = _clock_ms(client) - _now_ms()
    except migrations.MigrationChanged as error:
        remedy = "install the version that made this database, or a newer one"
        return [problem("clickhouse", str(error), remedy)]
    except DriverError as error:
        if error.code in ABSENT:
            return [problem("clickhouse", f"database {database} has no schema", _SETUP)]
        says = f"database {database} can't be read: error {error.code}"
        return [problem("clickhouse", says, "give the user of WATCHFLOOR_CLICKHOUSE_USER access")]
    finally:
        client.close()
    if left:
        names = ", ".join(f"{each.number:03d}_{each.name}" for each in left)
        return [problem("clickhouse", f"database {database} lacks {names}", _SETUP)]
    says = f"{client.server_version} at {connections.clickhouse}, {len(known)} migrations"
    return [ok("clickhouse", says), *_apart("clickhouse", clock_ms)]


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
        seconds, micros = client.time()
        clock_ms = seconds * 1000 + micros // 1000 - _now_ms()
    except AuthenticationError:
        return [
            problem(
                "redis",
                f"Redis at {connections.redis} refuses our user or password",
                "correct WATCHFLOOR_REDIS_USER and WATCHFLOOR_REDIS_PASSWORD(_FILE)",
            )
        ]
    except NoPermissionError:
        return [
            problem(
                "redis",
                f"our user at {connections.redis} may not do what it has to",
                "give it ~ops:* &* +@read +@write +@scripting +@connection +info +time",
            )
        ]
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
    return [ok("redis", f"answers at {connections.redis}"), *_apart("redis", clock_ms)]


def _apart(part: str, clock_ms: int) -> list[Finding]:
    """What to say of a store whose clock is so far ahead of ours."""
    if abs(clock_ms) < CLOCK_WARN_MS:
        return []
    says = f"its clock is {clock_ms / 1000:+.1f} s from this machine's"
    return [warning(part, says, "run a time service (chrony, systemd-timesyncd) on both")]


def _clock_ms(client: Client) -> int:
    (told,) = client.query("SELECT toUnixTimestamp64Milli(now64(3))").result_rows[0]
    return int(told)


def _now_ms() -> int:
    return int(time.time() * 1000)
