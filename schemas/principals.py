"""Who may see, change and send what, as written in ``deploy/principals.yaml``."""

from collections.abc import Container
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StrictStr, model_validator

ALL_PROJECTS = "*"
Role = Literal["viewer", "operator", "people", "client", "sender"]


def in_projects(labels: dict[str, str], projects: Container[str]) -> bool:
    """Whether labels are of one of these projects: ``PROJECT``, or ``ORG/PROJECT`` where two
    organisations have projects of one name.
    """
    name = labels.get("project")
    return name in projects or f"{labels.get('org', '')}/{name}" in projects


class Principal(BaseModel):
    """Somebody with a token, of which only the hash is written down.

    ``viewer`` sees, ``operator`` also acknowledges, silences and closes, ``people`` also sees the
    numbers of single persons; ``client`` sees what a client may see, of its projects only;
    ``sender`` sends events of its projects to the gateway and, if it is nothing else, sees nothing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[StrictStr, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._@-]{0,59}$")]
    roles: Annotated[tuple[Role, ...], Field(min_length=1)]
    projects: Annotated[tuple[StrictStr, ...], Field(min_length=1)] = (ALL_PROJECTS,)
    token_sha256: Annotated[StrictStr, Field(pattern=r"^[0-9a-f]{64}$")]

    @model_validator(mode="after")
    def _clients_only_look_at_their_own(self) -> Self:
        if "client" in self.roles and (len(self.roles) > 1 or ALL_PROJECTS in self.projects):
            raise ValueError("a client has no other role, and names its projects")
        return self

    @property
    def is_client(self) -> bool:
        """Whether it sees no person and nothing of others."""
        return "client" in self.roles

    @property
    def may_read(self) -> bool:
        """Whether it may see anything: who only sends may not."""
        return self.roles != ("sender",)

    @property
    def may_send(self) -> bool:
        """Whether it may send events to the gateway."""
        return "sender" in self.roles

    @property
    def may_change(self) -> bool:
        """Whether it may acknowledge, silence and close."""
        return "operator" in self.roles

    @property
    def may_see_people(self) -> bool:
        """Whether it may see the numbers of single persons."""
        return "people" in self.roles

    def sees(self, labels: dict[str, str]) -> bool:
        """Whether alerts with these labels are of its projects."""
        return ALL_PROJECTS in self.projects or in_projects(labels, self.projects)


class PrincipalsFile(BaseModel):
    """A whole file of principals."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    principals: tuple[Principal, ...]

    @model_validator(mode="after")
    def _nobody_twice(self) -> Self:
        for what in ("name", "token_sha256"):
            given = [getattr(each, what) for each in self.principals]
            if len(set(given)) < len(given):
                raise ValueError(f"two principals have the same {what}")
        return self
