"""Check a create call's body as the vendor's tables and the rules between fields ask."""

import re
from collections.abc import Mapping
from typing import Any

from attrs import frozen

from avatar_async.emulator.bodies import read_json
from avatar_async.emulator.fields import Findings, check_object
from avatar_async.emulator.limits import limits_of
from avatar_async.emulator.tables import BODIES, PARAMS
from avatar_async.requests import Kind

#: The service's only publicly known error code: a request parameter is wrong.
PARAMETER_WRONG = 3333

_SUPER_LIVE_ROOM = frozenset({4, 5})
_SUPER_LIVE_ROOM_FIELDS = ("assetStart", "assetEnd", "assetScale", "name", "description")
_RANGES = ("staticRangeStart", "staticRangeEnd", "dynamicRangeStart", "dynamicRangeEnd")


class RefusedError(Exception):
    """Tell that a body is refused; the message names every field that is wrong."""


@frozen(kw_only=True)
class Accepted:
    """Hold a body that passed.

    Attributes:
        name: The material's or video's name.
        body: The fields given, with `param` decoded and numbers inside their ranges.
        notes: What was changed or ignored, and what is not emulated, to be told in the result.
        limits: Those of the notes that are about the emulation.
    """

    name: str
    body: Mapping[str, Any]
    notes: tuple[str, ...]
    limits: tuple[str, ...] = ()


def read(kind: Kind, body: Mapping[str, Any], *, strict: bool) -> Accepted:
    """Check a body and return what the work needs.

    Args:
        kind: Which call it came with.
        body: The JSON object received.
        strict: Refuse numbers out of range instead of moving them.

    Raises:
        RefusedError: A field is missing, of a wrong type or outside its closed set, fields contradict
            each other, or a number is out of range under `strict`.
    """
    findings = Findings()
    cleaned = check_object(body, BODIES[kind], "", findings)
    if kind in PARAMS and isinstance(cleaned.get("param"), str):
        cleaned["param"] = _read_param(kind, cleaned["param"], findings)
    if not findings.refusals:
        _check_between(kind, cleaned, findings)
    refusals = findings.refusals + (findings.clamps if strict else [])
    if refusals:
        raise RefusedError("; ".join(refusals))
    name = cleaned["videoName" if kind is Kind.TAKEOVER else "materialName"]
    limits = limits_of(kind, cleaned)
    return Accepted(
        name=name, body=cleaned, notes=(*findings.clamps, *findings.notes, *limits), limits=limits
    )


def name_of(kind: Kind, body: Any) -> str | None:
    """Return the name a body gives, even if the rest of it is wrong; None if it gives none."""
    value = (
        body.get("videoName" if kind is Kind.TAKEOVER else "materialName") if isinstance(body, dict) else None
    )
    return value if isinstance(value, str) else None


def _read_param(kind: Kind, text: str, findings: Findings) -> dict[str, Any]:
    try:
        decoded = read_json(text)
    except ValueError:
        findings.refusals.append("param must be a JSON object written as a string; it is not JSON")
        return {}
    if not isinstance(decoded, dict):
        findings.refusals.append("param must be a JSON object written as a string; it is another value")
        return {}
    if kind in {Kind.IMAGE_PREVIEW, Kind.VIDEO_PREVIEW}:
        decoded = {_camel(name): value for name, value in decoded.items()}
    return check_object(decoded, PARAMS[kind], "param", findings)


def _camel(name: str) -> str:
    """Return a snake_case key in camelCase: the preview's table and its example write them differently."""
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), name)


def _check_between(kind: Kind, body: Mapping[str, Any], findings: Findings) -> None:
    if kind is Kind.TRAINING:
        _check_training(body["param"], findings)
    elif kind is Kind.REBUILD:
        _check_actions(body, "", findings)
    elif kind is Kind.TAKEOVER:
        _check_takeover(body["param"], findings)


def _check_training(param: Mapping[str, Any], findings: Findings) -> None:
    persistent = param["persistent"]
    avatar_type = persistent.get("avatarType", 0)
    if persistent.get("multiFaces") and not persistent.get("templateFacePic"):
        findings.refusals.append("param.persistent.templateFacePic is missing: multiFaces needs it")
    config = persistent.get("dev", {}).get("stage2", {}).get("config", 0)
    if avatar_type == 5 and config != 0:
        findings.refusals.append("param.persistent.dev.stage2.config must be 0 for avatarType 5")
    _check_actions(param["personal"], "param.personal.", findings)
    for index, item in enumerate(param.get("override", ())):
        at = f"param.override[{index}]"
        if item["segmentStyle"] == 4 and not item.get("maskVideoUrl"):
            findings.refusals.append(f"{at}.maskVideoUrl is missing: segmentStyle 4 needs it")
        if avatar_type in _SUPER_LIVE_ROOM:
            findings.refusals.extend(
                f"{at}.{name} is missing: avatarType {avatar_type} needs it"
                for name in _SUPER_LIVE_ROOM_FIELDS
                if item.get(name) in {None, ""}
            )


def _check_actions(owner: Mapping[str, Any], prefix: str, findings: Findings) -> None:
    change, edit = owner.get("actionChange") or {}, owner.get("actionEdit") or {}
    if change.get("support") and edit.get("support"):
        findings.refusals.append(f"{prefix}actionChange and {prefix}actionEdit exclude each other")
    if change.get("support"):
        findings.refusals.extend(
            f"{prefix}actionChange.{name} is missing" for name in _RANGES if change.get(name) is None
        )
    if edit.get("support"):
        findings.refusals.extend(
            f"{prefix}actionEdit.{name} is missing"
            for name in ("videoPath", "actionList")
            if not edit.get(name)
        )


def _check_takeover(param: Mapping[str, Any], findings: Findings) -> None:
    role = param["digital_role"]
    if not role.get("id") and not role.get("fileId"):
        findings.refusals.append("param.digital_role.id is missing")
    named = [("digital_role", role)]
    for group in ("backgrounds", "foregrounds"):
        named += [(f"{group}[{index}]", item) for index, item in enumerate(param.get(group, ()))]
    findings.refusals.extend(
        f"param.{path}.url must be empty: avatar, foreground and background are given by id"
        for path, item in named
        if item.get("url")
    )
    resolution = param.get("resolution")
    if resolution is not None and (len(resolution) != 2 or min(resolution) <= 0):
        findings.refusals.append("param.resolution must be two positive integers")
