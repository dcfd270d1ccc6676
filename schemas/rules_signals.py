"""What rules may watch beside the metrics of work: the floor's own signals.

A signal is a present value in event time, of the whole floor or of one source. Those that stage 2
knows by itself it reads from its marks; the others are handed to it by whoever measures them.
"""

from dataclasses import dataclass

from schemas.metrics import Unit


@dataclass(frozen=True, slots=True)
class Signal:
    """One declaration; ``dimensions`` name a value's subject, () is the whole floor."""

    id: str
    title: str
    unit: Unit
    dimensions: tuple[str, ...]
    caveat: str
    version: int = 1


SIGNALS: tuple[Signal, ...] = (
    Signal(
        "floor_alive",
        "The floor is evaluating rules",
        Unit.ITEMS,
        (),
        "Always 1; for a receiver that raises the alarm when it hears nothing.",
    ),
    Signal(
        "source_silence",
        "Time since the last event of a source",
        Unit.SECONDS,
        ("org", "source"),
        "Of any type, heartbeats included; a source that never sent anything is unknown.",
    ),
    Signal(
        "dead_letter_rate",
        "Messages refused",
        Unit.PER_HOUR,
        (),
        "Over the last quarter of an hour of event time.",
    ),
    Signal(
        "watermark_lag",
        "How far event time is behind the broker's time",
        Unit.SECONDS,
        (),
        "Grows while events wait in Kafka; everything else is evaluated that late.",
    ),
)

SIGNAL_BY_ID = {signal.id: signal for signal in SIGNALS}
