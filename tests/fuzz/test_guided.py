"""Coverage-guided fuzzing of every target, for as long as AVATAR_FUZZ_S says; scripts/soak runs it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.targets import TARGETS

#: Seconds for each target.
SECONDS = int(os.environ.get("AVATAR_FUZZ_S", "60"))


@pytest.mark.soak
@pytest.mark.timeout(SECONDS + 120)
@pytest.mark.parametrize("name", TARGETS)
def test_no_input_breaks_a_target(name, tmp_path):
    """What a fuzzer finds, somebody's file or service sends one day; a failure shows it in Base64."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.guided", name, str(SECONDS), str(tmp_path / "corpus")],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=SECONDS + 90,
    )
    told = "\n".join(done.stdout.splitlines()[-20:] + done.stderr.splitlines()[-40:])
    assert done.returncode == 0, told
    assert "stat::number_of_executed_units" in done.stderr, told
