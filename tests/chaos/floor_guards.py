"""Guards that only a whole floor shows: processes without them, faults, and what is missing then.

``python -m tests.chaos --guards`` leaves each out and says whether anything was noticed.
"""

from pathlib import Path

from tests.chaos.arena import arena
from tests.chaos.comparison import Verdict
from tests.chaos.episodes import episode
from tests.chaos.grounds import Grounds

#: Each guard, and the faults under which its absence shows.
ON_A_FLOOR: dict[str, tuple[str, ...]] = {
    "dead letters leave before the offsets that pass them": ("kill -9 after append",) * 3,
    "rows are stored before they count as delivered": ("kill -9 before insert",) * 3,
}


def without(grounds: Grounds, folder: Path, name: str, seed: int) -> Verdict:
    """What a floor without this guard gets wrong."""
    with arena(grounds, folder, without=name) as floor:
        return episode(floor, seed, 0, ON_A_FLOOR[name], exact_s_max=25.0).verdict
