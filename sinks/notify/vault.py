"""Secrets, from the environment or from files; read at each use, so a rotated one is taken up."""

import os
from pathlib import Path

from schemas.receivers import SecretRef


class SecretMissing(LookupError):
    """A secret that is not where the file of receivers says; names the place, never a value."""


def reveal(given: SecretRef) -> str:
    """The secret itself, without spaces around it; raises SecretMissing."""
    if given.env is not None:
        found = os.environ.get(given.env, "").strip()
        if not found:
            raise SecretMissing(f"the environment variable {given.env} is not set")
        return found
    assert given.file is not None
    try:
        found = Path(given.file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SecretMissing(f"{given.file} can't be read: {type(error).__name__}") from None
    if not found:
        raise SecretMissing(f"{given.file} is empty")
    return found


def revealed(given: str | SecretRef) -> str:
    """An address as it is written, or out of its secret."""
    return given if isinstance(given, str) else reveal(given)
