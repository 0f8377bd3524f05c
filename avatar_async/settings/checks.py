"""Checks of single settings: each returns the value in its one form, or raises ValueError with its range."""

import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast
from urllib.parse import urlsplit

Check = Callable[[Any], Any]


class EntriesError(ValueError):
    """Tell which entries of a table are wrong.

    Attributes:
        problems: One for each wrong entry, beginning with its key.
    """

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


@lru_cache(maxsize=256)
def is_loopback(host: str | None) -> bool:
    """Tell whether a host name or address can only mean this machine."""
    if host is None:
        return False
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def origin(value: Any) -> str:
    """Return an http(s) origin in its one spelling.

    Raises:
        ValueError: It is none, or more than one.
    """
    text = plain_text(value)
    try:
        parts, port = urlsplit(text), urlsplit(text).port
    except ValueError as error:
        raise ValueError(f"is no address: {error}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ValueError("must be an origin such as https://aigc.softsugar.com")
    if "@" in parts.netloc or parts.path not in ("", "/") or "?" in text or "#" in text:
        raise ValueError("must be an origin only: no user, path, query or fragment")
    if not _is_host(parts.hostname, bracketed="[" in parts.netloc):
        raise ValueError("has a host that is no name or address (write it in ASCII)")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    default = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" if port in (None, default) else f"{parts.scheme}://{host}:{port}"


def _is_host(host: str, *, bracketed: bool) -> bool:
    """Tell whether this is a name or an address that can be asked for."""
    if bracketed:
        return re.fullmatch(r"[0-9A-Fa-f:.]+", host) is not None
    labels = host.removesuffix(".").split(".")
    return len(host) <= 253 and all(
        re.fullmatch(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?", label) for label in labels
    )


def proxy(value: Any) -> str:
    """Return the address of an HTTP proxy."""
    text = plain_text(value)
    try:
        parts, port = urlsplit(text), urlsplit(text).port
    except ValueError as error:
        raise ValueError("is no address") from error
    usable = parts.scheme in ("http", "https") and parts.hostname and port != 0
    if not usable or not re.fullmatch(r"https?://[!-~]+", text, re.IGNORECASE):
        raise ValueError("must be an http(s) address such as http://proxy.example:3128")
    return text


def plain_text(value: Any) -> str:
    """Return a printable text that is not empty."""
    if not isinstance(value, str) or not value or not value.isprintable():
        raise ValueError("must be a text, not empty, without control characters")
    return value


def secret(value: Any) -> str:
    """Return a secret that fits into a header."""
    if not isinstance(value, str) or not re.fullmatch(r"[!-~]+", value):
        raise ValueError("must be plain ASCII without spaces")
    return value


def path_segment(value: Any) -> str:
    """Return a word that can stand in the path of an address."""
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]{7,199}", value):
        raise ValueError("must be 8 to 200 letters, digits, dots, dashes, underlines or tildes")
    return value


def path(value: Any) -> Path:
    """Return a path, `~` expanded."""
    if isinstance(value, Path):
        return value
    try:
        return Path(plain_text(value)).expanduser()
    except RuntimeError as error:
        raise ValueError("begins with ~, but there is no such home folder") from error


def flag(value: Any) -> bool:
    """Return a truth value."""
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def number(low: float, high: float, *, whole: bool = False) -> Check:
    """Return a check for numbers from `low` to `high`, both included."""

    def check(value: Any) -> int | float:
        fits = isinstance(value, int) or (isinstance(value, float) and not whole)
        if not fits or isinstance(value, bool) or not low <= value <= high:
            kind = "a whole number" if whole else "a number"
            raise ValueError(f"must be {kind} from {_plain(low)} to {_plain(high)}")
        return cast("int", value) if whole else float(value)

    return check


def choice(*options: str) -> Check:
    """Return a check for one of a few words."""

    def check(value: Any) -> str:
        if value not in options:
            raise ValueError(f"must be one of {', '.join(options)}" + did_you_mean(value, options))
        return str(value)

    return check


def table(value: Any) -> Mapping[str, Any]:
    """Return a table, read-only."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise ValueError("must be a table")
    return MappingProxyType(dict(value))


def table_of(names: Iterable[str], check: Check, defaults: Mapping[str, Any]) -> Check:
    """Return a check for a table with known keys; keys not given keep their defaults.

    It raises EntriesError for wrong entries.
    """
    known = tuple(names)

    def check_table(value: Any) -> Mapping[str, Any]:
        problems, result = [], dict(defaults)
        for key, entry in table(value).items():
            if key not in known:
                problems.append(f"{key} is no known key{did_you_mean(key, known)}")
                continue
            try:
                result[key] = check(entry)
            except ValueError as error:
                problems.append(f"{key} {error}{is_shown(entry)}")
        if problems:
            raise EntriesError(problems)
        return MappingProxyType(result)

    return check_table


def codes(value: Any) -> tuple[int, ...]:
    """Return envelope codes, sorted."""
    is_list = isinstance(value, (list, tuple, set, frozenset))
    if not is_list or not all(
        isinstance(code, int) and not isinstance(code, bool) and code for code in value
    ):
        raise ValueError("must be a list of whole numbers other than 0")
    return tuple(sorted(value))


def is_shown(value: Any) -> str:
    """Return the end of a message that shows a wrong value, an address without what may be secret in it."""
    shown = value
    if isinstance(value, str) and "//" in value:
        shown = re.sub(r"//.*@", "//", re.sub(r"[?#].*", "?...", value, flags=re.DOTALL), flags=re.DOTALL)
    return f", is {shown!r}"[:80]


def _plain(bound: float) -> str:
    """Return a number as a person would type it, never as 1e+06."""
    return str(int(bound)) if bound == int(bound) else f"{bound:g}"


def did_you_mean(word: object, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """Return a hint at the known word that is closest, empty if none is close.

    Args:
        word: What was written.
        known: What may be written.
        cutoff: How alike they must be, from 0 to 1.
    """
    close = get_close_matches(str(word), sorted(known), n=1, cutoff=cutoff)
    return f" (did you mean {close[0]}?)" if close else ""
