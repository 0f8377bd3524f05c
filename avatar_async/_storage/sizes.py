"""Lengths in bytes, written for people."""

_UNITS = ("kB", "MB", "GB", "TB")


def size_text(size_bytes: float) -> str:
    """Return a length such as 12.3 MB; the units are decimal."""
    if size_bytes < 1000:
        return f"{size_bytes:.0f} bytes"
    value, unit = size_bytes / 1000, _UNITS[0]
    for larger in _UNITS[1:]:
        if value < 999.95:
            break
        value, unit = value / 1000, larger
    return f"{value:.1f} {unit}"
