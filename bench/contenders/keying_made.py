"""Make the scenes and the video that are keyed, apart from the bench, whose memory would grow with them.

    python keying_made.py FOLDER SCENES VIDEO SECONDS

The video lasts as many seconds.
"""

import os
import pickle
import sys
from multiprocessing import Pool
from pathlib import Path

from avatar_async.media.clips import ClipStyle, make_clip
from tests.keying.scenes import SEEDS, make_scene


def main(folder: Path, scenes: int, video: Path, duration_s: float) -> None:
    """Write a pickle for each scene, and the video."""
    folder.mkdir()
    seeds = SEEDS[:: max(1, len(SEEDS) // scenes)]
    with Pool(os.cpu_count()) as pool:
        pool.starmap(_write_scene, [(folder / f"{seed:02}", seed) for seed in seeds], chunksize=1)
    make_clip(video, ClipStyle(width_px=960, height_px=540), duration_s=duration_s, sound="none")


def _write_scene(path: Path, seed: int) -> None:
    path.write_bytes(pickle.dumps(make_scene(seed)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), float(sys.argv[4]))
