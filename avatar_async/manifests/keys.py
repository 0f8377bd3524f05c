"""The keys a job has beside its request's fields, and the listing of known ones."""

from collections.abc import Iterable

#: Keys of a job that are no fields of its request.
JOB_KEYS = frozenset({"name", "kind", "request", "needs", "presets", "include"})
#: Keys that defaults of a kind may have beside fields.
DEFAULTS_KEYS = frozenset({"presets", "include"})
#: Top-level keys of a TOML or JSON manifest; `$schema` is for editors.
MANIFEST_KEYS = frozenset({"$schema", "defaults", "jobs"})
#: Longest name of a job, in characters.
LONGEST_NAME = 128


def one_of(known: Iterable[str]) -> str:
    """Return known words as a message lists them."""
    return ", ".join(sorted(known))
