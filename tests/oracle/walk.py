"""One item's whole life read event by event: the place where the readers are joined."""

from dataclasses import dataclass, field

from tests.oracle.gauges import Gauges
from tests.oracle.lives import Event, Identity
from tests.oracle.reviews import Reviews
from tests.oracle.scene import Scene
from tests.oracle.work import Work


@dataclass(slots=True)
class Walk:
    """An item after its life was read; ``scene.facts`` is all that it counts for."""

    scene: Scene
    gauges: Gauges
    work: Work
    reviews: Reviews
    life: list[Event] = field(default_factory=list)


def walk(identity: Identity, life: list[Event]) -> Walk:
    """Read a life (distinct events, in order) from the first event to the last."""
    scene = Scene(identity)
    gauges, work, reviews = Gauges(scene), Work(scene), Reviews(scene)
    for event in life:
        scene.enter(event)
        gauges.step(event)
        work.step(event)
        reviews.step(event)
    work.finish()
    return Walk(scene, gauges, work, reviews, life)
