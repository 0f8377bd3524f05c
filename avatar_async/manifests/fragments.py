"""Files that jobs include: fields of requests, and green-screen parameters picked in previews."""

from collections.abc import Sequence
from pathlib import Path

from attrs import field, frozen

from avatar_async.manifests.documents import read_json, read_text, read_toml
from avatar_async.manifests.keys import one_of
from avatar_async.manifests.layers import Document, Layer, layer_of
from avatar_async.manifests.picked import GREEN_NAMES, GREEN_TABLE
from avatar_async.manifests.problems import ProblemLog, Spot
from avatar_async.settings.checks import did_you_mean


@frozen(kw_only=True)
class Fragment:
    """Hold what some included files say.

    Attributes:
        fields: Fields of requests.
        green: The parameters of their `[green_screen]` tables.
    """

    fields: Layer = field(factory=Layer)
    green: Layer = field(factory=Layer)

    def over(self, base: "Fragment") -> "Fragment":
        """Return another fragment with this one put over it."""
        return Fragment(fields=self.fields.over(base.fields), green=self.green.over(base.green))


class Fragments:
    """Read each included file once.

    Args:
        log: Takes what is wrong with the files.
    """

    def __init__(self, log: ProblemLog) -> None:
        self._log = log
        self._known: dict[Path, Fragment] = {}

    def merged(self, names: Sequence[str], spot: Spot, job: str | None) -> Fragment:
        """Return what some files say, later files over earlier ones.

        Args:
            names: Paths, relative to the folder of the manifest.
            spot: Where the manifest includes them.
            job: Name of the job that does.
        """
        merged = Fragment()
        for name in names:
            merged = self._read(spot.file.parent / name, name, spot, job).over(merged)
        return merged

    def _read(self, file: Path, name: str, spot: Spot, job: str | None) -> Fragment:
        if file not in self._known:
            self._known[file] = Fragment()
            self._known[file] = self._parsed(file, name, spot, job)
        return self._known[file]

    def _parsed(self, file: Path, name: str, spot: Spot, job: str | None) -> Fragment:
        if file.suffix.lower() not in (".toml", ".json"):
            message = f"include {name!r} is neither a .toml nor a .json file"
            self._log.error(spot, message, path="include", job=job)
            return Fragment()
        text = read_text(file, self._log, spot)
        if text is None:
            return Fragment()
        read = read_toml if file.suffix.lower() == ".toml" else read_json
        document = read(file, text, self._log)
        if document is None:
            return Fragment()
        if not isinstance(document.value, dict):
            self._log.error(document.spot(()), "an included file is an object of request fields")
            return Fragment()
        fields = layer_of(document, shared=True).without(frozenset({GREEN_TABLE}))
        return Fragment(fields=fields, green=self._green(document))

    def _green(self, document: Document) -> Layer:
        if GREEN_TABLE not in document.value:
            return Layer()
        if not isinstance(document.value[GREEN_TABLE], dict):
            message = f"{GREEN_TABLE} is a table of green-screen parameters: write [{GREEN_TABLE}] above them"
            self._log.error(document.spot((GREEN_TABLE,)), message, path=GREEN_TABLE)
            return Layer()
        green = layer_of(document, (GREEN_TABLE,), shared=True)
        unknown = frozenset(green.fields) - GREEN_NAMES
        for key in sorted(unknown):
            hint = did_you_mean(key, GREEN_NAMES) or f"; they are {one_of(GREEN_NAMES)}"
            message = f"{GREEN_TABLE}.{key} is no green-screen parameter{hint}"
            spot = green.spot((key,), document.spot((GREEN_TABLE,)))
            self._log.error(spot, message, path=f"{GREEN_TABLE}.{key}")
        return green.without(unknown)
