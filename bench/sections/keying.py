"""How well and how fast a screen is keyed, beside FFmpeg's filters tuned on the same scenes."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.model import Contender, Place, Section, Setting, Target, Work
from bench.process import prepare

#: Where programs find the scenes, which tests share.
_FOUND = {"PYTHONPATH": os.fspath(Path(__file__).parents[2])}
#: Of times beside no peer: how fast the machine is at the moment counts in.
_ALONE = 0.15
_PEERS = ("ffmpeg for the matte", "ffmpeg for the composite")


@contextmanager
def works(place: Place) -> Iterator[Sequence[Work]]:
    """Make the scenes and the video, and give the works.

    Raises:
        BenchError: They cannot be made.
    """
    scenes, video = place.scratch / "scenes", place.scratch / "take.mp4"
    command = place.program(
        "keying_made", scenes, place.number("keying_scenes"), video, place.real("keying_video_s")
    )
    prepare(command, "the scenes", _FOUND)
    yield [_scenes(place, scenes), _video(place, video)]


def _scenes(place: Place, folder: Path) -> Work:
    ways = {"defaults": "defaults", "quality": "quality", _PEERS[0]: "matte", _PEERS[1]: "composite"}
    return Work(
        name="keying",
        title="Scenes of 1080p whose matte is known",
        contenders=[
            Contender(
                name=name,
                command=place.program("keying_scenes", folder, way),
                environment=_FOUND,
            )
            for name, way in ways.items()
        ],
        columns=("sad", "leak", "hole", "rmse", "rmse_band", "frame_cpu_ms"),
        targets=(
            Target(of="defaults", figure="sad", to=_PEERS, most=1.0, allowance=0.0),
            Target(of="defaults", figure="rmse", to=_PEERS, most=1.0, allowance=0.0),
            Target(of="defaults", figure="leak", most=0.2, allowance=0.0),
            Target(of="defaults", figure="hole", most=1.0, allowance=0.0),
            Target(of="quality", figure="sad", to=_PEERS, most=0.85, allowance=0.0),
            Target(of="quality", figure="rmse", to=_PEERS, most=0.8, allowance=0.0),
            Target(of="defaults", figure="frame_cpu_ms", most=30.0, allowance=_ALONE),
            Target(of="quality", figure="frame_cpu_ms", most=60.0, allowance=_ALONE),
        ),
        remark=(
            "SAD in thousands of pixels, leak and hole in percent of the matte, RMSE of the composite. "
            "FFmpeg is handed the true screen colour; both of its settings are the best of a search on these "
            "scenes (python -m tests.keying.search), and the better one counts."
        ),
    )


def _video(place: Place, source: Path) -> Work:
    target = place.scratch / "keyed.mp4"
    return Work(
        name="keying video",
        title="A 540p preview: decoded, keyed and encoded on one core",
        contenders=[Contender(name="preview", command=place.program("keying_video", source, target))],
        columns=("fps", "frames", "seconds"),
        targets=(Target(of="preview", figure="fps", least=40.0, allowance=_ALONE),),
    )


SECTION = Section(
    name="keying",
    title="Keying",
    works=works,
    settings=(
        Setting(name="keying_scenes", default=16, quick=8, most=16, text="scenes that are keyed"),
        Setting(
            name="keying_video_s", default=10.0, quick=2.0, least=0.1, text="length of the video in seconds"
        ),
    ),
    rounds=3,
    quick_rounds=1,
    order=60,
    about="The marks are the same in every round; the times are not.",
)
