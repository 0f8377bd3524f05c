"""What the values of tasks mean, as it is looked up for each task of each poll."""

from typing import Final

from attrs import define

from avatar_async._jobs.remote import RemoteState
from avatar_async._wire.moments import Moments
from avatar_async.requests import Kind

#: Most origins that are remembered: results lie in few places.
_MOST_ORIGINS: Final = 8


@define(kw_only=True, eq=False)
class Terms:
    """A dialect's words and numbers, and what was found out about them.

    Attributes:
        statuses: The service's statuses and what they mean.
        kinds: Its words for our kinds.
        roles: Its types of files and our roles.
        progress_full: The progress that means finished.
        moments: The instants that its texts stand for.
        origins: How addresses begin that need no closer look, up to the slash after the host.
    """

    statuses: dict[str, RemoteState]
    kinds: dict[str, Kind]
    roles: dict[str, str]
    progress_full: float
    moments: Moments
    origins: tuple[str, ...] = ()

    def remember(self, origin: str) -> None:
        """Remember how an address begins."""
        if origin not in self.origins:
            self.origins = (origin, *self.origins[: _MOST_ORIGINS - 1])
