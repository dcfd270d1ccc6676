"""The local ClickHouse interface: inserts are whole or refused, clients need no change."""

import gzip
import http.client
import io
import socket
import urllib.parse
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import clickhouse_connect
import lz4.frame
import pytest
import zstandard
from clickhouse_connect.driver import Client
from clickhouse_connect.driver.exceptions import DatabaseError, StreamFailureError

from deploy.local import ports
from deploy.local.clickhouse_http.bodies import Spool
from deploy.local.clickhouse_http.faults import Fault
from deploy.local.stack import Stack

ROWS = 200_000
INSERT = "INSERT INTO t (n, s) FORMAT CSV"
GOOD = b"".join(b"%d,row\n" % number for number in range(ROWS))


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    code: str | None
    body: bytes


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of an interface that this module has for itself."""
    stack = Stack(tmp_path_factory.mktemp("interface"))
    try:
        stack.up(("clickhouse",))
        yield ports.read_last(stack.places.ports)["clickhouse"]
    finally:
        stack.down()


@pytest.fixture
def client(port: int) -> Iterator[Client]:
    """A client as it comes, and an empty table ``t`` with a check and a partition per day."""
    client = clickhouse_connect.get_client(host=ports.HOST, port=port)
    client.command(
        "CREATE OR REPLACE TABLE t (n UInt64, s String, day Date DEFAULT '2026-01-01',"
        " CONSTRAINT small CHECK n < 1000000000)"
        " ENGINE = MergeTree PARTITION BY day ORDER BY n"
    )
    yield client
    client.close()


def post(port: int, body: bytes, encoding: str = "", method: str = "POST", **fields: str) -> Answer:
    connection = http.client.HTTPConnection(ports.HOST, port, timeout=60)
    headers = {"Content-Encoding": encoding} if encoding else {}
    connection.request(method, f"/?{urllib.parse.urlencode(fields)}", body or None, headers)
    answer = connection.getresponse()
    try:
        return Answer(answer.status, answer.getheader("X-ClickHouse-Exception-Code"), answer.read())
    finally:
        connection.close()


def stored(client: Client) -> int:
    return int(client.query("SELECT count() FROM t").result_rows[0][0])


def frames(compress: Callable[[bytes], bytes]) -> bytes:
    """The good rows as many compressed frames in one body."""
    size = 1 << 16
    return b"".join(compress(GOOD[at : at + size]) for at in range(0, len(GOOD), size))


ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "lz4": lz4.frame.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "gzip": lambda data: gzip.compress(data, 1),
}


def test_a_large_insert_of_the_usual_client_is_counted_exactly(client: Client) -> None:
    summary = client.insert("t", [(n, "row") for n in range(ROWS)], column_names=["n", "s"])
    assert summary.written_rows == ROWS
    total = ROWS * (ROWS - 1) // 2
    assert client.query("SELECT count(), sum(n) FROM t").first_row == (ROWS, total)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_all_frames_of_a_body_are_read(client: Client, port: int, encoding: str) -> None:
    answer = post(port, frames(ENCODINGS[encoding]), encoding, query=INSERT)
    assert (answer.status, stored(client)) == (200, ROWS)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("harm", [lambda body: body[:-3], lambda body: body + b"more"])
def test_a_damaged_body_stores_nothing(
    client: Client, port: int, encoding: str, harm: Callable[[bytes], bytes]
) -> None:
    answer = post(port, harm(frames(ENCODINGS[encoding])), encoding, query=INSERT)
    assert (answer.status, answer.code, stored(client)) == (400, "271", 0)


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        (GOOD + b"x,row\n", "27"),
        (GOOD + b"1000000000,row\n", "469"),
        (GOOD + b"1,row,too many\n", "117"),
    ],
    ids=["not a number", "a constraint", "too many columns"],
)
def test_one_bad_row_refuses_the_whole_insert(
    client: Client, port: int, rows: bytes, code: str
) -> None:
    answer = post(port, rows, query=INSERT)
    assert (answer.code, stored(client)) == (code, 0)


def test_too_many_partitions_refuse_the_whole_insert(client: Client, port: int) -> None:
    rows = b"".join(b"1,row,%d-01-01\n" % year for year in range(1970, 2100))
    answer = post(port, rows, query="INSERT INTO t FORMAT CSV")
    assert (answer.code, stored(client)) == ("252", 0)


def test_a_native_block_that_is_cut_stores_nothing(client: Client, port: int) -> None:
    block = post(port, b"SELECT number AS n, 'row' AS s FROM numbers(300000) FORMAT Native").body
    query = "INSERT INTO t (n, s) FORMAT Native"
    assert post(port, block[:-5], query=query).code == "33"
    assert stored(client) == 0
    assert post(port, block, query=query).status == 200
    assert stored(client) == 300_000


@pytest.mark.parametrize("chunked", [True, False])
def test_an_upload_that_breaks_off_stores_nothing(client: Client, port: int, chunked: bool) -> None:
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(GOOD)}"
    target = f"/?{urllib.parse.urlencode({'query': INSERT})}"
    piece = b"%x\r\n%s\r\n" % (len(GOOD) // 2, GOOD[: len(GOOD) // 2])
    with socket.create_connection((ports.HOST, port)) as connection:
        head = f"POST {target} HTTP/1.1\r\nHost: {ports.HOST}\r\n{length}\r\n\r\n"
        connection.sendall(head.encode() + (piece if chunked else GOOD[: len(GOOD) // 2]))
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(10)
        assert b"200 OK" not in connection.recv(4096)
    assert stored(client) == 0


def test_rows_may_follow_the_statement_in_the_body_or_stand_in_it(
    client: Client, port: int
) -> None:
    for body in (
        b'INSERT INTO t (n, s) FORMAT JSONEachRow\n{"n":1,"s":"a;b"}\n{"n":2}',
        b"INSERT INTO t (n, s) VALUES (3, 'FORMAT CSV'), (4, 'it''s')",
        b"insert into t select 5, 's', today()",
        b"INSERT INTO t (n, s) SETTINGS async_insert = 1 FORMAT TSV\n6\tx\n",
    ):
        assert post(port, body).status == 200, body
    assert client.query("SELECT n FROM t ORDER BY n").result_columns == [[1, 2, 3, 4, 5, 6]]


def test_errors_carry_code_and_status(client: Client, port: int) -> None:
    with pytest.raises(DatabaseError, match="UNKNOWN_TABLE"):
        client.query("SELECT * FROM missing")
    cases = {
        b"SELECT * FROM missing": (404, "60"),
        b"SELEKT 1": (400, "62"),
        b"SELECT 1; SELECT 2": (400, "62"),
        b"SELECT throwIf(1)": (500, "395"),
        b"SELECT 1 INTO OUTFILE 'answer.tsv'": (501, "48"),
        b"INSERT INTO t FROM INFILE '/etc/passwd' FORMAT CSV": (501, "48"),
    }
    for body, (status, code) in cases.items():
        answer = post(port, body)
        assert (answer.status, answer.code) == (status, code), body
    assert post(port, b"SELECT 1", nonsense="1").code == "115"
    assert post(port, b"SELECT 1", database="missing").code == "81"
    assert post(port, b"SELECT 1", user="root").status == 403


def test_a_get_may_only_read(client: Client, port: int) -> None:
    assert post(port, b"", method="GET", query="SELECT 7").body == b"7\n"
    assert post(port, b"", method="GET", query="INSERT INTO t (n) VALUES (1)").code == "164"
    assert post(port, b"", method="GET", query="DROP TABLE t").code == "164"
    assert stored(client) == 0


def test_an_error_amid_the_rows_is_no_short_answer(client: Client) -> None:
    with pytest.raises(StreamFailureError, match="non-zero"):
        assert client.query("SELECT throwIf(number = 3000000) FROM numbers(4000000)").row_count


def test_queries_parameters_and_streams_of_the_usual_client(client: Client) -> None:
    tricky = "a\tb'c\\d\nü"
    found = client.query(
        "SELECT {s:String}, {a:Array(String)}", parameters={"s": tricky, "a": ["x'y", "z"]}
    )
    assert found.first_row == (tricky, ["x'y", "z"])
    assert client.query_df("SELECT number AS n FROM numbers(5)")["n"].sum() == 10
    with client.query_rows_stream("SELECT number FROM numbers(500000)") as stream:
        assert sum(1 for _ in stream) == 500_000
    assert client.raw_query("SELECT 1 AS a", fmt="JSONEachRow") == b'{"a":1}\n'


def test_many_clients_at_once_lose_nothing(client: Client, port: int) -> None:
    def insert(number: int) -> int:
        rows = b"".join(b"%d,row\n" % row for row in range(number * 1000, number * 1000 + 1000))
        return post(port, rows, query=INSERT).status

    with ThreadPoolExecutor(16) as threads:
        assert {*threads.map(insert, range(64))} == {200}
    assert client.query("SELECT count(), uniqExact(n) FROM t").first_row == (64_000, 64_000)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_body_that_unpacks_too_large_is_refused_in_bounded_memory(encoding: str) -> None:
    bomb = ENCODINGS[encoding](bytes(64 << 20))
    out = io.BytesIO()
    with pytest.raises(Fault, match="larger than"):
        Spool(out, encoding, bytes_max=1 << 20).write(bomb)
    assert out.tell() <= 1 << 20


def test_a_page_on_another_host_is_refused(port: int) -> None:
    connection = http.client.HTTPConnection(ports.HOST, port, timeout=10)
    connection.request("GET", "/?query=SELECT+1", headers={"Host": f"evil.example:{port}"})
    assert connection.getresponse().status == 403
    connection.close()
