"""The mark of a field that was not given."""

import enum
from typing import Final, Literal


class Unset(enum.Enum):
    """Be the type of `UNSET`, apart from every value a field can take (`None` included)."""

    UNSET = "unset"

    def __bool__(self) -> Literal[False]:
        return False

    def __repr__(self) -> str:
        return "UNSET"


#: A field that was not given: it is not sent, and the service's own default applies.
UNSET: Final = Unset.UNSET
