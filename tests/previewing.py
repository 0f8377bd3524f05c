"""What the tests of `preview` read of its results."""

import json
from pathlib import Path
from typing import Any

from PIL import Image


def picture(path: Path) -> Image.Image:
    """Return a picture as RGB."""
    with Image.open(path) as image:
        return image.convert("RGB")


def lines(output: str) -> list[Any]:
    """Return the JSON lines of a command."""
    return [json.loads(line) for line in output.splitlines()]


def index(out: Path) -> Any:
    """Return what the sheet's index says."""
    return json.loads((out / "contact-sheet.json").read_text())
