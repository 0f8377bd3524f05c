"""What jobs need of each other: names that exist once, references that can resolve, no circles."""

from collections.abc import Mapping, Sequence

from avatar_async.manifests.drafts import Draft
from avatar_async.manifests.problems import ProblemLog, Spot
from avatar_async.requests import Kind, Ref, Severity
from avatar_async.requests.refs import ref_fault
from avatar_async.settings.checks import did_you_mean

#: Roles of the artifacts that the documents promise, by kind.
_MADE: dict[Kind, tuple[str, ...]] = {
    Kind.TRAINING: ("model", "thumbnail"),
    Kind.REBUILD: ("model", "thumbnail"),
    Kind.IMAGE_PREVIEW: ("image",),
    Kind.VIDEO_PREVIEW: ("video",),
    Kind.TAKEOVER: ("video",),
}


def check_needs(drafts: Sequence[Draft], log: ProblemLog) -> None:
    """Note what is wrong between jobs."""
    named: dict[str, Draft] = {}
    for draft in drafts:
        if draft.name is None:
            continue
        first = named.setdefault(draft.name, draft)
        if first is not draft:
            message = f"name {draft.name!r} is taken by the job at {first.spot}"
            log.error(draft.own.spot(("name",), draft.spot), message, path="name", job=draft.name)
    edges: dict[str, dict[str, Spot]] = {name: {} for name in named}
    for draft in drafts:
        wanted = _wanted(draft, named, log)
        if draft.name is not None and named[draft.name] is draft:
            edges[draft.name] = wanted
    _check_circles(edges, named, log)


def _wanted(draft: Draft, named: Mapping[str, Draft], log: ProblemLog) -> dict[str, Spot]:
    wanted: dict[str, Spot] = {}
    for need, spot in draft.needs.items():
        if need in named:
            wanted[need] = spot
        else:
            message = f"needs {need!r}, but there is no such job{did_you_mean(need, named)}"
            log.error(spot, message, path="needs", job=draft.name)
    for path, ref in draft.request.ref_fields() if draft.request else []:
        if ref_fault(ref) is not None:
            continue
        spot = draft.spot_of(path)
        if ref.job in named:
            wanted.setdefault(ref.job, spot)
            _check_role(draft, path, ref, named[ref.job], log)
        else:
            message = f"{path} refers to {ref.job!r}, but there is no such job{did_you_mean(ref.job, named)}"
            log.error(spot, message, path=path, job=draft.name)
    return wanted


def _check_role(draft: Draft, path: str, ref: Ref, other: Draft, log: ProblemLog) -> None:
    if other.kind is None or ref.role in _MADE[other.kind]:
        return
    made = " and ".join(_MADE[other.kind])
    message = (
        f"{path} refers to the {ref.role} of {ref.job}, but a {other.kind} job is expected to make {made}"
    )
    log.note(draft.spot_of(path), message, Severity.WARNING, path=path, job=draft.name)


def _check_circles(
    edges: Mapping[str, Mapping[str, Spot]], named: Mapping[str, Draft], log: ProblemLog
) -> None:
    left = _in_circles(edges)
    done: set[str] = set()
    for start in left:
        walked: list[str] = []
        name = start
        while name not in done and name not in walked:
            walked.append(name)
            name = next(need for need in edges[name] if need in left)
        done.update(walked)
        if name in walked:
            circle = walked[walked.index(name) :]
            told = " -> ".join([*circle, circle[0]])
            spot = edges[circle[0]][circle[1 % len(circle)]]
            message = f"needs go round in a circle and none could start: {told}"
            log.error(spot, message, path="needs", job=named[circle[0]].name)


def _in_circles(edges: Mapping[str, Mapping[str, Spot]]) -> dict[str, None]:
    """Return the jobs that wait, directly or not, for a circle."""
    waiting = {name: len(needs) for name, needs in edges.items()}
    needed_by: dict[str, list[str]] = {name: [] for name in edges}
    for name, needs in edges.items():
        for need in needs:
            needed_by[need].append(name)
    free = [name for name, count in waiting.items() if count == 0]
    while free:
        for name in needed_by[free.pop()]:
            waiting[name] -= 1
            if waiting[name] == 0:
                free.append(name)
    return {name: None for name, count in waiting.items() if count > 0}
