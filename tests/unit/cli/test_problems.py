"""How the problems of a manifest are told."""

from pathlib import Path

import pytest

from avatar_async.cli.render.problems import refusal
from avatar_async.errors import ManifestError
from avatar_async.manifests import ManifestProblem
from avatar_async.requests import Severity


@pytest.mark.parametrize("count", [1, 20, 21, 5000])
def test_every_problem_is_told_and_many_are_counted_at_the_end_too(count):
    """The heading of a long list is out of sight when it ends."""
    problems = [
        ManifestProblem(
            file=Path("b.toml"), line=line, job=f"a{line}", path="url", message="bad", severity=Severity.ERROR
        )
        for line in range(1, count + 1)
    ]
    lines = refusal(ManifestError("", problems))
    assert lines[1 : count + 1] == [f"  b.toml:{line}: a{line}: url: bad" for line in range(1, count + 1)]
    assert lines[0].endswith("nothing was sent")
    assert lines[count + 1 :] == ([f"{count} problems in all; nothing was sent"] if count > 20 else [])
