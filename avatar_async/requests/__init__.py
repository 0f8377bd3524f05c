"""What can be asked of the service: one frozen record per kind of request.

Each name is loaded when it is first used (PEP 562): who only asks for tasks needs none of the records.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from avatar_async.requests import presets
    from avatar_async.requests.actions import Action, ActionEdit, StaticDynamic
    from avatar_async.requests.base import Change, Request
    from avatar_async.requests.beautify import Beautify, Effects
    from avatar_async.requests.clips import AuxiliaryVideo, BaseVideo
    from avatar_async.requests.green import GreenScreen, SampleBackground
    from avatar_async.requests.identity import Difference, differences, fingerprint
    from avatar_async.requests.kinds import (
        AvatarType,
        Kind,
        SegmentStyle,
        Stage01GenMode,
        Stage1Config,
        Stage2Config,
    )
    from avatar_async.requests.previews import ImagePreviewRequest, VideoPreviewRequest
    from avatar_async.requests.problems import Problem, Rule, Severity
    from avatar_async.requests.reading import Validation, check, from_plain, from_vendor, parse, request_type
    from avatar_async.requests.rebuild import RebuildRequest
    from avatar_async.requests.refs import Ref
    from avatar_async.requests.scene import (
        Background,
        DigitalRole,
        Foreground,
        ForegroundText,
        Position,
        Title,
        Watermark,
    )
    from avatar_async.requests.schema import json_schema
    from avatar_async.requests.takeover import Audio, TakeoverParam, TakeoverRequest, TtsConfig, TtsQuery
    from avatar_async.requests.training import Dev, Persistent, Stage2, TrainingRequest
    from avatar_async.requests.unset import UNSET, Unset

__all__ = [
    "UNSET",
    "Action",
    "ActionEdit",
    "Audio",
    "AuxiliaryVideo",
    "AvatarType",
    "Background",
    "BaseVideo",
    "Beautify",
    "Change",
    "Dev",
    "Difference",
    "DigitalRole",
    "Effects",
    "Foreground",
    "ForegroundText",
    "GreenScreen",
    "ImagePreviewRequest",
    "Kind",
    "Persistent",
    "Position",
    "Problem",
    "RebuildRequest",
    "Ref",
    "Request",
    "Rule",
    "SampleBackground",
    "SegmentStyle",
    "Severity",
    "Stage01GenMode",
    "Stage1Config",
    "Stage2",
    "Stage2Config",
    "StaticDynamic",
    "TakeoverParam",
    "TakeoverRequest",
    "Title",
    "TrainingRequest",
    "TtsConfig",
    "TtsQuery",
    "Unset",
    "Validation",
    "VideoPreviewRequest",
    "Watermark",
    "check",
    "differences",
    "fingerprint",
    "from_plain",
    "from_vendor",
    "json_schema",
    "parse",
    "presets",
    "request_type",
]

#: Where each name lives.
_HOMES = {
    "actions": ("Action", "ActionEdit", "StaticDynamic"),
    "base": ("Change", "Request"),
    "beautify": ("Beautify", "Effects"),
    "clips": ("AuxiliaryVideo", "BaseVideo"),
    "green": ("GreenScreen", "SampleBackground"),
    "identity": ("Difference", "differences", "fingerprint"),
    "kinds": ("AvatarType", "Kind", "SegmentStyle", "Stage01GenMode", "Stage1Config", "Stage2Config"),
    "previews": ("ImagePreviewRequest", "VideoPreviewRequest"),
    "problems": ("Problem", "Rule", "Severity"),
    "reading": ("Validation", "check", "from_plain", "from_vendor", "parse", "request_type"),
    "rebuild": ("RebuildRequest",),
    "refs": ("Ref",),
    "scene": ("Background", "DigitalRole", "Foreground", "ForegroundText", "Position", "Title", "Watermark"),
    "schema": ("json_schema",),
    "takeover": ("Audio", "TakeoverParam", "TakeoverRequest", "TtsConfig", "TtsQuery"),
    "training": ("Dev", "Persistent", "Stage2", "TrainingRequest"),
    "unset": ("UNSET", "Unset"),
}


def __getattr__(name: str) -> Any:
    """Load a name from where it lives."""
    if name == "presets":
        value: Any = importlib.import_module("avatar_async.requests.presets")
    else:
        home = next((home for home, names in _HOMES.items() if name in names), None)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f"avatar_async.requests.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the names."""
    return sorted(__all__)
