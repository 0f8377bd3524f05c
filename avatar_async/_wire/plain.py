"""Reading JSON that is written as most is: without contradictions, deep nesting or huge numbers."""

from functools import lru_cache
from typing import Annotated, Any, Final, Union

import msgspec

from avatar_async._jobs.remote import LARGEST_TASK_ID

#: What stands for a body that has to be read with more care.
UNUSUAL: Any = object()
#: What msgspec raises at a body that it cannot read.
UNREADABLE: Final = (msgspec.MsgspecError, ValueError, RecursionError)
#: Nesting that is read here: an envelope around a page of tasks with files takes 6 levels.
_LEVELS = 6
#: A value that holds no others.
Scalar: Any = Union[  # noqa: UP007 - built further below, from parts that are values
    None, bool, Annotated[int, msgspec.Meta(ge=-LARGEST_TASK_ID - 1, le=LARGEST_TASK_ID)], float, str
]


def plain_value(body: bytes) -> Any:
    """Return the value of a JSON body, or `UNUSUAL` if it is not surely what any reader makes of it.

    Numbers beyond 64 bits, deeper nesting, what does not come out as it went in, and all that is no JSON are
    `UNUSUAL`.
    """
    try:
        value = _decoder().decode(body)
        if comes_out_as(body, value):
            return value
    except UNREADABLE:
        pass
    return UNUSUAL


def comes_out_as(body: bytes, value: Any) -> bool:
    """Tell whether a body is what its value is written as, but for spaces.

    A decoder takes the last of several values of one key, so that its word is taken only then: what was
    dropped would be missing. Other ways to write a text or a number do not come out as they went in, either.

    Raises:
        msgspec.MsgspecError: It is no JSON after all.
    """
    written = _ENCODER.encode(value)
    return written == body or written == msgspec.json.format(body, indent=-1)


def bounded(levels: int) -> Any:
    """Return the type of values that are nested no deeper than so many levels."""
    value: Any = Scalar
    for _ in range(levels):
        value = Union[Scalar, list[value], dict[str, value]]  # noqa: UP007
    return value


_ENCODER = msgspec.json.Encoder()


@lru_cache(maxsize=1)
def _decoder() -> "msgspec.json.Decoder[Any]":
    return msgspec.json.Decoder(bounded(_LEVELS))
