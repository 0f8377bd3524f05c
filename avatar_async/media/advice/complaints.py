"""From a person's complaint to the vendor's recipe, with what it changes on their own picture."""

from enum import StrEnum
from typing import Any, Final

from attrs import frozen
from PIL import Image

from avatar_async.media.advice.clarity import encoded, loss
from avatar_async.media.advice.diagnosis import no_screen
from avatar_async.media.advice.effects import Effect, effects
from avatar_async.media.advice.measures import Measure
from avatar_async.media.advice.recipes import Recipe, of_preset
from avatar_async.media.advice.regions import regions_of
from avatar_async.media.keyer import key
from avatar_async.media.parameter_sets import ParameterSet

_DEFAULT_CRF: Final = 23


class Complaint(StrEnum):
    """Name what a person may find wrong with a preview."""

    BLACK_EDGES = "black-edges"
    GREEN_TINT = "green-tint"
    GREY_CHEEKS = "grey-cheeks"
    UNCLEAR = "unclear"


@frozen(kw_only=True)
class Proposal:
    """Propose a recipe against a complaint.

    Attributes:
        complaint: What the person found wrong.
        reason: Why this recipe, as the documents say it.
        recipe: What it sets, and its source.
        base: The parameters that were used.
        proposed: The base with the recipe over it.
        effects: What becomes of every measure on this picture; none if that cannot be told.
        told: What the person should know: what the recipe spoils, changes nothing of, or leaves open.
    """

    complaint: Complaint
    reason: str
    recipe: Recipe
    base: ParameterSet
    proposed: ParameterSet
    effects: tuple[Effect, ...]
    told: tuple[str, ...]

    @property
    def changes_pixels(self) -> bool:
        """Whether a preview with the recipe can differ from one without."""
        return self.proposed.values != self.base.values

    def encoded_before_and_after(self, picture: Image.Image) -> tuple[Image.Image, Image.Image] | None:
        """Return a keyed picture as the encoding qualities leave it; None if the recipe sets none.

        Raises:
            MediaError: The encoder refuses.
        """
        crf = self.recipe.beyond.get("video_crf_quality")
        if crf is None:
            return None
        seen = key(picture, self.proposed.key_parameters).image
        return encoded(seen, _DEFAULT_CRF), encoded(seen, crf)


@frozen(kw_only=True)
class _Answer:
    preset: str
    reason: str
    against: tuple[Measure, ...]
    caveats: tuple[str, ...]


_ANSWERS: Final[dict[Complaint, _Answer]] = {
    Complaint.BLACK_EDGES: _Answer(
        preset="black_edges",
        reason="reduce the retained background and the retained width of edges together; "
        "black edges are frequent with white clothes",
        against=(Measure.DARK_FRINGE,),
        caveats=("mainly for green-screen segmentation",),
    ),
    Complaint.GREEN_TINT: _Answer(
        preset="green_tint",
        reason="reduce the balance of the green removal: lower values remove green more strongly",
        against=(Measure.GREEN_EDGE, Measure.GREEN_TINT),
        caveats=("colours shift, lemon yellow turns orange: suitable where there is no yellow",),
    ),
    Complaint.GREY_CHEEKS: _Answer(
        preset="grey_cheeks",
        reason="the segmentation does not match the cheeks of the driven person; "
        "post-processing segments while the video is made",
        against=(),
        caveats=(
            "they arise when the person is driven: no picture and no preview shows them, with or without it",
            "segment_style 3 supports the synthesis of videos only",
        ),
    ),
    Complaint.UNCLEAR: _Answer(
        preset="sharper",
        reason="lower the encoding quality parameter: at 14 the material is as clear as the footage",
        against=(),
        caveats=(
            "files grow a little",
            "otherwise raise beautify.sharpen of the synthesis, or train at 4K; an update cannot change that",
        ),
    ),
}


def propose(complaint: Complaint, picture: Image.Image, base: ParameterSet) -> Proposal:
    """Propose the vendor's recipe against a complaint, and measure on the picture what it does.

    Args:
        complaint: What the person found wrong.
        picture: As filmed, before any keying.
        base: The parameters that the preview in question was made with.

    Raises:
        MediaError: The encoder refuses to show what an encoding quality does.
    """
    answer = _ANSWERS[complaint]
    recipe = of_preset(answer.preset, base, caveats=answer.caveats)
    proposed = recipe.over(base)
    regions = regions_of(picture, base.key_parameters.sample_bgr)
    found: tuple[Effect, ...] = ()
    told = list(answer.caveats)
    if proposed.values == base.values:
        told.append("it changes nothing that a preview shows")
        told += _clarity(recipe, picture, base)
    elif regions is None:
        told.append(f"the effect cannot be told: {no_screen([picture], base)}")
    elif not regions.has_subject:
        told.append("the effect cannot be told: no subject was found before the screen")
    else:
        found = effects([regions], base.key_parameters, proposed.key_parameters)
        told += _judged(answer, found)
    return Proposal(
        complaint=complaint,
        reason=answer.reason,
        recipe=recipe,
        base=base,
        proposed=proposed,
        effects=found,
        told=tuple(told),
    )


def _judged(answer: _Answer, found: tuple[Effect, ...]) -> list[str]:
    told = [f"on this picture it spoils something else: {effect}" for effect in found if effect.harms]
    meant = [effect for effect in found if effect.measure in answer.against]
    if all(effect.before <= effect.limit for effect in meant):
        names = " and ".join(effect.measure.value for effect in meant)
        told.append(f"as measured here, {names} is within its limit already")
    elif not any(effect.after < effect.before for effect in meant):
        told.append("on this picture it does not help")
    return told


def _clarity(recipe: Recipe, picture: Image.Image, base: ParameterSet) -> list[str]:
    crf: Any = recipe.beyond.get("video_crf_quality")
    if crf is None:
        return []
    seen = key(picture, base.key_parameters).image
    lost = loss(seen, _DEFAULT_CRF), loss(seen, crf)
    return [
        f"as x264 encodes this picture, {lost[0]:.2g}% is lost at {_DEFAULT_CRF} and {lost[1]:.2g}% at {crf}",
        "the vendor's encoder is not known",
    ]
