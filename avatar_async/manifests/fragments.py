"""Files with request fields that jobs include."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from avatar_async.manifests.documents import read_json, read_text, read_toml
from avatar_async.manifests.layers import Layer, Steps, layer_of
from avatar_async.manifests.problems import ProblemLog, Spot
from avatar_async.requests import GreenScreen, Kind
from avatar_async.requests.clips import GREEN_STYLES
from avatar_async.requests.fields import specs

_GREEN = frozenset(specs(GreenScreen))
_BACKGROUND = "green_params_sample_background"


class Fragments:
    """Read each included file once.

    Args:
        log: Takes what is wrong with the files.
    """

    def __init__(self, log: ProblemLog) -> None:
        self._log = log
        self._known: dict[Path, Layer] = {}

    def layer(self, names: Sequence[str], spot: Spot, job: str | None) -> Layer:
        """Return the fields of some files, later files over earlier ones.

        Args:
            names: Paths, relative to the folder of the manifest.
            spot: Where the manifest includes them.
            job: Name of the job that does.
        """
        merged = Layer()
        for name in names:
            merged = self._read(spot.file.parent / name, name, spot, job).over(merged)
        return merged

    def _read(self, file: Path, name: str, spot: Spot, job: str | None) -> Layer:
        if file not in self._known:
            self._known[file] = Layer()
            self._known[file] = self._parsed(file, name, spot, job)
        return self._known[file]

    def _parsed(self, file: Path, name: str, spot: Spot, job: str | None) -> Layer:
        if file.suffix.lower() not in (".toml", ".json"):
            message = f"include {name!r} is neither a .toml nor a .json file"
            self._log.error(spot, message, path="include", job=job)
            return Layer()
        text = read_text(file, self._log, spot)
        if text is None:
            return Layer()
        read = read_toml if file.suffix.lower() == ".toml" else read_json
        document = read(file, text, self._log)
        if document is None:
            return Layer()
        if not isinstance(document.value, dict):
            self._log.error(document.spot(()), "an included file is an object of request fields")
            return Layer()
        return layer_of(document, shared=True)


def fitted(fragment: Layer, kind: Kind) -> Layer:
    """Return a fragment's fields where a kind has them.

    Green-screen parameters picked in previews stand at the top; a training has them in `personal`,
    and only previews have a background.
    """
    if kind in (Kind.IMAGE_PREVIEW, Kind.VIDEO_PREVIEW, Kind.TAKEOVER):
        return fragment
    rest = fragment.without(_GREEN if kind is Kind.TRAINING else frozenset({_BACKGROUND}))
    if kind is not Kind.TRAINING:
        return rest
    fields: dict[str, Any] = {}
    spots: dict[Steps, Spot] = {}
    for name, value in green_fields(fragment).items():
        fields[name] = value
        spots["personal", name] = fragment.spot((name,), fragment.spots[name,])
    return rest.over(Layer({"personal": fields}, spots)) if fields else rest


def green_fields(fragment: Layer) -> dict[str, Any]:
    """Return the green-screen parameters at the top of a fragment that videos have."""
    return {name: value for name, value in fragment.fields.items() if name in _GREEN - {_BACKGROUND}}


def with_green(fields: dict[str, Any], green: dict[str, Any]) -> dict[str, Any]:
    """Return a training's fields with parameters filled in for its green-screen auxiliary videos."""
    items = fields.get("override")
    if not green or not isinstance(items, list):
        return fields
    filled = [
        {**green, **item} if isinstance(item, dict) and item.get("segment_style") in GREEN_STYLES else item
        for item in items
    ]
    return {**fields, "override": filled}
