"""How a command that takes a while shows itself."""

from attrs import frozen

from avatar_async.cli import exits


@frozen(kw_only=True)
class Manner:
    """How a run shows itself.

    Attributes:
        json: One JSON object a line on stdout.
        quiet: Errors and what needs attention only.
    """

    json: bool = False
    quiet: bool = False

    @property
    def silent(self) -> bool:
        """Whether nothing is written for people but errors and what needs attention."""
        return self.json or self.quiet

    def say(self, text: str) -> None:
        """Tell a person what takes a while, on stderr; nothing if they want quiet."""
        if not self.silent:
            exits.tell(text)
