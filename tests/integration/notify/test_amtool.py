"""Debian's own amtool against our API: the conformance test that nobody here wrote.

Then what amtool does not ask: tokens, people, clients, acknowledgements.
"""

import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from schemas.alerts import Acknowledge, Close, Silence
from tests.integration.notify.conftest import OpenNotify
from tests.integration.notify.notify_space import program
from tests.integration.notify.running_api import (
    CLIENT,
    LIMITED,
    OPERATOR,
    PERSON,
    VIEWER,
    Api,
    running_api,
    shown,
)
from tests.notify.transitions import labels, step

Amtool = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def api(opened: OpenNotify, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with running_api(opened, tmp_path_factory.mktemp("principals")) as found:
        yield found


@pytest.fixture
def amtool(api: Api, tmp_path: Path) -> Amtool:
    config = tmp_path / "http.yml"
    config.write_text(f"authorization:\n  credentials: {OPERATOR}\n")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [program("amtool"), f"--alertmanager.url={api.url}"]
        command.append(f"--http.config.file={config}")
        return subprocess.run(
            [*command, *arguments], capture_output=True, text=True, check=False, timeout=30
        )

    return run


def printed(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_amtool_lists_what_fires(api: Api, amtool: Amtool) -> None:
    found = printed(amtool("alert", "query", "-o", "json", 'queue=~"hate|spam"'))
    assert {each["labels"]["queue"] for each in found} == {"hate", "spam"}
    (alert,) = printed(amtool("alert", "query", "-o", "json", "severity=warning"))
    assert alert["fingerprint"] == step("firing", 1, given=alert["labels"]).fingerprint
    assert alert["startsAt"] == "2026-03-02T08:00:00.000Z"
    assert alert["status"]["state"] == "active"
    assert alert["receivers"] == [{"name": "ops"}]


def test_amtool_tells_suppressed_alerts_apart(amtool: Amtool) -> None:
    assert printed(amtool("alert", "query", "-o", "json", "queue=quiet")) == []
    (alert,) = printed(amtool("alert", "query", "-o", "json", "--inhibited", "queue=quiet"))
    assert alert["status"]["state"] == "suppressed"
    assert alert["status"]["inhibitedBy"] == ["maintenance:m1"]


def test_amtool_creates_queries_changes_and_expires_silences(api: Api, amtool: Amtool) -> None:
    arguments = ("--comment=known", "--author=somebody", "--duration=2h")
    added = amtool("silence", "add", *arguments, "alertname=BacklogAge", 'queue=~"ha.*"')
    assert added.returncode == 0, added.stderr
    name = added.stdout.strip()
    (silence,) = printed(amtool("silence", "query", "-o", "json", "queue=~ha.*"))
    assert silence["id"] == name
    assert silence["createdBy"] == "ada", "the token says who it is, not the request"
    assert (silence["comment"], silence["status"]["state"]) == ("known", "active")
    changed = amtool("silence", "update", "--comment=still known", name)
    assert changed.returncode == 0, changed.stderr
    assert amtool("silence", "query", "-q").stdout.split() == [name]
    assert amtool("silence", "expire", name).returncode == 0
    assert amtool("silence", "query", "-q").stdout.split() == []
    (over,) = printed(amtool("silence", "query", "-o", "json", "--expired"))
    assert (over["id"], over["comment"]) == (name, "still known")
    for partition in api.commands():
        told = [each for each in partition if isinstance(each, Silence) and each.id == name]
        assert [each.comment for each in told] == ["known", "still known", "still known"]


def test_amtool_finds_nothing_wrong_with_status_and_receivers(api: Api, amtool: Amtool) -> None:
    assert amtool("config", "show").stdout.strip() == "# receiver: ops"
    assert amtool("cluster", "show").returncode == 0
    assert api.ask("GET", "/api/v2/receivers") == (200, [{"name": "ops"}])


def test_groups_are_those_of_the_receivers(api: Api) -> None:
    status, groups = api.ask("GET", "/api/v2/alerts/groups")
    assert status == 200
    found = {each["labels"]["project"]: len(each["alerts"]) for each in groups}
    assert found == {"comments-en": 4, "other": 1}
    assert {each["receiver"]["name"] for each in groups} == {"ops"}


def silence(*matchers: tuple[str, str, bool], **more: str) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "matchers": [
            {"name": name, "value": value, "isRegex": regex} for name, value, regex in matchers
        ],
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(hours=1)).isoformat(),
        "createdBy": "x",
        "comment": "c",
    } | more


@pytest.mark.parametrize(
    ("token", "body", "status", "says"),
    [
        ("", silence(("queue", "a", False)), 401, "token"),
        ("wf_wrong", silence(("queue", "a", False)), 401, "nobody"),
        (VIEWER, silence(("queue", "a", False)), 403, "no operator"),
        (CLIENT, silence(("queue", "a", False)), 403, "no operator"),
        (OPERATOR, silence(), 400, "every alert"),
        (OPERATOR, silence(("alertname", ".*", True)), 400, "every alert"),
        (OPERATOR, silence(("queue", "(", True)), 400, "regular expression"),
        (OPERATOR, silence(("queue", "a", False), endsAt="2020-01-01T00:00:00Z"), 400, "ends"),
        (OPERATOR, silence(("queue", "a", False), endsAt="soon"), 400, "soon"),
        (OPERATOR, silence(("queue", "a", False), comment=" "), 400, "comment"),
        (OPERATOR, silence(("queue", "a", False), id="none"), 404, "no such"),
        (OPERATOR, {"matchers": 1}, 400, "matchers"),
        (LIMITED, silence(("queue", "a", False)), 403, "its own projects"),
        (LIMITED, silence(("project", "comments-en", False)), 403, "its own projects"),
    ],
)
def test_a_silence_is_refused(
    api: Api, token: str, body: dict[str, Any], status: int, says: str
) -> None:
    found = api.ask("POST", "/api/v2/silences", token, body)
    assert found[0] == status
    assert says in found[1]


def test_an_acknowledgement_has_the_name_of_its_token(api: Api) -> None:
    name = step("firing", 1).fingerprint
    path = f"/api/watchfloor/v1/alerts/{name}/acknowledgement"
    assert api.ask("POST", path)[0] == 401
    assert api.ask("POST", path, OPERATOR, {"note": "mine"})[1]["owner"] == "ada"
    for partition in api.commands():
        (given,) = [each for each in partition if isinstance(each, Acknowledge)]
        assert (given.fingerprint, given.owner, given.note) == (name, "ada", "mine")
    assert api.ask("DELETE", path, OPERATOR)[0] == 200


def test_an_operator_of_some_projects_reaches_no_further(api: Api) -> None:
    own = silence(("project", "other", False))
    status, given = api.ask("POST", "/api/v2/silences", LIMITED, own)
    assert status == 200
    assert api.ask("DELETE", f"/api/v2/silence/{given['silenceID']}", LIMITED)[0] == 200
    status, given = api.ask("POST", "/api/v2/silences", OPERATOR, silence(("queue", "a", False)))
    path = f"/api/v2/silence/{given['silenceID']}"
    assert (status, api.ask("DELETE", path, LIMITED)[0]) == (200, 403)
    assert api.ask("DELETE", path, OPERATOR)[0] == 200
    assert {each["labels"]["project"] for each in shown(api, token=LIMITED)} == {"other"}
    name = step("firing", 1).fingerprint
    path = f"/api/watchfloor/v1/alerts/{name}/acknowledgement"
    assert api.ask("POST", path, LIMITED, {})[0] == 404


def test_an_unknown_alert_can_not_be_acknowledged(api: Api) -> None:
    path = "/api/watchfloor/v1/alerts/0123456789abcdef/acknowledgement"
    status, says = api.ask("POST", path, OPERATOR, {})
    assert status == 404
    assert "no alert 0123456789abcdef fires" in says


def test_an_alert_that_is_over_gets_its_verdict(api: Api) -> None:
    over = step("resolved", 2, given=labels(queue="over"))
    path = f"/api/watchfloor/v1/alerts/{over.fingerprint}/verdict"
    assert api.ask("POST", path, OPERATOR, {"verdict": "maybe"})[0] == 400
    assert api.ask("POST", path, OPERATOR, {"verdict": "noise", "note": "drill"})[0] == 200
    (given,) = [each for each in api.commands()[0] if isinstance(each, Close)]
    assert (given.verdict, given.owner, given.starts_at_ms) == ("noise", "ada", over.starts_at_ms)


def test_a_client_sees_its_own_alerts_and_no_person(api: Api) -> None:
    found = shown(api, token=CLIENT)
    assert {each["labels"]["queue"] for each in found} == {"hate", "spam", "quiet"}
    text = json.dumps(found)
    for hidden in (PERSON, "other-client", "SELECT", '"ops"'):
        assert hidden not in text
    assert api.ask("GET", "/api/v2/silences", CLIENT) == (200, [])
    assert api.ask("GET", "/api/v2/receivers", CLIENT) == (200, [])
    assert api.ask("GET", '/api/v2/alerts?filter=queue=~"(a%2B)%2Bb"', CLIENT)[0] == 403


def test_a_page_of_the_web_can_not_read_us_by_a_name_of_its_own(api: Api) -> None:
    assert api.ask("GET", "/api/v2/alerts", Host="evil.example.org")[0] == 403
    assert api.ask("GET", "/api/v2/alerts", VIEWER, Host="evil.example.org")[0] == 200


def test_a_filter_that_is_none_is_refused(api: Api) -> None:
    status, says = api.ask("GET", "/api/v2/alerts?filter=nonsense")
    assert status == 400
    assert 'NAME="VALUE"' in says
