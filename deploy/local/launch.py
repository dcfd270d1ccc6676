"""Become another program, after claiming its data directory and saying which process this is.

Run as ``python -m deploy.local.launch RECORD DATA PROGRAM [ARGUMENT…]``.
"""

import fcntl
import os
import sys
from pathlib import Path

from deploy.local.processes import write_own_record

DIRECTORY_OPEN = "data directory is opened by another process"


def main(record: str, data: str, *argv: str) -> None:
    """Claim, record, exec: the process keeps its id, its beginning and its claim."""
    claim = os.open(Path(data) / "claim", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(f"{DIRECTORY_OPEN}: {data}")
    # The program inherits the claim; the kernel ends it with the last process that holds it.
    os.set_inheritable(claim, True)
    write_own_record(Path(record))
    os.execvp(argv[0], argv)


if __name__ == "__main__":
    main(*sys.argv[1:])
