"""Reading JSON that is written as most is: without contradictions, deep nesting or huge numbers."""

from functools import lru_cache
from typing import Annotated, Any, Union

import msgspec

from avatar_async._jobs.remote import LARGEST_TASK_ID

#: What stands for a body that has to be read with more care.
UNUSUAL: Any = object()
#: Nesting that is read here: an envelope around a page of tasks with files takes 6 levels.
_LEVELS = 6
_Scalar = Union[  # noqa: UP007 - built further below, from parts that are values
    None, bool, Annotated[int, msgspec.Meta(ge=-LARGEST_TASK_ID - 1, le=LARGEST_TASK_ID)], float, str
]


def plain_value(body: bytes) -> Any:
    """Return the value of a JSON body, or `UNUSUAL` if it is not surely what any reader makes of it.

    The decoder takes the last of several values of one key, so that its word is taken only if it comes out
    as it went in, but for spaces: what was dropped would be missing. Numbers beyond 64 bits, deeper nesting,
    other ways to write a text or a number and all that is no JSON are `UNUSUAL`, too.
    """
    try:
        value = _decoder().decode(body)
        written = _ENCODER.encode(value)
        if written == body or written == msgspec.json.format(body, indent=-1):
            return value
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass
    return UNUSUAL


_ENCODER = msgspec.json.Encoder()


@lru_cache(maxsize=1)
def _decoder() -> "msgspec.json.Decoder[Any]":
    bounded: Any = _Scalar
    for _ in range(_LEVELS):
        bounded = Union[_Scalar, list[bounded], dict[str, bounded]]  # noqa: UP007
    return msgspec.json.Decoder(bounded)
