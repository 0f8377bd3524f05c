"""Make a keyed preview of a video on one core; print the frames a second.

python keying_video.py VIDEO TARGET
"""

import json
import os
import sys
import time
from pathlib import Path

from avatar_async.media.keyer import KeyParameters
from avatar_async.media.video import key_video


def main(source: Path, target: Path) -> None:
    """Decode, key and encode it."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    began_s = time.perf_counter()
    made = key_video(source, target, KeyParameters())
    seconds = time.perf_counter() - began_s
    sys.stdout.write(json.dumps({"fps": made.frames / seconds, "frames": made.frames}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
