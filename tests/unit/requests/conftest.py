"""What the tests of requests share."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from avatar_async.requests import BaseVideo, RebuildRequest, TrainingRequest, takeover

_VENDOR = Path(__file__).parents[2] / "fixtures" / "vendor"


@pytest.fixture(autouse=True)
def _quiet_takeover(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(takeover._deprecation, "warned", True)


@pytest.fixture
def example() -> Callable[[str], Any]:
    """Read one of the vendor documents' own examples."""
    return lambda name: json.loads((_VENDOR / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture
def training() -> Callable[..., TrainingRequest]:
    """Make a training request without problems, some fields changed."""

    def make(**changes: Any) -> TrainingRequest:
        fields = {
            "material_name": "anchor",
            "video_url": "https://media.example/base.mp4",
            "personal": BaseVideo(segment_style=1),
        }
        return TrainingRequest(**{**fields, **changes})

    return make


@pytest.fixture
def rebuild() -> Callable[..., RebuildRequest]:
    """Make an update request without problems, some fields changed."""

    def make(**changes: Any) -> RebuildRequest:
        fields = {
            "material_name": "anchor",
            "video_url": "https://media.example/base.mp4",
            "model_url": "https://media.example/model.zip",
            "segment_style": 1,
        }
        return RebuildRequest(**{**fields, **changes})

    return make
