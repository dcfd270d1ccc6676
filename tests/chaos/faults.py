"""Every fault by its name: what it does to an arena, until the harm is over.

A fault returns when what it broke is whole again; the floor still has to find back by itself.
"""

from tests.chaos import part_faults, process_faults
from tests.chaos.harm import Fault

FAULTS: dict[str, Fault] = {**process_faults.FAULTS, **part_faults.FAULTS}
