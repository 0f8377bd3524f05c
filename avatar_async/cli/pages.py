"""Parts of help pages: the arguments of a command, and examples that can be typed."""


def arguments(*rows: tuple[str, str]) -> str:
    """Return the part of a command's help that tells of its arguments, each with what it is."""
    width = max(len(name) for name, _ in rows)
    return "\n".join(["", "\b", "Arguments:", *(f"  {name:<{width}}  {text}" for name, text in rows), ""])


def examples(*rows: tuple[str, str] | str) -> str:
    """Return the end of a command's help: commands that can be typed, each with what it does.

    Args:
        rows: A command and a word about it, or a command alone.
    """
    lines = ["\b", "Examples:"]
    for row in rows:
        command, text = (row, "") if isinstance(row, str) else row
        if text:
            lines.append(f"  # {text}")
        lines.append(f"  {command}")
    return "\n".join(lines)
