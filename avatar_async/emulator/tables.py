"""The tables of the two vendor documents, field by field (vendor documents: "Request Parameters")."""

from collections.abc import Mapping

from avatar_async.emulator.fields import Field
from avatar_async.requests import Kind


def _green(*, styles: tuple[int, ...]) -> tuple[Field, ...]:
    return (
        Field("segmentStyle", "integer", required=True, choices=styles),
        Field("removeGreenEdge", "boolean"),
        Field("greenParamsRefinethHBgr", "integer", low=0, high=255),
        Field("greenParamsRefinethLBgr", "integer", low=0, high=255),
        Field("greenParamsBlurKs", "integer", low=0),
        Field("greenParamsColorbalance", "integer", low=0, high=100),
        Field("greenParamsSpillByalpha", "number", low=-1, high=1),
        Field("greenParamsSamplePointBgr", "color"),
    )


_CLIP = (
    Field("assetStart", "number"),
    Field("assetEnd", "number"),
    Field("assetScale", "number"),
)
_ACTION_CHANGE = Field(
    "actionChange",
    "object",
    fields=(
        Field("support", "boolean", required=True),
        Field("staticRangeStart", "number"),
        Field("staticRangeEnd", "number"),
        Field("dynamicRangeStart", "number"),
        Field("dynamicRangeEnd", "number"),
        Field("gap", "integer"),
    ),
)
_ACTION = Field(
    "action",
    "object",
    fields=(
        Field("name", "string", required=True),
        Field("clipRangeStart", "number", required=True),
        Field("clipRangeEnd", "number", required=True),
        Field("description", "string"),
    ),
)
_ACTION_EDIT = Field(
    "actionEdit",
    "object",
    fields=(
        Field("support", "boolean", required=True),
        Field("videoPath", "url"),
        Field("gap", "integer"),
        Field("actionList", "array", items=_ACTION),
    ),
)
_PERSISTENT = Field(
    "persistent",
    "object",
    required=True,
    fields=(
        Field("avatarType", "integer", choices=(0, 1, 2, 3, 4, 5)),
        Field("videoCrfQuality", "integer", required=True, low=0, high=51),
        Field("stage01GenMode", "integer", choices=(0, 1)),
        Field("stage1Config", "array", required=True, items=Field("stage1", "integer", choices=(0, 1))),
        Field(
            "dev",
            "object",
            fields=(
                Field(
                    "stage2", "object", fields=(Field("config", "integer", required=True, choices=(0, 1, 4)),)
                ),
            ),
        ),
        Field("multiFaces", "boolean"),
        Field("templateFacePic", "url"),
    ),
)
_OVERRIDE = Field(
    "override",
    "array",
    items=Field(
        "item",
        "object",
        fields=(
            Field("videoUrl", "url", required=True),
            Field("maskVideoUrl", "url"),
            *_green(styles=(0, 1, 2, 3, 4)),
            *_CLIP,
            Field("name", "string"),
            Field("description", "string"),
        ),
    ),
)
_PREVIEW_PARAM = (
    Field("greenParamsRefinethHBgr", "integer", low=70, high=220),
    Field("greenParamsRefinethLBgr", "integer", low=10, high=80),
    Field("greenParamsBlurKs", "integer", low=1, high=24),
    Field("greenParamsColorbalance", "integer", low=0, high=100),
    Field("greenParamsSpillByalpha", "number", low=-1, high=1),
    Field("greenParamsSamplePointBgr", "color"),
    Field("greenParamsSampleBackground", "object", fields=(Field("color", "color"),)),
)
_OPEN_OBJECT = Field("item", "object")
_TAKEOVER_PARAM = (
    Field("version", "string"),
    Field("video_format", "string", choices=("mp4", "webm")),
    Field("resolution", "array", items=Field("side", "integer")),
    Field("bit_rate", "number"),
    Field("frame_rate", "number"),
    Field("watermark", "object"),
    Field("digital_role", "object", required=True),
    Field("tts_config", "object"),
    Field("tts_query", "object"),
    Field("audios", "array", items=Field("audio", "object", fields=(Field("url", "url", required=True),))),
    Field("backgrounds", "array", items=_OPEN_OBJECT),
    Field("foregrounds", "array", items=_OPEN_OBJECT),
    Field("foreground-texts", "array", items=_OPEN_OBJECT),
    Field("title", "object"),
    Field("effects", "object"),
)

_NAME = Field("materialName", "string", required=True)
_PARAM = Field("param", "string", required=True)

#: The fields of each create call's body.
BODIES: Mapping[Kind, tuple[Field, ...]] = {
    Kind.TRAINING: (_NAME, Field("videoUrl", "url", required=True), _PARAM),
    Kind.REBUILD: (
        _NAME,
        Field("videoUrl", "url", required=True),
        Field("modelUrl", "url", required=True),
        Field("avatarType", "integer", choices=(0, 1, 2, 4, 5)),
        *_green(styles=(0, 1, 2, 3)),
        Field("videoCrfQuality", "integer", low=0, high=51),
        *_CLIP,
        _ACTION_CHANGE,
        _ACTION_EDIT,
    ),
    Kind.IMAGE_PREVIEW: (_NAME, Field("url", "url", required=True), _PARAM),
    Kind.VIDEO_PREVIEW: (_NAME, Field("url", "url", required=True), _PARAM),
    Kind.TAKEOVER: (Field("videoName", "string", required=True), _PARAM, Field("thumbnailUrl", "url")),
}

#: The fields inside `param`, for the calls that have one.
PARAMS: Mapping[Kind, tuple[Field, ...]] = {
    Kind.TRAINING: (
        _PERSISTENT,
        Field(
            "personal",
            "object",
            required=True,
            fields=(*_green(styles=(0, 1, 2, 3)), *_CLIP, _ACTION_CHANGE, _ACTION_EDIT),
        ),
        _OVERRIDE,
    ),
    Kind.IMAGE_PREVIEW: _PREVIEW_PARAM,
    Kind.VIDEO_PREVIEW: _PREVIEW_PARAM,
    Kind.TAKEOVER: _TAKEOVER_PARAM,
}
