"""The secret that turns people's ids into pseudonyms: made once, kept as long as the history."""

import os
import secrets
from hashlib import blake2b
from pathlib import Path

from schemas.people import KEY_BYTES_MAX, KEY_BYTES_MIN
from streams.refusals import SettingsRefused
from streams.settings import People

_NEW_KEY_BYTES = 32


def read(people: People) -> bytes | None:
    """The key; None when the ids are pseudonyms already and pass unchanged.

    Raises SettingsRefused when there is none, or when it is no key.
    """
    if people.are_pseudonyms:
        return None
    if people.key is not None:
        return _decoded(people.key.get_secret_value(), "WATCHFLOOR_PEOPLE_KEY")
    if people.key_file is None:
        raise SettingsRefused(
            "there is no key to turn people's ids into pseudonyms",
            "`watchfloor setup` makes one for the local stack; else set WATCHFLOOR_PEOPLE_KEY_FILE "
            "(`openssl rand -hex 32` makes a key)",
        )
    try:
        text = people.key_file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsRefused(
            f"the people key {people.key_file} can't be read: {type(error).__name__}",
            "correct WATCHFLOOR_PEOPLE_KEY_FILE or the rights of that file",
        ) from error
    return _decoded(text, str(people.key_file))


def create(path: Path) -> bool:
    """Write a new key, readable by its owner only; False when there is one already."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(_NEW_KEY_BYTES) + "\n")
    return True


def fingerprint(key: bytes | None) -> str:
    """What may be stored of a key, to notice another one: 8 hex digits, or ``none``."""
    if key is None:
        return "none"
    return blake2b(b"watchfloor people key", digest_size=4, key=key).hexdigest()


def _decoded(text: str, where: str) -> bytes:
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if not KEY_BYTES_MIN <= len(key) <= KEY_BYTES_MAX:
        raise SettingsRefused(
            f"{where} holds no key of {2 * KEY_BYTES_MIN} to {2 * KEY_BYTES_MAX} hex digits",
            "`openssl rand -hex 32` makes one; changing it makes every person a new pseudonym",
        )
    return key
