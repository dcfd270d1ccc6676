"""Files that can't be used say where and why; files that can are read whatever packs them."""

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from streams.sources.files import LINE_BYTES_MAX
from streams.sources.ordering import sort_by_time
from streams.sources.reading import read_events
from streams.sources.records import RejectReason, SourceError, SourceEvent
from tests.sources.logs import minimal, split, written

GOOD = "item,who,at\n1,ann,2024-05-01T10:00:00Z\n2,bob,2024-05-01T10:01:00Z\n"


def zipped(**members: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def damaged_zip() -> bytes:
    whole = bytearray(zipped(a=GOOD))
    whole[40] ^= 0xFF
    return bytes(whole)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(GOOD.encode(), id="plain"),
        pytest.param(b"\xef\xbb\xbf" + GOOD.encode(), id="with a byte order mark"),
        pytest.param(GOOD.replace("\n", "\r\n").encode(), id="with Windows line ends"),
        pytest.param(gzip.compress(GOOD.encode()), id="gzip"),
        pytest.param(gzip.compress(b"\xef\xbb\xbf" + GOOD.encode()), id="gzip with a mark"),
        pytest.param(zipped(**{"a.csv": GOOD, "__MACOSX/a.csv": "x"}), id="zip"),
        pytest.param(GOOD.replace("ann", '"ann"').encode(), id="quoted"),
        pytest.param(GOOD.rstrip("\n").encode(), id="without a last line end"),
        pytest.param(GOOD.replace("\n1", "\n\n1").encode(), id="with a blank line"),
    ],
)
def test_a_good_file_is_read_whatever_packs_it(tmp_path: Path, content: bytes) -> None:
    events, rejects = split(written(tmp_path, content), minimal())
    assert [item.event["actor_id"] for item in events] == ["ann", "bob"]
    assert rejects == []


@pytest.mark.parametrize(
    ("content", "line", "field", "words"),
    [
        pytest.param(b"", 1, "", "empty", id="empty"),
        pytest.param(gzip.compress(b""), 1, "", "empty", id="empty inside gzip"),
        pytest.param(gzip.compress(GOOD.encode())[:-12], 3, "", "cut off", id="truncated gzip"),
        pytest.param(
            gzip.compress(GOOD.encode()) + b"junk", 4, "", "damaged", id="junk after gzip"
        ),
        pytest.param(zipped(a=GOOD)[:-30], 0, "", "zip", id="truncated zip"),
        pytest.param(damaged_zip(), 1, "", "damaged", id="damaged zip"),
        pytest.param(zipped(), 0, "", "no file", id="zip without a file"),
        pytest.param(GOOD.encode("utf-16"), 1, "", "UTF-16", id="utf-16"),
        pytest.param(
            GOOD.replace("who", "name").encode(), 1, "who", "needs this column", id="column missing"
        ),
        pytest.param(GOOD.replace("who", "item").encode(), 1, "item", "twice", id="column twice"),
        pytest.param(GOOD.replace("bob", '"bob"x').encode(), 3, "who", "quotes", id="wrong quote"),
        pytest.param(GOOD.replace("bob", '"bob').encode(), 3, "who", "quotes", id="open quote"),
        pytest.param(
            (GOOD + "3," + "x" * LINE_BYTES_MAX).encode(), 4, "", "longer than", id="endless line"
        ),
        pytest.param(
            (GOOD + '3,"' + "x\n" * (5 << 20)).encode(),
            4,
            "who",
            "never closed",
            id="quote that swallows the file",
        ),
    ],
)
def test_a_file_that_cannot_be_used_names_file_line_and_field(
    tmp_path: Path, content: bytes, line: int, field: str, words: str
) -> None:
    path = written(tmp_path, content)
    passed_on: list[SourceEvent] = []
    with pytest.raises(SourceError) as caught:
        passed_on.extend(sort_by_time(read_events(path, minimal()), lambda reject: None))
    assert passed_on == []
    assert caught.value.file.startswith(str(path))
    assert (caught.value.line, caught.value.field) == (line, field)
    assert words in str(caught.value)


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"gone\.csv:0: can't be opened"):
        list(read_events(tmp_path / "gone.csv", minimal()))


def test_an_endless_line_in_a_small_archive_is_not_unpacked(tmp_path: Path) -> None:
    bomb = gzip.compress(b"x" * (64 << 20))
    with pytest.raises(SourceError, match="longer than"):
        list(read_events(written(tmp_path, bomb), minimal()))


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ("2,bob", "", RejectReason.ROW_SHAPE),
        ("2,bob,2024-05-01T10:01:00Z,more", "", RejectReason.ROW_SHAPE),
        ("2,bob,yesterday", "at", RejectReason.BAD_TIME),
        ("2,bob,2024-05-01", "at", RejectReason.BAD_TIME),
        ("2,bob,31/02/2024 10:00", "at", RejectReason.BAD_TIME),
        ("2,bob,0001-01-01T00:00:00Z", "at", RejectReason.BAD_TIME),
        ("2,bob,", "at", RejectReason.TIME_MISSING),
        (f"2,{'b' * 300},2024-05-01T10:01:00Z", "who", RejectReason.VALUE_REFUSED),
        (",bob,2024-05-01T10:01:00Z", "item", RejectReason.FIELD_MISSING),
        ("2,,2024-05-01T10:01:00Z", "who", RejectReason.FIELD_MISSING),
        ("2,b\x01b,2024-05-01T10:01:00Z", "who", RejectReason.VALUE_REFUSED),
        ("2,b\udcffb,2024-05-01T10:01:00Z", "who", RejectReason.NOT_UTF8),
    ],
)
def test_a_bad_row_is_a_named_reject_and_its_neighbours_are_read(
    tmp_path: Path, row: str, field: str, reason: RejectReason
) -> None:
    text = f"item,who,at\n1,ann,2024-05-01T10:00:00Z\n{row}\n3,cy,2024-05-01T10:02:00Z\n"
    path = written(tmp_path, text.encode("utf-8", "surrogateescape"))
    events, rejects = split(path, minimal())
    assert [item.event["actor_id"] for item in events] == ["ann", "cy"]
    assert [(r.line, r.field, r.reason) for r in rejects] == [(3, field, reason)]
    assert rejects[0].file == str(path)


def test_a_reject_never_repeats_what_a_cell_held(tmp_path: Path) -> None:
    text = "item,who,at\n1,ann,secret-in-a-date\n"
    _, rejects = split(written(tmp_path, text), minimal())
    assert "secret" not in rejects[0].message


def test_a_second_format_reads_the_dates_of_a_mixed_column(tmp_path: Path) -> None:
    text = "item,who,at\n1,ann,2024-05-01T10:00:00Z\n2,bob,01/05/2024 10:01\n"
    events, rejects = split(written(tmp_path, text), minimal())
    first, second = (item.event["occurred_at"] for item in events)
    assert rejects == []
    assert isinstance(first, int)
    assert second == first + 60_000


def test_lines_are_counted_through_cells_that_hold_line_breaks(tmp_path: Path) -> None:
    text = 'item,who,at,note\n1,ann,2024-05-01T10:00:00Z,"two\nlines"\n2,bob,never,\n'
    events, rejects = split(written(tmp_path, text), minimal())
    assert [item.line for item in events] == [2]
    assert [reject.line for reject in rejects] == [4]


def test_event_json_lines_pass_as_they_are_and_bad_ones_are_rejects(tmp_path: Path) -> None:
    path = written(tmp_path, '{"event_type":"x","occurred_at":1}\n\nnot json\n[1]\n', "e.jsonl")
    events, rejects = split(path)
    assert [item.event for item in events] == [{"event_type": "x", "occurred_at": 1}]
    assert [(r.line, r.reason) for r in rejects] == [
        (3, RejectReason.NOT_JSON),
        (4, RejectReason.NOT_JSON),
    ]


def test_json_rows_are_mapped_by_their_paths(tmp_path: Path) -> None:
    mapping = minimal().model_copy(update={"format": "jsonl"})
    line = '{"item": 1, "who": "ann", "at": "2024-05-01T10:00:00Z", "more": {"x": [1]}}\n'
    events, rejects = split(written(tmp_path, line, "rows.jsonl"), mapping)
    assert [item.event["item_id"] for item in events] == ["1"]
    assert rejects == []
