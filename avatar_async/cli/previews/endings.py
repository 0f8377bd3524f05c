"""Media of which no previews can be made: the others go on, and the end tells."""

from collections.abc import Sequence

from avatar_async.cli import exits
from avatar_async.cli.previews.media import Broken


def tell_broken(broken: Sequence[Broken]) -> None:
    """Tell of each medium of which no previews can be made."""
    for each in broken:
        exits.tell(f"error: {each.name}: {each.reason}")


def code_with(code: int, broken: Sequence[Broken]) -> int:
    """Return an exit code that also tells of broken media."""
    return exits.ExitCode.BAD_END if broken and code == exits.ExitCode.DONE else code
