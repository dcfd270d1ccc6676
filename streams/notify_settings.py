"""Settings of the notifier and of the API of alerts; see ``streams.settings`` for the rules."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, StringConstraints
from pydantic_settings import SettingsConfigDict

from streams import settings_sources as sources

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
PublicUrl = Annotated[str, StringConstraints(pattern=r"^(https?://[^\s/@]+(/\S*)?[^/\s])?$")]


class Notify(sources.Group):
    """Who is told of alerts."""

    model_config = SettingsConfigDict(env_prefix="WATCHFLOOR_NOTIFY_")

    receivers: Path = Field(
        DEPLOY / "receivers.yaml",
        description="Who is told of what; read again when it changes, kept as it was when the "
        "change can't be used.",
    )
    public_url: PublicUrl = Field(
        "",
        description="Where people open alerts and runbooks, for the links in notices; without it "
        "there are none.",
    )
    replays: bool = Field(
        False,
        description="Whether alerts of a space other than live are told to receivers. A replay "
        "of last month would page for last month.",
    )
    silent_s: float = Field(
        60.0,
        ge=1,
        le=86_400,
        description="Ticks of a partition that stop for so long raise WorkerSilent and stop the "
        "watchdog. Longer than a restart and a rebalance take.",
    )
    snapshots_silent_s: float = Field(
        900.0,
        ge=1,
        le=86_400,
        description="The same for snapshots, once there were any: windows that nobody moves.",
    )
    caught_up_s: float = Field(
        60.0,
        ge=0,
        le=3600,
        description="Alerts raised while the floor catches up are told as one digest when nothing "
        "late has come for so long.",
    )


class Alerts(sources.Group):
    """What raises alerts, their API (as Alertmanager has it), and the commands that use it."""

    model_config = SettingsConfigDict(env_prefix="WATCHFLOOR_ALERTS_")

    rules: Path = Field(
        DEPLOY / "rules.yaml",
        description="What raises alerts; read again when it changes, kept as it was when the "
        "change can't be used.",
    )
    policies: Path = Field(
        DEPLOY / "policies.yaml",
        description="What is promised: the SLA policies whose clocks run on items. The same for "
        "all workers; a change takes effect when they start again.",
    )
    targets: Path = Field(
        DEPLOY / "targets.yaml", description="What was agreed: the targets that rules refer to."
    )

    host: str = Field(
        "127.0.0.1",
        description="Where the API listens. On any other address reading needs a token, too.",
    )
    port: int = Field(
        9193, ge=0, le=65_535, description="Port of the API; 0 takes any free one, and logs it."
    )
    url: str = Field(
        "",
        pattern=r"^(https?://[^\s/@]+)?$",
        description="Where `alerts`, `ack` and `silence` find the API; default: host and port.",
    )
    principals: Path = Field(
        DEPLOY / "principals.yaml",
        description="Who may see and change what, by hashes of their tokens.",
    )
    token: SecretStr | None = Field(
        None, description="Token of whoever runs `alerts`, `ack` or `silence`."
    )
    token_file: Path | None = Field(None, description="File that holds it; `token` wins.")

    @property
    def address(self) -> str:
        """Where the commands find the API."""
        return self.url or f"http://{self.host}:{self.port}"
