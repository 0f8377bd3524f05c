"""One contender of races of pollers in virtual time; the first one to run makes the races for all."""

import json
import sys
from pathlib import Path


def main(kept: str, terms: str, seeds: str, name: str) -> None:
    """Print the figures of a contender."""
    path = Path(kept)
    if not path.is_file():
        # Twelve contenders of a race are programs of their own: only the one that makes it pays for this.
        from bench.polling.race import Terms, races

        path.write_text(json.dumps(races(Terms(**json.loads(terms)), int(seeds))), encoding="utf-8")
    print(json.dumps(json.loads(path.read_text(encoding="utf-8"))[name]))


if __name__ == "__main__":
    main(*sys.argv[1:])
