from pathlib import Path

import pytest

from tests.crash.disk.shim import build


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled shim, once a session."""
    return build(tmp_path_factory.mktemp("shim"))
