"""The table of failure words in the README is what the board says, word by word."""

import re
from pathlib import Path
from typing import Any

from sinks.board.body import EMPTY
from sinks.board.health import health
from tests.board.test_words import CASES, NOW_MS, well

README = Path(__file__).parents[2] / "sinks" / "board" / "README.md"
#: Of the page itself, which speaks when nobody else can.
PAGE = Path(__file__).parents[2] / "sinks" / "board" / "static" / "js" / "main.js"


def _numberless(text: str) -> str:
    return re.sub(r"[\d,]+ (s|min|h|days|records)", "N", text)


def _table() -> dict[str, tuple[str, bool]]:
    """What stops: the words, and whether numbers turn grey."""
    section = README.read_text().split("## What it says when something stops")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return {stops: (says, grey == "yes") for stops, says, grey in rows[1:]}


def _said_by_the_page() -> str:
    """The page's own words when it hears nothing any more."""
    found = re.search(r"`■ (The board does not answer[^;`]*);", PAGE.read_text())
    assert found is not None
    return re.sub(r"\$\{[^}]*\}", "12:00:00 UTC", found[1]) + "."


def test_the_table_is_what_is_said_and_all_that_is_said() -> None:
    # Of each case the table has the words with most in them.
    fuller: dict[str, dict[str, Any]] = {
        "The workers have not ticked": {"members": {"floor": 0, "deliver-clickhouse": 1}},
        "Numbers are 60 s old": {"lags": {"floor": 12_000}},
        "1 of 2": {"ticks": {str(n): NOW_MS - 7000 * (n == 3) for n in range(4)}},
    }
    facts = [well(**(given | fuller.get(says, {}))) for _, _, given, says, _ in CASES]
    said = {(_numberless(each["says"]), not each["live"]) for each in map(health, facts)}
    said |= {(str(EMPTY["says"]), False), (_numberless(_said_by_the_page()), True)}
    assert said == {(_numberless(says), grey) for says, grey in _table().values()}
