"""By what the floor is sliced: dimensions, and the combinations of them that are kept.

A *grouping* is a named list of dimensions; a *subject* is one grouping with one value for each of
its dimensions. Groupings are configured in ``deploy/dimensions.yaml``; these are the defaults.
"""

from dataclasses import dataclass

DIMENSIONS: tuple[str, ...] = (
    "org",
    "source",
    "project",
    "queue",
    "team",
    "site",
    "vendor",
    "language",
    "stage",
    "priority",
    "severity",
    "category",
    "guideline",
    "annotator",
    "reviewer",
    "label",
)

#: Dimensions whose values are single persons.
PERSONS: tuple[str, ...] = ("annotator", "reviewer")

#: Separates the parts of a subject on the wire; it can't be part of an id (the contract says so).
SEPARATOR = "\x1f"


@dataclass(frozen=True, slots=True)
class Grouping:
    """A named combination of dimensions, each of them in ``DIMENSIONS``."""

    name: str
    dimensions: tuple[str, ...]


DEFAULT_GROUPINGS: tuple[Grouping, ...] = (
    Grouping("all", ()),
    Grouping("org", ("org",)),
    Grouping("project", ("org", "source", "project")),
    Grouping("queue", ("org", "source", "project", "queue")),
    Grouping("team", ("org", "team")),
    Grouping("site", ("org", "site")),
    Grouping("annotator", ("org", "annotator")),
    Grouping("reviewer", ("org", "reviewer")),
    Grouping("label", ("org", "source", "project", "label")),
)


def is_of_persons(grouping: str) -> bool:
    """Whether a grouping tells of single persons, by its name: see ``name_fits``."""
    return grouping.partition("_")[0] in PERSONS


def name_fits(grouping: Grouping) -> bool:
    """Whether a grouping is named for the persons in it, and only then.

    Wherever persons are hidden a subject is known by the name of its grouping.
    """
    return is_of_persons(grouping.name) == bool({*PERSONS} & {*grouping.dimensions})


def subject_key(grouping: str, values: tuple[str, ...]) -> str:
    """A subject as one string: the grouping's name, then its values in order."""
    return SEPARATOR.join((grouping, *values))


def subject_dims(key: str, groupings: dict[str, Grouping]) -> tuple[str, dict[str, str]]:
    """A subject string taken apart: the grouping's name and each dimension's value.

    Raises KeyError when the grouping is not among ``groupings``.
    """
    name, *values = key.split(SEPARATOR)
    return name, dict(zip(groupings[name].dimensions, values, strict=True))
