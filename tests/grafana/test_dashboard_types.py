"""The dashboards, read by Grafana's own types: what it does not know it would drop."""

import json
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana import generate

BOARDS = sorted(generate.FOLDER.glob("*.json"))


def dropped(written: Any, read: Any, where: str = "") -> list[str]:
    """Places that are other in what was read, or are missing there."""
    if isinstance(written, dict) and isinstance(read, dict):
        return [
            fault
            for key, value in written.items()
            for fault in dropped(value, read.get(key), f"{where}/{key}")
        ]
    if isinstance(written, list) and isinstance(read, list) and len(written) == len(read):
        return [
            fault
            for at, (one, other) in enumerate(zip(written, read, strict=True))
            for fault in dropped(one, other, f"{where}/{at}")
        ]
    return [] if written == read else [where]


@pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.stem)
def test_grafana_keeps_all_that_a_dashboard_says(path: Path) -> None:
    register_default_plugins()
    read = Dashboard.from_json(json.loads(path.read_text()))
    back = json.loads(JSONEncoder().encode(read))
    assert dropped(json.loads(path.read_text()), back) == []


def test_a_word_that_grafana_does_not_know_is_found() -> None:
    register_default_plugins()
    given = {"title": "x", "panels": [], "refrehs": "1m"}
    back = json.loads(JSONEncoder().encode(Dashboard.from_json(dict(given))))
    assert dropped(given, back) == ["/refrehs"]
