"""Take a request's body whole: decompressed, within limits, into a file."""

import zlib
from collections.abc import Callable, Iterator
from typing import IO, Protocol

import lz4.frame
import zstandard

from deploy.local.clickhouse_http.faults import Code, Fault

# Rows are inserted as one block, so that a refused insert stores nothing: this bounds its memory.
BODY_BYTES_MAX = 256 * 1024 * 1024
_PIECE_BYTES = 1 << 20
# The zstd library gives all that a piece of input holds, at most 128 KB for 4 bytes of it.
_ZSTD_INPUT_BYTES = 512


class Frame(Protocol):
    """One compressed frame being read."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Plain pieces of bounded size."""

    def rest(self) -> bytes | None:
        """What follows the frame's end; None while it has not ended."""


class Decoder:
    """Undoes one content encoding over any number of frames.

    A body may hold many frames one after the other (lz4 clients send one per block).
    It must end where a frame ends: anything else raises, so that no row is lost unseen.
    """

    def __init__(self, new_frame: Callable[[], Frame]) -> None:
        self._new_frame = new_frame
        self._frame: Frame | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Plain pieces of bounded size."""
        while data:
            frame = self._frame = self._frame or self._new_frame()
            try:
                yield from frame.feed(data)
            except (RuntimeError, zlib.error, zstandard.ZstdError) as error:
                raise Fault(Code.CANNOT_DECOMPRESS, f"The body is damaged: {error}") from error
            rest = frame.rest()
            data = rest or b""
            if rest is not None:
                self._frame = None

    def finish(self) -> None:
        """Raise unless the last frame was whole."""
        if self._frame is not None:
            raise Fault(Code.CANNOT_DECOMPRESS, "The body ends amid a compressed frame")


class Lz4Frame:
    """A frame of ``Content-Encoding: lz4``."""

    def __init__(self) -> None:
        self._inner = lz4.frame.LZ4FrameDecompressor()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Plain pieces of bounded size."""
        yield self._inner.decompress(data, max_length=_PIECE_BYTES)
        while not self._inner.eof and not self._inner.needs_input:
            yield self._inner.decompress(b"", max_length=_PIECE_BYTES)

    def rest(self) -> bytes | None:
        """What follows the frame's end."""
        return (self._inner.unused_data or b"") if self._inner.eof else None


class ZlibFrame:
    """A member of ``Content-Encoding: gzip``, or a ``deflate`` stream."""

    def __init__(self, window_bits: int) -> None:
        self._inner = zlib.decompressobj(window_bits)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Plain pieces of bounded size."""
        while data and not self._inner.eof:
            yield self._inner.decompress(data, _PIECE_BYTES)
            data = self._inner.unconsumed_tail

    def rest(self) -> bytes | None:
        """What follows the member's end."""
        return self._inner.unused_data if self._inner.eof else None


class ZstdFrame:
    """A frame of ``Content-Encoding: zstd``."""

    def __init__(self) -> None:
        self._inner = zstandard.ZstdDecompressor().decompressobj()
        self._not_fed = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Plain pieces of bounded size."""
        for start in range(0, len(data), _ZSTD_INPUT_BYTES):
            end = start + _ZSTD_INPUT_BYTES
            yield self._inner.decompress(data[start:end])
            if self._inner.eof:
                self._not_fed = data[end:]
                return

    def rest(self) -> bytes | None:
        """What follows the frame's end."""
        return self._inner.unused_data + self._not_fed if self._inner.eof else None


_FRAMES: dict[str, Callable[[], Frame]] = {
    "lz4": Lz4Frame,
    "zstd": ZstdFrame,
    "gzip": lambda: ZlibFrame(16 + zlib.MAX_WBITS),
    "deflate": lambda: ZlibFrame(zlib.MAX_WBITS),
}


class Spool:
    """Writes the plain text of a request to a file, up to a limit."""

    def __init__(self, out: IO[bytes], encoding: str, bytes_max: int = BODY_BYTES_MAX) -> None:
        self._out = out
        self._bytes_max = bytes_max
        self._bytes = 0
        self._decoder: Decoder | None = None
        if encoding not in ("", "identity"):
            if encoding not in _FRAMES:
                known = ", ".join(_FRAMES)
                message = f"Unknown Content-Encoding {encoding}, use one of {known}"
                raise Fault(Code.NOT_IMPLEMENTED, message)
            self._decoder = Decoder(_FRAMES[encoding])

    def write(self, data: bytes) -> None:
        """Take a piece of the body as it came."""
        for piece in self._decoder.feed(data) if self._decoder else (data,):
            self.write_plain(piece)

    def write_plain(self, data: bytes) -> None:
        """Take text that is not encoded."""
        self._bytes += len(data)
        if self._bytes > self._bytes_max:
            message = f"The body is larger than {self._bytes_max} bytes, send smaller batches"
            raise Fault(Code.TOO_LARGE_STRING_SIZE, message)
        self._out.write(data)

    def finish(self) -> None:
        """Raise unless the body was whole; afterwards the file is complete."""
        if self._decoder:
            self._decoder.finish()
        self._out.flush()
