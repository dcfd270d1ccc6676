"""Matchers as people write them: ``queue="hate"``, ``severity=~"critical|error"``, ``a!=b``."""

import re
from collections.abc import Iterable

from schemas.alerts import Matcher

_WRITTEN = re.compile(
    r'\s*(?P<name>[A-Za-z_:][A-Za-z0-9_:]*)\s*(?P<op>=~|!~|!=|=)\s*(?P<value>"(?:[^"\\]|\\.)*"|[^"]*?)\s*',
    re.DOTALL,
)
_ESCAPES = {'\\"': '"', "\\\\": "\\", "\\n": "\n"}
ACCEPTED = 'NAME="VALUE", with = != =~ or !~ between them'


def parse_matcher(text: str) -> Matcher:
    """One matcher, with Alertmanager's meaning; ValueError says what is accepted."""
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no matcher: write {ACCEPTED}")
    value, operator = found["value"], found["op"]
    if value.startswith('"'):
        value = re.sub(r'\\["\\n]', lambda escape: _ESCAPES[escape[0]], value[1:-1])
    matcher = Matcher(found["name"], value, operator in ("=~", "!~"), operator in ("=", "=~"))
    check_matcher(matcher)
    return matcher


def check_matcher(matcher: Matcher) -> None:
    """ValueError for a regular expression that is none."""
    if matcher.is_regex:
        try:
            re.compile(matcher.value)
        except re.error as error:
            raise ValueError(f"{matcher.value!r} is no regular expression: {error}") from None


def matcher_text(matcher: Matcher) -> str:
    """A matcher as ``parse_matcher`` reads it."""
    operator = {(False, True): "=", (False, False): "!=", (True, True): "=~", (True, False): "!~"}
    value = matcher.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{matcher.name}{operator[matcher.is_regex, matcher.is_equal]}"{value}"'


def matches_everything(matchers: Iterable[Matcher]) -> bool:
    """Whether no alert could escape: every matcher also takes any name and severity.

    Tried with labels that nobody would give, so ``alertname=~".+"`` counts as everything too.
    """
    anything = ("\x01", "any thing-1")
    return all(
        all(matcher.matches({matcher.name: value}) for value in anything) for matcher in matchers
    )
