"""Turn the vendor's green-screen fields into keyed frames."""

from collections.abc import Mapping
from typing import Any

import attrs
from PIL import Image

from avatar_async.emulator.limits import NOT_KEYED_NOTE, POSTPONED_NOTE
from avatar_async.media.keyer import KeyParameters, Screen, estimate_screen, key, remove_spill

_NAMES = {
    "greenParamsRefinethHBgr": "refineth_h",
    "greenParamsRefinethLBgr": "refineth_l",
    "greenParamsBlurKs": "blur_ks",
    "greenParamsColorbalance": "colorbalance",
    "greenParamsSpillByalpha": "spill_byalpha",
}


def parameters_of(fields: Mapping[str, Any]) -> KeyParameters:
    """Return the keying parameters of a checked body's fields, with the documented defaults."""
    given: dict[str, Any] = {ours: fields[theirs] for theirs, ours in _NAMES.items() if theirs in fields}
    if "greenParamsSamplePointBgr" in fields:
        given["sample_bgr"] = tuple(fields["greenParamsSamplePointBgr"])
    background = fields.get("greenParamsSampleBackground") or {}
    if "color" in background:
        given["background_rgb"] = tuple(background["color"])
    return KeyParameters(**given)


def used(parameters: KeyParameters) -> dict[str, Any]:
    """Return parameters under the vendor's names, for a manifest."""
    plain = attrs.asdict(parameters)
    return {
        **{theirs: plain[ours] for theirs, ours in _NAMES.items()},
        "greenParamsSamplePointBgr": list(parameters.sample_bgr),
    }


def segment(frames: list[Image.Image], fields: Mapping[str, Any]) -> tuple[list[Image.Image], list[str]]:
    """Return frames as the segmentation style asks, RGBA where a screen was keyed, and what to note."""
    style = fields["segmentStyle"]
    parameters = parameters_of(fields)
    if style in {1, 3}:
        screen: Screen | None = estimate_screen(frames[0], parameters.sample_bgr)
        notes: dict[str, None] = {}
        keyed = []
        for frame in frames:
            result = key(frame, parameters, screen=screen)
            notes.update(dict.fromkeys(result.warnings))
            cut = result.foreground.copy()
            cut.putalpha(result.alpha)
            keyed.append(cut)
        if style == 3:
            notes[POSTPONED_NOTE] = None
        return keyed, list(notes)
    if style == 2:
        if fields.get("removeGreenEdge"):
            return [remove_spill(frame, parameters) for frame in frames], [NOT_KEYED_NOTE]
        return frames, [NOT_KEYED_NOTE]
    return frames, []


def masked(frames: list[Image.Image], masks: list[Image.Image]) -> list[Image.Image]:
    """Return frames as RGBA with the brightness of the mask frames as their matte."""
    cut = []
    for frame, mask in zip(frames, masks, strict=False):
        with_matte = frame.copy()
        with_matte.putalpha(mask.convert("L").resize(frame.size))
        cut.append(with_matte)
    return cut
