"""Jobs of one batch that ask for the same."""

from collections.abc import Sequence

from avatar_async.manifests.drafts import Draft
from avatar_async.manifests.problems import ProblemLog
from avatar_async.requests import Severity, fingerprint


def check_repeats(drafts: Sequence[Draft], log: ProblemLog) -> None:
    """Warn of jobs whose request an earlier job has already: most often a line copied and not changed."""
    asked: dict[str, Draft] = {}
    for draft in drafts:
        if draft.request is None:
            continue
        first = asked.setdefault(fingerprint(draft.request), draft)
        if first is not draft and first.name != draft.name:
            message = (
                f"asks for the same as {first.name!r} at {first.spot}, URLs compared without their query; "
                "both are submitted, and may both be charged for"
            )
            log.note(draft.spot, message, Severity.WARNING, job=draft.name)
