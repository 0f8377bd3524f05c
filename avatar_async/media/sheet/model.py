"""What a contact sheet shows: sources, and of each source a cell for every set of parameters."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from attrs import frozen


@frozen(kw_only=True)
class SheetCell:
    """Hold what one set of parameters made of a source.

    Pictures are files, images or videos of which the first frame is shown; one that is missing or cannot be
    read is told on the sheet, and the rest of the sheet is made.

    Attributes:
        name: What to call the set; unique within its source.
        parameters: Every `green_params_*` that the result was made with, as a manifest writes it.
        differences: Those of `parameters` that are not at their documented default.
        composite: The subject over the background colour.
        matte: The matte, grey, white is opaque; None if it is not known, as in a service's result.
        score: How good it is, if that was measured; `Sheet.score_name` says of what and which way.
        notes: What a person should know of this result.
        label: Whose pixels these are; shown beside them wherever they are shown.
    """

    name: str
    parameters: Mapping[str, Any]
    differences: Mapping[str, Any]
    composite: Path | None
    matte: Path | None = None
    score: float | None = None
    notes: tuple[str, ...] = ()
    label: str


@frozen(kw_only=True)
class SheetSource:
    """Hold a picture or video and what was made of it.

    Attributes:
        name: What to call it.
        original: The picture as it came, or a video of which the first frame is shown.
        note: What a person should know of it, such as the instant a frame was taken at.
        cells: The results, in the order they are shown in.
    """

    name: str
    original: Path
    note: str | None = None
    cells: tuple[SheetCell, ...]


@frozen(kw_only=True)
class Sheet:
    """Hold all that a contact sheet shows.

    Attributes:
        title: The heading.
        made_at: When the results were made; aware.
        label: What is said of the sheet as a whole, beside the label of each cell.
        sources: The sources, in the order they are shown in.
        score_name: What the scores measure and which end is better, such as "error, lower is better".
    """

    title: str
    made_at: datetime
    label: str
    sources: tuple[SheetSource, ...]
    score_name: str = "score"

    @property
    def cell_count(self) -> int:
        """Number of cells of all sources."""
        return sum(len(source.cells) for source in self.sources)
