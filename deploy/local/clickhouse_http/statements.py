"""Split what a client sent into SQL and the rows that follow it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from deploy.local.clickhouse_http.faults import Code, Fault

_TOKEN = re.compile(
    rb"""(?P<gap>\s+|--[^\n]*\n?|\#[ !][^\n]*\n?|/\*.*?\*/)
       | (?P<quoted>'(?:[^'\\]|\\.|'')*'|`(?:[^`\\]|\\.)*`|"(?:[^"\\]|\\.)*")
       | (?P<word>\w+)
       | (?P<mark>.)""",
    re.DOTALL | re.VERBOSE,
)
_AFTER_FORMAT = re.compile(rb"[ \t\f]*\r?\n?")
_TABLE_WORDS = (b"TABLE", b"FUNCTION")


@dataclass(frozen=True, slots=True)
class InsertHead:
    """An INSERT whose rows follow its SQL.

    ``target`` is the text up to the settings; ``settings`` is without its keyword;
    ``rows_from`` is where the rows begin, counted in bytes from the start of the text.
    """

    target: str
    settings: str
    format: str
    rows_from: int


@dataclass(frozen=True, slots=True)
class Output:
    """The format a statement names, None when it names none; and whether it is a SELECT."""

    format: str | None
    selects: bool


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: bytes
    start: int
    end: int

    def says(self, *words: bytes) -> bool:
        return self.kind == "word" and self.text.upper() in words


def insert_head(text: bytes) -> InsertHead | None:
    """The head of an INSERT with rows; None for every other statement.

    ``text`` may end amid the rows: only the head has to be whole. Raises Fault for
    an INSERT that would read a file of the server.
    """
    tokens = _outer_tokens(text)
    if not next(tokens, _NOTHING).says(b"INSERT"):
        return None
    settings_at = None
    _skip_target(tokens)
    for token in tokens:
        if token.says(b"SELECT", b"WITH", b"WATCH"):
            return None
        if token.says(b"INFILE"):
            raise Fault(Code.NOT_IMPLEMENTED, "FROM INFILE is for clients, send the rows instead")
        if token.says(b"SETTINGS"):
            settings_at = token
        elif token.says(b"VALUES"):
            return _head(text, token, settings_at, "Values", token.end)
        elif token.says(b"FORMAT"):
            name = next(tokens, _NOTHING)
            gap = _AFTER_FORMAT.match(text, name.end)
            rows_from = gap.end() if gap else name.end
            if name.says(b"VALUES"):
                rows_from = name.end
            return _head(text, token, settings_at, name.text.decode(), rows_from)
    return None


def output_of(text: bytes) -> Output:
    """What a statement asks for in its own text.

    Raises Fault for a query that would write a file of the server.
    """
    tokens = [*_outer_tokens(text)]
    selects = bool(tokens) and tokens[0].says(b"SELECT", b"WITH")
    for at, token in enumerate(tokens):
        if token.says(b"OUTFILE"):
            raise Fault(Code.NOT_IMPLEMENTED, "INTO OUTFILE is for clients, read the answer")
        following = tokens[at + 1 : at + 3]
        if token.says(b"FORMAT") and following and following[0].kind == "word":
            last = len(following) == 1 or following[1].text == b";"
            if last or following[1].says(b"SETTINGS"):
                return Output(following[0].text.decode(), selects)
    return Output(None, selects)


def _skip_target(tokens: Iterator[_Token]) -> None:
    """Pass ``INTO [TABLE|FUNCTION] name``, so that a table may be called like a keyword."""
    token = next(tokens, _NOTHING)
    while token.says(b"INTO", *_TABLE_WORDS):
        token = next(tokens, _NOTHING)


def _head(
    text: bytes, keyword: _Token, settings_at: _Token | None, name: str, rows_from: int
) -> InsertHead:
    target_end = settings_at.start if settings_at else keyword.start
    settings = text[settings_at.end : keyword.start] if settings_at else b""
    return InsertHead(
        text[:target_end].decode().strip(), settings.decode().strip(), name, rows_from
    )


def _outer_tokens(text: bytes) -> Iterator[_Token]:
    """Tokens outside parentheses, without gaps."""
    depth = 0
    for found in _TOKEN.finditer(text):
        kind = str(found.lastgroup)
        token = _Token(kind, found.group(), found.start(), found.end())
        if token.text in (b"(", b"[") and kind == "mark":
            depth += 1
        elif token.text in (b")", b"]") and kind == "mark":
            depth -= 1
        elif depth == 0 and kind != "gap":
            yield token


_NOTHING = _Token("mark", b"", 0, 0)
