"""Alert rules as they are written in ``deploy/rules.yaml``.

Shapes only: whether names lead somewhere and whether a rule can fire at all is the business of
``streams.core.rule_checks``, which knows windows and groupings.
"""

from hashlib import blake2b
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictStr, model_validator

from schemas.rules_amounts import duration_ms

Name = Annotated[StrictStr, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
DurationMs = Annotated[int, BeforeValidator(duration_ms)]
#: A number in the metric's unit, or text that ``schemas.rules_amounts.amount`` reads.
RawAmount = Annotated[float, Field(strict=True, allow_inf_nan=False)] | StrictStr

Op = Literal["<", "<=", ">", ">="]
Since = Literal["shift", "day", "guideline", "last_change"]
SEVERITIES = ("critical", "error", "warning", "info", "none")
#: A confidence rule's alpha is divided by this many series unless it says otherwise.
SERIES = 1000


class Part(BaseModel):
    """Every part of a rules file: closed, frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Slo(Part):
    """A share of an error budget, burned within a window and still burning in a short one.

    Counted in items: ``(1 - objective) * items expected in the period`` may be bad, and the rule
    fires when the window alone has burned ``budget_share`` of them.
    """

    objective: float = Field(gt=0, lt=1)
    period: StrictStr
    budget_share: float = Field(gt=0, le=1)
    window: StrictStr
    short: StrictStr


class Rule(Part):
    """One rule; which keys go together is checked here, what they mean elsewhere."""

    alert: Name
    metric: StrictStr
    by: tuple[StrictStr, ...] = ()
    window: StrictStr | None = None
    slo: Slo | None = None
    op: Op | None = None
    value: RawAmount | None = None
    target: Literal[True] | None = None
    clear: RawAmount | None = None
    for_ms: DurationMs = Field(0, alias="for")
    keep_firing_for_ms: DurationMs = Field(0, alias="keep_firing_for")
    min_events: int = Field(0, ge=0, strict=True)
    decide_on: Literal["point", "confidence"] = "point"
    since: Since | None = None
    alpha: float = Field(0.05, gt=0, le=0.5)
    series: int = Field(SERIES, ge=1, strict=True)
    no_data: Literal["keep", "ok", "alert"] = "keep"
    labels: dict[Name, StrictStr] = {}
    annotations: dict[Name, StrictStr]
    inhibited_by: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _keys_go_together(self) -> "Rule":
        if self.slo is not None:
            self._stands_alone("slo", ("op", "value", "target", "clear", "window", "since"))
            if self.decide_on == "confidence":
                raise ValueError("slo decides on the point: leave out decide_on")
            return self
        if self.op is None:
            raise ValueError("`op` is missing: one of < <= > >=")
        if (self.value is None) == (self.target is None):
            raise ValueError("say either `value: NUMBER` or `target: true`")
        if self.target and self.clear is not None:
            raise ValueError("`clear` needs a `value`: a target moves, so it has no fixed clear")
        if self.decide_on == "confidence":
            self._stands_alone("decide_on: confidence", ("window", "clear"))
            if self.since is None:
                raise ValueError(
                    "`since` is missing: an interval that holds begins somewhere: "
                    "shift, day, guideline or last_change"
                )
        elif self.since is not None:
            raise ValueError("`since` is for decide_on: confidence; a point has a `window`")
        return self

    def _stands_alone(self, what: str, others: tuple[str, ...]) -> None:
        for name in others:
            if getattr(self, name) is not None:
                raise ValueError(f"`{name}` does not go with `{what}`")

    @property
    def series_alpha(self) -> float:
        """How often one series may be wrong: the rule's alpha over all its series."""
        return self.alpha / self.series

    @property
    def version(self) -> str:
        """Changes whenever the rule says something else."""
        return blake2b(self.model_dump_json().encode(), digest_size=6).hexdigest()


class RulesFile(Part):
    """A whole file of rules."""

    rules: tuple[Rule, ...]


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys of a part as they are written."""
    fields: dict[str, Any] = dict(model.model_fields)
    return [field.alias or name for name, field in fields.items()]
