"""The emulator's honest work: for each kind, which addresses it reads and how its files are made."""

from collections.abc import Callable, Mapping
from typing import Any

from attrs import frozen

from avatar_async.emulator.makers.models import make_rebuild, make_training, rebuild_urls, training_urls
from avatar_async.emulator.makers.previews import make_image_preview, make_video_preview, preview_urls
from avatar_async.emulator.makers.takeover import make_takeover, takeover_urls
from avatar_async.emulator.makers.work import Made, SampleCache, StoppedError, Work
from avatar_async.requests import Kind

__all__ = ["MAKERS", "Made", "Maker", "SampleCache", "StoppedError", "Work"]


@frozen
class Maker:
    """Know one kind's work.

    Attributes:
        urls: Returns the addresses a checked body reads.
        make: Makes the files; runs in a worker thread.
    """

    urls: Callable[[Mapping[str, Any]], list[str]]
    make: Callable[[Work], list[Made]]


MAKERS: Mapping[Kind, Maker] = {
    Kind.TRAINING: Maker(training_urls, make_training),
    Kind.REBUILD: Maker(rebuild_urls, make_rebuild),
    Kind.IMAGE_PREVIEW: Maker(preview_urls, make_image_preview),
    Kind.VIDEO_PREVIEW: Maker(preview_urls, make_video_preview),
    Kind.TAKEOVER: Maker(takeover_urls, make_takeover),
}
