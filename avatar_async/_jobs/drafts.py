"""Writable twins of frozen classes, for records that are made many times a second."""

from typing import Any


def draft_class(record: type[Any]) -> type[Any]:
    """Return a class of the same slots as a frozen one, whose instances can be written to.

    Who makes one sets every field, then gives it `record` as its class: that is what it is from then on.
    """
    return type(f"Draft{record.__name__}", (), {"__slots__": record.__slots__})
