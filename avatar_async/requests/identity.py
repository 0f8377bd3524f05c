"""Telling whether two requests ask for the same."""

import hashlib
import json
from typing import Any

import attrs

from avatar_async.requests.addresses import public_url
from avatar_async.requests.base import Request
from avatar_async.requests.codec import Writer, plain_key
from avatar_async.requests.problems import join
from avatar_async.requests.unset import UNSET


@attrs.frozen(kw_only=True)
class Difference:
    """Name one field in which two requests differ; `UNSET` where one does not have it."""

    path: str
    old: Any
    new: Any


_COMPARABLE = Writer(plain_key, merge_extra=False, keep_refs=True, url=public_url)


def _comparable(request: Request) -> Any:
    return _normal(request.write(_COMPARABLE))


def _normal(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _normal(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_normal(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def fingerprint(request: Request) -> str:
    """Return a SHA-256 that is equal for requests that ask for the same.

    It covers the kind and everything that is sent; URLs count without user, password, query and
    fragment, since their signatures change, and references count by what they refer to.

    Raises:
        RequestError: JSON cannot hold a value of the request.
    """
    content = {"kind": request.kind.value, "request": _comparable(request)}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def differences(old: Request, new: Request) -> list[Difference]:
    """Return where two requests differ, URLs compared and shown without what is secret in them.

    Raises:
        RequestError: JSON cannot hold a value of a request.
    """
    found: list[Difference] = []
    if old.kind is not new.kind:
        found.append(Difference(path="kind", old=old.kind.value, new=new.kind.value))
    _compare(_comparable(old), _comparable(new), "", found)
    return found


def _compare(old: Any, new: Any, path: str, found: list[Difference]) -> None:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys([*old, *new]):
            _compare(old.get(key, UNSET), new.get(key, UNSET), join(path, key), found)
    elif isinstance(old, list) and isinstance(new, list) and (_nested(old) or _nested(new)):
        for index in range(max(len(old), len(new))):
            _compare(_item(old, index), _item(new, index), f"{path}[{index}]", found)
    elif type(old) is not type(new) or old != new:
        found.append(Difference(path=path, old=old, new=new))


def _nested(values: list[Any]) -> bool:
    return any(isinstance(value, dict | list) for value in values)


def _item(values: list[Any], index: int) -> Any:
    return values[index] if index < len(values) else UNSET
