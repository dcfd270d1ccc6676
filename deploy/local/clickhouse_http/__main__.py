"""Run the interface: ``python -m deploy.local.clickhouse_http --data DIR --port N``."""

import argparse
import shutil
from pathlib import Path

from aiohttp import web

from deploy.local.clickhouse_http.app import Interface, application
from deploy.local.clickhouse_http.engine import Engine

_HOST = "127.0.0.1"
# Small enough for a laptop; errors go to a file of the engine's own.
_CONFIG = """\
<clickhouse>
    <timezone>UTC</timezone>
    <max_server_memory_usage>3000000000</max_server_memory_usage>
    <mark_cache_size>67108864</mark_cache_size>
    <background_pool_size>2</background_pool_size>
    <backups><allowed_path>{backups}</allowed_path></backups>
    <logger><log>{log}</log><size>10M</size><count>2</count></logger>
</clickhouse>
"""


def main() -> None:
    """Open the data directory, then listen until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    spool = options.data / "spool"
    # What a killed process left there belongs to requests that nobody waits for.
    shutil.rmtree(spool, ignore_errors=True)
    spool.mkdir(parents=True)
    config = options.data / "config.xml"
    # Paths of BACKUP and RESTORE are relative to this one.
    backups = options.data.absolute() / "backups"
    config.write_text(_CONFIG.format(log=options.data / "engine.log", backups=backups))
    interface = Interface(Engine(options.data / "store", config), spool)
    web.run_app(
        application(interface),
        host=_HOST,
        port=options.port,
        access_log=None,
        shutdown_timeout=3.0,
        auto_decompress=False,
        # Queries in the address may be long.
        max_line_size=1 << 20,
        max_field_size=1 << 16,
    )


if __name__ == "__main__":
    main()
