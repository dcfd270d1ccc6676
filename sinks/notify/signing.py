"""Standard Webhooks: a receiver can check that a body is ours, whole, and not an old one again."""

import base64
import binascii
import hashlib
import hmac

PREFIX = "whsec_"


class BadSecret(ValueError):
    """A signing secret that is none; the message never repeats it."""


def signing_key(secret: str) -> bytes:
    """The key of ``whsec_<base64>``; the prefix may be left out. Raises BadSecret."""
    try:
        key = base64.b64decode(secret.strip().removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise BadSecret("a signing secret is whsec_ and base64") from None
    if not 24 <= len(key) <= 64:
        raise BadSecret("a signing secret has 24 to 64 bytes, in base64 after whsec_")
    return key


def signed_headers(secrets: str, notice_id: str, body: bytes, now_s: int) -> dict[str, str]:
    """The three headers; ``secrets`` may be several with spaces between, while one is rotated.

    The id is the same on every retry, the timestamp is that of the attempt.
    """
    content = f"{notice_id}.{now_s}.".encode() + body
    signatures = [
        base64.b64encode(hmac.digest(signing_key(each), content, hashlib.sha256)).decode()
        for each in secrets.split()
    ]
    return {
        "webhook-id": notice_id,
        "webhook-timestamp": str(now_s),
        "webhook-signature": " ".join(f"v1,{each}" for each in signatures),
    }
