"""What of an accepted request the emulator does not do as the service does, told before the work begins."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from avatar_async.media.limits import PREVIEW_MAX_S, PREVIEW_SHORT_SIDE_PX
from avatar_async.requests import Kind

PREVIEW_NOTE: Final = (
    f"video previews are emulated up to {PREVIEW_MAX_S:g} s and {PREVIEW_SHORT_SIDE_PX}p: "
    "the rest of a longer video is left out, a larger one is made smaller"
)
NOT_KEYED_NOTE: Final = (
    "segmentStyle 2 is a learned segmentation, which no keying can emulate: frames keep their background"
)
POSTPONED_NOTE: Final = (
    "segmentStyle 3 is applied by the vendor during synthesis: here frames are keyed at once"
)
_OF_STYLES: Final[Mapping[int, str]] = {2: NOT_KEYED_NOTE, 3: POSTPONED_NOTE}


def limits_of(kind: Kind, body: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a person should know of the emulation of a checked body, each once."""
    if kind is Kind.VIDEO_PREVIEW:
        return (PREVIEW_NOTE,)
    notes = (_OF_STYLES[style] for style in _styles(kind, body) if style in _OF_STYLES)
    return tuple(dict.fromkeys(notes))


def _styles(kind: Kind, body: Mapping[str, Any]) -> Iterator[Any]:
    if kind is Kind.REBUILD:
        yield body.get("segmentStyle")
    elif kind is Kind.TRAINING:
        for item in (body["param"]["personal"], *body["param"].get("override", ())):
            yield item.get("segmentStyle")
