"""The demo's trouble fits into its time, its rule can be used, and its printer tells once."""

import http.client
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest

from streams.demo.alarm import RULES, SECONDS_MIN, Alarm, planned
from streams.demo.printer import Printer, alert_line
from streams.receiver_files import read_receivers
from streams.rule_files import read_rules
from streams.simulate.config import FloorConfig
from streams.simulate.floor import Floor
from streams.simulate.incidents import Incident, IncidentKind

ALERT = {
    "status": "firing",
    "labels": {"alertname": "SourceSilent", "severity": "critical", "source": "custom"},
    "annotations": {
        "value": "9",
        "unit": "s",
        "n": "1",
        "threshold": "> 8",
        "summary": "custom has sent nothing for 9 s",
        "runbook": "runbooks/source-silent.md",
    },
    "fingerprint": "ab",
    "startsAt": "2026-03-02T10:00:00.000Z",
    "endsAt": "2026-03-02T10:00:07.000Z",
}
LINE = (
    "ALERT firing SourceSilent source=custom  value 9 s (n=1)  threshold > 8"
    "  why: custom has sent nothing for 9 s  runbook: runbooks/source-silent.md"
)
RESOLVED = (
    "ALERT resolved SourceSilent source=custom  value 9 s (n=1)  threshold > 8"
    "  held from 2026-03-02T10:00:00.000Z to 2026-03-02T10:00:07.000Z"
)


def body(**changed: Any) -> bytes:
    """A notice of one alert as the webhook gets it."""
    return orjson.dumps({"alerts": [ALERT | changed]})


def post(address: str, sent: bytes) -> int:
    """The status of the printer's answer."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=10)
    connection.request("POST", "/", sent)
    status = connection.getresponse().status
    connection.close()
    return status


def test_an_alert_is_a_line_with_its_value_its_reason_and_its_runbook() -> None:
    assert alert_line(ALERT) == LINE


def test_the_printer_says_what_is_posted_to_it_once_and_counts_what_ended() -> None:
    said: list[str] = []
    printer = Printer(said.append)
    with printer.listening() as address:
        assert [post(address, body()) for _ in range(2)] == [204, 204]
        assert (printer.fired, printer.resolved) == (1, 0)
        assert post(address, body(status="resolved")) == 204
    assert printer.await_resolved(0)
    assert said == [LINE, RESOLVED]


def test_the_end_of_an_alert_of_an_earlier_demo_proves_nothing() -> None:
    printer = Printer(lambda _text: None)
    printer.take(body(status="resolved"))
    assert (printer.fired, printer.resolved) == (0, 0)


def test_what_is_no_notice_is_refused() -> None:
    printer = Printer(lambda _text: None)
    with printer.listening() as address:
        assert [post(address, sent) for sent in (b"x", b"{}", b"[]")] == [400, 400, 400]


@pytest.mark.parametrize("seconds", [40.0, 60.0, 600.0, None])
def test_the_incident_fits_into_the_demo_with_time_for_its_end(seconds: float | None) -> None:
    incident = planned(seconds)
    assert incident is not None
    assert incident.start_s > 10
    assert seconds is None or incident.start_s + incident.duration_s <= seconds - 5


def test_a_demo_too_short_for_an_incident_has_none() -> None:
    assert planned(SECONDS_MIN - 1) is None


def test_the_incident_holds_events_back_and_loses_none() -> None:
    incident = Incident(IncidentKind.SILENT_SOURCE, "custom", 20, 15)
    config = FloorConfig(incidents=(incident,)).for_rate(5)
    times = [
        int(str(event["received_at"]))
        for event in Floor(1, config).events(0, 60_000)
        if event["source"] == "custom"
    ]
    assert not [each for each in times if 20_000 <= each < 35_000]
    held = [each for each in times if each >= 35_000]
    assert held[0] < 36_000


def test_the_rule_is_there_only_when_it_is_put_in_force(tmp_path: Path) -> None:
    alarm = Alarm(tmp_path, Printer(lambda _text: None), planned(60))
    settings = alarm.lay_out("http://127.0.0.1:9/")
    rules = Path(settings["WATCHFLOOR_ALERTS_RULES"])
    assert read_receivers(Path(settings["WATCHFLOOR_NOTIFY_RECEIVERS"]))
    assert read_rules(rules).rules == ()
    alarm.begin()
    alarm.arm()
    assert [ready.name for ready in read_rules(rules).rules] == ["SourceSilent"]
    assert rules.read_bytes() == RULES.read_bytes()
    assert alarm.expected


@pytest.mark.parametrize(
    ("incident", "matchers"), [(planned(60), ('source="custom"',)), (None, ())]
)
def test_the_terminal_hears_of_the_incident_or_else_of_everything(
    tmp_path: Path, incident: Incident | None, matchers: tuple[str, ...]
) -> None:
    alarm = Alarm(tmp_path, Printer(lambda _text: None), incident)
    settings = alarm.lay_out("http://127.0.0.1:9/")
    (receiver,) = read_receivers(Path(settings["WATCHFLOOR_NOTIFY_RECEIVERS"]))
    assert receiver.matchers == matchers


def test_a_floor_that_caught_up_too_late_is_excused_and_says_so(tmp_path: Path) -> None:
    alarm = Alarm(tmp_path, Printer(lambda _text: None), planned(60))
    alarm.lay_out("http://127.0.0.1:9/")
    said, well = alarm.verdict()
    assert well
    assert "busy machine" in said


def test_without_an_incident_the_summary_says_so(tmp_path: Path) -> None:
    said, well = Alarm(tmp_path, Printer(lambda _text: None), None).verdict()
    assert well
    assert "no incident of ours" in said
