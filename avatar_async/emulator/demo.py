"""Demonstration media: made once, used again."""

from pathlib import Path

from avatar_async.media.clips import make_clip, make_still, style_for

_CLIPS = ((0, 6.0), (1, 6.0), (2, 4.0))
_STILLS = (0, 5)


def demo_media(folder: Path) -> list[Path]:
    """Return small green- and blue-screen clips and stills in a folder, making those that are missing.

    It takes a few seconds the first time: call it in a worker thread.

    Returns:
        `presenter-green.mp4`, `presenter-dark.mp4`, `presenter-blue.mp4`, `still-green.png` and
        `still-blue.png`, in this order.

    Raises:
        MediaError: A clip cannot be encoded.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for (seed, duration_s), name in zip(_CLIPS, ("green", "dark", "blue"), strict=True):
        path = folder / f"presenter-{name}.mp4"
        if not path.exists():
            part = path.with_suffix(".part")
            make_clip(part, style_for(seed), duration_s=duration_s)
            part.replace(path)
        made.append(path)
    for seed, name in zip(_STILLS, ("green", "blue"), strict=True):
        path = folder / f"still-{name}.png"
        if not path.exists():
            part = path.with_suffix(".part")
            make_still(style_for(seed)).save(part, "PNG", compress_level=6)
            part.replace(path)
        made.append(path)
    return made
