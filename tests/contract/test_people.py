"""Pseudonyms: stable, keyed, scoped, and never off by accident."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.people import PeopleKeyError, Pseudonymiser, Scope, pseudonymiser
from tests.contract.messages import KEY

ids = st.text(st.characters(min_codepoint=32, codec="utf-8"), min_size=1)


@given(ids, ids, ids)
def test_a_pseudonym_has_one_form_and_is_the_same_in_every_process(
    org: str, source: str, who: str
) -> None:
    first = Pseudonymiser(KEY).pseudonym(org, source, who)
    assert re.fullmatch(r"p_[a-z2-7]{20}", first)
    assert Pseudonymiser(KEY).pseudonym(org, source, who) == first


def test_the_pseudonym_is_part_of_the_contract() -> None:
    # Stored in history: were it to change, every person would start anew.
    assert Pseudonymiser(KEY).pseudonym("o", "cvat", "17") == "p_ixyjgnqznqds4ybqgr5w"


@given(st.lists(st.tuples(ids, ids, ids), unique=True))
def test_different_people_have_different_pseudonyms(people: list[tuple[str, str, str]]) -> None:
    hide = Pseudonymiser(KEY)
    assert len({hide.pseudonym(*who) for who in people}) == len(people)


def test_the_key_decides() -> None:
    other = Pseudonymiser(KEY[::-1])
    assert other.pseudonym("o", "s", "17") != Pseudonymiser(KEY).pseudonym("o", "s", "17")


def test_scope_org_makes_one_person_of_equal_ids_in_two_sources() -> None:
    by_source, by_org = Pseudonymiser(KEY), Pseudonymiser(KEY, Scope.ORG)
    assert by_source.pseudonym("o", "cvat", "17") != by_source.pseudonym("o", "coop", "17")
    assert by_org.pseudonym("o", "cvat", "17") == by_org.pseudonym("o", "coop", "17")
    assert by_org.pseudonym("o", "cvat", "17") != by_org.pseudonym("p", "cvat", "17")


def test_a_full_cache_forgets_and_gives_the_same_again() -> None:
    small = Pseudonymiser(KEY, cache_max=3)
    first = [small.pseudonym("o", "s", str(n)) for n in range(20)]
    assert [small.pseudonym("o", "s", str(n)) for n in range(20)] == first
    assert len(small._known) <= 3


@pytest.mark.parametrize("key", [b"", b"x" * 15, b"x" * 65])
def test_a_key_that_is_too_short_or_too_long_is_refused(key: bytes) -> None:
    with pytest.raises(PeopleKeyError):
        Pseudonymiser(key)


def test_no_key_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(PeopleKeyError, match="WATCHFLOOR_PEOPLE_KEY_FILE"):
        pseudonymiser(None)


def test_only_an_explicit_setting_lets_ids_pass() -> None:
    assert pseudonymiser(None, are_pseudonyms=True) is None
    assert isinstance(pseudonymiser(KEY), Pseudonymiser)
