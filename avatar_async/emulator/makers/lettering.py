"""Draw texts with the vendor's fields: colours, stroke, size, opacity, background."""

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from PIL import Image, ImageDraw, ImageFont

_MAX_CHARACTERS = 200
_CJK_FONTS = ("NotoSansCJK-Regular.ttc", "NotoSansSC-Regular.otf", "wqy-microhei.ttc", "wqy-zenhei.ttc")
_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def draw_text(
    picture: Image.Image, text: Mapping[str, Any], place: tuple[float, float], factor: float
) -> None:
    """Draw one text onto an RGBA picture.

    Args:
        picture: What is drawn onto.
        text: The vendor's fields of a title or foreground text.
        place: Top left corner in the picture's own pixels.
        factor: How much the picture is smaller than the request's resolution.
    """
    content = str(text.get("text") or "")[:_MAX_CHARACTERS]
    if not content:
        return
    size = numeric(text.get("font_size"), 40.0) * numeric(text.get("scale"), 1.0) * factor
    font = _font(round(max(6, min(400, size))), ascii_only=content.isascii())
    stroke = round(max(0, min(20, numeric(text.get("stroke_width"), 0.0) * factor)))
    layer = Image.new("RGBA", picture.size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    background = _rgba(text.get("background_rgba"), (0, 0, 0, 0))
    if background[3]:
        draw.rectangle(draw.textbbox(place, content, font=font, stroke_width=stroke), fill=background)
    draw.text(
        place,
        content,
        font=font,
        fill=_rgba(text.get("rgba"), (255, 255, 255, 255)),
        stroke_width=stroke,
        stroke_fill=_rgba(text.get("stroke_rgba"), (0, 0, 0, 255)),
    )
    opacity = min(1.0, max(0.0, numeric(text.get("opacity"), 1.0)))
    if opacity < 1:
        layer.putalpha(layer.getchannel("A").point([round(value * opacity) for value in range(256)]))
    picture.alpha_composite(layer)


def lacks_font(content: str) -> bool:
    """Tell whether a text has letters that are drawn as boxes, for want of a font on this machine."""
    return not content.isascii() and _font(20, ascii_only=False) is _font(20, ascii_only=True)


@lru_cache(maxsize=32)
def _font(size_px: int, *, ascii_only: bool) -> _Font:
    """Return the built-in font, or a Chinese one of the system's if the text needs it and one is there."""
    if not ascii_only:
        for name in _CJK_FONTS:
            try:
                return ImageFont.truetype(name, size_px)
            except OSError:
                continue
    return _default_font(size_px)


@lru_cache(maxsize=32)
def _default_font(size_px: int) -> _Font:
    return ImageFont.load_default(size_px)


def _rgba(value: Any, default: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    if not isinstance(value, list) or len(value) != 4:
        return default
    red, green, blue, alpha = (min(255, max(0, round(numeric(each, 0.0)))) for each in value)
    return red, green, blue, alpha


def numeric(value: Any, default: float) -> float:
    """Return a finite number of a request, or the default for anything else."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if is_number else default
