"""Matchers as people write them, with Alertmanager's meaning."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.alerts import Matcher
from schemas.matchers import matcher_text, matches_everything, parse_matcher


@pytest.mark.parametrize(
    ("text", "matcher"),
    [
        ("queue=hate", Matcher("queue", "hate")),
        ('queue="hate"', Matcher("queue", "hate")),
        (' queue != "a b" ', Matcher("queue", "a b", is_equal=False)),
        ("queue=~ha.*", Matcher("queue", "ha.*", is_regex=True)),
        ('queue!~"a|b"', Matcher("queue", "a|b", is_regex=True, is_equal=False)),
        (r'queue="say \"hi\"\\"', Matcher("queue", 'say "hi"\\')),
        ("queue=", Matcher("queue", "")),
    ],
)
def test_a_matcher_is_read(text: str, matcher: Matcher) -> None:
    assert parse_matcher(text) == matcher


@pytest.mark.parametrize("text", ["", "queue", "=x", "1queue=x", 'queue="x', "queue=~(", "a b=c"])
def test_what_is_no_matcher_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no (matcher|regular expression)"):
        parse_matcher(text)


@given(st.from_regex(r"[a-z_][a-z0-9_]*", fullmatch=True), st.text(), st.booleans())
def test_a_written_matcher_is_read_back(name: str, value: str, is_equal: bool) -> None:
    matcher = Matcher(name, value, is_equal=is_equal)
    assert parse_matcher(matcher_text(matcher)) == matcher


@pytest.mark.parametrize(
    ("texts", "everything"),
    [
        ([], True),
        (["alertname=~.*"], True),
        (["alertname=~.+"], True),
        (['queue!="nobody"'], True),
        (["queue!~nobody", "alertname=~.+"], True),
        (["queue=hate"], False),
        (["alertname=~.+", "queue=hate"], False),
        (["alertname=~Back.*"], False),
    ],
)
def test_what_matches_every_alert_is_known(texts: list[str], everything: bool) -> None:
    assert matches_everything(map(parse_matcher, texts)) is everything
