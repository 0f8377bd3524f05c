"""Sets of green-screen parameters for previews: complete, named by what differs from the defaults."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import evolve, field, frozen

from avatar_async.media.keying.parameters import KeyParameters
from avatar_async.requests import GreenScreen, ImagePreviewRequest, SampleBackground, Severity
from avatar_async.requests.fields import specs
from avatar_async.settings.checks import did_you_mean

PREFIX = "green_params_"
BACKGROUND = f"{PREFIX}sample_background"
SAMPLE = f"{PREFIX}sample_point_bgr"
#: Every parameter of a preview, with the word that stands for it in names.
WORDS: Mapping[str, str] = {
    f"{PREFIX}refineth_h_bgr": "h",
    f"{PREFIX}refineth_l_bgr": "l",
    f"{PREFIX}blur_ks": "blur",
    f"{PREFIX}colorbalance": "balance",
    f"{PREFIX}spill_byalpha": "spill",
    SAMPLE: "sample",
    BACKGROUND: "background",
}
_COLOURS = (SAMPLE, BACKGROUND)


def _documented() -> dict[str, Any]:
    documented = specs(ImagePreviewRequest)
    defaults = {name: documented[name].default for name in WORDS if name != BACKGROUND}
    return {**defaults, BACKGROUND: specs(SampleBackground)["color"].default}


#: The documented defaults; colours as three numbers, the background's as red, green, blue.
DEFAULTS: Mapping[str, Any] = _documented()


@frozen(kw_only=True)
class ParameterSet:
    """Be one complete set of preview parameters.

    Attributes:
        values: Every parameter by the vendor's name in snake_case; colours as three numbers.
        titles: What people call it beside its name: presets and files it came from.
    """

    values: Mapping[str, Any] = field(factory=lambda: dict(DEFAULTS))
    titles: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What tells it from every other set, such as `h180-blur6`; `default` for the defaults."""
        return "-".join(f"{WORDS[key]}{_text(value)}" for key, value in self._changed()) or "default"

    @property
    def differences(self) -> dict[str, Any]:
        """What differs from the documented defaults, in the form of a request."""
        return {key: _plain(key, value) for key, value in self._changed()}

    @property
    def parameters(self) -> dict[str, Any]:
        """Every parameter in the form of a request: vendor's names in snake_case, JSON values."""
        return {key: _plain(key, self.values[key]) for key in WORDS}

    @property
    def screen(self) -> GreenScreen:
        """The set as requests take it."""
        background = SampleBackground(color=self.values[BACKGROUND])
        return GreenScreen(**{**self.values, BACKGROUND: background})

    @property
    def key_parameters(self) -> KeyParameters:
        """The set as the keyer takes it."""
        values = self.values
        return KeyParameters(
            refineth_h=values[f"{PREFIX}refineth_h_bgr"],
            refineth_l=values[f"{PREFIX}refineth_l_bgr"],
            blur_ks=values[f"{PREFIX}blur_ks"],
            colorbalance=values[f"{PREFIX}colorbalance"],
            spill_byalpha=values[f"{PREFIX}spill_byalpha"],
            sample_bgr=values[SAMPLE],
            background_rgb=values[BACKGROUND],
        )

    def changed(self, values: Mapping[str, Any], *titles: str) -> "ParameterSet":
        """Return this set with some values replaced, and other titles.

        Args:
            values: By the vendor's names; they must be allowed (see `faults`).
            titles: What people call the result.
        """
        merged = {**self.values, **{key: _normal(key, value) for key, value in values.items()}}
        return ParameterSet(values=merged, titles=titles)

    def is_called(self, name: str) -> bool:
        """Tell whether a name or title is this set's."""
        return name == self.name or name in self.titles

    def _changed(self) -> Iterator[tuple[str, Any]]:
        return ((key, self.values[key]) for key in WORDS if self.values[key] != DEFAULTS[key])


def from_screen(screen: GreenScreen, base: ParameterSet, *titles: str) -> ParameterSet:
    """Return a base set with what a `GreenScreen` gives laid over it.

    Args:
        screen: Its values must be allowed (see `faults`).
        base: What it is laid over.
        titles: What people call the result.
    """
    given = dict(screen.given())
    if isinstance(given.get(BACKGROUND), SampleBackground):
        background = given.pop(BACKGROUND).color
        if isinstance(background, tuple):
            given[BACKGROUND] = background
    return base.changed(given, *titles)


def united(sets: Iterable[ParameterSet]) -> list[ParameterSet]:
    """Return each different set once, in the order they first come, with all titles it was given."""
    found: dict[str, ParameterSet] = {}
    for each in sets:
        known = found.setdefault(each.name, each)
        titles = tuple(dict.fromkeys([*known.titles, *each.titles]))
        found[each.name] = evolve(known, titles=titles)
    return list(found.values())


def field_named(name: str) -> tuple[str | None, str]:
    """Return the parameter that a person's word names, and a hint if it names none.

    The vendor's names are taken with and without `green_params_` and `_bgr`, and so are the short words
    of set names.
    """
    word = name.strip().lower().removeprefix(PREFIX)
    spellings = {key.removeprefix(PREFIX): key for key in WORDS}
    spellings |= {spelling.removesuffix("_bgr"): key for spelling, key in list(spellings.items())}
    spellings |= {short: key for key, short in WORDS.items()}
    if word in spellings:
        return spellings[word], ""
    known = ", ".join(key.removeprefix(PREFIX) for key in WORDS)
    return None, did_you_mean(word, spellings) or f"; parameters are {known}"


def is_colour(name: str) -> bool:
    """Tell whether a parameter is a colour."""
    return name in _COLOURS


def faults(values: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with some values for a preview, each with field, value and allowed range."""
    given: dict[str, Any] = dict(values)
    if BACKGROUND in given and not isinstance(given[BACKGROUND], SampleBackground):
        given[BACKGROUND] = SampleBackground(color=given[BACKGROUND])
    return [
        problem.message
        for problem in ImagePreviewRequest(**given).problems()
        if problem.severity is Severity.ERROR and problem.path.startswith(PREFIX)
    ]


def _normal(key: str, value: Any) -> Any:
    if key in _COLOURS:
        return tuple(value)
    return value + 0.0 if key == f"{PREFIX}spill_byalpha" else value


def _plain(key: str, value: Any) -> Any:
    if key == BACKGROUND:
        return {"color": list(value)}
    return list(value) if key == SAMPLE else value


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return ".".join(map(str, value))
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)
