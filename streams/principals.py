"""Principals from their file, and who a token belongs to."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from pathlib import Path

from schemas.principals import Principal, PrincipalsFile
from streams import marked_yaml

PREFIX = "wf_"


def read_principals(path: Path) -> tuple[Principal, ...]:
    """All principals; raises FileRefused."""
    return marked_yaml.read(path, PrincipalsFile).content.principals


def new_token() -> str:
    """A fresh token: 256 bits, so that a plain hash of it keeps it."""
    return PREFIX + secrets.token_urlsafe(32)


def hashed(token: str) -> str:
    """What the file has of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def owner(token: str, principals: Iterable[Principal]) -> Principal | None:
    """Whose token it is; takes as long for a wrong one as for any."""
    digest, found = hashed(token), None
    for each in principals:
        if hmac.compare_digest(digest, each.token_sha256):
            found = each
    return found
