"""Settings of ``watchfloor reconcile``; see ``streams.settings`` for the rules."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from streams import settings_sources as sources

_URL = r"^(https?://[^\s/@?#]+(/[^\s?#]*[^/\s?#])?)?$"


class Reconcile(sources.Group):
    """Where the platforms' APIs and the gateway are, and how to be let in."""

    model_config = SettingsConfigDict(env_prefix="WATCHFLOOR_RECONCILE_")

    cvat: str = Field("", pattern=_URL, description="CVAT's address, without /api.")
    cvat_authorization: SecretStr | None = Field(
        None, description="The whole Authorization header for CVAT, as `Token …` or `Bearer …`."
    )
    cvat_authorization_file: Path | None = Field(None, description="File that holds it.")
    label_studio: str = Field("", pattern=_URL, description="Label Studio's address, without /api.")
    label_studio_authorization: SecretStr | None = Field(
        None, description="The whole Authorization header for Label Studio."
    )
    label_studio_authorization_file: Path | None = Field(None, description="File that holds it.")
    gateway: str = Field(
        "http://127.0.0.1:8300", pattern=_URL, description="Where the gateway takes what is missed."
    )
    token: SecretStr | None = Field(
        None, description="Token of a sender; none is needed for a gateway of this machine."
    )
    token_file: Path | None = Field(None, description="File that holds it.")
    timeout_s: float = Field(30.0, gt=0, le=600, description="Longest to wait for one answer.")
