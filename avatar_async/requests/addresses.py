"""Addresses without what is secret in them, for messages and files that people pass on."""

import re
from collections.abc import Mapping
from typing import Any

#: Longest address that is sent or taken, in characters.
LONGEST_URL = 16_384
_START = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://")
_ADDRESS = re.compile(rf"\b{_START.pattern}[^\s\"'<>]+")
#: A query whose address was torn by a blank.
_QUERY = re.compile(r"\?[^\s\"'<>=]*=[^\s\"'<>]*")


def is_web_url(value: object) -> bool:
    """Tell whether a value is text that starts as an http or https URL."""
    return isinstance(value, str) and value[:8].lower().startswith(("http://", "https://"))


def public_url(url: str) -> str:
    """Return an address without user, password, query and fragment."""
    scheme, mark, rest = re.split(r"[?#]", url, maxsplit=1)[0].partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}"


def public_text(text: str) -> str:
    """Return text with each address in it made public."""
    if "://" not in text and "?" not in text:
        return text
    return _QUERY.sub("", _ADDRESS.sub(lambda found: public_url(found[0]), text))


def public_value(value: Any) -> Any:
    """Return a JSON value with each address in its strings, also nested ones, made public.

    A string that starts like an address is taken for one, whatever blanks are in it.
    """
    if isinstance(value, str):
        return public_url(value) if _START.match(value) else public_text(value)
    if isinstance(value, Mapping):
        return {key: public_value(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        inner = [public_value(each) for each in value]
        return tuple(inner) if isinstance(value, tuple) else inner
    return value
