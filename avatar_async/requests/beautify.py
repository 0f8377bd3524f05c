"""Beautification of the person in a takeover synthesis."""

# ruff: noqa: RUF009 (option() makes an attrs field)

import attrs

from avatar_async.requests.fields import documented, option
from avatar_async.requests.objects import ObjectOf, VendorObject
from avatar_async.requests.shapes import Integer, Number, Text
from avatar_async.requests.unset import Unset

_SHOWN = "named by the document's example only"


@documented
@attrs.frozen(kw_only=True, repr=False)
class Beautify(VendorObject):
    """Set how much each trait of the person is changed (`beautify`); the names are the vendor's."""

    whiten_strength: float | Unset = option(Number(), _SHOWN)
    whiten_mode: int | Unset = option(Integer(), _SHOWN, wire="whiten_mode")
    redden_strength: float | Unset = option(Number(), _SHOWN)
    smooth_strength: float | Unset = option(Number(), _SHOWN)
    smooth_mode: int | Unset = option(Integer(), _SHOWN, wire="smooth_mode")
    shrink_ratio: float | Unset = option(Number(), _SHOWN)
    enlarge_ratio: float | Unset = option(Number(), _SHOWN)
    small_ratio: float | Unset = option(Number(), _SHOWN)
    narrow_face: float | Unset = option(Number(), _SHOWN)
    round_eyes_ratio: float | Unset = option(Number(), _SHOWN)
    thin_face_shape_ratio: float | Unset = option(Number(), _SHOWN)
    chin_length: float | Unset = option(Number(), _SHOWN)
    hairline_height_ratio: float | Unset = option(Number(), _SHOWN)
    apple_musle: float | Unset = option(Number(), _SHOWN)
    narrow_nose_ratio: float | Unset = option(Number(), _SHOWN)
    nose_length_ratio: float | Unset = option(Number(), _SHOWN)
    profile_rhinoplasty: float | Unset = option(Number(), _SHOWN)
    mouth_size: float | Unset = option(Number(), _SHOWN)
    philtrum_length_ratio: float | Unset = option(Number(), _SHOWN)
    eye_distance_ratio: float | Unset = option(Number(), _SHOWN)
    eye_angle_ratio: float | Unset = option(Number(), _SHOWN)
    open_canthus: float | Unset = option(Number(), _SHOWN)
    bright_eye_strength: float | Unset = option(Number(), _SHOWN)
    remove_dark_circle_strength: float | Unset = option(Number(), _SHOWN)
    remove_nasolabial_folds_strength: float | Unset = option(Number(), _SHOWN)
    white_teeth: float | Unset = option(Number(), _SHOWN)
    shrink_cheekbone: float | Unset = option(Number(), _SHOWN)
    thinner_head: float | Unset = option(Number(), _SHOWN)
    open_external_canthus: float | Unset = option(Number(), _SHOWN)
    shrink_jawbone: float | Unset = option(Number(), _SHOWN)
    shrink_round_face: float | Unset = option(Number(), _SHOWN)
    shrink_long_face: float | Unset = option(Number(), _SHOWN)
    shrink_goddess_face: float | Unset = option(Number(), _SHOWN)
    shrink_natural_face: float | Unset = option(Number(), _SHOWN)
    shrink_whole_head: float | Unset = option(Number(), _SHOWN)
    contrast_strength: float | Unset = option(Number(), _SHOWN)
    saturation_strength: float | Unset = option(Number(), _SHOWN)
    sharpen: float | Unset = option(Number(), _SHOWN)
    clear: float | Unset = option(Number(), _SHOWN)
    eye_height: float | Unset = option(Number(), _SHOWN)
    mouth_corner: float | Unset = option(Number(), _SHOWN)
    hairline: float | Unset = option(Number(), _SHOWN)
    bokeh_strength: float | Unset = option(Number(), _SHOWN)


@documented
@attrs.frozen(kw_only=True, repr=False)
class Effects(VendorObject):
    """Set the effects on the person (`effects`)."""

    version: str | Unset = option(Text(), "version of the effects definition")
    beautify: Beautify | Unset = option(ObjectOf(Beautify), "beautification")
