"""People as pseudonyms: ids of people become keyed hashes before anything of ours keeps them.

The same id gives the same pseudonym as long as the key stays the same, and without the key
nobody can try out ids to find whose pseudonym it is. Names come back only for whoever holds the
key and the source's own directory.
"""

from base64 import b32encode
from enum import StrEnum
from hashlib import blake2b
from typing import Final

KEY_BYTES_MIN: Final = 16
#: The longest key that blake2b takes.
KEY_BYTES_MAX: Final = 64
PREFIX: Final = "p_"
#: 20 characters of base32 hold 100 bits: no two of a million people meet (about 4e-19).
_HASH_CHARS: Final = 20
_HASH_BYTES: Final = 13
_USE: Final = b"watchfloor:who"


class PeopleKeyError(ValueError):
    """No usable key; the text says what to do."""


class Scope(StrEnum):
    """Within what equal ids mean one person."""

    SOURCE = "source"
    ORG = "org"


class Pseudonymiser:
    """Gives a person's pseudonym, ``p_`` and 20 characters of a-z and 2-7.

    Remembers at most ``cache_max`` people, since one hash costs as much as half of an event.
    """

    def __init__(self, key: bytes, scope: Scope = Scope.SOURCE, cache_max: int = 65_536) -> None:
        if not KEY_BYTES_MIN <= len(key) <= KEY_BYTES_MAX:
            raise PeopleKeyError(
                f"the people key must have {KEY_BYTES_MIN} to {KEY_BYTES_MAX} bytes; "
                "`openssl rand -hex 32` makes one"
            )
        assert cache_max > 0
        self._key = key
        self._by_source = scope is Scope.SOURCE
        self._cache_max = cache_max
        self._known: dict[tuple[str, str, str], str] = {}

    def pseudonym(self, org_id: str, source: str, person_id: str) -> str:
        """The pseudonym of an id that ``source`` of ``org_id`` uses."""
        who = (org_id, source, person_id)
        known = self._known.get(who)
        if known is None:
            # Emptied at once rather than by age: a floor's people come back within a second.
            if len(self._known) >= self._cache_max:
                self._known.clear()
            known = self._known[who] = self._hash(org_id, source, person_id)
        return known

    def _hash(self, org_id: str, source: str, person_id: str) -> str:
        # Ids hold no control characters, so a zero byte can't make two triples one.
        parts = (org_id, source if self._by_source else "", person_id)
        hashed = blake2b(
            "\0".join(parts).encode(), digest_size=_HASH_BYTES, key=self._key, person=_USE
        )
        return PREFIX + b32encode(hashed.digest())[:_HASH_CHARS].decode().lower()


def pseudonymiser(
    key: bytes | None, *, are_pseudonyms: bool = False, scope: Scope = Scope.SOURCE
) -> Pseudonymiser | None:
    """What the settings ask for; None, so ids pass unchanged, only when they say so themselves.

    Raises PeopleKeyError when there is no key, since ids would be stored as they are.
    """
    if are_pseudonyms:
        return None
    if key is None:
        raise PeopleKeyError(
            "no people key is set: give WATCHFLOOR_PEOPLE_KEY_FILE or WATCHFLOOR_PEOPLE_KEY, or "
            "set WATCHFLOOR_PEOPLE_ARE_PSEUDONYMS=true if the sources send pseudonyms already"
        )
    return Pseudonymiser(key, scope)
