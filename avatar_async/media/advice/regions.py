"""Tell screen, subject and edge apart in a picture, whatever parameters it is keyed with afterwards."""

from typing import Final

from attrs import evolve, frozen
from PIL import Image, ImageChops, ImageFilter

from avatar_async.media.keyer import Bgr, Keyed, KeyParameters, Screen, estimate_screen, key
from avatar_async.media.keying.bands import at_least, count

#: Length of the shorter side that pictures are judged at, in pixels.
SHORT_SIDE_PX: Final = 360
_BLUE: Final = 2
#: Least share of a picture that must be screen, and that must be subject, to judge anything.
LEAST_SCREEN, LEAST_SUBJECT = 0.02, 0.01
#: How deep the subject's rim is, and how far a half-transparent part must reach to be none, in pixels.
_RIM_PX, _WIDE_PX = 13, 9


@frozen(kw_only=True, eq=False)
class Regions:
    """Hold what is sure about a picture.

    All of it comes from the keyer's quality mode at the documented thresholds, which finds edges far better
    than parameters alone can: it is the reference that parameters are judged by.

    Attributes:
        picture: The picture, RGB, its shorter side at most `SHORT_SIDE_PX`.
        screen: What was keyed.
        reference: What the quality mode makes of it, with neutral colours over a mid grey.
        backdrop: 255 where there is only screen, L.
        subject: 255 where there is only subject, L.
        edge: 255 in between, L.
        rim: The part of `subject` beside the edge, L.
        veil: The part of `edge` that is too wide to be one: glass, motion, a shadow or a hole, L.
    """

    picture: Image.Image
    screen: Screen
    reference: Keyed
    backdrop: Image.Image
    subject: Image.Image
    edge: Image.Image
    rim: Image.Image
    veil: Image.Image

    @property
    def has_subject(self) -> bool:
        """Whether enough of a subject is there to judge how it is keyed."""
        return count(self.subject) >= LEAST_SUBJECT * self.subject.width * self.subject.height


def neutral_balance(sample_bgr: Bgr) -> float:
    """Return the `spill_byalpha` that tilts no colour: 0.5, or 0.0 on blue as the documents say."""
    return 0.0 if max(range(3), key=lambda index: sample_bgr[::-1][index]) == _BLUE else 0.5


def reduced(picture: Image.Image, short_side_px: int = SHORT_SIDE_PX) -> Image.Image:
    """Return a picture as RGB, made smaller where its shorter side is longer than that."""
    rgb = picture if picture.mode == "RGB" else picture.convert("RGB")
    factor = short_side_px / min(rgb.size)
    if factor >= 1:
        return rgb
    wide, high = (max(1, round(side * factor)) for side in rgb.size)
    return rgb.resize((wide, high), Image.Resampling.BOX, reducing_gap=3.0)


def regions_of(picture: Image.Image, sample_bgr: Bgr) -> Regions | None:
    """Return what is sure about a picture; None if no screen of the sample's family is found in it."""
    small = reduced(picture, SHORT_SIDE_PX)
    screen = estimate_screen(small, sample_bgr)
    if screen is None or screen.coverage < LEAST_SCREEN:
        return None
    wanted = evolve(
        KeyParameters(),
        sample_bgr=sample_bgr,
        spill_byalpha=neutral_balance(sample_bgr),
        background_rgb=(128, 128, 128),
    )
    reference = key(small, wanted, screen=screen, quality=True)
    alpha = reference.alpha
    backdrop = _inside(ImageChops.invert(at_least(alpha, 1)))
    subject = _inside(at_least(alpha, 255))
    edge = ImageChops.invert(ImageChops.lighter(backdrop, subject))
    around = ImageChops.invert(subject).filter(ImageFilter.MaxFilter(_RIM_PX))
    core = edge.filter(ImageFilter.MinFilter(_WIDE_PX)).filter(ImageFilter.MaxFilter(_WIDE_PX))
    return Regions(
        picture=small,
        screen=screen,
        reference=reference,
        backdrop=backdrop,
        subject=subject,
        edge=edge,
        rim=ImageChops.darker(subject, around),
        veil=core,
    )


def _inside(mask: Image.Image) -> Image.Image:
    return mask.filter(ImageFilter.MinFilter(3))
