"""The platforms whose webhooks the gateway takes, put together from the settings."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from streams.alert_access import Gate
from streams.gateway.hooks import Hook, cvat_proof, header_proof
from streams.gateway.intake import Intake
from streams.gateway.memory import KeptMemory
from streams.gateway.seen import CvatJobs, LabelStudioTasks
from streams.gateway_settings import Gateway as GatewaySettings
from streams.refusals import Refusal, SettingsRefused
from streams.sources.mapping import Mapping
from streams.sources.mapping_files import load_mapping
from streams.sources.one_record import RecordMapper
from streams.sources.records import SourceError


@dataclass(frozen=True, slots=True)
class Hooks:
    """All of them by the last part of their address."""

    by_name: dict[str, Hook]
    memory: KeptMemory


def make_hooks(settings: GatewaySettings, gate: Gate, intake: Intake) -> Hooks:
    """Raises Refusal for a mapping or a memory that can't be used, SettingsRefused for a secret."""
    memory = KeptMemory(settings.memory, settings.memory_rows_max)
    cvat = _secret("CVAT", settings.cvat_secret, settings.cvat_secret_file)
    studio = _secret(
        "LABEL_STUDIO", settings.label_studio_secret, settings.label_studio_secret_file
    )
    header, studio_mapping = settings.label_studio_header, _mapping(settings.label_studio_mapping)
    return Hooks(
        {
            "cvat": Hook(
                "CVAT", cvat_proof(cvat) if cvat else None, gate,
                RecordMapper(_mapping(settings.cvat_mapping), memory), CvatJobs(), memory, intake,
            ),
            "label-studio": Hook(
                "Label Studio", header_proof(header, studio) if studio else None, gate,
                RecordMapper(studio_mapping, memory), LabelStudioTasks(studio_mapping.id),
                memory, intake,
            ),
        },
        memory,
    )  # fmt: skip


def _mapping(name: str) -> Mapping:
    try:
        return load_mapping(name)
    except SourceError as error:
        raise Refusal(str(error), "correct the mapping; deploy/mappings/README.md") from error


def _secret(name: str, given: SecretStr | None, file: Path | None) -> str:
    """The secret; '' when there is none."""
    if given is not None:
        return given.get_secret_value().strip()
    if file is None:
        return ""
    try:
        found = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        says = f"{file} can't be read: {type(error).__name__}"
        raise SettingsRefused(says, f"correct WATCHFLOOR_GATEWAY_{name}_SECRET_FILE") from None
    if not found:
        says = f"{file} is empty"
        raise SettingsRefused(says, f"correct WATCHFLOOR_GATEWAY_{name}_SECRET_FILE")
    return found
