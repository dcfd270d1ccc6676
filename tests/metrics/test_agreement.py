"""Agreement against the libraries of statisticians, and in whatever order labels come."""

from collections.abc import Sequence
from random import Random

import krippendorff
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats import inter_rater

from schemas import agreement
from schemas.agreement import Coincidences, Unit

RATERS, LABELS = ["ana", "ben", "cho", "dee"], ["cat", "dog", "owl"]

_unit = st.dictionaries(st.sampled_from(RATERS), st.sampled_from(LABELS), max_size=4)
units = st.lists(_unit, max_size=12)


@given(units)
def test_alpha_is_krippendorff_s(given_units: list[Unit]) -> None:
    told = {label for unit in given_units if len(unit) > 1 for label in unit.values()}
    found = agreement.krippendorff_alpha(given_units)
    if len(told) < 2:
        assert found is None
        return
    coded = [
        [
            float(LABELS.index(unit[rater])) if rater in unit else float("nan")
            for unit in given_units
        ]
        for rater in RATERS
    ]
    expected = krippendorff.alpha(coded, level_of_measurement="nominal")
    assert found == pytest.approx(expected, abs=1e-12)


def test_alpha_of_the_textbook() -> None:
    told = [dict(zip("ab", labels, strict=True)) for labels in ("YY", "NN", "YN")]
    assert agreement.krippendorff_alpha(told) == pytest.approx(0.4444, abs=1e-4)


@given(st.lists(st.fixed_dictionaries({r: st.sampled_from(LABELS) for r in RATERS}), min_size=1))
def test_fleiss_and_cohen_are_those_of_statsmodels(given_units: list[dict[str, str]]) -> None:
    counts = [[list(unit.values()).count(label) for label in LABELS] for unit in given_units]
    found = agreement.fleiss_kappa(given_units)
    if len({label for unit in given_units for label in unit.values()}) > 1:
        assert found == pytest.approx(inter_rater.fleiss_kappa(counts), abs=1e-12)
    else:
        assert found is None
    pairs = [(unit["ana"], unit["ben"]) for unit in given_units]
    crossed = [[pairs.count((a, b)) for b in LABELS] for a in LABELS]
    kappa = agreement.cohen_kappa(pairs)
    if kappa is not None:
        expected = inter_rater.cohens_kappa(crossed, return_results=False)
        assert kappa == pytest.approx(expected, abs=1e-12)


def test_kappa_is_low_where_one_label_prevails() -> None:
    pairs = [("no", "no")] * 94 + [("no", "yes")] * 3 + [("yes", "no")] * 3
    assert agreement.cohen_kappa(pairs) == pytest.approx(-0.0309, abs=1e-4)
    told = [{"a": a, "b": b} for a, b in pairs]
    assert agreement.percent_agreement(told) == (94, 100)


@given(units, st.integers())
def test_in_any_order_with_changes_and_withdrawals_alpha_is_that_of_the_end(
    given_units: list[Unit], seed: int
) -> None:
    rng = Random(seed)
    steps = [
        (str(n), rater, label)
        for n, unit in enumerate(given_units)
        for rater, label in unit.items()
    ]
    found = Coincidences()
    noise: Sequence[tuple[str, str, str]] = [
        (unit, rater, rng.choice(LABELS)) for unit, rater, _ in steps
    ]
    for unit, rater, label in noise:
        found.put(unit, rater, label)
    found.put("0", "guest", "cat")
    found.put("0", "guest", None)
    rng.shuffle(steps)
    for unit, rater, label in steps:
        found.put(unit, rater, label)
    assert found.alpha() == agreement.krippendorff_alpha(given_units)


def test_one_s_own_label_is_no_consensus_and_ties_decide_nothing() -> None:
    told = [{"a": "x", "b": "x", "c": "y"}]
    # a and b: the others are x and y, a tie; c: both others say x.
    assert agreement.with_consensus(told) == (0, 1)
    assert agreement.with_consensus([{"a": "x", "b": "x"}]) == (2, 2)


def test_a_confusion_that_is_chance_has_a_lift_of_about_1() -> None:
    rng = Random(7)
    told = [{rater: rng.choice(LABELS) for rater in RATERS} for _ in range(3000)]
    for _, lift in agreement.confusion_pairs(told).values():
        assert lift == pytest.approx(1, abs=0.05)
