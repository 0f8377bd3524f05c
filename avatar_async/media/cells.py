"""Keying one picture or clip with one set of parameters, to files that say how they were made."""

import hashlib
import json
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from avatar_async.errors import MediaError
from avatar_async.media.parameter_sets import ParameterSet
from avatar_async.media.revisions import picture_revision, video_revision

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL import Image

    from avatar_async.media.frames import MediaSource

#: Pictures are shrunk so that the shorter side is at most this before they are keyed.
SHORT_SIDE_PX = 1080
#: Videos show the picture at this instant, in seconds, or in their middle if they are shorter than twice it.
USUAL_AT_S = 5.0


@frozen(kw_only=True)
class Cell:
    """What one set of parameters made of a picture.

    Attributes:
        composite: The subject over the background colour.
        matte: The matte.
        label: What is to be said beside it.
        notes: What a person should know of it.
        reused: Whether it was there before.
    """

    composite: Path
    matte: Path
    label: str
    notes: tuple[str, ...]
    reused: bool = False


@frozen(kw_only=True)
class Clip:
    """What one set of parameters made of a video.

    Attributes:
        video: The keyed video: its first 10 s, at 540p at most.
        reused: Whether it was there before.
    """

    video: Path
    reused: bool = False


def picture_of(source: "MediaSource", at_s: float | None) -> "Image.Image":
    """Return a picture, or a video's frame at an instant, as it is keyed.

    Args:
        source: The picture or video.
        at_s: In seconds; None for a picture.

    Raises:
        MediaError: Nothing in it can be decoded to a picture.
    """
    from avatar_async.media.frames import sample_frames

    at_s = at_s or 0.0
    return sample_frames(source, 1, start_s=at_s, end_s=at_s, short_side_px=SHORT_SIDE_PX)[0]


def digest_of(picture: "Image.Image") -> str:
    """Return what tells a picture's content from every other."""
    size = f"{picture.mode} {picture.width} {picture.height} ".encode()
    return hashlib.sha256(size + picture.tobytes()).hexdigest()


def save_picture(picture: "Image.Image", target: Path) -> None:
    """Write a picture as PNG, whole or not at all.

    Raises:
        OSError: It cannot be written.
    """
    with _whole(target) as part:
        picture.save(part, format="PNG", compress_level=1)


def make_cell(
    picture: "Image.Image", digest: str, chosen: ParameterSet, stem: Path, *, quality: bool
) -> Cell:
    """Key a picture to `STEM.png` and `STEM.matte.png`, unless they are there and were made of the same.

    Args:
        picture: See `picture_of`.
        digest: What tells its content (`digest_of`).
        chosen: How to key it.
        stem: Where the files go, without their endings.
        quality: Key in the quality mode, which the vendor does not have.

    Raises:
        OSError: They cannot be written.
    """
    from avatar_async.media.keyer import key

    composite, matte = stem.with_name(f"{stem.name}.png"), stem.with_name(f"{stem.name}.matte.png")
    facts = _facts(digest, chosen, picture_revision(), quality=quality)
    known = _known(composite, facts)
    if known is not None and matte.is_file():
        return Cell(
            composite=composite, matte=matte, label=known[0], notes=tuple(known[1]["notes"]), reused=True
        )
    keyed = key(picture, chosen.key_parameters, quality=quality)
    save_picture(keyed.alpha, matte)
    with _whole(composite) as part:
        keyed.save(part, {**facts, "notes": keyed.warnings})
    return Cell(composite=composite, matte=matte, label=keyed.label, notes=keyed.warnings)


def make_clip(
    source: "MediaSource",
    digest: str,
    chosen: ParameterSet,
    target: Path,
    *,
    quality: bool,
    stopped: Callable[[], bool] = lambda: False,
) -> Clip:
    """Key the first 10 s of a video at 540p, unless that is there and was made of the same.

    Args:
        source: The video.
        digest: What tells its content.
        chosen: How to key it.
        target: Where the MP4 goes.
        quality: Key in the quality mode.
        stopped: Asked before each frame; True ends the work early.

    Raises:
        MediaError: It cannot be decoded or encoded, or `stopped` said so.
        OSError: It cannot be written.
    """
    from avatar_async.media.video import key_video

    facts = _facts(digest, chosen, video_revision(), quality=quality)
    if _is_known_clip(target, facts):
        return Clip(video=target, reused=True)
    with _whole(target) as part:
        key_video(
            source,
            part,
            chosen.key_parameters,
            comment=json.dumps(facts, ensure_ascii=False),
            quality=quality,
            stopped=stopped,
        )
    return Clip(video=target)


def _facts(digest: str, chosen: ParameterSet, revision: str, *, quality: bool) -> dict[str, Any]:
    """Return all that a result depends on; what was made of the same need not be made again."""
    return {"input": digest, "keyer": revision, "quality": quality, **chosen.parameters}


def _known(file: Path, facts: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Return label and facts of a picture that was made of the same; None if it is not there."""
    from PIL import Image

    try:
        with Image.open(file) as image:
            text: Any = getattr(image, "text", {})
            found = json.loads(text["Parameters"])
            notes = found.pop("notes")
            return (str(text["Comment"]), {"notes": notes}) if found == facts else None
    except (OSError, ValueError, KeyError, SyntaxError, AttributeError):
        return None


def _is_known_clip(file: Path, facts: dict[str, Any]) -> bool:
    """Tell whether a video is there that was made of the same."""
    from avatar_async.media.frames import opened

    if not file.is_file():
        return False
    try:
        with opened(file) as container:
            comment = container.metadata.get("comment", "")
        return bool(json.loads(comment[comment.index("{") :]) == facts)
    except (MediaError, ValueError):
        return False


@contextmanager
def _whole(target: Path) -> "Iterator[Path]":
    """Give a file to write that takes the target's place once the block ends well."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    try:
        yield part
        part.replace(target)
    except OSError as error:
        if error.filename is None and error.errno is not None:
            error.filename = str(target)
        raise
    finally:
        part.unlink(missing_ok=True)
