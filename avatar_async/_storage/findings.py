"""What a look at a file's bytes found."""

from attrs import frozen

#: Bytes read at a time, so that a wish to stop is noticed soon.
BLOCK_BYTES = 1 << 20


class StoppedError(Exception):
    """Tell the thread's caller that it was asked to stop; never leaves this package."""


@frozen(kw_only=True)
class Finding:
    """What a look at a file found.

    Attributes:
        problem: What is wrong with it; None if nothing was found.
        sound: Whether checksums of its own prove the whole content.
        whole: Whether its own structure shows that nothing of it is missing, without proving every byte.
        stray: Whether there are bytes before or behind it that belong to nothing.
        note: What a person should know about it.
    """

    problem: str | None = None
    sound: bool = False
    whole: bool = False
    stray: bool = False
    note: str | None = None
