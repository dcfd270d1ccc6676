"""A file of receivers that is wrong in each possible way: line, reason, what is accepted."""

from pathlib import Path

import pytest

from streams.floor_files import DEPLOY
from streams.kept_files import KeptFile
from streams.marked_yaml import FileRefused
from streams.receiver_files import read_receivers

GOOD = """\
receivers:
  - name: ops
    webhook:
      url: https://hooks.example.org/x
    matchers: ['severity=~"critical|error"']
    repeat_interval: 4h
"""


def refused(folder: Path, text: str) -> list[str]:
    """What is said of a file, without the folder's name."""
    file = folder / "receivers.yaml"
    file.write_text(text)
    with pytest.raises(FileRefused) as found:
        read_receivers(file)
    return [str(fault).removeprefix(f"{folder}/") for fault in found.value.faults]


CASES = {
    "empty": ("", "receivers.yaml:1: is empty"),
    "not yaml": ("receivers: [", "receivers.yaml:1: not YAML"),
    "unknown key": (
        GOOD.replace("repeat_interval", "repeat"),
        "receivers.yaml:6: receivers.0.repeat: unknown key `repeat`; there are name, webhook",
    ),
    "unknown key of a part": (
        GOOD.replace("      url:", "      uri: x\n      url:"),
        "receivers.yaml:4: receivers.0.webhook.uri: unknown key `uri`; there are url, body, secret",
    ),
    "no name": (GOOD.replace("name: ops", "group_by: []"), "`name` is missing"),
    "odd name": (GOOD.replace("ops", "Ops Team"), "string should match pattern"),
    "no target": (
        "receivers:\n  - name: ops\n",
        "say exactly one of webhook, pagerduty, alertmanager, kafka, apprise; found 0",
    ),
    "two targets": (
        GOOD + "    kafka: {topic: t}\n",
        "say exactly one of webhook, pagerduty, alertmanager, kafka, apprise; found 2",
    ),
    "same name": (GOOD + GOOD.removeprefix("receivers:\n"), "two receivers are named ops"),
    "bad matcher": (GOOD.replace("=~", "~~"), 'write NAME="VALUE", with = != =~ or !~'),
    "bad regex": (GOOD.replace("critical|error", "("), "is no regular expression"),
    "bad duration": (GOOD.replace("4h", "4"), "write 30s, 5m, 1h30m or 2d"),
    "bad audience": (
        GOOD + "    audience: public\n",
        "receivers.yaml:7: receivers.0.audience: input should be 'internal' or 'client'",
    ),
    "client without projects": (GOOD + "    audience: client\n", "needs its projects"),
    "client by person": (
        GOOD + "    audience: client\n    projects: [p]\n    group_by: [annotator]\n",
        "names a person's label",
    ),
    "plain http": (
        GOOD.replace("https://", "http://"),
        "receivers.yaml:4: receivers.0.webhook.url: the address has to begin with https://",
    ),
    "inside": (
        GOOD.replace("hooks.example.org", "10.1.2.3"),
        "is of this house: only a receiver with internal: true may use it",
    ),
    "metadata": (
        GOOD.replace("hooks.example.org", "169.254.169.254") + "    internal: true\n",
        "is of this house",
    ),
    "credentials": (GOOD.replace("https://", "https://me:pw@"), "holds a user or password"),
    "secret in the file": (
        GOOD.replace("      url:", "      secret: whsec_abc\n      url:"),
        "receivers.yaml:4: receivers.0.webhook.secret",
    ),
    "secret nowhere": (
        GOOD.replace("      url:", "      secret: {env: NO_SUCH_SECRET}\n      url:"),
        "the environment variable NO_SUCH_SECRET is not set",
    ),
    "secret in no file": (
        GOOD.replace("      url:", "      bearer: {file: no/such/file}\n      url:"),
        "no/such/file can't be read: FileNotFoundError",
    ),
    "secret of no place": (
        GOOD.replace("      url:", "      bearer: {}\n      url:"),
        "say either `env: NAME` or `file: PATH`",
    ),
    "unsigned cloudevents": (
        GOOD.replace("      url:", "      body: cloudevents\n      url:"),
        "body cloudevents is always signed",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_wrong_file_is_refused_with_line_and_reason(case: str, tmp_path: Path) -> None:
    text, says = CASES[case]
    found = refused(tmp_path, text)
    assert any(says in fault for fault in found), found
    assert "whsec_abc" not in str(found)
    assert "me:pw" not in str(found)


def test_a_signing_secret_that_is_none_is_refused_and_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_SECRET", "hunter2")
    text = GOOD.replace("      url:", "      secret: {env: HOOK_SECRET}\n      url:")
    found = refused(tmp_path, text)
    assert any("whsec_ and base64" in fault for fault in found)
    assert "hunter2" not in str(found)


def test_the_examples_in_the_default_file_are_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = (DEPLOY / "receivers.yaml").read_text()
    example = "\n".join(line[2:] for line in given.splitlines() if line.startswith("# "))
    example = example[example.index("receivers:") : example.index("Keys of a receiver")]
    (tmp_path / "tooling").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    for name in ("PAGERDUTY_KEY", "NORTHWIND_HOOK", "HEARTBEAT_URL"):
        monkeypatch.setenv(name, "x")
    file = tmp_path / "receivers.yaml"
    file.write_text(example.replace("secrets/tooling", str(tmp_path / "tooling")))
    assert len(read_receivers(file)) == 5
    assert read_receivers(DEPLOY / "receivers.yaml") == ()


def test_a_change_that_can_not_be_used_keeps_what_was_and_says_so(tmp_path: Path) -> None:
    file = tmp_path / "receivers.yaml"
    file.write_text(GOOD)
    kept = KeptFile(file, read_receivers)
    file.write_text(GOOD + "    nonsense: 1\n")
    assert [each.name for each in kept.look()] == ["ops"]
    assert "receivers.yaml:7" in kept.fault
    file.write_text(GOOD.replace("ops", "night"))
    assert [each.name for each in kept.look()] == ["night"]
    assert kept.fault == ""
    file.unlink()
    assert [each.name for each in kept.look()] == ["night"]
    assert "can't be read" in kept.fault
