"""The real parts and spaces of one test, as the other commands' tests have them."""

from tests.admin.conftest import (
    bare,
    connected,
    floor,
    kafka,
    parts,
    run,
    space,
    topics,
    whole_floor,
)

__all__ = [
    "bare",
    "connected",
    "floor",
    "kafka",
    "parts",
    "run",
    "space",
    "topics",
    "whole_floor",
]
