"""JSON Schema of a whole manifest, for editors."""

from typing import Any

from avatar_async.manifests.keys import LONGEST_NAME
from avatar_async.manifests.picked import GREEN_TABLE
from avatar_async.requests import GreenScreen, Kind, json_schema, presets
from avatar_async.requests.objects import object_schema

_NAMES = {"type": "array", "items": {"type": "string", "minLength": 1}, "uniqueItems": True}
_PRESETS = {
    "description": "Recipes of the vendor's documents, applied last and in order.",
    "type": "array",
    "items": {"enum": list(presets.by_name)},
}
_INCLUDE = {
    "description": "Files with request fields or a [green_screen] table (#/$defs/included_file), "
    "relative to this one.",
    **_NAMES,
}
_JOB: dict[str, Any] = {
    "name": {
        "description": "Name of the job, unique in the batch; names its folder.",
        "type": "string",
        "minLength": 1,
        "maxLength": LONGEST_NAME,
        "pattern": r"^\S(.*\S)?$",
    },
    "kind": {"description": "What is asked of the service.", "enum": [kind.value for kind in Kind]},
    "needs": {"description": "Jobs that must be stored before this one starts.", **_NAMES},
    "presets": _PRESETS,
    "include": _INCLUDE,
    "request": {
        "description": "The vendor's own JSON, as an object or as text, in place of the fields.",
        "type": ["object", "string"],
    },
}


def manifest_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of TOML and JSON manifests.

    Fields that a request requires are not required here, since defaults, included files and presets may
    bring them; a manifest that fits may therefore still be refused.
    """
    choices = [
        {
            "if": {"properties": {"kind": {"const": kind.value}}, "required": ["kind"]},
            "then": {"$ref": f"#/$defs/{kind.value}_job"},
        }
        for kind in Kind
    ]
    job = {
        "type": "object",
        "required": ["name", "kind"],
        "properties": {"name": _JOB["name"], "kind": _JOB["kind"]},
        "allOf": choices,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "avatar-async manifest",
        "type": "object",
        "properties": {
            "$schema": {"type": "string"},
            "defaults": {
                "description": "Fields that all jobs of a kind begin with.",
                "type": "object",
                "properties": {kind.value: {"$ref": f"#/$defs/{kind.value}_defaults"} for kind in Kind},
                "additionalProperties": False,
            },
            "jobs": {"type": "array", "minItems": 1, "items": job},
        },
        "required": ["jobs"],
        "additionalProperties": False,
        "$defs": _definitions(),
    }


def _definitions() -> dict[str, Any]:
    found: dict[str, Any] = {"included_file": _included_file()}
    for kind in Kind:
        fields = json_schema(kind, complete=False)["properties"]
        found[f"{kind.value}_job"] = {
            "type": "object",
            "properties": {**_JOB, **fields},
            "additionalProperties": False,
            "if": {"required": ["request"]},
            "then": {"properties": dict.fromkeys(fields, False)},
        }
        found[f"{kind.value}_defaults"] = {
            "type": "object",
            "properties": {"presets": _PRESETS, "include": _INCLUDE, **fields},
            "additionalProperties": False,
        }
    return found


def _included_file() -> dict[str, Any]:
    """Return the schema of a file that jobs include; which fields fit depends on the kind of the job."""
    green = {
        "description": "Parameters picked in a preview; they lie over everything in the job that is keyed, "
        "and what the job gives itself wins.",
        **object_schema(GreenScreen),
    }
    green["properties"].pop("extra", None)
    return {"type": "object", "properties": {GREEN_TABLE: green}}
