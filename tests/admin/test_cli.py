"""The command line: light to start, plain in what it says, the same exit codes everywhere."""

import subprocess
import sys

import pytest

from schemas.topics import Topics, TopicSpec
from sinks.rebuilds import Rebuild
from streams import settings, spaces
from streams.admin import Kafka
from streams.cli import COMMANDS
from streams.settings import Settings
from streams.setup import connect_clickhouse
from streams.spaces import MEMORY_PREFIX, Names
from tests.admin.conftest import Run

OURS = ("setup", "doctor", "lag", "dlq", "sql", "metrics", "people", "space")
HEAVY = ("faust", "kafka", "aiokafka", "clickhouse_connect", "redis", "pydantic", "aiohttp", "rich")


def test_help_and_a_wrong_name_import_nothing_heavy() -> None:
    program = (
        "import sys\nfrom streams.cli import main\n"
        "try: main(sys.argv[1:])\n"
        f"finally: print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)\n"
    )
    for arguments, code in (["--help"], 0), (["nonsense"], 2):
        ran = subprocess.run(
            [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False
        )
        assert ran.returncode == code
        assert ran.stderr.splitlines()[-1] == "[]"


def test_help_names_every_command(run: Run) -> None:
    ran = run("--help")
    assert ran.code == 0
    assert [name for name in COMMANDS if f"\n  {name} " not in ran.out] == []


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("name", OURS)
def test_every_command_explains_itself_with_an_example_and_takes_a_space(
    run: Run, name: str
) -> None:
    ran = run(name, "--help")
    assert ran.code == 0
    assert f"\n  watchfloor {name}" in ran.out
    assert "--space NAME" in ran.out


def test_a_refused_setting_is_one_line_with_its_remedy_and_code_2(
    bare: pytest.MonkeyPatch, run: Run
) -> None:
    bare.setenv("WATCHFLOOR_PARTITION", "8")
    ran = run("doctor")
    assert ran.code == 2
    assert ran.err == (
        "watchfloor: WATCHFLOOR_PARTITION is no setting\n"
        "  remedy: did you mean WATCHFLOOR_PARTITIONS or WATCHFLOOR_PARTITIONER? else unset it\n"
    )


def test_a_broker_that_is_away_is_one_line_with_its_remedy_and_code_1(
    bare: pytest.MonkeyPatch, run: Run
) -> None:
    bare.setenv("WATCHFLOOR_KAFKA", "127.0.0.1:1")
    bare.setenv("WATCHFLOOR_TIMEOUT_S", "1")
    for arguments in ("lag",), ("dlq", "ls"), ("space", "ls"):
        ran = run(*arguments)
        assert ran.code == 1
        assert ran.err.splitlines()[0] == "watchfloor: no Kafka broker answers at 127.0.0.1:1"


def test_a_space_may_stand_before_or_behind_the_command(
    whole_floor: Settings, names: Names, run: Run
) -> None:
    space = whole_floor.space.space
    for arguments in ("--space", space, "sql"), ("sql", "--space", space):
        ran = run(*arguments, "SELECT currentDatabase() AS name")
        assert (ran.code, ran.out) == (0, f"name\n{names.database}\n")


def test_sql_can_read_and_not_write(whole_floor: Settings, run: Run) -> None:
    ran = run("sql", "DROP TABLE rollups", "--space", whole_floor.space.space)
    assert ran.code == 1
    assert "readonly" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.usefixtures("whole_floor")
def test_a_space_is_listed_until_it_is_dropped_with_all_it_had(
    space: str, topics: Topics, names: Names, kafka: Kafka, run: Run
) -> None:
    client = connect_clickhouse(settings.read(space).connections)
    own = Rebuild(names.database, 0, 3_600).side
    others = Rebuild(f"{names.database}_june", 0, 3_600).side
    for side in (own, others):
        client.command(f"CREATE DATABASE {side}")
    memories = [f"{space}.{MEMORY_PREFIX}cvat.theirs", f"{space}.a.{MEMORY_PREFIX}cvat.theirs"]
    kafka.create_topics([TopicSpec(name, 1) for name in memories], 1)
    assert space in run("space", "ls").out.split()
    ran = run("space", "drop", space, "--yes")
    count = len(Topics(space).specs()) + 1
    assert (ran.code, ran.out) == (0, f"dropped space {space}: {count} topics, 0 groups\n")
    assert kafka.topics([each.name for each in topics.specs()]) == {}
    assert list(kafka.topics(memories)) == memories[1:]
    kafka.delete_topics(memories[1:])
    assert space not in run("space", "ls").out.split()
    databases = {name for (name,) in client.query("SHOW DATABASES").result_rows}
    assert names.database not in databases
    assert own not in databases
    assert others in databases
    client.command(f"DROP DATABASE {others}")
    client.close()


def test_a_space_keeps_its_accepted_range_until_told_otherwise(
    floor: Settings, topics: Topics, kafka: Kafka, run: Run
) -> None:
    space = ("--space", floor.space.space)
    run("setup", *space, "--accept-from", "2025-06-01", "--accept-to", "2025-07-01")
    run("setup", *space)
    terms = spaces.read_terms(kafka, topics)
    assert terms is not None
    assert (terms.accept_from_ms, terms.accept_to_ms) == (1_748_736_000_000, 1_751_328_000_000)
    backwards = run("setup", *space, "--accept-from", "2025-07-01", "--accept-to", "2025-06-01")
    assert backwards.code == 2


def test_doctor_prints_json_and_says_by_its_code_that_something_is_wrong(
    space: str, run: Run
) -> None:
    ran = run("doctor", "--json", "--space", space)
    assert ran.code == 1
    assert '"remedy": "`watchfloor setup` makes them"' in ran.out


@pytest.mark.usefixtures("connected")
def test_people_hash_is_the_same_every_time_and_differs_by_source(run: Run) -> None:
    def hashed(source: str) -> str:
        return run("people", "hash", "--org", "acme", "--source", source, "4711").out

    assert hashed("cvat") == hashed("cvat")
    assert hashed("cvat") != hashed("label_studio")


@pytest.mark.parametrize("arguments", [("ls",), ("ls", "--own"), ("show", "floor_lag_records")])
def test_metrics_are_explained(run: Run, arguments: tuple[str, ...]) -> None:
    assert run("metrics", *arguments).code == 0
    assert run("metrics", "show", "no_such_metric").code == 2
