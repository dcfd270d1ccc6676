"""Sessions of the local ClickHouse interface, which the usual client opens by itself."""

import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import clickhouse_connect
import pytest

from deploy.local import ports
from deploy.local.stack import Stack


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of an interface that this module has for itself."""
    stack = Stack(tmp_path_factory.mktemp("sessions"))
    try:
        stack.up(("clickhouse",))
        yield ports.read_last(stack.places.ports)["clickhouse"]
    finally:
        stack.down()


def ask(port: int, sql: str, by_get: bool = False, **fields: str) -> str:
    """The answer's text, or the code of the error."""
    query = {**fields, "query": sql} if by_get else fields
    address = f"http://{ports.HOST}:{port}/?{urllib.parse.urlencode(query)}"
    try:
        with urllib.request.urlopen(address, None if by_get else sql.encode(), 30) as answer:
            return str(answer.read().decode().strip())
    except urllib.error.HTTPError as error:
        with error:
            return str(error.headers["X-ClickHouse-Exception-Code"])


def test_a_session_keeps_its_tables_and_settings_and_others_do_not_see_them(port: int) -> None:
    ask(port, "CREATE TEMPORARY TABLE mine (n UInt8)", session_id="one")
    ask(port, "SET max_threads = 3", session_id="one")
    look = "SELECT count(), getSetting('max_threads') FROM mine"
    assert ask(port, look, session_id="one") == "0\t3"
    assert ask(port, look, session_id="two") == "60"
    assert ask(port, "SELECT 1", session_id="new", session_check="1") == "372"


def test_settings_and_database_of_a_request_end_with_it(port: int) -> None:
    look = "SELECT currentDatabase(), getSetting('max_threads')"
    ask(port, "SET max_threads = 5", session_id="s")
    assert ask(port, look, session_id="s", max_threads="2", database="system") == "system\t2"
    assert ask(port, look, session_id="s") == "default\t5"


def test_a_get_in_a_session_reads_only_and_the_next_post_may_write(port: int) -> None:
    assert (
        ask(port, "CREATE TABLE w (n UInt8) ENGINE = Memory", by_get=True, session_id="g") == "164"
    )
    assert ask(port, "SELECT 1", by_get=True, session_id="g") == "1"
    assert ask(port, "CREATE TABLE w (n UInt8) ENGINE = Memory", session_id="g") == ""
    assert ask(port, "INSERT INTO w VALUES (1)", by_get=True, session_id="g") == "164"
    assert ask(port, "INSERT INTO w VALUES (1)", session_id="g") == ""
    assert ask(port, "SELECT count() FROM w", session_id="g") == "1"


def test_a_session_takes_one_request_at_a_time(port: int) -> None:
    with ThreadPoolExecutor(2) as threads:
        answers = threads.map(lambda _: ask(port, "SELECT sleep(1)", session_id="busy"), range(2))
        assert sorted(answers) == ["0", "373"]


def test_settings_for_one_query_of_the_usual_client_do_not_linger(port: int) -> None:
    client = clickhouse_connect.get_client(host=ports.HOST, port=port)
    limited = {"max_result_rows": 10, "result_overflow_mode": "throw"}
    with pytest.raises(clickhouse_connect.driver.exceptions.DatabaseError, match="396"):
        assert client.query("SELECT number FROM numbers(1000)", settings=limited).row_count
    assert client.query("SELECT number FROM numbers(1000)").row_count == 1000
    client.close()
