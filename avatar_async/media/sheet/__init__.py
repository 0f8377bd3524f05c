"""Contact sheets: originals, composites and mattes side by side, to look at, compare and choose from."""

from avatar_async.media.sheet.model import Sheet, SheetCell, SheetSource

__all__ = ["Sheet", "SheetCell", "SheetSource"]
