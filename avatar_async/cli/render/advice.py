"""Advice on green-screen parameters, as people read it and as programs do."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from avatar_async.cli.render.wrap import wrapped

if TYPE_CHECKING:
    from avatar_async.media.advice import Diagnosis, Effect, Proposal, Recipe, Score, Search

_WIDTH = 79


def proposal_lines(proposal: "Proposal", medium: str) -> list[str]:
    """Return what a complaint is answered with."""
    lines = [f"{proposal.complaint.value} in {medium}: {proposal.recipe.name}"]
    lines += _line(proposal.reason)
    lines += _recipe_lines(proposal.recipe)
    lines += [line for effect in proposal.effects if _matters(effect) for line in _line(str(effect))]
    lines += [line for told in proposal.told for line in _line(told)]
    return lines


def proposal_json(proposal: "Proposal", medium: str) -> dict[str, Any]:
    """Return the answer to a complaint for a program."""
    return {
        "event": "advice",
        "medium": medium,
        "complaint": proposal.complaint.value,
        "set": proposal.proposed.name if proposal.changes_pixels else None,
        "reason": proposal.reason,
        **_recipe_json(proposal.recipe),
        "effects": [_effect_json(effect) for effect in proposal.effects],
        "told": list(proposal.told),
    }


def diagnosis_lines(diagnosis: "Diagnosis", medium: str) -> list[str]:
    """Return what was measured, and what helps."""
    lines = [f"measured in {medium}: {diagnosis.verdict}", *_line(diagnosis.reason)]
    for each in diagnosis.observations:
        if each.is_fine:
            continue
        lines += _line(f"{each.measure.value} {each.value:.2g}% (at most {each.limit:g}%)")
        if each.recipe is None:
            lines += _line("the documents name no parameter against it")
            continue
        lines += _recipe_lines(each.recipe)
        if not each.is_advised:
            spoils = "; ".join(str(effect) for effect in each.harms) or "it does not help here"
            lines += _line(f"not advised: {spoils}")
    lines += [line for effect in diagnosis.effects if _matters(effect) for line in _line(str(effect))]
    return lines


def diagnosis_json(diagnosis: "Diagnosis", medium: str) -> dict[str, Any]:
    """Return what was measured for a program."""
    return {
        "event": "measured",
        "medium": medium,
        "verdict": diagnosis.verdict,
        "reason": diagnosis.reason,
        "set": diagnosis.advised.name if diagnosis.advised else None,
        "observations": [
            {
                "measure": each.measure.value,
                "percent": round(each.value, 3),
                "limit": each.limit,
                "advised": each.is_advised,
                **(_recipe_json(each.recipe) if each.recipe else {}),
            }
            for each in diagnosis.observations
        ],
        "effects": [_effect_json(effect) for effect in diagnosis.effects],
    }


def search_lines(search: "Search", medium: str) -> list[str]:
    """Return what a search found."""
    lines = [f"auto for {medium}: {search.found.name if search.is_known else 'cannot be told'}"]
    lines += _line(search.reason)
    if search.at_defaults is None or search.at_found is None:
        return lines
    lines += _line(f"at the defaults {score_text(search.at_defaults)}")
    if not search.stayed:
        lines += _line(f"at auto {score_text(search.at_found)}")
    lines += _line(f"{len(search.trace)} sets measured on {_count(search.pictures)}")
    return lines


def search_json(search: "Search", medium: str) -> dict[str, Any]:
    """Return what a search found, and its way there, for a program."""
    return {
        "event": "auto",
        "medium": medium,
        "set": search.found.name if search.is_known else None,
        "reason": search.reason,
        "score": _score_json(search.at_found),
        "score_at_defaults": _score_json(search.at_defaults),
        "score_at_base": _score_json(search.at_base),
        "pictures": search.pictures,
        "trace": [
            {"set": step.parameters.name, "score": round(step.score.total, 3)} for step in search.trace
        ],
    }


def score_text(score: "Score") -> str:
    """Return a score with its parts."""
    parts = f"leftover {score.leftover:.2f}%, holes {score.holes:.2f}%, edge {score.edge:.1f}%"
    return f"{score.total:.1f} ({parts}, colour {score.colour:.1f}%, spill {score.spill:.1f}%)"


def _count(pictures: int) -> str:
    return "1 picture" if pictures == 1 else f"{pictures} pictures"


def _recipe_lines(recipe: "Recipe") -> list[str]:
    lines = _line(f"set {_values(recipe.changes)}") if recipe.changes else []
    if recipe.beyond:
        lines += _line(f"in the training or update also {_values(recipe.beyond)}: no preview has these")
    return [*lines, *_line(f"source: {recipe.source}")]


def _values(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} = {_toml(value)}" for key, value in values.items())


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(list(value)) if isinstance(value, tuple) else str(value)


def _recipe_json(recipe: "Recipe") -> dict[str, Any]:
    return {
        "recipe": recipe.name,
        "source": recipe.source,
        "changes": dict(recipe.changes),
        "beyond": dict(recipe.beyond),
    }


def _effect_json(effect: "Effect") -> dict[str, Any]:
    return {
        "measure": effect.measure.value,
        "before": round(effect.before, 3),
        "after": round(effect.after, 3),
        "limit": effect.limit,
        "harms": effect.harms,
    }


def _score_json(score: "Score | None") -> dict[str, float] | None:
    if score is None:
        return None
    parts = ("total", "leftover", "holes", "edge", "colour", "spill")
    return {part: round(getattr(score, part), 3) for part in parts}


def _matters(effect: "Effect") -> bool:
    """Tell whether an effect is worth a line: it changes, and is not next to nothing before and after."""
    return abs(effect.after - effect.before) > _NOTHING * effect.limit


#: Share of a limit up to which a change is left unsaid.
_NOTHING = 0.05


def _line(text: str) -> list[str]:
    return wrapped(text, width=_WIDTH, indent="  ", hang="  ")
