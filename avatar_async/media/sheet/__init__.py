"""Contact sheets: originals, composites and mattes side by side, to look at, compare and choose from."""

from avatar_async.media.sheet.model import Sheet, SheetCell, SheetSource
from avatar_async.media.sheet.writing import write_sheet

__all__ = ["Sheet", "SheetCell", "SheetSource", "write_sheet"]
