"""The documents' tables, line by line: every field has its place, need, type, default and range here."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from avatar_async.requests import UNSET, Kind, request_type
from avatar_async.requests.fields import Spec, specs
from avatar_async.requests.objects import ObjectOf
from avatar_async.requests.shapes import Boolean, Choice, Integer, ListOf, Number, Shape, Text, Url

TABLES = Path(__file__).parents[2] / "fixtures" / "vendor" / "tables.csv"
KINDS = [kind for kind in Kind if kind is not Kind.TAKEOVER]
#: Shapes of the tables' types; `personal` is called a String, but shown as an object.
SHAPES: dict[str, tuple[type[Shape], ...]] = {
    "Array": (ListOf,),
    "Boolean": (Boolean,),
    "Double": (Number,),
    "Float": (Number,),
    "Integer": (Integer, Choice),
    "Object": (ObjectOf,),
    "String": (Text, Url, ObjectOf),
    "int[]": (ListOf,),
    "object": (ObjectOf,),
}


def table_of(kind: Kind) -> dict[str, dict[str, str]]:
    """Return the lines of the tables of a kind, by path; `param` is no field but where fields stand."""
    with TABLES.open(encoding="utf-8", newline="") as file:
        rows = {row["path"]: row for row in csv.DictReader(file) if row["call"] == kind.value}
    rows.pop("param", None)
    return rows


def fields_of(of: type[Any], prefix: str = "", inside: frozenset[str] = frozenset()) -> Iterator[Any]:
    """Yield wire path and specification of every field of a class, nested ones included."""
    for name, spec in specs(of).items():
        path = f"{prefix}param.{spec.wire}" if name in inside else f"{prefix}{spec.wire}"
        yield path, spec
        item = getattr(spec.shape, "item", spec.shape)
        if isinstance(item, ObjectOf):
            yield from fields_of(item.of, f"{path}.")


def as_line(spec: Spec) -> dict[str, Any]:
    """Return what a field says of itself in the columns of the table."""
    item: Any = getattr(spec.shape, "item", spec.shape)
    choices = item.allowed if isinstance(item, Choice) else ()
    return {
        "required": spec.required,
        "default": None if spec.default is UNSET else _plain(spec.default),
        "low": getattr(item, "low", None),
        "high": getattr(item, "high", None),
        "choices": list(choices),
    }


def _plain(default: Any) -> Any:
    """Return a default as the tables write it: one lip-sync model without a list around it."""
    if isinstance(default, tuple):
        return default[0] if len(default) == 1 else list(default)
    return default


def as_told(row: dict[str, str]) -> dict[str, Any]:
    """Return a line of the table as values."""
    told = {column: json.loads(row[column]) if row[column] else None for column in ("default", "low", "high")}
    choices = [int(choice) for choice in row["choices"].split()]
    return {"required": row["required"] == "true", **told, "choices": choices}


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_of_the_tables_is_there_and_no_other(kind):
    """A field at the wrong place would be sent where the service does not look for it."""
    of = request_type(kind)
    assert sorted(path for path, _ in fields_of(of, inside=of.param_fields)) == sorted(table_of(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_has_the_need_default_range_and_type_of_its_line(kind):
    """Ranges differ from call to call, so each is held against its own table."""
    of, table = request_type(kind), table_of(kind)
    for path, spec in fields_of(of, inside=of.param_fields):
        assert as_line(spec) == as_told(table[path]), path
        assert isinstance(spec.shape, SHAPES[table[path]["type"]]), path
        assert spec.text, path
