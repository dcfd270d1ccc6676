"""What was told about an item's clocks, and what has to be told because the story changed.

Each step of a story has a key, and the ledger one entry for it: the last that was said, when that
was, and whether it still holds. A breach that holds no longer is withdrawn: that is a step of its
own, told once, and it stays. So entries that hold are the story, whatever was told on the way.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from schemas.groupings import SEPARATOR
from schemas.rows import SlaRow
from streams.core.transitions import Cause, Key, Kind, Transition


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One step as it was last told; ``seq`` counts what was told about the item.

    ``told_ms`` is the time (event time, of the tick) at which it was first told, ``restated_ms``
    the one at which it was last changed.
    """

    transition: Transition
    seq: int
    told_ms: int
    restated_ms: int | None = None
    holds: bool = True


@dataclass(frozen=True, slots=True)
class Restated:
    """A ledger after a change, and what of it is new."""

    entries: tuple[Entry, ...]
    changed: tuple[Entry, ...]


def holding(entries: Iterable[Entry]) -> list[Transition]:
    """The story as it was last told."""
    return [
        entry.transition
        for entry in entries
        if entry.holds and entry.transition.kind is not Kind.BREACH_WITHDRAWN
    ]


def restate(
    told: Sequence[Entry],
    story: Iterable[Transition],
    now_ms: int,
    why: Cause = Cause.LATE_EVENT,
) -> Restated:
    """Tell what is not told yet, and take back what is no longer so (because of ``why``)."""
    entries: dict[Key, Entry] = {entry.transition.key: entry for entry in told}
    seq = max((entry.seq for entry in told), default=0)
    steps = {step.key: step for step in story}
    changed: list[Entry] = []
    for key, entry in list(entries.items()):
        kind = entry.transition.kind
        if key in steps or not entry.holds or kind is Kind.BREACH_WITHDRAWN:
            continue
        seq += 1
        entries[key] = Entry(entry.transition, seq, entry.told_ms, now_ms, holds=False)
        changed.append(entries[key])
        if kind is Kind.BREACH:
            seq += 1
            withdrawal = Entry(_withdrawal(entry.transition, entries, now_ms, why), seq, now_ms)
            entries[withdrawal.transition.key] = withdrawal
            changed.append(withdrawal)
    news = [step for key, step in steps.items() if not _is_told(entries.get(key), step)]
    for step in sorted(news, key=_order):
        known = entries.get(step.key)
        seq += 1
        said = Entry(step, seq, known.told_ms, now_ms) if known else Entry(step, seq, now_ms)
        entries[step.key] = said
        changed.append(said)
    return Restated(tuple(entries.values()), tuple(changed))


def _is_told(known: Entry | None, step: Transition) -> bool:
    return known is not None and known.holds and known.transition == step


def _order(step: Transition) -> tuple[int, str, int, int]:
    return (step.at_ms, step.policy, step.cycle, step.elapsed_ms + step.paused_ms)


def _withdrawal(breach: Transition, entries: Iterable[Key], now_ms: int, why: Cause) -> Transition:
    kind = Kind.BREACH_WITHDRAWN
    before = [key for key in entries if key[:3] == (breach.policy, breach.cycle, kind.value)]
    return msgspec.structs.replace(
        breach, kind=kind, n=len(before) + 1, at_ms=now_ms, cause=why, breached=False
    )


def sla_row(key: str, entry: Entry, written: int) -> SlaRow:
    """An entry of the item with this key as a row; ``written`` is its revision."""
    org, source, project, item_id = key.split(SEPARATOR, 3)
    step = entry.transition
    return SlaRow(
        org=org,
        source=source,
        project=project,
        item_id=item_id,
        policy=step.policy,
        cycle=step.cycle,
        kind=step.kind.value,
        n=step.n,
        revision=written,
        seq=entry.seq,
        holds=entry.holds,
        contract=step.contract,
        version=step.version,
        cause=step.cause.value,
        event_id=step.event_id,
        at_ms=step.at_ms,
        told_ms=entry.told_ms,
        restated_ms=entry.restated_ms,
        anchor_ms=step.anchor_ms,
        deadline_ms=step.deadline_ms,
        target_ms=step.target_ms,
        elapsed_ms=step.elapsed_ms,
        paused_ms=step.paused_ms,
        breached=step.breached,
        queue=step.queue,
        team=step.team,
        burned=step.burned,
    )
