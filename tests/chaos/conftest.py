"""The proxied stack that all chaos tests of a session share."""

from collections.abc import Iterator

import pytest

from tests.chaos.grounds import Grounds, grounds


@pytest.fixture(scope="session")
def harmed_grounds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grounds]:
    """A stack of its own, for its parts are killed and its ways are cut."""
    with grounds(tmp_path_factory.mktemp("grounds")) as found:
        yield found
