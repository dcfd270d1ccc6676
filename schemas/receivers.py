"""Who is told of alerts, as written in ``deploy/receivers.yaml``."""

from functools import cached_property
from hashlib import blake2b
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictStr,
    model_validator,
)

from schemas.alerts import Matcher
from schemas.matchers import parse_matcher
from schemas.principals import in_projects
from schemas.rules_amounts import duration_ms

#: Labels that name a person; an alert with one of them is never a client's.
PERSON_LABELS = frozenset({"annotator", "reviewer", "person", "actor"})
WATCHDOG = "Watchdog"
RECEIVER_FAILING = "ReceiverFailing"
WORKER_SILENT = "WorkerSilent"

DurationMs = Annotated[int, BeforeValidator(duration_ms)]
LabelName = Annotated[StrictStr, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$")]


def _is_matcher(text: str) -> str:
    parse_matcher(text)
    return text


class Part(BaseModel):
    """Every part of the file: closed, frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class SecretRef(Part):
    """Where a secret is: ``{env: NAME}`` or ``{file: PATH}``; never the secret itself."""

    env: StrictStr | None = None
    file: StrictStr | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.env is None) == (self.file is None):
            raise ValueError("say either `env: NAME` or `file: PATH`")
        return self


class Webhook(Part):
    """A POST of JSON: Alertmanager's body (version 4), or a CloudEvent; signed if it has a secret.

    ``url`` may be a secret too, as those of chat tools are.
    """

    url: StrictStr | SecretRef
    body: Literal["alertmanager", "cloudevents"] = "alertmanager"
    secret: SecretRef | None = None
    bearer: SecretRef | None = None

    @model_validator(mode="after")
    def _cloudevents_are_signed(self) -> Self:
        if self.body == "cloudevents" and self.secret is None:
            raise ValueError("`secret` is missing: body cloudevents is always signed")
        return self


class PagerDuty(Part):
    """PagerDuty's Events API, version 2; one event for each alert."""

    routing_key: SecretRef
    url: StrictStr = "https://events.pagerduty.com/v2/enqueue"


class Alertmanager(Part):
    """A push to Alertmanager's API, version 2, repeated while alerts fire."""

    url: StrictStr
    bearer: SecretRef | None = None
    resend_ms: DurationMs = Field(60_000, alias="resend", ge=1)


class KafkaTopic(Part):
    """A topic; alerts as binary CloudEvents, keyed by fingerprint. Default: the floor's brokers."""

    topic: Annotated[StrictStr, Field(pattern=r"^[a-zA-Z0-9._-]{1,249}$")]
    servers: StrictStr | None = None


class Apprise(Part):
    """Chat, mail, SMS through the extra ``apprise``; its addresses hold secrets."""

    urls: SecretRef


TARGETS = ("webhook", "pagerduty", "alertmanager", "kafka", "apprise")


class Receiver(Part):
    """One who is told. ``internal`` allows addresses of this house, and plain http there.

    ``item_ids`` lets a client have the ids of items behind an alert; others get them anyway.
    ``retries`` are the pauses after a failure, the last one repeated until ``give_up_after``.
    """

    name: Annotated[StrictStr, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,59}$")]
    webhook: Webhook | None = None
    pagerduty: PagerDuty | None = None
    alertmanager: Alertmanager | None = None
    kafka: KafkaTopic | None = None
    apprise: Apprise | None = None
    matchers: tuple[Annotated[StrictStr, AfterValidator(_is_matcher)], ...] = ()
    group_by: tuple[LabelName, ...] = ()
    group_wait_ms: DurationMs = Field(5_000, alias="group_wait")
    repeat_interval_ms: DurationMs = Field(14_400_000, alias="repeat_interval", ge=100)
    audience: Literal["internal", "client"] = "internal"
    projects: tuple[StrictStr, ...] = ()
    item_ids: bool = False
    internal: bool = False
    send_resolved: bool = True
    watchdog: bool = False
    timeout_ms: DurationMs = Field(10_000, alias="timeout", ge=10, le=60_000)
    retries_ms: tuple[DurationMs, ...] = Field(
        (5_000, 300_000, 1_800_000, 7_200_000), alias="retries", min_length=1
    )
    give_up_after_ms: DurationMs = Field(259_200_000, alias="give_up_after")

    @model_validator(mode="after")
    def _says_one_way_and_whom(self) -> Self:
        said = [name for name in TARGETS if getattr(self, name) is not None]
        if len(said) != 1:
            raise ValueError(f"say exactly one of {', '.join(TARGETS)}; found {len(said)}")
        if self.audience == "client" and not self.projects:
            raise ValueError("`projects` is missing: an audience client needs its projects")
        if set(self.group_by) & PERSON_LABELS and self.audience == "client":
            raise ValueError("`group_by` names a person's label: not for an audience client")
        return self

    @cached_property
    def conditions(self) -> tuple[Matcher, ...]:
        """The matchers, read."""
        return tuple(parse_matcher(text) for text in self.matchers)

    @cached_property
    def version(self) -> str:
        """Changes whenever the receiver says something else; a 410 stops one version."""
        return blake2b(self.model_dump_json().encode(), digest_size=6).hexdigest()

    def wants(self, labels: dict[str, str]) -> bool:
        """Whether it is to be told of an alert with these labels, silences aside."""
        if self.watchdog or labels.get("alertname") == WATCHDOG:
            return self.watchdog and labels.get("alertname") == WATCHDOG
        if labels.get("alertname") == RECEIVER_FAILING and labels.get("receiver") == self.name:
            return False  # It could not be told anyhow.
        if self.projects and not in_projects(labels, self.projects):
            return False
        if self.audience == "client" and PERSON_LABELS & labels.keys():
            return False
        return all(matcher.matches(labels) for matcher in self.conditions)


class ReceiversFile(Part):
    """A whole file of receivers."""

    receivers: tuple[Receiver, ...]

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [each.name for each in self.receivers]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two receivers are named {twice[0]}")
        return self
