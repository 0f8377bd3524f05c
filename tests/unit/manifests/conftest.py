"""What the tests of manifests share."""

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from avatar_async.errors import ManifestError
from avatar_async.manifests import ManifestBatch, ManifestProblem, read_manifests
from avatar_async.requests import takeover


@pytest.fixture(autouse=True)
def _quiet_takeover(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(takeover._deprecation, "warned", True)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a file below the test's folder, indentation taken away."""

    def file(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(textwrap.dedent(text).removeprefix("\n"), encoding="utf-8")
        return path

    return file


@pytest.fixture
def read(write: Callable[[str, str], Path]) -> Callable[..., ManifestBatch]:
    """Read a manifest given as text."""
    return lambda name, text, **options: read_manifests([write(name, text)], **options)


@pytest.fixture
def refusal(read: Callable[..., ManifestBatch]) -> Callable[..., list[ManifestProblem]]:
    """Return the problems a manifest is refused for."""

    def problems(name: str, text: str, **options: Any) -> list[ManifestProblem]:
        with pytest.raises(ManifestError) as caught:
            read(name, text, **options)
        return list(caught.value.problems)

    return problems
