"""What the doctor says of the files that decide who is told of alerts."""

from pathlib import Path

import pytest

from streams.alert_checks import check_alert_files


def test_the_files_as_they_come_are_right_and_name_nobody(bare: pytest.MonkeyPatch) -> None:
    (found,) = check_alert_files()
    assert (found.severity, found.says) == ("ok", "0 receivers, without a watchdog; 0 principals")


@pytest.mark.parametrize(
    ("variable", "text", "says"),
    [
        ("WATCHFLOOR_NOTIFY_RECEIVERS", "receivers:\n  - nme: x\n", "unknown key `nme`"),
        ("WATCHFLOOR_ALERTS_PRINCIPALS", "principals:\n  - name: a\n", "`roles` is missing"),
        (
            "WATCHFLOOR_ALERTS_PRINCIPALS",
            f"principals:\n  - {{name: a, roles: [client], token_sha256: '{'0' * 64}'}}\n",
            "a client has no other role, and names its projects",
        ),
    ],
)
def test_a_wrong_file_is_a_problem_with_its_line(
    bare: pytest.MonkeyPatch, tmp_path: Path, variable: str, text: str, says: str
) -> None:
    file = tmp_path / "file.yaml"
    file.write_text(text)
    bare.setenv(variable, str(file))
    (found,) = check_alert_files()
    assert found.severity == "problem"
    assert "file.yaml:2" in found.says
    assert says in found.says
