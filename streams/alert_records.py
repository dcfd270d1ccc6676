"""Records of ``ops.alerts``, read: steps of alerts, and silences."""

import msgspec

from schemas.alerts import AlertTransition, Silence
from schemas.notices import decode_record
from streams import logs
from streams.batches import Records

log = logs.get(__name__)


def decoded(records: Records) -> tuple[list[AlertTransition], list[Silence]]:
    """Both in order; what can't be read is told and left out."""
    steps: list[AlertTransition] = []
    silences: list[Silence] = []
    for record in records:
        try:
            found = decode_record(record.value or b"")
        except msgspec.DecodeError:
            # The deliverer of ClickHouse keeps it as a dead letter.
            log.error("alert_unreadable", offset=record.offset)
            continue
        if isinstance(found, Silence):
            silences.append(found)
        elif isinstance(found, AlertTransition):
            steps.append(found)
    return steps, silences
