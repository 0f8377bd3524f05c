"""`preview --fix` and `preview --auto`: sets of parameters that advice adds, and what is said of them."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from avatar_async.cli.manner import Manner
from avatar_async.cli.previews.rows import Reading, Row
from avatar_async.cli.previews.wanted import read_wanted
from avatar_async.errors import AvatarError
from avatar_async.settings.checks import did_you_mean

if TYPE_CHECKING:
    from PIL import Image

    from avatar_async.cli.previews.making import Asked
    from avatar_async.media.advice import Regions, Search
    from avatar_async.media.frames import MediaSource
    from avatar_async.media.parameter_sets import ParameterSet
    from avatar_async.media.sheet import SheetSource

#: Asks for what measuring advises, in place of a complaint.
MEASURED = "measured"
#: Every complaint that --fix takes; what they mean is known to `media.advice`, which is not loaded for help.
COMPLAINTS = ("black-edges", "green-tint", "grey-cheeks", "unclear", MEASURED)
#: Names of sets that only advice makes.
_NAMES = ("auto", "advised", "black_edges", "green_tint")
#: Pictures of a video that are measured, and the length of their shorter side at most, in pixels.
_PICTURES, _SHORT_SIDE_PX = 5, 1080
#: Sets that get a score on the sheet, at most.
_MOST_SCORED = 100


@frozen(kw_only=True)
class Wish:
    """What the command line asks of advice.

    Attributes:
        fixes: Complaints, or `MEASURED`.
        auto: Whether to search parameters.
    """

    fixes: Sequence[str] = ()
    auto: bool = False

    def __bool__(self) -> bool:
        return self.auto or bool(self.fixes)

    def faults(self, media: Sequence[str]) -> list[str]:
        """Return what is wrong with what is asked for."""
        problems = [
            f"--fix {name}: there is no such complaint{did_you_mean(name, COMPLAINTS)}; "
            f"give one of {', '.join(COMPLAINTS)}"
            for name in self.fixes
            if name not in COMPLAINTS
        ]
        options = [*(["--fix"] if self.fixes else []), *(["--auto"] if self.auto else [])]
        if options and len(media) > 1:
            problems.append(
                f"{' and '.join(options)} look at one picture or video, {len(media)} are named; "
                "a training has one set of parameters for each of its videos"
            )
        return problems

    @property
    def promise(self) -> str:
        """What to add to a list of previews that are not made yet."""
        return ", and those that are found by --fix or --auto" if self else ""

    def may_make(self, name: str) -> bool:
        """Tell whether a set of this name may come of it."""
        return bool(self) and name in _NAMES


@frozen(kw_only=True)
class Advice:
    """What advice adds to previews.

    Attributes:
        sets: Sets in addition to those that were asked for.
        notes: What is said beside a set, by its name.
        scores: How well each set keys the medium, by its name; empty if that was not asked for.
        score_name: How scores are to be read.
    """

    sets: tuple["ParameterSet", ...] = ()
    notes: Mapping[str, tuple[str, ...]] = field(factory=dict)
    scores: Mapping[str, float] = field(factory=dict)
    score_name: str = "score"

    def beside(self, sources: "Sequence[SheetSource]", sets: "Sequence[ParameterSet]") -> "list[SheetSource]":
        """Return what a contact sheet shows, with notes and scores in its cells."""
        named = {json.dumps(chosen.parameters): chosen.name for chosen in sets}
        told = []
        for source in sources:
            cells = []
            for cell in source.cells:
                name = named[json.dumps(cell.parameters)]
                notes = (*cell.notes, *self.notes.get(name, ()))
                cells.append(evolve(cell, score=self.scores.get(name, cell.score), notes=notes))
            told.append(evolve(source, cells=tuple(cells)))
        return told


async def advised(
    asked: "Asked", rows: Sequence[Row], reading: Reading, sets: "Sequence[ParameterSet]", manner: Manner
) -> "tuple[Advice, Sequence[ParameterSet]]":
    """Look at the medium, tell what is advised, and return that with all sets that are to be previewed.

    Args:
        asked: What is asked for.
        rows: What is previewed; of a video, pictures from all over it are looked at.
        reading: Reads it.
        sets: The sets that are previewed anyway.
        manner: How to tell it.

    Raises:
        OSError: Pictures cannot be written.
    """
    from avatar_async.media.parameter_sets import united

    if not asked.wish or not rows:
        return Advice(), sets
    row, base = rows[0], read_wanted(asked.sets)[0].base
    manner.say(f"Looking at {row.medium.name} for advice ...")
    try:
        advice = await reading.of(
            row.medium, lambda source: _Adviser(asked.wish, row, base, sets, manner).look(source)
        )
    except AvatarError as error:
        reason = f"no advice on {row.medium.name}: it cannot be looked at from here ({error})"
        _say(manner, {"event": "advice", "medium": row.medium.name, "reason": reason}, [reason])
        return Advice(), sets
    return advice, united([*sets, *advice.sets])


@frozen
class _Adviser:
    _wish: Wish
    _row: Row
    _base: "ParameterSet"
    _sets: "Sequence[ParameterSet]"
    _manner: Manner
    _added: "list[ParameterSet]" = field(factory=list)
    _notes: dict[str, tuple[str, ...]] = field(factory=dict)

    def look(self, source: "MediaSource") -> Advice:
        from avatar_async.media.advice import SCORE_NAME

        pictures = _pictures(source, self._row)
        for name in self._wish.fixes:
            if name == MEASURED:
                self._measure(pictures)
            else:
                self._fix(name, pictures[len(pictures) // 2])
        scores = self._search(pictures) if self._wish.auto else {}
        return Advice(sets=tuple(self._added), notes=self._notes, scores=scores, score_name=SCORE_NAME)

    def _fix(self, name: str, picture: "Image.Image") -> None:
        from avatar_async.cli.render.advice import proposal_json, proposal_lines
        from avatar_async.media.advice import Complaint, propose
        from avatar_async.media.cells import save_picture

        proposal = propose(Complaint(name), picture, self._base)
        medium = self._row.medium.name
        lines = proposal_lines(proposal, medium)
        told = proposal_json(proposal, medium)
        if proposal.changes_pixels:
            self._add(proposal.proposed, (f"against {name}: {proposal.recipe.source}", *proposal.told))
        else:
            self._note(self._base, (f"against {name}: {proposal.recipe.source}", *proposal.told))
            encoded = proposal.encoded_before_and_after(picture)
            if encoded is not None:
                files = [self._row.folder / f"encoded-{when}.png" for when in ("before", "after")]
                for each, file in zip(encoded, files, strict=True):
                    save_picture(each, file)
                lines += [f"  before: {files[0]}", f"  after:  {files[1]}"]
                told |= {"before": str(files[0]), "after": str(files[1])}
        _say(self._manner, told, lines)

    def _measure(self, pictures: "Sequence[Image.Image]") -> None:
        from avatar_async.cli.render.advice import diagnosis_json, diagnosis_lines
        from avatar_async.media.advice import diagnose

        diagnosis = diagnose(pictures, self._base)
        if diagnosis.advised is not None:
            effects = tuple(str(each) for each in diagnosis.effects if each.mends)
            self._add(diagnosis.advised, (f"advised by measuring: {diagnosis.reason}", *effects))
        self._note(self._base, (f"measured: {diagnosis.verdict}, {diagnosis.reason}",))
        medium = self._row.medium.name
        _say(self._manner, diagnosis_json(diagnosis, medium), diagnosis_lines(diagnosis, medium))

    def _search(self, pictures: "Sequence[Image.Image]") -> dict[str, float]:
        from avatar_async.cli.render.advice import score_text, search_json, search_lines
        from avatar_async.media.advice import find_best

        search = find_best(pictures, self._base)
        medium = self._row.medium.name
        _say(self._manner, search_json(search, medium), search_lines(search, medium))
        if search.at_found is None or search.at_defaults is None:
            self._note(self._base, (f"auto: {search.reason}",))
            return {}
        self._add(search.found, (f"auto: {search.reason}", f"score {score_text(search.at_found)}"))
        if not search.stayed:
            self._add(search.defaults, (f"score {score_text(search.at_defaults)}",))
        return self._scores(pictures, search)

    def _scores(self, pictures: "Sequence[Image.Image]", search: "Search") -> dict[str, float]:
        from avatar_async.media.advice import regions_of, score

        sample = self._base.key_parameters.sample_bgr
        clip: list[Regions] = [
            regions
            for picture in pictures
            if (regions := regions_of(picture, sample)) is not None and regions.has_subject
        ]
        known = {step.parameters.name: step.score.total for step in search.trace}
        scores = {}
        for chosen in [*self._sets[:_MOST_SCORED], *self._added]:
            if chosen.key_parameters.sample_bgr != sample:
                continue
            name = chosen.name
            scores[name] = known[name] if name in known else score(clip, chosen.key_parameters).total
        return {name: round(value, 2) for name, value in scores.items()}

    def _add(self, chosen: "ParameterSet", notes: tuple[str, ...]) -> None:
        self._added.append(chosen)
        self._note(chosen, notes)

    def _note(self, chosen: "ParameterSet", notes: tuple[str, ...]) -> None:
        self._notes[chosen.name] = (*self._notes.get(chosen.name, ()), *notes)


def _pictures(source: "MediaSource", row: Row) -> "list[Image.Image]":
    """Return pictures of a medium: itself, or keyframes from all over a video.

    Raises:
        MediaError: None can be decoded.
    """
    from avatar_async.media.cells import picture_of
    from avatar_async.media.sampling import keyframes

    if row.medium.kind == "image":
        return [picture_of(source, None)]
    return keyframes(source, _PICTURES, short_side_px=_SHORT_SIDE_PX)


def _say(manner: Manner, told: Mapping[str, Any], lines: Sequence[str]) -> None:
    if manner.json:
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    elif not manner.quiet:
        sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()
