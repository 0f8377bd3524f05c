"""Reading a batch out of one or more manifests."""

from collections.abc import Sequence
from pathlib import Path

import attrs

from avatar_async._jobs.records import JobSpec
from avatar_async.manifests.drafts import Drafter
from avatar_async.manifests.needs import check_needs
from avatar_async.manifests.problems import ManifestProblem, ProblemLog, Spot
from avatar_async.manifests.repeats import check_repeats
from avatar_async.manifests.sources import read_source
from avatar_async.requests import Kind, Validation
from avatar_async.settings.files import real_path


@attrs.frozen(kw_only=True)
class ManifestBatch:
    """Hold the jobs of some manifests.

    Attributes:
        jobs: Every job, in the order of the files.
        warnings: What a person should know although nothing is refused.
    """

    jobs: tuple[JobSpec, ...]
    warnings: tuple[ManifestProblem, ...]


def read_manifests(paths: Sequence[Path], *, validation: Validation = "strict") -> ManifestBatch:
    """Return the jobs of some manifests, which together are one batch.

    Fields come from, the later over the earlier: the manifest's defaults of the kind, included files,
    the job itself; presets are applied last. With `request`, the vendor's JSON takes the place of the
    defaults and the job's fields. The `[green_screen]` of an included file lies over the defaults of
    everything in the job that is keyed, and below all other fields.

    Args:
        paths: Files in TOML, JSON, JSON Lines or CSV.
        validation: Under `strict` wrong values refuse the batch, under `warn` they become warnings,
            under `off` they are not looked for. Mistakes of structure (syntax, unknown keys, kinds,
            presets and jobs, names given twice, circles) always refuse it.

    Raises:
        ManifestError: Something refuses the batch; carries the problems of all jobs in all files.
    """
    log = ProblemLog()
    drafter = Drafter(log, validation)
    drafts = []
    read: set[Path] = set()
    for path in map(Path, paths):
        place = real_path(path)
        if place in read:
            log.error(Spot(file=path), "this manifest is named twice")
            continue
        read.add(place)
        jobs = read_source(path, log)
        for kind, defaults in (jobs[0].defaults if jobs else {}).items():
            drafter.check_defaults(Kind(kind), defaults)
        drafts += [drafter.draft(job) for job in jobs]
    check_needs(drafts, log)
    log.refuse()
    check_repeats(drafts, log)
    return ManifestBatch(jobs=tuple(draft.spec() for draft in drafts), warnings=log.warnings)
