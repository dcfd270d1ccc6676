"""Opens a log whatever it is packed in, and hands out its lines with a bound on each.

Memory stays bounded: one line of at most ``LINE_BYTES_MAX`` is held at a time, also for a file
that is one endless line or a small archive of enormous text.
"""

import codecs
import gzip
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from streams.sources.records import SourceError

LINE_BYTES_MAX = 1 << 20
_GZIP_MAGIC = b"\x1f\x8b"
_ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")
_WIDE_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ZIP_ENCRYPTED_FLAG = 0x1


@dataclass(frozen=True, slots=True)
class LogText:
    """One readable text: a plain file, what a gzip holds, or one member of a zip.

    ``lines`` keeps line ends and decodes UTF-8 with ``surrogateescape``, so that a wrong byte in
    a column that nobody uses costs nothing; the mapping refuses it in a column that is used.
    """

    name: str
    identity: str
    lines: Iterator[str]


def open_texts(path: Path, *, pieces: bool = False) -> Iterator[LogText]:
    """Yields each text of ``path``, in a stable order; raises SourceError when it can't be read.

    A text must be read to its end before the next one is asked for. With ``pieces`` what stands
    for a line may end anywhere: JSON is often one endless line.
    """
    cut = _bounded_pieces if pieces else _bounded_lines
    try:
        with path.open("rb") as probe:
            magic = probe.read(4)
    except OSError as error:
        raise SourceError(str(path), 0, "", f"can't be opened: {error.strerror}") from error
    if not magic:
        raise SourceError(str(path), 1, "", "the file is empty")
    if magic in _ZIP_MAGICS:
        yield from _zip_texts(path, cut)
        return
    with ExitStack() as stack:
        stream: IO[bytes] = stack.enter_context(path.open("rb"))
        if magic.startswith(_GZIP_MAGIC):
            stream = cast("IO[bytes]", stack.enter_context(gzip.GzipFile(fileobj=stream)))
        identity = path.name.removesuffix(".gz")
        yield LogText(str(path), identity, cut(stream, str(path)))


def _zip_texts(path: Path, cut: Callable[[IO[bytes], str], Iterator[str]]) -> Iterator[LogText]:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise SourceError(str(path), 0, "", f"is not a whole zip archive: {error}") from error
    with archive:
        members = sorted(
            (m for m in archive.infolist() if not m.is_dir() and "__MACOSX" not in m.filename),
            key=lambda member: member.filename,
        )
        if not members:
            raise SourceError(str(path), 0, "", "the zip archive holds no file")
        for member in members:
            name = f"{path}!{member.filename}"
            if member.flag_bits & _ZIP_ENCRYPTED_FLAG:
                raise SourceError(name, 0, "", "is encrypted; unpack it first")
            try:
                stream = archive.open(member)
            except (zipfile.BadZipFile, NotImplementedError) as error:
                raise SourceError(name, 0, "", f"can't be unpacked: {error}") from error
            with stream:
                yield LogText(name, member.filename, cut(stream, name))


def _bounded_lines(stream: IO[bytes], name: str) -> Iterator[str]:
    number = 0
    while True:
        number += 1
        line = _line_of(stream, name, number)
        if number == 1:
            line = _without_bom(line, name)
        if not line:
            return
        if len(line) > LINE_BYTES_MAX:
            raise SourceError(name, number, "", f"the line is longer than {LINE_BYTES_MAX} bytes")
        yield line.decode("utf-8", "surrogateescape")


def _bounded_pieces(stream: IO[bytes], name: str) -> Iterator[str]:
    decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
    number = 1
    piece = _without_bom(_line_of(stream, name, number), name)
    while piece:
        yield decode(piece)
        number += piece.endswith(b"\n")
        piece = _line_of(stream, name, number)
    yield decode(b"", True)


def _line_of(stream: IO[bytes], name: str, number: int) -> bytes:
    try:
        return stream.readline(LINE_BYTES_MAX + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, OSError) as error:
        message = f"the packed data is damaged or cut off here: {error}"
        raise SourceError(name, number, "", message) from error


def _without_bom(line: bytes, name: str) -> bytes:
    if line.startswith(_WIDE_BOMS):
        raise SourceError(name, 1, "", "is UTF-16; save it as UTF-8")
    if not line:
        raise SourceError(name, 1, "", "the file is empty")
    return line.removeprefix(codecs.BOM_UTF8)
