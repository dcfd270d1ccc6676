"""The whole of the main job over TLS and a login, with no rights but those the doctor names."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from sinks.redis import RedisSink
from streams import access_rights, settings
from streams.access_rights import Right
from streams.spaces import Names
from tests.integration.clusters import rights
from tests.integration.clusters.company_broker import PASSWORD, USER
from tests.integration.clusters.conftest import REDIS_PASSWORD, Company
from tests.integration.main_job.floor_processes import floor_space

# aiokafka does not wait for the other side's end of TLS when it stops, so a loop that ends then
# leaves a transport to the garbage collector; that is no failure of what is tested here.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
ANNOTATED = "SELECT uniqExact(item_id) FROM items FINAL"


def test_events_reach_clickhouse_and_redis_over_tls(
    at_company: Company, space: str, tmp_path: Path
) -> None:
    mine = f"User:{USER}"
    # The test deletes its topics afterwards, which no floor does.
    cleaning = Right("TOPIC", "PREFIXED", f"{space}.", ("DELETE",))
    rights.give(at_company.broker, mine, (*access_rights.needed(space), cleaning))
    found = settings.read(space)
    with floor_space(found, tmp_path, None) as floor:
        floor.worker(1).await_at_work()
        for sink in ("clickhouse", "redis"):
            floor.deliver(sink).await_at_work()
        said = floor.run("simulate", "--seconds", "300", "--speed", "max", "--rate", "4")
        floor.settle()
        told = floor.run("doctor", "--json")
        counted = int(floor.run("sql", ANNOTATED).split()[-1])
        prefix = Names(space).redis_prefix
        with closing(RedisSink(found.connections.redis, prefix, password=REDIS_PASSWORD)) as live:
            subjects = live.subjects()
        assert floor.stop() == [0, 0, 0]
    logs = "".join(path.read_text() for path in tmp_path.glob("*.log"))
    findings = {each["check"]: each for each in json.loads(told)}
    assert counted > 0 and subjects
    assert findings["rights"]["severity"] == "ok", told
    assert findings["certificates"]["severity"] == "ok", told
    for secret in (PASSWORD, REDIS_PASSWORD):
        assert secret not in logs + told + said + repr(found)
