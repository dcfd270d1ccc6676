"""One process for one instance name: two with the same would throw each other out of the group.

Kafka lets the newest member of a name in and fences the one before it, which ends, is started
again and fences the other: both work for seconds at a time. On one machine a lock keeps the second
one out. Over several machines nothing can know whether the other one still lives, so the doctor
looks at the group twice (``kafka_checks.check_instances``).
"""

import fcntl
import hashlib
import os
import tempfile
from pathlib import Path
from typing import IO

from streams.refusals import Refusal


def hold(kafka: str, group: str, instance: str) -> IO[str]:
    """Keep others of this machine's user from the name as long as the file stays open.

    The system lets go of it when the process ends, however that happens. Raises Refusal, which a
    parent of several processes tries again: the other one may be about to end.
    """
    name = hashlib.sha256("\n".join((kafka, group, instance)).encode()).hexdigest()[:24]
    folder = Path(tempfile.gettempdir()) / f"watchfloor-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    lock = (folder / f"{name}.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.seek(0)
        holder = lock.read().strip() or "another process"
        lock.close()
        raise Refusal(
            f"{holder} is {instance} of {group} already: two would throw each other out of it",
            "give each process a name of its own (WATCHFLOOR_INSTANCE or --instance), or use "
            "--processes; or stop the other one",
        ) from error
    lock.truncate(0)
    lock.write(f"process {os.getpid()}")
    lock.flush()
    return lock
