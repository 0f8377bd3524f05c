"""Values that remember where they were written, and how several are merged."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from avatar_async.manifests.problems import Spot

#: Keys and list indices that lead to a value.
Steps = tuple[str | int, ...]

_STEP = re.compile(r"\[([0-9]{1,6})\]|([^.\[\]]+)")


def steps_of(path: str) -> Steps:
    """Return the steps of a written path, `override[1].video_url`."""
    return tuple(int(index) if index else name for index, name in _STEP.findall(path))


@attrs.frozen
class Document:
    """Hold the content of a file and the line of everything in it.

    Attributes:
        file: The file as it was named.
        value: What it says.
        lines: Line of each key and each list item, by the steps that lead there.
    """

    file: Path
    value: Any
    lines: Mapping[Steps, int]

    def spot(self, steps: Steps) -> Spot:
        """Return where a value was written, or the nearest that contains it."""
        for length in range(len(steps), -1, -1):
            if steps[:length] in self.lines:
                return Spot(file=self.file, line=self.lines[steps[:length]])
        return Spot(file=self.file, line=1)


@attrs.frozen
class Layer:
    """Hold fields and the spot of each.

    Attributes:
        fields: The values, nested.
        spots: Where each was written, by the steps that lead there.
    """

    fields: Mapping[str, Any] = attrs.field(factory=dict)
    spots: Mapping[Steps, Spot] = attrs.field(factory=dict)

    def spot(self, steps: Steps, otherwise: Spot) -> Spot:
        """Return where a value was written, or the nearest that contains it."""
        for length in range(len(steps), 0, -1):
            if steps[:length] in self.spots:
                return self.spots[steps[:length]]
        return otherwise

    def without(self, names: frozenset[str]) -> "Layer":
        """Return this layer less some of its fields."""
        return Layer(
            {key: value for key, value in self.fields.items() if key not in names},
            {steps: spot for steps, spot in self.spots.items() if steps[0] not in names},
        )

    def over(self, base: "Layer") -> "Layer":
        """Return the fields of another layer with the fields of this one put over them.

        Tables are merged key by key; everything else, references included, is replaced.
        """
        spots = dict(base.spots)
        fields = _merged(base.fields, self.fields, (), spots)
        spots.update(self.spots)
        return Layer(fields, spots)


def layers_of(document: Document, base: Steps) -> list[Layer]:
    """Return a layer for each item of a list in a document, in one pass over its lines."""
    items = document.value
    for step in base:
        items = items[step]
    spots: list[dict[Steps, Spot]] = [{} for _ in items]
    depth = len(base)
    for steps, line in document.lines.items():
        if len(steps) > depth + 1 and steps[:depth] == base:
            index = steps[depth]
            assert isinstance(index, int)
            if index < len(spots):
                spots[index][steps[depth + 1 :]] = Spot(file=document.file, line=line)
    return [
        Layer(item if isinstance(item, Mapping) else {}, found)
        for item, found in zip(items, spots, strict=True)
    ]


def layer_of(document: Document, base: Steps = (), *, shared: bool = False) -> Layer:
    """Return the table at some steps of a document as a layer.

    Args:
        document: The document.
        base: The steps.
        shared: Whether several jobs take fields from it.
    """
    value = document.value
    for step in base:
        value = value[step]
    depth = len(base)
    spots = {
        steps[depth:]: Spot(file=document.file, line=line, shared=shared)
        for steps, line in document.lines.items()
        if len(steps) > depth and steps[:depth] == base
    }
    return Layer(value, spots)


def _merged(
    base: Mapping[str, Any], over: Mapping[str, Any], steps: Steps, spots: dict[Steps, Spot]
) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        here = (*steps, key)
        if _is_table(merged.get(key)) and _is_table(value):
            merged[key] = _merged(merged[key], value, here, spots)
            continue
        if key in merged:
            for known in [known for known in spots if known[: len(here)] == here]:
                del spots[known]
        merged[key] = value
    return merged


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping) and "ref" not in value
