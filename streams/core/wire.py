"""What stage 1 says to stage 2, and how state is stored in changelogs.

Every stored value begins with the (epoch, seq) of the flush that wrote it; a deletion carries
them in a header. The record's key begins with a letter for its kind.
"""

from struct import Struct
from sys import intern

import msgspec

from schemas.measures import Tally
from streams.core.gauges import Gauge

#: One record for the changelog: key, value (None deletes).
LogRecord = tuple[bytes, bytes | None]

META, ITEM, PERSON, PANE, SLA, CLAIM = b"m", b"i", b"a", b"p", b"s", b"c"
#: Fingerprints of people who were forgotten; both stages keep them.
FORGOTTEN = b"f"
STAMP_HEADER = "w"

_STAMP = Struct(">QI")
_pack = msgspec.msgpack.Encoder().encode


def stamped(epoch: int, seq: int, payload: bytes) -> bytes:
    """A stored value: who wrote it, when, and what."""
    return _STAMP.pack(epoch, seq) + payload


def stamp(epoch: int, seq: int) -> bytes:
    """The header value of a deletion."""
    return _STAMP.pack(epoch, seq)


def unstamped(value: bytes) -> tuple[int, int, bytes]:
    """(epoch, seq, payload) of a stored value; struct.error when it is too short."""
    epoch, seq = _STAMP.unpack_from(value)
    return epoch, seq, value[_STAMP.size :]


#: Of everything in a changelog; a state of a later version is refused, older ones are read.
STATE_VERSION = 1

#: Keys that a recovery works on before it lets others run, some hundredths of a second.
SETTLED_AT_ONCE = 2_000


class Meta(msgspec.Struct):
    """How far one source partition's state is; written with every flush, in the same batch."""

    plan: str
    #: Next offset to apply, by topic role; and the id of each topic when it was first read.
    offsets: dict[str, int] = {}
    topic_ids: dict[str, str] = {}
    #: Event time up to which everything that arrived has been applied (UTC ms); 0: no tick yet.
    watermark_ms: int = 0
    #: Minutes that ended by then will not change any more.
    sealed_ms: int = 0
    consumed: int = 0
    applied: int = 0
    duplicate: int = 0
    late: int = 0
    dead: int = 0
    #: By "org US source": first occurrence of each event type, and the last of any (UTC ms).
    first_seen_ms: dict[str, dict[str, int]] = {}
    last_seen_ms: dict[str, int] = {}
    #: Refused messages by the minute (UTC ms) of their records, the last quarter of an hour.
    dead_ms: dict[int, int] = {}
    #: Fingerprint of the policies that clocks were told by.
    policies: str = ""
    version: int = STATE_VERSION

    def check(self) -> None:
        """Nothing lost, nothing counted twice: raises AssertionError otherwise."""
        assert self.consumed == self.applied + self.duplicate + self.late + self.dead


class SourceMark(msgspec.Struct):
    """How far one source partition is, as its last chunk said."""

    epoch: int = -1
    seq: int = -1
    watermark_ms: int = 0
    sealed_ms: int = 0
    first_seen_ms: dict[str, dict[str, int]] = {}
    last_seen_ms: dict[str, int] = {}
    #: Refused messages by the minute (UTC ms) of their records.
    dead_ms: dict[int, int] = {}


class RollupsMeta(msgspec.Struct):
    """How far one partition of stage 2 is; written with every flush, in the same batch."""

    plan: str
    next_offset: int = 0
    #: Where to go on reading what people command.
    command_offset: int = 0
    topic_id: str = ""
    #: Minutes that ended by then are folded into their quarters.
    folded_ms: int = 0
    sources: dict[int, SourceMark] = {}
    version: int = STATE_VERSION


class PaneState(msgspec.Struct, array_like=True, gc=False):
    """A pane's whole value."""

    subject: str
    start_ms: int
    size_ms: int
    tally: Tally


class Chunk(msgspec.Struct, array_like=True):
    """One source partition's flush as one partition of stage 2 hears of it.

    Whole values of what changed, and a mark of how far the source is, even when nothing did.
    """

    source_partition: int
    epoch: int
    seq: int
    watermark_ms: int
    sealed_ms: int
    first_seen_ms: dict[str, dict[str, int]]
    last_seen_ms: dict[str, int]
    panes: list[PaneState]
    gauges: dict[str, Gauge]
    dead_ms: dict[int, int] = {}


_decode_chunk = msgspec.msgpack.Decoder(Chunk).decode


def encode_chunk(chunk: Chunk) -> bytes:
    """A chunk as msgpack bytes."""
    return _pack(chunk)


def decode_chunk(data: bytes) -> Chunk:
    """A chunk from bytes; msgspec.DecodeError or ValidationError when it is not one."""
    return _decode_chunk(data)


def encode_json(value: msgspec.Struct) -> bytes:
    """A struct as JSON bytes: for what people may want to read on a topic."""
    return msgspec.json.encode(value)


def pack_tally(tally: Tally) -> bytes:
    """A tally as msgpack bytes."""
    return _pack(tally)


_decode_tally = msgspec.msgpack.Decoder(dict[int, int]).decode


def unpack_tally(data: bytes) -> Tally:
    """A tally from msgpack bytes."""
    return _decode_tally(data)


def pane_key(subject: str, start_ms: int, size_ms: int) -> bytes:
    """The changelog key of a pane."""
    return PANE + f"{size_ms // 1000}/{start_ms}/{subject}".encode()


def pane_of_key(key: bytes) -> tuple[str, int, int]:
    """(subject, start_ms, size_ms) of a pane's changelog key."""
    size_s, start_ms, subject = key[1:].decode().split("/", 2)
    return intern(subject), int(start_ms), int(size_s) * 1000
