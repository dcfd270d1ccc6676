"""Laws of the alert's life, over any sequence of verdicts."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.alerts import STALE_AFTER_MS, Timing, Verdict
from tests.core.timelines import Happened, live

SECOND_MS = 1000
Heard = list[tuple[int, Verdict]]


KNOWN = [Verdict.BREACHED, Verdict.BETWEEN, Verdict.CLEAR]


@st.composite
def heard(draw: st.DrawFn, among: Sequence[Verdict] = tuple(Verdict)) -> Heard:
    """Verdicts at growing whole seconds, each standing for a while."""
    now_s, found = 0, []
    for _ in range(draw(st.integers(1, 40))):
        now_s += draw(st.integers(1, 200))
        found.append((now_s * SECOND_MS, draw(st.sampled_from(among))))
    return found


timings = st.builds(
    Timing,
    st.sampled_from([0, 30_000, 300_000]),
    st.sampled_from([0, 60_000, 600_000]),
)


def every_second(verdicts: Heard) -> Heard:
    """The same verdicts, repeated each second until the next one."""
    found: Heard = []
    for (now_ms, verdict), (next_ms, _) in zip(verdicts, [*verdicts[1:], (0, None)], strict=True):
        found += [(t_ms, verdict) for t_ms in range(now_ms, next_ms or now_ms + 1, SECOND_MS)]
    return found


@settings(max_examples=60, deadline=None)
@given(heard(), timings)
def test_an_alert_never_fires_before_its_hold(verdicts: Heard, timing: Timing) -> None:
    """It fires only on a breach, after breaches alone have lasted as long as ``for``."""
    ticks = every_second(verdicts)
    known = dict(ticks)
    for second, step in live(ticks, timing):
        if step != "firing":
            continue
        at_ms = second * SECOND_MS
        assert known[at_ms] is Verdict.BREACHED
        held_ms, back_ms = 0, at_ms - SECOND_MS
        while held_ms < timing.for_ms:
            verdict = known[back_ms]
            assert verdict in (Verdict.BREACHED, Verdict.UNKNOWN)
            held_ms += SECOND_MS * (verdict is Verdict.BREACHED)
            back_ms -= SECOND_MS


def episodes(happened: list[Happened]) -> list[list[str]]:
    """Steps by episode: each begins with pending, or with firing when nothing was pending."""
    found: list[list[str]] = []
    for _, step in happened:
        if step == "pending" or (step == "firing" and (not found or found[-1][-1] != "pending")):
            found.append([])
        found[-1].append(step)
    return found


@settings(max_examples=60, deadline=None)
@given(heard(), timings)
def test_an_alert_fires_and_resolves_at_most_once_per_episode(
    verdicts: Heard, timing: Timing
) -> None:
    for episode in episodes(live(every_second(verdicts), timing)):
        assert episode.count("firing") <= 1
        assert episode.count("resolved") <= 1
        if "dropped" in episode:
            assert episode == ["pending", "dropped"]
        if "resolved" in episode:
            assert (episode[-1], "firing" in episode) == ("resolved", True)


@settings(max_examples=60, deadline=None)
@given(heard(), timings)
def test_a_restart_from_the_stored_state_changes_nothing(verdicts: Heard, timing: Timing) -> None:
    ticks = every_second(verdicts)
    assert live(ticks, timing, restart=True) == live(ticks, timing)


@settings(max_examples=60, deadline=None)
@given(heard(KNOWN), timings, st.integers(1, 60))
def test_who_looks_seldom_fires_nothing_that_does_not_fire(
    verdicts: Heard, timing: Timing, every_s: int
) -> None:
    """Looking every ``every_s`` seconds, and at changes, fires only what fires by the second."""
    fine = every_second(verdicts)
    changes = {now_ms for now_ms, _ in verdicts}
    coarse = [at for at in fine if at[0] in changes or at[0] // SECOND_MS % every_s == 0]
    exact = live(fine, timing)
    for second in [second for second, step in live(coarse, timing) if step == "firing"]:
        told = [step for at, step in exact if at <= second and step in ("firing", "resolved")]
        assert told[-1] == "firing"


@settings(max_examples=60, deadline=None)
@given(heard(), timings)
def test_missing_data_alone_never_resolves(verdicts: Heard, timing: Timing) -> None:
    ticks = every_second(verdicts)
    known = dict(ticks)
    for second, step in live(ticks, timing):
        if step == "resolved":
            assert known[second * SECOND_MS] is Verdict.CLEAR
        if step == "stale":
            assert known[second * SECOND_MS - STALE_AFTER_MS] is Verdict.UNKNOWN
