"""Dimension tables as they are declared: columns, keys, and what a value must look like.

A row holds on the days from ``valid_from`` up to before ``valid_to``; two rows of one key never
hold on the same day. An empty text in a key means any, or that the dimension does not apply.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from schemas.groupings import DIMENSIONS, PERSONS

FIRST_DAY: Final = date(1970, 1, 1)
#: The last day that ClickHouse's Date knows: nothing has ended by then.
OPEN_END: Final = date(2149, 6, 6)
TEXT_CHARS_MAX: Final = 256
#: People's names belong into the directory, which is restricted.
NAMED: Final = tuple(name for name in DIMENSIONS if name not in PERSONS)

Value = str | date | Decimal | float | None
Parse = Callable[[str], Value]


def text(given: str) -> str:
    """Up to 256 characters without control characters; ValueError otherwise."""
    if len(given) > TEXT_CHARS_MAX:
        raise ValueError(f"is longer than {TEXT_CHARS_MAX} characters")
    if any(ord(character) < 32 or character in "\x7f\ufeff" for character in given):
        raise ValueError("holds a control character or a byte order mark")
    if given[:1] in "“”„«'" and len(given) > 1 and given[-1] in "“”»'":
        raise ValueError(f'stands in {given[0]} and {given[-1]}: a CSV quotes with " only')
    return given


def day(given: str) -> date:
    """A date as 2026-03-31; ValueError otherwise."""
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", given):
            raise ValueError
        found = date.fromisoformat(given)
    except ValueError:
        raise ValueError(f"{given!r} is no date: write 2026-03-31") from None
    if not FIRST_DAY <= found <= OPEN_END:
        raise ValueError(f"{given} is not between {FIRST_DAY} and {OPEN_END}")
    return found


def money(given: str) -> Decimal:
    """An amount from 0 with at most four decimals; ValueError otherwise."""
    try:
        found = Decimal(given) if re.fullmatch(r"\d{1,14}(\.\d{1,4})?", given) else None
    except InvalidOperation:
        found = None
    if found is None:
        raise ValueError(f"{given!r} is no amount: write 23.50, at most four decimals")
    return found


def currency(given: str) -> str:
    """An ISO 4217 code; ValueError otherwise."""
    if not re.fullmatch(r"[A-Z]{3}", given):
        raise ValueError(f"{given!r} is no currency: write EUR, USD, PHP, …")
    return given


def zone(given: str) -> str:
    """An IANA time zone; ValueError otherwise."""
    try:
        ZoneInfo(given)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"there is no time zone {given!r}: write Europe/Berlin") from None
    return given


def dimension(given: str) -> str:
    """A dimension whose ids may have a name; ValueError otherwise."""
    if given not in NAMED:
        raise ValueError(f"{given!r} is none of {', '.join(NAMED)}")
    return given


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table and of its files; without ``default`` a file has to give it."""

    name: str
    type: str
    parse: Parse = text
    default: Value = ""
    needed: bool = False


_ID: Final = "LowCardinality(String)"
_VALID: Final = (
    Column("valid_from", "Date", day, FIRST_DAY),
    Column("valid_to", "Date", day, OPEN_END),
)


def _key(*names: str, needed: tuple[str, ...] = ()) -> tuple[Column, ...]:
    return tuple(Column(name, _ID, needed=name in needed) for name in names)


@dataclass(frozen=True, slots=True)
class Dimension:
    """One table; ``succeeds``: an open row ends where the next one of its key begins."""

    name: str
    about: str
    key: tuple[Column, ...]
    values: tuple[Column, ...]
    dictionary: str | None = None
    succeeds: bool = False

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns in the table's order."""
        return (*self.key, *_VALID, *self.values)

    @property
    def table(self) -> str:
        """The table's name."""
        return f"dim_{self.name}"


NAMES: Final = Dimension(
    "names",
    "names to show for ids",
    (
        Column("kind", _ID, dimension, needed=True),
        *_key("org", "source", "project", needed=("org",)),
        Column("id", "String", needed=True),
    ),
    (Column("name", "String", needed=True),),
    "dict_names",
)
TEAMS: Final = Dimension(
    "teams",
    "teams, where they sit and who employs them",
    _key("org", "team", needed=("org", "team")),
    (Column("name", "String"), Column("site", _ID), Column("vendor", _ID)),
    "dict_teams",
)
SITES: Final = Dimension(
    "sites",
    "sites and their time zones; deploy/sites.yaml is one",
    _key("org", "site", needed=("site",)),
    (Column("name", "String"), Column("zone", _ID, zone, "UTC")),
    "dict_sites",
)
TARGETS: Final = Dimension(
    "targets",
    "what was agreed; deploy/targets.yaml is one",
    (
        Column("metric", _ID, needed=True),
        *(Column(n, _ID if n in NAMED else "String") for n in DIMENSIONS),
    ),
    (
        # Text until the metric, which says the unit, is known.
        Column("value", "Float64", needed=True),
        Column("warn", "Nullable(Float64)", default=None),
        Column("note", "String"),
    ),
    succeeds=True,
)
COST_RATES: Final = Dimension(
    "cost_rates",
    "what an hour of work costs",
    _key("org", "source", "project", "vendor", "team", needed=("org",)),
    (
        Column("cost_per_hour", "Decimal(18, 4)", money, needed=True),
        Column("currency", _ID, currency, needed=True),
    ),
    "dict_cost_rates",
)
ALL: Final = {each.name: each for each in (NAMES, TEAMS, SITES, TARGETS, COST_RATES)}
