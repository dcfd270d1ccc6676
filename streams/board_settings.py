"""Settings of the board; see ``streams.settings`` for the rules."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from streams import settings_sources as sources


class Board(sources.Group):
    """The page for operations: where it is, and how many may look."""

    model_config = SettingsConfigDict(env_prefix="WATCHFLOOR_BOARD_")

    host: str = Field(
        "127.0.0.1",
        description="Where the board listens. On any other address it demands a token of everybody "
        "and refuses to start while WATCHFLOOR_ALERTS_PRINCIPALS names nobody; put TLS before it.",
    )
    port: int = Field(
        8200, ge=0, le=65_535, description="Port of the board; 0 takes any free one, and logs it."
    )
    clients_max: int = Field(
        1000, ge=1, le=20_000, description="Most streams at a time; further ones are told to wait."
    )
