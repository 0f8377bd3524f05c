"""Key the scenes of a folder in one way; print how well, and the processor time of one frame.

    python keying_scenes.py FOLDER defaults|quality|matte|composite

The last two are FFmpeg's filters at the settings that are best for the matte and for the composite.
"""

import json
import pickle
import sys
import time
from collections.abc import Callable
from pathlib import Path

from attrs import asdict

from tests.keying import ours, peer
from tests.keying.layers import Floats
from tests.keying.metrics import marks, mean
from tests.keying.scenes import Scene

Keyer = Callable[[Scene], tuple[Floats, Floats]]

_KEYERS: dict[str, Keyer] = {
    "defaults": ours.keyed,
    "quality": lambda scene: ours.keyed(scene, quality=True),
    "matte": lambda scene: peer.filtered(scene, peer.FOR_MATTE),
    "composite": lambda scene: peer.filtered(scene, peer.FOR_COMPOSITE),
}
_WORK: dict[str, Callable[[Scene], Callable[[], object]]] = {
    "defaults": ours.work,
    "quality": lambda scene: ours.work(scene, quality=True),
    "matte": lambda scene: peer.work(scene, peer.FOR_MATTE),
    "composite": lambda scene: peer.work(scene, peer.FOR_COMPOSITE),
}


def main(folder: Path, way: str) -> None:
    """Key every scene, twice: once for the marks and once more for the time."""
    found = []
    spent_s = 0.0
    for path in sorted(folder.iterdir()):
        scene = pickle.loads(path.read_bytes())  # noqa: S301 - the bench wrote it a moment ago
        found.append(marks(scene, *_KEYERS[way](scene)))
        work = _WORK[way](scene)
        work()
        began_s = time.process_time()
        work()
        spent_s += time.process_time() - began_s
    sys.stdout.write(json.dumps({**asdict(mean(found)), "frame_cpu_ms": 1000 * spent_s / len(found)}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
