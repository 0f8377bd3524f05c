"""Addresses without what is secret in them, for files and messages that people pass on."""

import re
from typing import Any
from urllib.parse import urlsplit, urlunsplit

_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://")
_URL = re.compile(r"\b[a-zA-Z][a-zA-Z0-9+.-]*://[^\s\"'<>]+")
#: A query whose address was torn by a blank.
_QUERY = re.compile(r"\?[^\s\"'<>=]*=[^\s\"'<>]*")


def public_url(url: str) -> str:
    """Return the address without user, password, query and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "<unreadable address>"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def public_text(text: str) -> str:
    """Return the text with each address in it made public."""
    return _QUERY.sub("", _URL.sub(lambda found: public_url(found.group()), text))


def public_value(value: Any) -> Any:
    """Return a JSON value with each address in its strings, also nested ones, made public.

    A string that starts like an address is taken for one, whatever blanks are in it.
    """
    if isinstance(value, str):
        return public_url(value) if _SCHEME.match(value) else public_text(value)
    if isinstance(value, dict):
        return {key: public_value(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [public_value(each) for each in value]
    return value
