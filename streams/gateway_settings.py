"""Settings of the gateway; see ``streams.settings`` for the rules."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from streams import settings_sources as sources


class Gateway(sources.Group):
    """HTTP in, Kafka out: where it listens, how much it holds, and how long it waits."""

    model_config = SettingsConfigDict(env_prefix="WATCHFLOOR_GATEWAY_")

    host: str = Field(
        "127.0.0.1",
        description="Where the gateway listens. On any other address everybody needs a token of "
        "the role sender, and it refuses to start while there is none; put TLS before it.",
    )
    port: int = Field(
        8300, ge=0, le=65_535, description="Port of the gateway; 0 takes any free one, and logs it."
    )
    body_bytes_max: int = Field(
        1024 * 1024,
        ge=1024,
        le=16 * 1024 * 1024,
        description="Longest body of a request; a longer one is answered with 413.",
    )
    events_max: int = Field(
        5_000,
        ge=1,
        le=50_000,
        description="Most events of one request. All of them are checked before any is sent.",
    )
    inflight_bytes_max: int = Field(
        32 * 1024 * 1024,
        ge=1024 * 1024,
        description="Bytes of bodies that are being read, or wait for the broker, at a time; "
        "beyond them requests are answered with 429. Memory is some five times of it.",
    )
    connections_max: int = Field(
        2_000, ge=1, le=60_000, description="Most connections; further ones are answered with 503."
    )
    silent_s: float = Field(
        20.0,
        gt=0,
        le=3600,
        description="Longest a connection may take to send the head of a request, or stay silent "
        "between two; then it is closed.",
    )
    body_s: float = Field(
        20.0, gt=0, le=600, description="Longest a body may take; then 408 is answered."
    )
    broker_s: float = Field(
        10.0,
        gt=0,
        le=300,
        description="Longest a request waits for the broker; then it is answered with 503, and so "
        "are others at once until the broker answers again.",
    )
    drain_s: float = Field(
        15.0, gt=0, le=300, description="Longest that requests may take to end when it is stopped."
    )
    memory: Path | None = Field(
        None,
        description="File for what webhooks have said before (times spent, attempts, tasks of "
        "annotations), of this gateway alone. Without it that is forgotten when it stops: the "
        "time spent on the next edit of an annotation is then unknown.",
    )
    memory_rows_max: int = Field(
        1_000_000,
        ge=100,
        description="Most annotations and jobs to remember; those longest unused go first.",
    )
    cvat_mapping: str = Field("cvat", description="Mapping of CVAT's webhooks: a name, or a file.")
    label_studio_mapping: str = Field(
        "label_studio", description="Mapping of Label Studio's webhooks: a name, or a file."
    )
    cvat_secret: SecretStr | None = Field(
        None, description="Secret of CVAT's webhooks, which sign their bodies with it."
    )
    cvat_secret_file: Path | None = Field(
        None, description="File that holds it; `cvat_secret` wins."
    )
    label_studio_secret: SecretStr | None = Field(
        None, description="Value of the header that Label Studio's webhooks are configured to send."
    )
    label_studio_secret_file: Path | None = Field(
        None, description="File that holds it; `label_studio_secret` wins."
    )
    label_studio_header: str = Field(
        "X-Watchfloor-Secret",
        pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$",
        description="Name of that header.",
    )
