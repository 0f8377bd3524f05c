"""Contact sheets of drawn pictures, whose every pixel is known, for tests."""

from datetime import UTC, datetime
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

from avatar_async.media.parameter_sets import ParameterSet
from avatar_async.media.sheet import Sheet, SheetCell, SheetSource

LABEL = "documented directions reproduced; not the vendor's pixels"
MADE_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
GREEN = (0, 255, 0)
SCREEN = (40, 160, 60)
SUBJECT = (200, 60, 30)


def matte(size: tuple[int, int], blur_px: float = 6, centre: tuple[float, float] = (0.5, 0.5)) -> Image.Image:
    """Return a soft disc."""
    picture = Image.new("L", size)
    across, down = centre[0] * size[0], centre[1] * size[1]
    half = min(size) / 4
    ImageDraw.Draw(picture).ellipse((across - half, down - half, across + half, down + half), fill=255)
    return picture.filter(ImageFilter.GaussianBlur(blur_px)) if blur_px else picture


def over(
    ground: tuple[int, int, int], alpha: Image.Image, subject: tuple[int, int, int] = SUBJECT
) -> Image.Image:
    """Return the subject over a plain background."""
    plain = Image.new("RGB", alpha.size, ground)
    return Image.composite(Image.new("RGB", alpha.size, subject), plain, alpha)


def cell(folder: Path, parameters: ParameterSet, alpha: Image.Image | None, **more: object) -> SheetCell:
    """Return a cell whose pictures are written into a folder; no matte means no pictures."""
    fields: dict[str, object] = {
        "name": parameters.name,
        "parameters": parameters.parameters,
        "differences": parameters.differences,
        "composite": None,
        "label": LABEL,
    }
    if alpha is not None:
        folder.mkdir(parents=True, exist_ok=True)
        fields["composite"], fields["matte"] = (
            folder / f"{parameters.name}.png",
            folder / f"{parameters.name}-m.png",
        )
        over(GREEN, alpha).save(folder / f"{parameters.name}.png")
        alpha.save(folder / f"{parameters.name}-m.png")
    return SheetCell(**{**fields, **more})  # type: ignore[arg-type]


def swept(
    folder: Path,
    size: tuple[int, int] = (480, 270),
    *,
    highs: tuple[int, ...] = (120, 160, 200),
    blurs: tuple[int, ...] = (1, 3),
) -> SheetSource:
    """Return a source with a cell for each pair of values; its scores count down."""
    folder.mkdir(parents=True, exist_ok=True)
    over(SCREEN, matte(size)).save(folder / "original.png")
    sets = [
        ParameterSet().changed({"green_params_refineth_h_bgr": high, "green_params_blur_ks": blur})
        for high in highs
        for blur in blurs
    ]
    cells = (
        cell(folder, each, matte(size, 2 + number), score=(len(sets) - number) / 10)
        for number, each in enumerate(sets)
    )
    return SheetSource(name=folder.name, original=folder / "original.png", cells=tuple(cells))


def sheet(*sources: SheetSource, title: str = "Previews", label: str = LABEL) -> Sheet:
    """Return a sheet of some sources."""
    return Sheet(
        title=title, made_at=MADE_AT, label=label, sources=sources, score_name="error, lower is better"
    )
