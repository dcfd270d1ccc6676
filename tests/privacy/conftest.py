"""The engine of the session, as in the tests of dimensions."""

from tests.dims.conftest import client, database, migrated, run, url

__all__ = ["client", "database", "migrated", "run", "url"]
