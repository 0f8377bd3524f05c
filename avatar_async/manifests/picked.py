"""Laying picked green-screen parameters over everything in a job that is keyed."""

from collections.abc import Mapping
from typing import Any

from avatar_async.manifests.layers import Layer
from avatar_async.requests import UNSET, GreenScreen, Kind
from avatar_async.requests.clips import GREEN_STYLES
from avatar_async.requests.fields import specs

#: The table of an included file that holds them.
GREEN_TABLE = "green_screen"
GREEN_NAMES = frozenset(specs(GreenScreen))
_BACKGROUND = "green_params_sample_background"
_PREVIEWS = (Kind.IMAGE_PREVIEW, Kind.VIDEO_PREVIEW)


def picked_fields(green: Layer, kind: Kind, fields: Layer) -> Layer:
    """Return picked parameters as fields of a job, the videos of a training's `override` left out.

    The background goes to previews only.

    Args:
        green: The parameters.
        kind: What the job asks for.
        fields: All fields of the job, which say how its videos are segmented.
    """
    if kind in _PREVIEWS:
        return green
    usable = green.without(frozenset({_BACKGROUND}))
    if kind is Kind.REBUILD and _is_keyed(fields.fields):
        return usable
    if kind is Kind.TRAINING and usable.fields and _is_keyed(fields.fields.get("personal")):
        return Layer(
            {"personal": usable.fields},
            {("personal", *steps): spot for steps, spot in usable.spots.items()},
        )
    return Layer()


def with_picked_override(green: Layer, fields: Layer, *, own: bool) -> Layer:
    """Return the fields of a training with picked parameters in its keyed auxiliary videos.

    Args:
        green: The parameters.
        fields: All fields of the job.
        own: Whether the auxiliary videos' own parameters win.
    """
    items = fields.fields.get("override")
    usable = green.without(frozenset({_BACKGROUND}))
    if not isinstance(items, list) or not usable.fields:
        return fields
    filled, spots = [], dict(fields.spots)
    for index, item in enumerate(items):
        if not _is_keyed(item):
            filled.append(item)
            continue
        taken = [name for name in usable.fields if not (own and name in item)]
        filled.append({**item, **{name: usable.fields[name] for name in taken}})
        for steps, spot in usable.spots.items():
            if steps[0] in taken:
                spots["override", index, *steps] = spot
    return Layer({**fields.fields, "override": filled}, spots)


def takes_picked(kind: Kind, fields: Layer) -> bool:
    """Tell whether anything in a job is keyed."""
    if kind is Kind.TRAINING:
        items = fields.fields.get("override")
        videos = [fields.fields.get("personal"), *(items if isinstance(items, list) else [])]
        return any(_is_keyed(video) for video in videos)
    return kind in _PREVIEWS or (kind is Kind.REBUILD and _is_keyed(fields.fields))


def _is_keyed(video: Any) -> bool:
    """Tell whether a video is keyed, or does not say."""
    return isinstance(video, Mapping) and video.get("segment_style", UNSET) in (UNSET, *GREEN_STYLES)
