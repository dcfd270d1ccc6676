"""An engine with a users file, in a process of its own: a statement in, an answer out."""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

_USER = """<{name}><password></password><networks><ip>::/0</ip></networks><profile>default</profile>
<quota>default</quota>{inner}</{name}>"""


class Embedded:
    """The engine; ``ask`` answers with rows as lists, or with the text of an error."""

    def __init__(self, folder: Path, users: str) -> None:
        config = folder / "users.xml"
        config.write_text(
            "<clickhouse><users_config>" + str(config) + "</users_config>"
            "<profiles><default></default></profiles><quotas><default></default></quotas>"
            f"<users>{_USER.format(name='default', inner='')}{users}</users></clickhouse>"
        )
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(folder / "data"), str(config)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, statement: str) -> Any:
        """Run one statement."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(statement) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def user(name: str, grants: Iterable[str], filters: Iterable[tuple[str, str, str]]) -> str:
    """A user as a users file has it; ``filters`` are database, table and condition."""
    queries = "".join(f"<query>{escape(grant)}</query>" for grant in grants)
    places = "".join(
        f"<{database}><{table}><filter>{escape(condition)}</filter></{table}></{database}>"
        for database, table, condition in filters
    )
    inner = f"<grants>{queries}</grants><databases>{places}</databases>"
    return _USER.format(name=name, inner=inner)


def _serve(data: str, config: str) -> None:
    import chdb

    connection = chdb.connect(f"{data}?config-file={config}")
    for line in sys.stdin:
        try:
            text = str(connection.query(json.loads(line), "JSONCompact"))
            answer = json.loads(text)["data"] if text else []
        except RuntimeError as error:
            answer = str(error)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    _serve(*sys.argv[1:])
