"""The alert's life as scenarios: holds, recoveries, missing data, owners."""

import pytest

from streams.core import alerts
from streams.core.alerts import Alert, Timing, Verdict
from tests.core.timelines import Timeline, between

MINUTE_MS = 60_000


def test_an_alert_fires_once_its_condition_has_held() -> None:
    (
        Timeline(for_s=300)
        .at(120)
        .breached()
        .at(900)
        .want("pending", between(120, 120))
        .want("firing", between(420, 430))
        .never("resolved")
    )


def test_a_breach_shorter_than_its_hold_wakes_nobody() -> None:
    Timeline(for_s=300).at(120).breached().at(400).clear().at(900).never("firing").want(
        "dropped", between(400, 400)
    )


def test_without_a_hold_it_fires_at_once_and_is_never_pending() -> None:
    timeline = Timeline().at(7).breached().at(9).clear().at(20)
    assert timeline.happened == [(7, "firing"), (9, "resolved")]


def test_flapping_within_keep_firing_for_is_one_episode() -> None:
    timeline = Timeline(keep_s=60).at(10).breached()
    for second in range(20, 200, 20):
        timeline.at(second).clear().at(second + 10).breached()
    timeline.at(300).clear().at(500)
    steps = [step for _, step in timeline.happened]
    assert (steps.count("firing"), steps.count("resolved")) == (1, 1)
    timeline.want("resolved", between(360, 361))


def test_between_the_thresholds_a_firing_alert_goes_on_and_a_pending_one_is_dropped() -> None:
    Timeline().at(10).breached().at(20).between_thresholds().at(90).never("resolved")
    Timeline(for_s=60).at(10).breached().at(20).between_thresholds().at(90).never("firing")
    Timeline(keep_s=60).at(10).breached().at(20).clear().at(50).between_thresholds().at(200).want(
        "refired", between(50, 50)
    ).never("resolved")


def test_missing_data_is_not_recovery_and_becomes_stale() -> None:
    (
        Timeline(keep_s=60)
        .at(10)
        .breached()
        .at(100)
        .unknown()
        .at(4000)
        .breached()
        .at(4100)
        .want("stale", between(400, 400))
        .want("fresh", between(4000, 4000))
        .never("resolved")
    )


def test_missing_data_counts_for_no_hold_and_for_no_recovery() -> None:
    (
        Timeline(for_s=100)
        .at(10)
        .breached()
        .at(60)
        .unknown()
        .at(200)
        .breached()
        .at(400)
        .want("firing", between(250, 251))
    )
    (
        Timeline(keep_s=100)
        .at(10)
        .breached()
        .at(20)
        .clear()
        .at(70)
        .unknown()
        .at(270)
        .clear()
        .at(500)
        .want("resolved", between(320, 321))
    )


def test_a_pending_alert_without_data_is_dropped() -> None:
    Timeline(for_s=600).at(10).breached().at(20).unknown().at(2000).want(
        "dropped", between(320, 320)
    ).never("stale")


def test_an_unwatched_time_does_not_count() -> None:
    alert, timing = Alert({}), Timing(for_ms=10 * MINUTE_MS)
    alerts.step(alert, timing, Verdict.BREACHED, MINUTE_MS)
    alerts.pause(alert, 60 * MINUTE_MS)
    assert alerts.step(alert, timing, Verdict.BREACHED, 61 * MINUTE_MS) == []
    assert alerts.step(alert, timing, Verdict.BREACHED, 71 * MINUTE_MS) == ["firing"]


def fired(at_ms: int = 0) -> Alert:
    alert = Alert({})
    assert alerts.step(alert, Timing(), Verdict.BREACHED, at_ms) == ["firing"]
    return alert


def test_an_acknowledgement_ends_with_the_alert_and_an_early_return_keeps_the_owner() -> None:
    alert = fired()
    assert alerts.acknowledge(alert, "ana", "on it", None) == ["acknowledged"]
    assert alerts.acknowledge(alert, "ana", "on it", None) == []
    assert alerts.step(alert, Timing(), Verdict.CLEAR, MINUTE_MS) == ["resolved"]
    assert alerts.step(alert, Timing(), Verdict.BREACHED, 20 * MINUTE_MS) == ["firing"]
    assert (alert.owner, alert.starts_at_ms, alert.seq) == ("ana", 20 * MINUTE_MS, 0)
    alerts.step(alert, Timing(), Verdict.CLEAR, 21 * MINUTE_MS)
    alerts.step(alert, Timing(), Verdict.BREACHED, 90 * MINUTE_MS)
    assert alert.owner == ""


def test_an_acknowledgement_until_a_time_ends_then() -> None:
    alert = fired()
    alerts.acknowledge(alert, "ana", "", 5 * MINUTE_MS)
    assert alerts.step(alert, Timing(), Verdict.BREACHED, 5 * MINUTE_MS - 1) == []
    assert alerts.step(alert, Timing(), Verdict.BREACHED, 5 * MINUTE_MS) == ["unacknowledged"]


@pytest.mark.parametrize("verdict", [Verdict.CLEAR, Verdict.UNKNOWN])
def test_nobody_can_own_what_does_not_fire(verdict: Verdict) -> None:
    alert = Alert({})
    alerts.step(alert, Timing(), verdict, 0)
    assert alerts.acknowledge(alert, "ana", "", None) == []
    assert alerts.unacknowledge(alert) == []


def test_what_keeps_quiet_is_a_step_only_where_quiet_begins_or_ends() -> None:
    alert = fired()
    assert alerts.suppress(alert, ("s1",)) == ["suppressed"]
    assert alerts.suppress(alert, ("s1", "s2")) == []
    assert alerts.suppress(alert, ()) == ["unsuppressed"]
    alerts.step(alert, Timing(), Verdict.CLEAR, 1)
    assert alerts.suppress(alert, ("s1",)) == []


def test_what_is_over_is_forgotten_when_no_owner_would_be_kept_any_more() -> None:
    alert = fired()
    assert not alerts.is_over(alert, 10**9)
    alerts.step(alert, Timing(), Verdict.CLEAR, MINUTE_MS)
    assert not alerts.is_over(alert, 31 * MINUTE_MS)
    assert alerts.is_over(alert, 31 * MINUTE_MS + 1)
