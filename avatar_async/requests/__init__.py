"""What can be asked of the service: one frozen record per kind of request."""

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
