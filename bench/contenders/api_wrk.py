"""What the server can answer at most: the same call by wrk."""

import json
import re
import resource
import subprocess
import tempfile
from pathlib import Path

from bench.contenders.api_race import HEADERS, read, report

_SECONDS = 1


def main() -> None:
    """Run wrk for a second and print how many calls it made."""
    given = read()
    lines = [
        'wrk.method = "POST"',
        f"wrk.body = {json.dumps(given.body.decode())}",
        *(f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}" for name, value in HEADERS.items()),
    ]
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "post.lua"
        script.write_text("\n".join(lines))
        options = [f"-c{given.open}", "-t1", f"-d{_SECONDS}", "-s", str(script)]
        told = subprocess.run(["wrk", *options, given.url], capture_output=True, text=True, check=True).stdout
    rate = re.search(r"Requests/sec:\s*([0-9.]+)", told)
    if rate is None or "Non-2xx" in told:
        raise SystemExit(told)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    report(int(float(rate[1]) * _SECONDS), _SECONDS, used.ru_utime + used.ru_stime)


main()
