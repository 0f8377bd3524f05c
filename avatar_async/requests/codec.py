"""Writing objects as the vendor's JSON and as the plain snake_case form."""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from avatar_async.errors import RequestError
from avatar_async.requests.addresses import is_web_url
from avatar_async.requests.fields import Spec, specs
from avatar_async.requests.objects import VendorObject
from avatar_async.requests.problems import is_encodable, join
from avatar_async.requests.refs import Ref
from avatar_async.requests.shapes import Url
from avatar_async.requests.unset import UNSET

#: Gives the key of a field, by its Python name and its specification.
Naming = Callable[[str, Spec], str]


def vendor_key(_name: str, spec: Spec) -> str:
    """Return a field's key as the vendor's tables spell it."""
    return spec.wire


def plain_key(name: str, _spec: Spec) -> str:
    """Return a field's key in the plain form."""
    return name


def compact(value: Any) -> str:
    """Return JSON text without blanks, its characters unescaped."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


class Writer:
    """Turn objects into JSON-able mappings.

    Args:
        naming: Gives each field its key.
        merge_extra: Whether undocumented keys stand beside the others, as on the wire, or under `extra`.
        keep_refs: Whether references are written in their plain form, or refused.
        url: Applied to URLs before they are written, in URL fields and among undocumented keys.
    """

    def __init__(
        self,
        naming: Naming,
        *,
        merge_extra: bool,
        keep_refs: bool,
        url: Callable[[str], str] = str,
    ) -> None:
        self._naming = naming
        self._merge_extra = merge_extra
        self._keep_refs = keep_refs
        self._url = url

    def fields(self, item: VendorObject, only: frozenset[str], path: str = "") -> dict[str, Any]:
        """Return some fields of an object that are set, by key."""
        written = {}
        for name, spec in specs(type(item)).items():
            value = getattr(item, name)
            if name in only and value is not UNSET:
                if isinstance(spec.shape, Url) and isinstance(value, str):
                    value = self._url(value)
                written[self._naming(name, spec)] = self.value(value, join(path, name))
        return written

    def item(self, item: VendorObject, path: str = "") -> dict[str, Any]:
        """Return an object with all its fields that are set and its undocumented keys."""
        written = self.fields(item, frozenset(specs(type(item))), path)
        return self.with_extra(written, item.extra, "extra", path)

    def with_extra(self, written: dict[str, Any], extra: Any, name: str, path: str) -> dict[str, Any]:
        """Return fields already written together with undocumented keys, which win over them."""
        plain = self._extra_urls(self.value(extra, join(path, name)))
        if not plain:
            return written
        if self._merge_extra and isinstance(plain, dict):
            return {**written, **plain}
        return {**written, name: plain}

    def value(self, value: Any, path: str) -> Any:
        """Return one value as JSON can hold it.

        Raises:
            RequestError: JSON cannot hold it, or it is a reference that was not resolved.
        """
        match value:
            case VendorObject():
                return self.item(value, path)
            case Ref() if self._keep_refs:
                return value.to_plain()
            case Ref():
                raise RequestError(f"{path} refers to job {value.job!r}, whose {value.role} is not known yet")
            case Mapping():
                return {str(key): self.value(inner, f"{path}.{key}") for key, inner in value.items()}
            case list() | tuple():
                return [self.value(inner, f"{path}[{index}]") for index, inner in enumerate(value)]
            case str() if is_encodable(value):
                return str(value)
            case None | bool():
                return value
            case int():
                return int(value)
            case float() if math.isfinite(value):
                return value
        raise RequestError(f"{path} is {value!r}, which JSON cannot hold")

    def _extra_urls(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._extra_urls(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._extra_urls(inner) for inner in value]
        return self._url(value) if is_web_url(value) else value


#: Writes the lossless plain form.
PLAIN = Writer(plain_key, merge_extra=False, keep_refs=True)
