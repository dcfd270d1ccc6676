"""A rules file that is wrong in any way is refused: file, line, what, and what is accepted."""

from pathlib import Path

import pytest

from tests.rules.texts import BUDGET, GOOD, SURE, TWICE, edited, read, refused

#: (what is changed in a good file, into what, line, words that must be in the message).
MISTAKES: list[tuple[str, str, int, str]] = [
    # Keys and shapes.
    ("    for: 5m", "    fro: 5m", 9, "unknown key `fro`; there are alert, metric, by"),
    ("    metric: first_pass_yield\n", "", 2, "`metric` is missing"),
    ("    for: 5m", "    for: 5m\n    for: 6m", 10, "for: given twice"),
    ("rules:\n", "rules: [\n", 2, "not YAML"),
    ("rules:\n", "rule:\n", 1, "unknown key `rule`; there are rules"),
    ("alert: LowYield", "alert: low-yield", 2, "should match pattern"),
    # Names.
    ("first_pass_yield", "first_pas_yield", 3, "near it are first_pass_yield"),
    ("[project, queue]", "[project, lane]", 4, "there are org, source, project, queue"),
    ("[project, queue]", "[queue, team]", 4, "no grouping has these dimensions; there are []"),
    ("[project, queue]", "[project, label]", 4, "it is by [], [org], [org, source, project]"),
    ("window: 1h", "window: 2h", 5, "there are 1m, 5m, 15m, 1h, 8h, 24h, 7d, 28d, shift, day"),
    ("    window: 1h\n", "", 2, "`window` is missing: one of 1m"),
    ("window: 1h", "window: shift", 5, "can't fire: only a site has shifts"),
    ("yield.md", "nothing.md", 15, "there is no file runbooks/nothing.md beside the rules"),
    ("      runbook: runbooks/yield.md\n", "", 13, "`runbook` is missing"),
    ('      summary: "{queue}: {value:.1%} (n={n})"\n', "", 13, "`summary` is missing"),
    # Conditions.
    ('    op: "<"\n', "", 2, "`op` is missing: one of < <= > >="),
    ('op: "<"', 'op: "!="', 6, "should be '<', '<=', '>' or '>='"),
    ("    value: 0.9\n", "", 2, "say either `value: NUMBER` or `target: true`"),
    ("value: 0.9", "value: 0.9\n    target: true", 2, "say either `value: NUMBER`"),
    ("value: 0.9\n", "target: true\n", 2, "`clear` needs a `value`"),
    ("value: 0.9", "value: 90", 7, "always fires: first_pass_yield is between 0 and 1 (a fraction"),
    ("value: 0.9", "value: 0", 7, "can't fire: first_pass_yield is between 0 and 1"),
    ("value: 0.9", "value: 30m", 7, "'30m' is no amount of fraction: write 0.95 or 95%"),
    ("value: 0.9", "value: .nan", 7, "finite number"),
    ("value: 0.9", "value: true", 7, "valid number"),
    ("clear: 0.92", "clear: 0.8", 8, "must be at or above the value 0.9"),
    ("clear: 0.92", "clear: 1.2", 8, "can't resolve: first_pass_yield is between 0 and 1"),
    # Times and counts.
    ("for: 5m", "for: 300", 9, "300 is no duration: write 30s, 5m, 1h30m or 2d"),
    ("for: 5m", "for: 5 minutes", 9, "'5 minutes' is no duration"),
    ("keep_firing_for: 10m", "keep_firing_for: -1m", 10, "'-1m' is no duration"),
    ("for: 5m", "for: 900d", 9, "longer than 400 days"),
    ("min_events: 30", "min_events: -1", 11, "greater than or equal to 0"),
    ("min_events: 30", "no_data: never", 11, "should be 'keep', 'ok' or 'alert'"),
    ("min_events: 30", "since: day", 2, "`since` is for decide_on: confidence"),
    # Texts.
    ("severity: warning", "severity: bad", 12, "there are critical, error, warning, info, none"),
    ("severity: warning", "queue: q1", 12, "the alert has this label by itself"),
    ("severity: warning", 'team_name: ""', 12, "an empty label is no label"),
    ("{queue}:", "{que}:", 14, "{que} is nothing an alert has; it has value, low"),
    ("{value:.1%}", "{value:.1q}", 14, "there is no such format for it"),
    ("{value:.1%}", "{value.real}", 14, "{value.real} is nothing an alert has"),
    ("{value:.1%}", "{value!r}", 14, "conversions and nested fields are not taken"),
    ("{value:.1%}", "{value", 14, "is no template"),
    # Inhibition.
    ("min_events: 30", "inhibited_by: [Nobody]", 11, "no rule is called Nobody"),
]


@pytest.mark.parametrize(("old", "new", "line", "words"), MISTAKES)
def test_a_wrong_rule_is_refused_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    faults = refused(tmp_path, edited(GOOD, old, new))
    assert any(f"rules.yaml:{line}:" in fault and words in fault for fault in faults), faults


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("since: day", "window: 1h", 2, "`window` does not go with `decide_on: confidence`"),
        ("    since: day\n", "", 2, "shift, day, guideline or last_change"),
        ("since: day", "since: monday", 5, "should be 'shift', 'day', 'guideline' or"),
        ("since: day", "since: shift", 5, "can't fire: only a site has shifts"),
        ("since: day", "since: guideline", 5, "`by` names no guideline"),
        ("first_pass_yield", "throughput", 8, "throughput is no share of decisions"),
        ("value: 0.9", "value: 1.0", 7, "no interval excludes the end of the range"),
        ("min_events: 30", "alpha: 0.9", 11, "less than or equal to 0.5"),
    ],
)
def test_a_wrong_confidence_rule_is_refused(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    faults = refused(tmp_path, edited(SURE, old, new))
    assert any(f"rules.yaml:{line}:" in fault and words in fault for fault in faults), faults


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("objective: 0.95", "objective: 0.90", "needs a burn of 13.4x, and at 0.9 everything bad"),
        ("objective: 0.95", "objective: 95", "less than 1"),
        ("short: 5m", "short: 2m", "there is no window '2m'; there are 1m"),
        ("short: 5m", "short: 8h", "short must be shorter than window"),
        ("short: 5m", "shorter: 5m", "unknown key `shorter`; there are objective, period"),
        ("short: 5m}", "short: 5m}\n    window: 1h", "`window` does not go with `slo`"),
        ("first_pass_yield", "backlog_open", "backlog_open is no share of items"),
    ],
)
def test_a_wrong_budget_rule_is_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    faults = refused(tmp_path, edited(BUDGET, old, new))
    assert any(words in fault for fault in faults), faults


LEVEL = GOOD.replace("first_pass_yield", "backlog_waiting").replace("    window: 1h\n", "")


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (TWICE, "rules.yaml:16: rules.1.alert: another rule is called LowYield"),
        (
            edited(LEVEL, "value: 0.9\n    clear: 0.92", "value: 20\n    window: 1h"),
            "backlog_waiting is a present value: leave out `window`",
        ),
        (
            edited(LEVEL, "value: 0.9\n    clear: 0.92", "value: 20"),
            "can't fire: backlog_waiting < 20 means at most 20 events, so never 30",
        ),
        (
            edited(edited(GOOD, "first_pass_yield", "throughput"), "0.9\n    clear: 0.92", "10"),
            "can't fire: throughput < 10 means at most 12.5 events, so never 30",
        ),
        (
            edited(edited(GOOD, "first_pass_yield", "skip_rate"), "value: 0.9\n", "target: true\n"),
            "`clear` needs a `value`",
        ),
        (
            edited(
                edited(GOOD, "first_pass_yield", "skip_rate"),
                "value: 0.9\n    clear: 0.92",
                "target: true",
            ),
            "can't fire: no target is agreed for skip_rate",
        ),
        (
            edited(GOOD, "first_pass_yield", "watermark_lag"),
            "watermark_lag is known by [] only",
        ),
        ("", "rules.yaml:1: is empty"),
    ],
)
def test_what_can_not_be_or_not_fire_is_refused(tmp_path: Path, rules: str, words: str) -> None:
    faults = refused(tmp_path, rules)
    assert any(words in fault for fault in faults), faults


def test_inhibition_is_one_level_about_the_same_subjects(tmp_path: Path) -> None:
    second = edited(GOOD.removeprefix("rules:\n"), "LowYield", "Second")
    third = edited(second, "Second", "Third")
    chain = (
        GOOD
        + edited(second, "min_events: 30", "inhibited_by: [LowYield]")
        + edited(third, "min_events: 30", "inhibited_by: [Second]")
    )
    assert "Second is inhibited itself: one level only" in refused(tmp_path, chain)[0]
    same = edited(second, "[project, queue]", "[org, source, project, queue]")
    read(tmp_path, GOOD + edited(same, "min_events: 30", "inhibited_by: [LowYield]"))
    other = edited(edited(second, "[project, queue]", "[project]"), "{queue}", "{project}")
    other = edited(other, "min_events: 30", "inhibited_by: [LowYield]")
    assert "is not about the same subjects" in refused(tmp_path, GOOD + other)[0]


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    rules = edited(edited(GOOD, "value: 0.9", "value: 90"), "yield.md", "nothing.md")
    assert len(refused(tmp_path, rules)) == 3
