"""The benchmark keeps running; what it measures is never asserted."""

import pytest

from tests.bench import core_cost, item_memory


def test_the_cost_of_the_core_is_told_by_phase(capsys: pytest.CaptureFixture[str]) -> None:
    core_cost.run(2_000)
    told = capsys.readouterr().out
    for phase in ("decode and apply", "flush", "outputs", "stage 2", "events a CPU s"):
        assert phase in told


def test_the_memory_of_items_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    item_memory.run(1_000)
    assert "1,000 open items at rest" in capsys.readouterr().out
