"""The file of groupings: what it may say, and that persons are known by a grouping's name."""

from pathlib import Path

import pytest

from schemas.groupings import DEFAULT_GROUPINGS, Grouping, is_of_persons, name_fits, subject_key
from sinks.board.live import Held
from sinks.board.scope import Scope
from streams.floor_files import read_groupings
from streams.refusals import Refusal


def read(folder: Path, name: str, dimensions: str) -> tuple[Grouping, ...]:
    path = folder / "dimensions.yaml"
    path.write_text(f"groupings:\n  {name}: {dimensions}\n")
    return read_groupings(path)


@pytest.mark.parametrize(
    ("name", "dimensions", "says"),
    [
        ("lane", "[org, lane]", "no dimension 'lane'"),
        ("team", "[team, team]", "a dimension twice"),
        ("who", "[org, annotator]", "begins with it"),
        ("queue_annotator", "[org, queue, annotator]", "begins with it"),
        ("annotators", "[org, annotator]", "begins with it"),
        ("reviewer", "[org, queue]", "begins with it"),
    ],
)
def test_a_wrong_grouping_is_refused(tmp_path: Path, name: str, dimensions: str, says: str) -> None:
    with pytest.raises(Refusal, match=says):
        read(tmp_path, name, dimensions)


def test_a_grouping_with_persons_of_ones_own_is_shown_to_nobody_but_who_may_see_them(
    tmp_path: Path,
) -> None:
    (own,) = read(tmp_path, "annotator_queue", "[org, source, project, queue, annotator]")
    values = ("acme", "cvat", "p", "q", "somebody")
    held = Held(subject_key(own.name, values), dims=dict(zip(own.dimensions, values, strict=True)))
    assert not Scope().sees(held) and not Scope().sees_grouping(own.name)
    assert Scope(people=True).sees(held) and Scope(people=True).sees_grouping(own.name)


def test_the_default_groupings_are_named_for_what_they_have() -> None:
    assert all(name_fits(each) for each in DEFAULT_GROUPINGS)
    assert {each.name for each in DEFAULT_GROUPINGS if is_of_persons(each.name)} == {
        "annotator", "reviewer"
    }  # fmt: skip
