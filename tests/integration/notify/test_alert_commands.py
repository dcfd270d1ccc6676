"""`watchfloor alerts`, `ack`, `silence`, `notify-test`, as a person types them."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from schemas.alerts import Acknowledge, Silence
from schemas.principals import PrincipalsFile
from streams.cli import main
from streams.principals import owner
from tests.integration.notify.conftest import OpenNotify
from tests.integration.notify.notify_space import hook
from tests.integration.notify.running_api import OPERATOR, VIEWER, Api, running_api
from tests.notify.listeners import Listener, listening
from tests.notify.transitions import step

Run = Callable[..., tuple[int, str, str]]
HATE = step("firing", 1).fingerprint


@pytest.fixture(scope="module")
def api(opened: OpenNotify, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with running_api(opened, tmp_path_factory.mktemp("principals")) as found:
        yield found


@pytest.fixture
def run(api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("WATCHFLOOR_ALERTS_URL", api.url)
    monkeypatch.setenv("WATCHFLOOR_ALERTS_TOKEN", OPERATOR)

    def ask(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["--space", api.space.floor.name, *arguments])
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return ask


def test_alerts_lists_what_fires_and_show_tells_why(run: Run) -> None:
    code, out, _ = run("alerts")
    assert code == 0
    assert HATE in out
    assert "hate: oldest item waits 21 min" in out
    assert len(out.splitlines()) == 1 + 5, "without the suppressed one"
    assert len(run("alerts", "--all")[1].splitlines()) == 1 + 6
    code, out, _ = run("alerts", "show", HATE[:6])
    assert code == 0
    assert "value: 1260" in out
    assert "sql: SELECT 1" in out


def test_ack_takes_care_of_an_alert_by_the_beginning_of_its_name(run: Run, api: Api) -> None:
    assert run("ack", HATE[:6], "--note", "mine", "--until", "2h") == (
        0,
        f"{HATE}: ada takes care of it\n",
        "",
    )
    (given,) = [each for each in api.commands()[0] if isinstance(each, Acknowledge)]
    assert given.fingerprint == HATE
    assert given.until_ms is not None
    assert 7_100_000 < given.until_ms - given.at_ms <= 7_200_000
    assert run("ack", HATE, "--undo") == (0, f"{HATE}: given up by ada\n", "")


def test_ack_of_an_unknown_alert_says_so(run: Run) -> None:
    code, _, err = run("ack", "0123456789abcdef")
    assert code == 1
    assert "no alert that fires begins with 0123456789abcdef" in err
    assert "`watchfloor alerts` lists them" in err


def test_without_a_token_or_the_role_nothing_changes(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHFLOOR_ALERTS_TOKEN", VIEWER)
    assert "vic is no operator" in run("ack", HATE)[2]
    monkeypatch.delenv("WATCHFLOOR_ALERTS_TOKEN")
    code, _, err = run("ack", HATE)
    assert code == 1
    assert "WATCHFLOOR_ALERTS_TOKEN" in err


def test_a_silence_begins_is_listed_and_ends(run: Run, api: Api) -> None:
    code, out, _ = run("silence", "add", 'queue="spam"', "--for", "2h", "--comment", "known")
    assert code == 0
    name = out.strip()
    listed = run("silence", "ls")[1]
    assert name in listed
    assert 'queue="spam"' in listed
    assert run("silence", "end", name) == (0, f"{name}: ended\n", "")
    assert name not in run("silence", "ls")[1]
    assert name in run("silence", "ls", "--all")[1]


def test_a_silence_of_everything_asks_for_yes(run: Run, api: Api) -> None:
    everything = ("silence", "add", "alertname=~.+", "--for", "1h", "--comment", "move")
    code, _, err = run(*everything)
    assert code == 1
    assert "nobody would be told of anything" in err
    assert "--yes" in err
    code, out, _ = run(*everything, "--yes", "--maintenance")
    assert code == 0
    given = [each for each in api.commands()[0] if isinstance(each, Silence)]
    assert {each.kind for each in given if each.id == out.strip()} == {"maintenance"}
    assert run("silence", "end", out.strip())[0] == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("add", "queue", "--for", "2h", "--comment", "c"), 'write NAME="VALUE"'),
        (("add", "queue=a", "--for", "soon", "--comment", "c"), "write 30m, 2h"),
        (("end", "none"), "there is no such silence"),
    ],
)
def test_a_wrong_silence_is_refused(run: Run, arguments: tuple[str, ...], says: str) -> None:
    code, _, err = run("silence", *arguments)
    assert code in (1, 2)
    assert says in err


def test_a_new_token_is_shown_once_and_its_entry_lets_its_owner_in(run: Run) -> None:
    code, out, err = run("alerts", "token", "bea", "--role", "client", "--project", "comments-en")
    assert code == 0
    (line,) = [each for each in err.splitlines() if "shown once" in each]
    token = line.split()[-1]
    assert token not in out
    file = PrincipalsFile.model_validate(yaml.safe_load(f"principals:\n{out}"))
    found = owner(token, file.principals)
    assert found is not None
    assert (found.name, found.is_client, found.projects) == ("bea", True, ("comments-en",))
    assert owner(token + "x", file.principals) is None


def test_no_api_is_told_with_its_remedy(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHFLOOR_ALERTS_URL", "http://127.0.0.1:9")
    code, _, err = run("alerts")
    assert code == 1
    assert "watchfloor deliver --only notify" in err


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A receiver that listens in a thread, since a command takes this one."""
    ready, done = threading.Event(), threading.Event()
    found: list[Listener] = []

    async def listen() -> None:
        async with listening() as here:
            found.append(here)
            ready.set()
            await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=asyncio.run, args=(listen(),))
    thread.start()
    ready.wait()
    yield found[0]
    done.set()
    thread.join()


def test_notify_test_sends_a_sample_and_its_end(
    run: Run, listener: Listener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "receivers.yaml"
    monkeypatch.setenv("WATCHFLOOR_NOTIFY_RECEIVERS", str(file))
    client = hook("northwind", listener.url, audience="client", projects=["comments-en"])
    dead = hook("dead", "http://127.0.0.1:9/nobody")
    file.write_text(yaml.safe_dump({"receivers": [client, dead]}))
    code, out, _ = run("notify-test", "northwind")
    assert (code, out.splitlines()) == (
        0,
        ["northwind: firing sent (http_200)", "northwind: resolved sent (http_200)"],
    )
    assert [each.json["status"] for each in listener.heard] == ["firing", "resolved"]
    code, out, err = run("notify-test", "dead")
    assert (code, out) == (1, "dead: firing retry (ClientConnectorError)\n")
    assert "remedy" in err
    code, _, err = run("notify-test", "nobody")
    assert code == 1
    assert "there are: northwind, dead" in err
