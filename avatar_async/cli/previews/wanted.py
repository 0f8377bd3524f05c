"""The parameter sets that a command line asks for."""

from collections.abc import Sequence
from pathlib import Path

from attrs import field, frozen

from avatar_async.errors import ManifestError
from avatar_async.manifests.fragments import Fragments
from avatar_async.manifests.picked import GREEN_TABLE
from avatar_async.manifests.problems import ProblemLog, Spot
from avatar_async.media.parameter_sets import BACKGROUND, ParameterSet, faults, from_screen
from avatar_async.media.sweeps import MOST_SETS, Wanted, read_sweeps
from avatar_async.requests import ImagePreviewRequest, Kind, presets
from avatar_async.settings.checks import did_you_mean

_FILES = (".toml", ".json")
_USEFUL = [name for name, make in presets.by_name.items() if make().suits(Kind.IMAGE_PREVIEW)]


@frozen(kw_only=True)
class SetsGiven:
    """What the command line says of parameter sets.

    Attributes:
        base: Presets and files that make the base, in order.
        presets: Names of presets that are sets of their own.
        files: Files that are sets of their own.
        sweeps: Sweeps as they were written.
        one_at_a_time: Whether sweeps vary one parameter at a time.
    """

    base: Sequence[str] = ()
    presets: Sequence[str] = ()
    files: Sequence[str] = ()
    sweeps: Sequence[str] = ()
    one_at_a_time: bool = False


@frozen
class _Reader:
    problems: list[str] = field(factory=list)

    def wanted(self, given: SetsGiven) -> Wanted:
        base = ParameterSet()
        for name in given.base:
            is_file = Path(name).suffix.lower() in _FILES
            titles = base.titles
            base = self._of_file("--base", name, base) if is_file else self._of_preset("--base", name, base)
            base = base.changed({}, *titles, *base.titles)
        further = [self._of_preset("--preset", name, base) for name in given.presets]
        further += [self._of_file("--set", name, base) for name in given.files]
        sweeps, problems = read_sweeps(given.sweeps)
        self.problems.extend(problems)
        wanted = Wanted(base=base, further=tuple(further), sweeps=sweeps, one_at_a_time=given.one_at_a_time)
        if wanted.swept > MOST_SETS:
            self.problems.append(
                f"the sweeps make {wanted.swept} sets; at most {MOST_SETS} are allowed: take larger steps, "
                "or --one-at-a-time"
            )
        return wanted

    def _of_preset(self, option: str, name: str, base: ParameterSet) -> ParameterSet:
        if name not in presets.by_name:
            hint = did_you_mean(name, presets.by_name)
            more = " or a .toml or .json file" if option == "--base" else ""
            self.problems.append(
                f"{option} {name}: there is no such preset{hint}; give one of {', '.join(_USEFUL)}{more}"
            )
            return base
        if name not in _USEFUL:
            self.problems.append(
                f"{option} {name}: it changes nothing in a preview; give one of {', '.join(_USEFUL)}"
            )
            return base
        request = ImagePreviewRequest().with_changes(base.screen, presets.by_name[name]())
        return from_screen(request.green, base, name)

    def _of_file(self, option: str, name: str, base: ParameterSet) -> ParameterSet:
        log = ProblemLog()
        fragment = Fragments(log).merged([name], Spot(file=Path(option)), None)
        try:
            log.refuse()
        except ManifestError as error:
            self.problems.extend(str(problem) for problem in error.problems)
            return base
        values = dict(fragment.green.fields)
        if not values:
            self.problems.append(
                f"{option} {name}: it has no [{GREEN_TABLE}] table with parameters; a contact sheet or "
                "--pick writes such files"
            )
        background = values.get(BACKGROUND)
        if isinstance(background, dict) and set(background) == {"color"}:
            values[BACKGROUND] = background["color"]
        wrong = faults(values)
        for problem in wrong:
            key = problem.split(" ", 1)[0].split(".")[0].split("[")[0]
            spot = fragment.green.spot((key,), Spot(file=Path(name)))
            self.problems.append(f"{spot}: {problem} in a preview")
        return base if wrong else base.changed(values, Path(name).stem)


def read_wanted(given: SetsGiven) -> tuple[Wanted, list[str]]:
    """Return the sets that are asked for, and everything that is wrong with what was asked."""
    reader = _Reader()
    wanted = reader.wanted(given)
    return wanted, reader.problems
