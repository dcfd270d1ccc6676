"""Reads a file of JSON objects one by one: an array of them, one, or several in a row.

Exports of Label Studio are one array, often on one line, and may be larger than memory; only one
object is held at a time.
"""

import re
from collections.abc import Iterator

import orjson

from streams.sources.files import LogText
from streams.sources.records import Reject, RejectReason, SourceError

OBJECT_CHARS_MAX = 16 << 20
_MARKS = re.compile(r'["{}\[\]\\\n]')
_BETWEEN = re.compile(r"[\s,\[\]]*\Z")


class _Cutter:
    """Finds where objects begin and end, whatever pieces the text comes in."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._kept: list[str] = []
        self._chars = 0
        self._depth = 0
        self._in_text = False
        self._skip = -1
        self.line = 1
        self.began = 1

    def feed(self, piece: str) -> Iterator[str]:
        """Yields the text of each object that ends in this piece."""
        start = 0
        for mark in _MARKS.finditer(piece):
            at, char = mark.start(), mark.group()
            if at == self._skip:
                self._skip = -1
            elif char == "\n":
                self.line += 1
            elif self._in_text:
                if char == "\\":
                    self._skip = at + 1
                elif char == '"':
                    self._in_text = False
            elif char == '"':
                self._in_text = True
            elif char in "{[" and (self._depth or char == "{"):
                if self._depth == 0:
                    self._refuse_between(piece[start:at])
                    start, self.began = at, self.line
                self._depth += 1
            elif char in "}]" and self._depth:
                self._depth -= 1
                if self._depth == 0:
                    yield "".join((*self._kept, piece[start : at + 1]))
                    self._kept.clear()
                    self._chars, start = 0, at + 1
        # An escape at the very end of a piece belongs to the first character of the next.
        self._skip = 0 if self._skip == len(piece) else -1
        self._keep(piece[start:])

    def _keep(self, rest: str) -> None:
        if self._depth == 0 and not self._in_text:
            self._refuse_between(rest)
            return
        self._kept.append(rest)
        self._chars += len(rest)
        if self._chars > OBJECT_CHARS_MAX:
            message = f"the JSON object is longer than {OBJECT_CHARS_MAX} characters"
            raise SourceError(self._name, self.began, "", message)

    def _refuse_between(self, text: str) -> None:
        if not _BETWEEN.match(text):
            raise SourceError(self._name, self.line, "", "is not a JSON array of objects")

    def end(self) -> None:
        """Raises SourceError when an object is open still."""
        if self._depth or self._in_text:
            raise SourceError(self._name, self.began, "", "the JSON is cut off in this object")


def read_json_values(text: LogText) -> Iterator[tuple[int, dict[str, object]] | Reject]:
    """Yields (number, object) of each object; raises SourceError for what is no JSON array.

    The number counts from 1: an array on one line has no lines to tell its objects apart.
    """
    cutter = _Cutter(text.name)
    number = 0
    for piece in text.lines:
        for found in cutter.feed(piece):
            number += 1
            try:
                value = orjson.loads(found.encode("utf-8", "surrogateescape"))
            except orjson.JSONDecodeError:
                yield Reject(text.name, number, "", RejectReason.NOT_JSON, "is not JSON")
                continue
            yield number, value
    cutter.end()
