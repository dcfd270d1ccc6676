"""Takes the content out of what Label Studio sends, and leaves its shape.

The recorded payloads are contract examples: every key stays, with the type of its value. Texts of
tasks, names, addresses, descriptions and configurations become ``stripped``.
"""

from typing import Any

STRIPPED = "stripped"
_TEXT_KEYS = frozenset(
    (
        *("title", "description", "expert_instruction", "label_config", "parsed_label_config"),
        *("control_weights", "color", "file_upload", "file_upload_id"),
        *("email", "first_name", "last_name", "username", "created_username", "avatar", "initials"),
        *("user", "token", "task_data_login", "task_data_password", "host"),
    )
)
_CONTENT_KEYS = frozenset(("data",))


def stripped(value: Any, key: str = "") -> Any:
    """Returns the same shape without content; ``key`` is the name the value stands under."""
    if key in _TEXT_KEYS and value is not None:
        return {} if isinstance(value, dict) else STRIPPED
    if isinstance(value, dict):
        if key in _CONTENT_KEYS:
            return dict.fromkeys(value, STRIPPED)
        return {name: stripped(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [stripped(inner, key) for inner in value]
    return STRIPPED if isinstance(value, str) and "@" in value else value
