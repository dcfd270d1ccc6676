"""Where settings come from: the environment, files of secrets, the local stack."""

import difflib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from streams.refusals import SettingsRefused

_PARTS = ("kafka", "clickhouse", "redis")
PREFIX = "WATCHFLOOR_"
LOCAL_DIR = "WATCHFLOOR_LOCAL_DIR"
#: Read by the local stack and the tests, not by a settings class.
OTHER_NAMES = frozenset({LOCAL_DIR, "WATCHFLOOR_REAL_DATA"})


def local_dir() -> Path:
    """The local stack's ``.local``: in this directory, or in WATCHFLOOR_LOCAL_DIR."""
    return Path(os.environ.get(LOCAL_DIR) or ".") / ".local"


def people_key_path() -> Path:
    """Where the local stack's people key lies."""
    return local_dir() / "people.key"


class LocalStack(PydanticBaseSettingsSource):
    """What the running local stack says of itself; it says nothing when it is down."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """One field of the file; demanded by pydantic-settings."""
        return self().get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        """The fields of the group that the local stack knows."""
        known = self._endpoints()
        if people_key_path().is_file():
            known["key_file"] = str(people_key_path())
        return {name: known[name] for name in self.settings_cls.model_fields if name in known}

    @staticmethod
    def _endpoints() -> dict[str, str]:
        path = local_dir() / "endpoints.json"
        try:
            found = json.loads(path.read_text())
            # A part that was not started is absent.
            return {name: str(found[name]) for name in _PARTS if name in found}
        except FileNotFoundError:
            return {}
        except (ValueError, TypeError) as error:
            raise SettingsRefused(
                f"{path} is not what the local stack writes",
                "`watchfloor local down`, then `watchfloor local up`",
            ) from error


class SecretFiles(PydanticBaseSettingsSource):
    """Secrets out of files: ``WATCHFLOOR_X_FILE`` names the file that holds ``WATCHFLOOR_X``."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """One field; demanded by pydantic-settings."""
        return self().get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        """The secrets of the group that a variable names a file for."""
        prefix = self.config.get("env_prefix") or ""
        found = {}
        for name in secret_fields(self.settings_cls):
            variable = f"{prefix}{name}".upper()
            path = os.environ.get(f"{variable}_FILE")
            if not path:
                continue
            if os.environ.get(variable):
                raise SettingsRefused(f"{variable} and {variable}_FILE are both set", "unset one")
            try:
                found[name] = Path(path).read_text().strip()
            except (OSError, UnicodeDecodeError) as error:
                why = getattr(error, "strerror", None) or "no text"
                raise SettingsRefused(
                    f"{variable}_FILE: {path} can't be read: {why}", "correct it, or its rights"
                ) from error
        return found


def secret_fields(group: type[BaseSettings]) -> list[str]:
    """The secrets of a group that may come from files; one with a setting of its own for that
    (``key_file``) is left to it."""
    return [
        name
        for name, field in group.model_fields.items()
        if SecretStr in (field.annotation, *get_args(field.annotation))
        and f"{name}_file" not in group.model_fields
    ]


class Group(BaseSettings):
    """One concern's settings; frozen, and closed to unknown fields."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, env_ignore_empty=True
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """First what the command line says, then the environment, then the local stack."""
        return init_settings, env_settings, SecretFiles(settings_cls), LocalStack(settings_cls)


G = TypeVar("G", bound=Group)


def read(group: type[G], **given: str) -> G:
    """One group; SettingsRefused names the variable of each value that does not fit."""
    try:
        return group(**given)
    except ValidationError as error:
        faults = [
            f"{_variable(group, fault['loc'])}: {fault['msg']}" if fault["loc"] else fault["msg"]
            for fault in error.errors()
        ]
        raise SettingsRefused(
            "; ".join(faults), "correct it, or unset it for the default"
        ) from None


def refuse_unknown_names(groups: Iterable[type[Group]]) -> None:
    """A variable that nobody reads is a spelling mistake: refused with the nearest names."""
    known = {name for group in groups for name in variables(group)} | OTHER_NAMES
    for name in sorted(os.environ):
        if name.startswith(PREFIX) and name not in known:
            near = " or ".join(difflib.get_close_matches(name, known, n=2, cutoff=0.0))
            raise SettingsRefused(f"{name} is no setting", f"did you mean {near}? else unset it")


def variables(group: type[Group]) -> list[str]:
    """The environment variables of a group."""
    prefix = group.model_config.get("env_prefix", "")
    files = [f"{name}_file" for name in secret_fields(group)]
    return [f"{prefix}{name}".upper() for name in (*group.model_fields, *files)]


def _variable(group: type[Group], location: tuple[int | str, ...]) -> str:
    prefix = group.model_config.get("env_prefix", "")
    return f"{prefix}{location[0]}".upper()
