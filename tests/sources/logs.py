"""Small logs that the tests of this folder write."""

from pathlib import Path

from streams.sources.mapping import Mapping
from streams.sources.mapping_files import load_mapping, parse_mapping
from streams.sources.reading import ReadOptions, read_events
from streams.sources.records import Reject, SourceEvent

MINIMAL_MAPPING = """\
id: minimal
times:
  done: [{column: at, formats: [iso8601, "%d/%m/%Y %H:%M"]}]
fields:
  source: {constant: custom}
  org_id: {constant: o}
  project_id: {constant: p}
  item_id: item
events:
  - name: submitted
    type: item.submitted
    at: done
    required_when: {}
    fields: {actor_id: who, assignment_id: {row_id: true}, attempt: {constant: 1}}
"""

MTURK_HEADER = (
    "HITId,HITTypeId,Title,MaxAssignments,AssignmentId,WorkerId,AssignmentStatus,CreationTime,"
    "Expiration,AssignmentDurationInSeconds,AcceptTime,SubmitTime,AutoApprovalTime,ApprovalTime,"
    "RejectionTime,WorkTimeInSeconds,Input.url,Answer.category"
)


def minimal() -> Mapping:
    """A mapping that needs item, who and at."""
    return parse_mapping(MINIMAL_MAPPING, "minimal.yaml")


def judgments() -> Mapping:
    """The built-in mapping of judgments."""
    return load_mapping("judgments")


def written(folder: Path, text: str | bytes, name: str = "log.csv") -> Path:
    """Writes a log and returns its path."""
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def split(
    path: Path, mapping: Mapping | None = None, options: ReadOptions | None = None
) -> tuple[list[SourceEvent], list[Reject]]:
    """Reads a whole log into its events and its rejects."""
    found = list(read_events(path, mapping, options))
    events = [item for item in found if isinstance(item, SourceEvent)]
    return events, [item for item in found if isinstance(item, Reject)]


def kinds(events: list[SourceEvent]) -> list[str]:
    """The event types in order."""
    return [str(item.event["event_type"]) for item in events]
