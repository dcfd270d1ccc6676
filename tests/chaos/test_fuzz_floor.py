"""Raw bytes against what takes bytes: nothing falls over, and every record has one fate."""

import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import Decoder
from schemas.people import Pseudonymiser
from schemas.topics import INPUT_ROLES, Role
from streams.core.plan import Plan
from streams.core.shard import Shard
from streams.sources.mapping_files import built_in_mappings, parse_mapping
from streams.sources.records import SourceError
from tests.chaos.grounds import Grounds
from tests.contract import messages
from tests.contract.messages import KEY, TYPES, Sent, example
from tests.core.floors import Said

MAPPINGS = Path(__file__).parents[2] / "deploy" / "mappings"
NOISE = st.binary(max_size=64)
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(("ce_id", "ce_specversion", "ce_type", "content-type", "traceparent", "")),
        st.one_of(st.binary(max_size=12), st.sampled_from((b"1.0", b"application/json"))),
    ),
    max_size=5,
).map(tuple)


@st.composite
def records(draw: st.DrawFn) -> tuple[Role, Sent]:
    """A good record, a damaged one, or noise, for any of the input topics."""
    role = draw(st.sampled_from(INPUT_ROLES))
    if draw(st.integers(0, 3)) == 0:
        return role, Sent(draw(NOISE), draw(st.none() | NOISE), draw(st.integers(-1, 9)), ())
    wrap = draw(st.sampled_from((messages.plain, messages.structured, messages.binary)))
    sent = wrap(example(draw(st.sampled_from(TYPES))))
    value = bytearray(sent.value or b"")
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(value)))
        value[at : at + draw(st.integers(0, 4))] = draw(st.binary(max_size=4))
    headers = draw(HEADERS) if draw(st.booleans()) else sent.headers
    return role, Sent(bytes(value), sent.key, sent.timestamp, headers)


@settings(max_examples=80)
@given(st.lists(records(), max_size=25))
def test_every_record_has_one_fate_whatever_its_bytes(sent: list[tuple[Role, Sent]]) -> None:
    shard = Shard(Plan(), 0, Decoder(Pseudonymiser(KEY)))
    ends = dict.fromkeys(INPUT_ROLES, 0)
    for role, each in sent:
        headers = tuple((name, value or b"") for name, value in each.headers)
        said = Said(ends[role], each.timestamp, {}, each.key, each.value, headers)
        shard.apply(role.value, [said])
        ends[role] += 1
    meta = shard.meta
    assert meta.consumed == len(sent)
    assert len(shard.dead) == meta.dead
    shard.dead.clear()
    if sent:
        flush = shard.flush()
        assert flush is not None
        assert flush.meta.consumed == meta.applied + meta.duplicate + meta.late + meta.dead


@settings(max_examples=50)
@given(st.data())
def test_a_damaged_mapping_file_is_refused_or_read_and_never_falls_over(
    data: st.DataObject,
) -> None:
    name = data.draw(st.sampled_from(built_in_mappings()))
    text = (MAPPINGS / f"{name}.yaml").read_text()
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        noise = data.draw(st.text(st.sampled_from("{}[]:,-&*!|>'\"%@` \n\tax0"), max_size=5))
        text = text[:at] + noise + text[at + data.draw(st.integers(0, 30)) :]
    with suppress(SourceError):
        parse_mapping(text, name)


def requests() -> st.SearchStrategy[bytes]:
    """Requests that no client would send."""
    verbs = st.sampled_from((b"GET", b"POST", b"PUT", b"\x16\x03\x01", b""))
    paths = st.sampled_from((b"/", b"/?query=SELECT", b"/?query=INSERT%20INTO%20x", b"/ping", b"%"))
    heads = st.sampled_from(
        (
            b"Content-Length: 5\r\n",
            b"Content-Length: -1\r\n",
            b"Content-Length: 99999999999\r\n",
            b"Transfer-Encoding: chunked\r\n",
            b"Content-Encoding: zstd\r\n",
            b"Content-Encoding: lz4\r\n",
            b"X-ClickHouse-Format: Native\r\n",
            b"\x00\xff: \x00\r\n",
        )
    )
    return st.builds(
        lambda verb, path, lines, body: (
            verb + b" " + path + b" HTTP/1.1\r\nHost: x\r\n" + b"".join(lines) + b"\r\n" + body
        ),
        verbs,
        paths,
        st.lists(heads, max_size=4),
        st.binary(max_size=200),
    )


@pytest.fixture(scope="module")
def clickhouse(harmed_grounds: Grounds) -> tuple[str, int]:
    """Where the process answers, and its id."""
    status = {each.part: each for each in harmed_grounds.stack.status()}["clickhouse"]
    assert status.pid is not None
    return harmed_grounds.direct["WATCHFLOOR_CLICKHOUSE"], status.pid


def test_the_clickhouse_process_survives_any_request(clickhouse: tuple[str, int]) -> None:
    url, pid = clickhouse
    host, port = url.removeprefix("http://").split(":")
    before = _resident_bytes(pid)

    @settings(max_examples=60)
    @given(requests() | NOISE)
    def send(request: bytes) -> None:
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            connection.settimeout(0.2)
            try:
                connection.sendall(request)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass
            except OSError:
                return

    send()
    assert urlopen(f"{url}/?query=SELECT%201", timeout=10).read() == b"1\n"
    assert _resident_bytes(pid) - before < 200_000_000


def _resident_bytes(pid: int) -> int:
    shown = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, check=True)
    return int(shown.stdout) * 1024
