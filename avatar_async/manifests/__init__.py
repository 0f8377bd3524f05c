"""Reading batches of jobs from TOML, JSON, JSON Lines and CSV."""

from avatar_async.manifests.problems import ManifestProblem
from avatar_async.manifests.reading import ManifestBatch, read_manifests
from avatar_async.manifests.sample import sample_manifest
from avatar_async.manifests.schema import manifest_schema
from avatar_async.settings import sample_profile

__all__ = [
    "ManifestBatch",
    "ManifestProblem",
    "manifest_schema",
    "read_manifests",
    "sample_manifest",
    "sample_profile",
]
