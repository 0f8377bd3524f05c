"""Taking secrets out of what others say: services repeat headers and bodies in their error texts."""

import base64
import functools
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

#: What stands in place of a secret.
MASK = "***"
#: Beginning of a secret that is taken out, in characters: a service may cut what it repeats.
HEAD = 12
#: Shortest secret that is looked for, in characters.
SHORTEST = 8


def redacted(value: Any, secrets: Iterable[str]) -> Any:
    """Return a JSON value, its texts free of secrets.

    A secret is known plain, percent-encoded and in Base64, and by its beginning of `HEAD` characters. One
    of fewer than `SHORTEST` may be a word of any text, and is left alone.

    Args:
        value: What was decoded; nested at most as deep as replies may be.
        secrets: Plain texts.
    """
    forms = _forms(tuple(secrets))
    return _redacted(value, forms) if forms else value


def repeats(body: bytes, secrets: Iterable[str]) -> bool:
    """Tell whether the texts in a JSON body may hold a secret; most bodies surely do not."""
    heads = _heads(tuple(secrets))
    if not heads:
        return False
    return b"\\" in body or any(head.encode() in body for head in heads)


def repeated(texts: Iterable[str], secrets: tuple[str, ...]) -> bool:
    """Tell whether one of some texts holds a secret."""
    whole = "\n".join(texts)
    for head in _heads(secrets):  # noqa: SIM110 - a third of what `any` takes
        if head in whole:
            return True
    return False


def _redacted(value: Any, forms: tuple[str, ...]) -> Any:
    if isinstance(value, str):
        return _text(value, forms)
    if isinstance(value, dict):
        return {key: _redacted(inner, forms) for key, inner in value.items()}
    if isinstance(value, list):
        return [_redacted(inner, forms) for inner in value]
    return value


def _text(text: str, forms: tuple[str, ...]) -> str:
    for form in forms:
        head = form[:HEAD]
        kept: list[str] = []
        end, at = 0, text.find(head)
        while at >= 0:
            kept += (text[end:at], MASK)
            end = at + _shared(form, text, at)
            at = text.find(head, end)
        text = "".join((*kept, text[end:]))
    return text


def _shared(form: str, text: str, at: int) -> int:
    """Return how many characters of a form stand in a text from `at` on."""
    if text.startswith(form, at):
        return len(form)
    return next(length for length in range(len(form)) if text[at + length : at + length + 1] != form[length])


@functools.lru_cache(maxsize=64)
def _heads(secrets: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(form[:HEAD] for form in _forms(secrets)))


@functools.lru_cache(maxsize=64)
def _forms(secrets: tuple[str, ...]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for secret in (secret for secret in secrets if len(secret) >= SHORTEST):
        found[secret] = None
        for safe in ("", "/"):
            found[quote(secret, safe=safe)] = None
        for shift in range(3):
            # Base64 takes three bytes at a time: what stands before a secret decides how it comes out.
            for encode in (base64.b64encode, base64.urlsafe_b64encode):
                written = encode(b"\0" * shift + secret.encode()).decode().rstrip("=")
                form = written[(0, 2, 3)[shift] : -1]
                if len(form) >= HEAD:
                    found[form] = None
    return tuple(found)
