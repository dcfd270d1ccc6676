"""What Go's client, thus Grafana's plugin, asks of the local ClickHouse interface."""

import gzip
import http.client
import socket
import urllib.request
from collections.abc import Iterator

import pytest

from deploy.local import ports
from deploy.local.clickhouse_http.faults import Fault
from deploy.local.clickhouse_http.native_blocks import REVISION_MIN, with_block_info
from deploy.local.stack import Stack

# One column of each kind of type, each under its own name.
COLUMNS = {
    "UInt8": "1",
    "Int256": "1",
    "Float64": "1",
    "BFloat16": "1",
    "Decimal(9, 2)": "1.5",
    "Decimal(20, 3)": "1.5",
    "Bool": "true",
    "String": "'text'",
    "FixedString(5)": "'five'",
    "UUID": "'61f0c404-5cb3-11e7-907b-a6006ad3dba0'",
    "IPv4": "'1.1.1.1'",
    "IPv6": "'::1'",
    "Date32": "'2026-01-01'",
    "DateTime('Asia/Kathmandu')": "1",
    "DateTime64(3, 'UTC')": "1",
    "Enum8('a' = 1, 'b, (c' = 2)": "'a'",
    "Nullable(String)": "NULL",
    "LowCardinality(String)": "'few'",
    "LowCardinality(Nullable(String))": "NULL",
    "Array(LowCardinality(String))": "['a', 'b']",
    "Array(Array(Nullable(Int16)))": "[[1], [NULL, 2], []]",
    "Map(String, Array(Int64))": "map('k', [1])",
    "Tuple(a Int8, `b (c` DateTime64(3, 'UTC'))": "(1, 2)",
    "Nested(a Int8, b LowCardinality(String))": "[(1, 'x')]",
    "Point": "(1, 2)",
    "Polygon": "[[(1, 2), (3, 4)]]",
    "IntervalDay": "toIntervalDay(1)",
    "SimpleAggregateFunction(sum, UInt64)": "1",
}


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of an interface that this module has for itself."""
    stack = Stack(tmp_path_factory.mktemp("native"))
    try:
        stack.up(("clickhouse",))
        yield ports.read_last(stack.places.ports)["clickhouse"]
    finally:
        stack.down()


def native(port: int, sql: str, revision: int) -> bytes:
    fields = f"default_format=Native&client_protocol_version={revision}"
    address = f"http://{ports.HOST}:{port}/?{fields}"
    with urllib.request.urlopen(address, data=sql.encode(), timeout=30) as answer:
        return bytes(answer.read())


@pytest.mark.parametrize("column_type", COLUMNS)
@pytest.mark.parametrize("rows", [1, 3, 1000])
def test_every_type_is_walked_to_its_end(port: int, column_type: str, rows: int) -> None:
    quoted = column_type.replace("'", "\\'")
    sql = f"SELECT CAST({COLUMNS[column_type]}, '{quoted}') AS c, number FROM numbers({rows})"
    plain = native(port, sql, 0)
    framed = b"".join(with_block_info(plain))
    # Eight bytes for the block and a flag for each of its two columns.
    assert len(framed) == len(plain) + 8 + 2
    assert framed[-8 * rows - 1 :] == b"\x00" + plain[-8 * rows :]
    assert native(port, sql, REVISION_MIN) == framed


def test_many_blocks_are_each_framed(port: int) -> None:
    sql = "SELECT number, toString(number) FROM numbers(200000)"
    plain, framed = native(port, sql, 0), native(port, sql, REVISION_MIN)
    assert (len(framed) - len(plain)) % 10 == 0
    assert framed.count(b"\x01\x00\x02\xff\xff\xff\xff\x00") == (len(framed) - len(plain)) // 10


def test_a_type_of_unknown_length_is_an_error_and_not_a_guess(port: int) -> None:
    plain = native(port, "SELECT sumState(number) AS state FROM numbers(3)", 0)
    with pytest.raises(Fault, match="AggregateFunction"):
        b"".join(with_block_info(plain))


def test_a_client_that_goes_away_amid_an_answer_harms_nobody(port: int) -> None:
    request = "GET /?query=SELECT+number+FROM+numbers(100000000) HTTP/1.1\r\n"
    for _ in range(10):
        with socket.create_connection((ports.HOST, port)) as connection:
            connection.sendall(f"{request}Host: {ports.HOST}\r\n\r\n".encode())
            assert connection.recv(1000).startswith(b"HTTP/1.1 200")
    assert native(port, "SELECT 1 FORMAT TSV", 0) == b"1\n"


def test_a_compressed_query_and_a_wish_for_compression_are_understood(port: int) -> None:
    connection = http.client.HTTPConnection(ports.HOST, port, timeout=30)
    headers = {"Content-Encoding": "gzip", "Accept-Encoding": "gzip"}
    connection.request("POST", "/?enable_http_compression=1", gzip.compress(b"SELECT 1"), headers)
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (200, b"1\n")
    connection.close()
