"""Limits of keyed videos, apart from what keys them: whoever only speaks of them needs no decoder."""

from typing import Final

#: Keyed videos are shrunk so that the shorter side is at most this.
PREVIEW_SHORT_SIDE_PX: Final = 540
#: Keyed videos are cut to this length, in seconds.
PREVIEW_MAX_S: Final = 10.0
