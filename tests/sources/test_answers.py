"""Of a label cell only short names enter an event."""

import pytest

from streams.sources.answers import LABELS_MAX, read_answers


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("", ()),
        ("  G ", ("G",)),
        ("No", ("No",)),
        (
            '[{"task":"T0","value":["1"]},{"task":"T1","value":["Yes","No"]}]',
            ("T0:1", "T1:Yes", "T1:No"),
        ),
        ('[{"task":"T0","value":"Clear"},{"task":"T1","value":null}]', ("T0:Clear",)),
        (
            '[{"task":"T0","value":[{"choice":"DEER","answers":{"N":"1"},"filters":{}}]}]',
            ("T0:DEER",),
        ),
        (
            '[{"task":"T2","value":[{"x":3.5,"y":101,"tool_label":"Box"},{"x":9,"tool_label":"Box"}]}]',
            ("T2:Box",),
        ),
        ('[{"task":"T3","value":[]}]', ()),
        ("[]", ()),
        ('[{"category":{"label":"cat"}}]', ("cat",)),
        ('[{"from_name":"l","value":{"rectanglelabels":["Car"],"x":1.5}}]', ("l:Car",)),
    ],
)
def test_names_are_taken_and_nothing_else(cell: str, expected: tuple[str, ...]) -> None:
    assert read_answers(cell, None, 40) == expected


def test_several_labels_are_split_and_repeats_count_once() -> None:
    assert read_answers("a| b |a|", "|", 40) == ("a", "b")


@pytest.mark.parametrize(
    "cell",
    [
        "x" * 41,
        "write to bob@example.org",
        "two\nlines",
        '{"points":[[1,2],[3,4]]}',
        "[not json",
        '[{"task":"T0","value":"' + "a long free text " * 5 + '"}]',
        "[" + ",".join(f'{{"label":"n{n}"}}' for n in range(LABELS_MAX + 1)) + "]",
    ],
)
def test_content_becomes_one_short_hash(cell: str) -> None:
    answers = read_answers(cell, None, 40)
    assert answers == read_answers(cell, None, 40)
    assert [(name[0], len(name)) for name in answers] == [("#", 13)]
    assert answers != read_answers(
        cell.replace("t", "u").replace("x", "y").replace("1", "7"), None, 40
    )
