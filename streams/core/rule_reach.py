"""Rules that can't fire, or once they fired can't resolve: found before anybody relies on them."""

from collections.abc import Iterator
from math import inf

from schemas.metrics import Metric, Unit
from schemas.metrics.formulas import Age, Amount, Level, LevelShare, PerHour, Share
from schemas.rules import Rule, Slo
from schemas.rules_amounts import amount
from schemas.rules_signals import Signal
from schemas.targets import Target
from streams.core.plan import HOUR_MS, QUARTER_MS
from streams.core.rules import Watched
from streams.core.windows import ROLLING_MS

#: Shares whose part is not within their whole: they may exceed 1.
_OPEN_SHARES = frozenset({"expiry_rate"})


def range_of(watched: Watched) -> tuple[float, float]:
    """The least and the largest value that something can have."""
    if isinstance(watched, Signal):
        return (1.0, 1.0) if watched.id == "floor_alive" else (0.0, inf)
    match watched.formula:
        case Share() | LevelShare():
            return 0.0, inf if watched.id in _OPEN_SHARES else 1.0
        case PerHour(what) | Amount(what):
            return (-inf if what.minus else 0.0), inf
        case _:
            return 0.0, inf


def reach_faults(
    rule: Rule, watched: Watched, targets: tuple[Target, ...]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """(where in the rule, why it can't work)."""
    if rule.slo is not None:
        yield from _budget(rule.slo)
        return
    assert rule.op is not None
    if rule.target:
        for target in targets:
            if target.metric == rule.metric:
                yield from _threshold(rule, watched, target.value, "target")
    elif rule.value is not None:
        yield from _threshold(rule, watched, rule.value, "value")
        yield from _clear(rule, watched)
    if isinstance(watched, Signal) and rule.min_events > 1:
        yield ("min_events",), f"can't fire: {watched.id} is one observation"


def _threshold(
    rule: Rule, watched: Watched, raw: float | str, key: str
) -> Iterator[tuple[tuple[str], str]]:
    try:
        value = amount(raw, watched.unit)
    except ValueError as error:
        yield (key,), str(error)
        return
    low, high = range_of(watched)
    reachable = {
        "<": low < value,
        "<=": low <= value,
        ">": high > value,
        ">=": high >= value,
    }
    assert rule.op is not None
    if not reachable[rule.op]:
        yield (key,), f"can't fire: {watched.id} is between {low:g} and {high:g}{_hint(watched)}"
    elif not low <= value <= high:
        yield (key,), f"always fires: {watched.id} is between {low:g} and {high:g}{_hint(watched)}"
    elif rule.decide_on == "confidence" and value in (low, high):
        yield (key,), "can't fire: no interval excludes the end of the range"
    elif rule.min_events > (most := _events_max(rule, watched, value)):
        what = f"{rule.op} {value:g} means at most {most:g} events"
        yield ("min_events",), f"can't fire: {watched.id} {what}, so never {rule.min_events}"


def _hint(watched: Watched) -> str:
    return " (a fraction: write 0.95 or 95%)" if watched.unit is Unit.FRACTION else ""


def _events_max(rule: Rule, watched: Watched, value: float) -> float:
    """How many observations there can be while the condition holds."""
    if rule.op in (">", ">=") or not isinstance(watched, Metric):
        return inf
    match watched.formula:
        case PerHour(what) if not what.minus and rule.window in ROLLING_MS:
            assert rule.window is not None
            return value * (ROLLING_MS[rule.window] + QUARTER_MS) / HOUR_MS
        case Level():
            return value
        case Age() | LevelShare():
            return inf
        case _:
            return inf


def _clear(rule: Rule, watched: Watched) -> Iterator[tuple[tuple[str], str]]:
    if rule.clear is None or rule.value is None:
        return
    try:
        clear, value = amount(rule.clear, watched.unit), amount(rule.value, watched.unit)
    except ValueError as error:
        yield ("clear",), str(error)
        return
    low, high = range_of(watched)
    below = rule.op in ("<", "<=")
    if clear < value if below else clear > value:
        side = "above" if below else "below"
        yield ("clear",), f"must be at or {side} the value {value:g}"
    elif clear > high if below else clear < low:
        yield ("clear",), f"can't resolve: {watched.id} is between {low:g} and {high:g}"


def _budget(slo: Slo) -> Iterator[tuple[tuple[str, str], str]]:
    accepted = ", ".join(ROLLING_MS)
    lengths = {}
    for key in ("period", "window", "short"):
        name = getattr(slo, key)
        if name not in ROLLING_MS:
            yield ("slo", key), f"there is no window {name!r}; there are {accepted}"
            return
        lengths[key] = ROLLING_MS[name]
    if not lengths["short"] < lengths["window"] < lengths["period"]:
        yield ("slo", "window"), "short must be shorter than window, and window than period"
        return
    burn = slo.budget_share * lengths["period"] / lengths["window"]
    burn_max = 1 / (1 - slo.objective)
    if burn > burn_max:
        share_max = burn_max * lengths["window"] / lengths["period"]
        needs = f"can't fire at an even pace: needs a burn of {burn:.1f}x"
        most = f"at {slo.objective:.4g} everything bad is {burn_max:.1f}x; at most {share_max:.3g}"
        yield ("slo", "budget_share"), f"{needs}, and {most}"
