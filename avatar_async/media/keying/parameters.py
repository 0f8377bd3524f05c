"""The vendor's keying parameters, and what is said of everything keyed here."""

from attrs import frozen

#: What to say beside every keyed picture or video.
LABEL = "documented directions reproduced; not the vendor's pixels"
#: What to say of the quality mode, which the vendor does not offer.
QUALITY_LABEL = (
    f"{LABEL}; local quality mode (local clean plate, edges unmixed): expect less of the service's own result"
)

Rgb = tuple[int, int, int]
Bgr = tuple[int, int, int]


@frozen(kw_only=True)
class KeyParameters:
    """Hold the vendor's `greenParams*` under their own meanings.

    Source: "Create Image Green Screen Segmentation Effect Preview Task", param and
    greenParamsSampleBackground.

    Attributes:
        refineth_h: Background-ness from which a pixel is transparent, 0-255; higher retains more background.
        refineth_l: Background-ness up to which a pixel is opaque, 0-255; higher retains more of the edge.
        blur_ks: Smoothing of the matte before the thresholds, in thirds of a pixel of a picture of 1080
            lines (the shorter side); 0 and 1 switch it off.
        colorbalance: Share of the screen colour's spill that is removed, 0-100.
        spill_byalpha: Colour balance of the removal, -1 to 1; neutral is 0.5 on green, 0.0 on blue.
        sample_bgr: The screen's colour family, in BGR order.
        background_rgb: What shows where the screen was, in RGB order.
    """

    refineth_h: int = 160
    refineth_l: int = 40
    blur_ks: int = 3
    colorbalance: int = 100
    spill_byalpha: float = 0.5
    sample_bgr: Bgr = (0, 255, 0)
    background_rgb: Rgb = (0, 255, 0)
