"""From a manifest file to the jobs it lists."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import attrs

from avatar_async.manifests.documents import read_json, read_text, read_toml
from avatar_async.manifests.keys import MANIFEST_KEYS, one_of
from avatar_async.manifests.layers import Document, Layer, layer_of, layers_of
from avatar_async.manifests.problems import ProblemLog, Spot
from avatar_async.manifests.tables import read_csv
from avatar_async.requests import Kind
from avatar_async.settings.checks import did_you_mean

#: Endings of the files that manifests can be.
SUFFIXES = (".toml", ".json", ".jsonl", ".ndjson", ".csv")


@attrs.frozen
class RawJob:
    """Hold a job as it was written.

    Attributes:
        layer: Its keys and where they stand.
        spot: Where the job begins.
        defaults: The manifest's defaults, by kind.
    """

    layer: Layer
    spot: Spot
    defaults: Mapping[str, Layer]


def read_source(file: Path, log: ProblemLog) -> list[RawJob]:
    """Return the jobs of one manifest, noting what is wrong with the file itself."""
    suffix = file.suffix.lower()
    if suffix not in SUFFIXES:
        message = f"this is no manifest: its name ends with none of {', '.join(SUFFIXES)}"
        log.error(Spot(file=file), message)
        return []
    text = read_text(file, log)
    if text is None:
        return []
    known = len(log)
    if suffix == ".csv":
        jobs = [RawJob(layer, spot, {}) for layer, spot in read_csv(file, text, log)]
    elif suffix in (".jsonl", ".ndjson"):
        jobs = _lines(file, text, log)
    else:
        document = read_toml(file, text, log) if suffix == ".toml" else read_json(file, text, log)
        jobs = [] if document is None else _jobs(document, log)
    if not jobs and len(log) == known:
        log.error(Spot(file=file, line=1), "the manifest lists no job")
    return jobs


def _jobs(document: Document, log: ProblemLog) -> list[RawJob]:
    if not isinstance(document.value, dict):
        log.error(document.spot(()), 'a manifest is an object, {"jobs": [...]}')
        return []
    for key in document.value.keys() - MANIFEST_KEYS:
        hint = did_you_mean(key, MANIFEST_KEYS)
        log.error(document.spot((key,)), f"{key} is no key of a manifest{hint}", path=key)
    defaults = _defaults(document, log)
    listed = document.value.get("jobs", [])
    if not isinstance(listed, list):
        log.error(document.spot(("jobs",)), "jobs is a list: write [[jobs]] before each", path="jobs")
        return []
    jobs = []
    for index, layer in enumerate(layers_of(document, ("jobs",)) if listed else []):
        spot = document.spot(("jobs", index))
        if isinstance(listed[index], dict):
            jobs.append(RawJob(layer, spot, defaults))
        else:
            log.error(spot, "a job is an object with name and kind", path=f"jobs[{index}]")
    return jobs


def _defaults(document: Document, log: ProblemLog) -> dict[str, Layer]:
    given = document.value.get("defaults", {})
    if not isinstance(given, dict):
        log.error(document.spot(("defaults",)), "defaults is a table of kinds", path="defaults")
        return {}
    found = {}
    for kind, fields in given.items():
        spot, path = document.spot(("defaults", kind)), f"defaults.{kind}"
        if kind not in _kinds():
            hint = did_you_mean(kind, _kinds()) or f"; kinds are {one_of(_kinds())}"
            log.error(spot, f"{path} is for no kind of job{hint}", path=path)
        elif not isinstance(fields, dict):
            log.error(spot, f"{path} is a table of fields", path=path)
        else:
            found[kind] = layer_of(document, ("defaults", kind), shared=True)
    return found


def _kinds() -> Iterable[str]:
    return [kind.value for kind in Kind]


def _lines(file: Path, text: str, log: ProblemLog) -> list[RawJob]:
    jobs = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        document = read_json(file, line, log, first_line=number)
        if document is None:
            continue
        if isinstance(document.value, dict):
            jobs.append(RawJob(layer_of(document), Spot(file=file, line=number), {}))
        else:
            log.error(Spot(file=file, line=number), "a line is one job, an object with name and kind")
    return jobs
