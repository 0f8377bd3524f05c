"""The keys a job has beside its request's fields, and hints for misspelt ones."""

import difflib
from collections.abc import Iterable

#: Keys of a job that are no fields of its request.
JOB_KEYS = frozenset({"name", "kind", "request", "needs", "presets", "include"})
#: Keys that defaults of a kind may have beside fields.
DEFAULTS_KEYS = frozenset({"presets", "include"})
#: Top-level keys of a TOML or JSON manifest; `$schema` is for editors.
MANIFEST_KEYS = frozenset({"$schema", "defaults", "jobs"})
#: Longest name of a job, in characters.
LONGEST_NAME = 128


def did_you_mean(word: object, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """Return a hint to the nearest known word, or nothing."""
    near = difflib.get_close_matches(str(word), sorted(known), n=1, cutoff=cutoff)
    return f"; did you mean {near[0]}?" if near else ""


def one_of(known: Iterable[str]) -> str:
    """Return known words as a message lists them."""
    return ", ".join(sorted(known))
