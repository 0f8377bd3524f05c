"""Makes a ledger for the races of waiting in a process of its own, and prints its path.

Arguments: the folder to keep it in, jobs, open jobs, and of these the per mille that are planned; the others
are in flight. A process that made one stays large, and its children would seem so.
"""

import sys
from pathlib import Path

from avatar_async._jobs.states import State
from bench.contenders.made_ledger import Made, made_ledger
from bench.contenders.waiting_service import ACCOUNT, ENDPOINT


def main(folder: Path, jobs: int, open_jobs: int, planned: int) -> None:
    """Make it, if it is not there."""
    standings = ((State.IN_FLIGHT, 1000 - planned), (State.PLANNED, planned))
    made = Made(jobs=jobs, open_jobs=open_jobs, endpoint=ENDPOINT, account=ACCOUNT, standings=standings)
    print(made_ledger(folder, made))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
