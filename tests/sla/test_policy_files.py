"""A policy file that can't be meant is refused: file, line, what is wrong, what would be right."""

from pathlib import Path

import pytest

from schemas.policies import PolicyFile
from streams.marked_yaml import FileRefused
from streams.policy_files import POLICIES_FILE, read_policies
from tests.sla.wrong_policies import CASES, GOOD


def refused(path: Path, text: str) -> FileRefused:
    path.write_text(text)
    with pytest.raises(FileRefused) as caught:
        read_policies(path)
    return caught.value


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_told_with_its_line(case: str, tmp_path: Path) -> None:
    old, new, line, field, words = CASES[case]
    assert old in GOOD
    first = refused(tmp_path / "policies.yaml", GOOD.replace(old, new, 1)).faults[0]
    assert (first.line, first.field) == (line, field), first
    assert words in first.message
    assert first.file.endswith("policies.yaml")


def test_two_policies_of_one_name_are_refused(tmp_path: Path) -> None:
    _, _, policy = GOOD.partition("policies:\n")
    (fault,) = refused(tmp_path / "policies.yaml", GOOD + policy).faults
    assert "another policy is called 'first-review'" in fault.message


def test_every_fault_of_meaning_is_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("calendar: office", "calendar: x").replace("work.paused", "work.puased")
    assert len(refused(tmp_path / "policies.yaml", text).faults) == 2


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="can't be read"):
        read_policies(tmp_path / "policies.yaml")


def test_a_good_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "policies.yaml"
    path.write_text(GOOD)
    (policy,) = read_policies(path).policies
    assert [version.targets[-1].target_ms for version in policy.versions] == [
        14_400_000,
        172_800_000,
    ]
    assert policy.versions[0].start[0].queue == ("images", "videos")


def test_the_shipped_files_are_good_and_its_fingerprint_tells_changes() -> None:
    examples = POLICIES_FILE.with_name("policies.examples.yaml")
    shipped = read_policies(examples)
    assert {policy.contract for policy in shipped.policies} == {"OLA"}
    assert [policy.id for policy in read_policies().policies] == ["turnaround"]
    fewer = PolicyFile(calendars=shipped.calendars, policies=shipped.policies[:1])
    assert fewer.fingerprint() != shipped.fingerprint() == read_policies(examples).fingerprint()
