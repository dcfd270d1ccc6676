"""Runs tests of rules: series or events come in, and what fires is compared with what should."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from schemas.faults import Fault
from schemas.groupings import Grouping
from schemas.rules_tests import AlertTest, ExpectedAlert, RuleTest, TestsFile
from streams import marked_yaml
from streams.core.alerting import Alerting, Calendar, RuleCalendar
from streams.core.alerts import Alert
from streams.core.observations import Index
from streams.core.plan import DAY_MS, Plan
from streams.core.rules import RuleBook
from streams.marked_yaml import FileRefused, Marked
from streams.rule_floors import CountedFloor, EventFloor, Floor
from streams.rule_series import Script, ScriptedObserver, make_series


@dataclass(frozen=True, slots=True)
class Stage:
    """Where tests are played: the rules, and the floor they are about."""

    book: RuleBook
    groupings: tuple[Grouping, ...]
    calendar: Calendar


def read_tests(path: Path) -> Marked[TestsFile]:
    """A file of tests; raises FileRefused."""
    return marked_yaml.read(path, TestsFile)


def run_tests(marked: Marked[TestsFile], stage: Stage) -> list[Fault]:
    """Everything that did not fire as it should; raises FileRefused for what can't be played."""
    faults: list[Fault] = []
    for index, test in enumerate(marked.content.tests):
        place = ("tests", index)
        names = {ready.name for ready in stage.book.rules}
        for number, wanted in enumerate(test.alert_rule_test):
            if wanted.alertname not in names:
                at = (*place, "alert_rule_test", number, "alertname")
                raise FileRefused([marked.fault(at, f"no rule is called {wanted.alertname}")])
        try:
            for number, message in _play(test, stage, marked.content.evaluation_interval):
                faults.append(marked.fault((*place, "alert_rule_test", number), message))
        except ValueError as error:
            raise FileRefused([marked.fault(place, str(error))]) from error
    return faults


def _play(test: RuleTest, stage: Stage, every_ms: int) -> Iterator[tuple[int, str]]:
    """(number of the expectation, what is different) of one test."""
    start_ms = int(test.start.timestamp() * 1000)
    series = tuple(make_series(each, stage.groupings) for each in test.input_series)
    script = Script(series, start_ms, test.interval)
    alerting = Alerting(stage.book)
    calendar = RuleCalendar(stage.calendar, alerting)
    plan = Plan(groupings=stage.groupings).holding(start_ms, start_ms + 400 * DAY_MS)
    floor: Floor = CountedFloor(script, plan, calendar)
    if test.events:
        floor = EventFloor(test, plan, calendar)
    index = Index()
    for after_ms in _times(test, every_ms):
        now_ms = start_ms + after_ms
        floor.advance(now_ms)
        index.refresh(floor.rollups, now_ms)
        alerting.look(ScriptedObserver(floor.rollups, now_ms, index, script))
        alerting.state.records()
        alerts = list(alerting.state.alerts.values())
        for number, wanted in enumerate(test.alert_rule_test):
            difference = _difference(wanted, alerts) if wanted.eval_time == after_ms else ""
            if difference:
                yield number, difference


def _times(test: RuleTest, every_ms: int) -> list[int]:
    """When rules are evaluated, ms after the start."""
    wanted = {each.eval_time for each in test.alert_rule_test}
    return sorted(wanted.union(range(0, max(wanted) + 1, every_ms)))


def _difference(wanted: AlertTest, alerts: list[Alert]) -> str:
    """What fires and should not, or should and does not; "" when all is as expected."""
    firing = [
        alert
        for alert in alerts
        if alert.is_active and alert.labels["alertname"] == wanted.alertname
    ]
    left = list(firing)
    missing = []
    for expected in wanted.exp_alerts:
        found = next((alert for alert in left if _is_as_expected(alert, expected)), None)
        if found is None:
            missing.append(expected)
        else:
            left.remove(found)
    parts = [f"missing {_shown(each.exp_labels, each.exp_annotations)}" for each in missing]
    parts += [f"unexpected {_shown(_own(alert), alert.annotations)}" for alert in left]
    return f"{wanted.alertname}: " + "; ".join(parts) if parts else ""


def _is_as_expected(alert: Alert, expected: ExpectedAlert) -> bool:
    wanted = {name: value for name, value in expected.exp_labels.items() if name != "alertname"}
    texts = expected.exp_annotations.items()
    return _own(alert) == wanted and texts <= alert.annotations.items()


def _own(alert: Alert) -> dict[str, str]:
    return {name: value for name, value in alert.labels.items() if name != "alertname"}


def _shown(labels: dict[str, str], annotations: dict[str, str]) -> str:
    shown = ", ".join(f'{name}="{value}"' for name, value in sorted(labels.items()))
    return f"{{{shown}}} {annotations.get('summary', '')}".rstrip()
