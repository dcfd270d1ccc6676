"""A subject as one word of an address: its grouping and values, joined by ``~``.

Values may hold anything, so each is percent-encoded; whoever gets an id need not take it apart.
"""

from urllib.parse import quote, unquote

from schemas.groupings import SEPARATOR

_JOIN = "~"


def id_of(key: str) -> str:
    """The id of a subject key (``schemas.groupings.subject_key``)."""
    return _JOIN.join(quote(part, safe="").replace(_JOIN, "%7E") for part in key.split(SEPARATOR))


def key_of(text: str) -> str:
    """The subject key of an id; whether there is such a subject is another question."""
    return SEPARATOR.join(unquote(part) for part in text.split(_JOIN))


def grouping_of(key: str) -> str:
    """The grouping's name in a subject key."""
    return key.partition(SEPARATOR)[0]
