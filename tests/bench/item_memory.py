"""Resident memory of an open item at rest: three moments, as after creation, queueing and claim."""

from streams.core import moments
from streams.core.gauges import Gauges
from streams.core.moments import Moment
from streams.core.plan import Plan
from streams.core.shelf import Shelf
from streams.core.subjects import Subjects
from streams.health import resident_bytes

T0 = 1_760_000_000_000
FLUSH_EVERY = 10_000
KINDS = (moments.CREATED, moments.QUEUED, moments.CLAIMED)


def moment(number: int, code: int) -> Moment:
    """One moment of item ``number``."""
    t_ms = T0 + 10 * number + KINDS.index(code)
    claimed = code == moments.CLAIMED
    return Moment(
        t_ms=t_ms,
        code=code,
        id=(number * 3 + code) * 0x9E3779B97F4A7C15 % 2**64,
        record_ms=t_ms + 40,
        queue="images",
        team="blue" if claimed else None,
        site=None,
        actor="p_" + "a" * 20 if claimed else None,
        assignment=f"assignment-{number}" if claimed else None,
        details=(None,) if code == moments.CREATED else (),
        extras=(),
    )


def bytes_per_item(items: int) -> float:
    """Hold so many items, none of them unpacked at the end but the last few; what each takes."""
    plan = Plan(hot_items_max=100)
    shelf = Shelf(plan, Gauges(Subjects(plan.groupings, ())))
    before = resident_bytes() or 0
    for number in range(items):
        key = f"acme\x1fcvat\x1fproject-7\x1fitem-{number:010d}"
        item = shelf.item(key)
        for code in KINDS:
            item.hear(moment(number, code))
        shelf.touch(key, item)
        if number % FLUSH_EVERY == FLUSH_EVERY - 1:
            _flush(shelf, plan)
    _flush(shelf, plan)
    assert len(shelf) == items
    return ((resident_bytes() or 0) - before) / items


def _flush(shelf: Shelf, plan: Plan) -> None:
    """What a shard does with its items when it flushes."""
    for _, item in shelf.changed:
        item.tell(plan)
    shelf.take_dirty()
    shelf.cool()


def run(items: int) -> None:
    """Tell what an open item takes."""
    print(f"{items:,} open items at rest: {bytes_per_item(items):,.0f} B each", flush=True)
