"""Finding the sections and reading their settings."""

import importlib
import math
import pkgutil
from collections.abc import Mapping, Sequence

import bench.sections
from bench.model import BenchError, Section, Setting


def sections() -> list[Section]:
    """Return every section, in the order of the results."""
    names = [found.name for found in pkgutil.iter_modules(bench.sections.__path__)]
    modules = [importlib.import_module(f"bench.sections.{name}") for name in names]
    return sorted((module.SECTION for module in modules), key=lambda section: (section.order, section.name))


def chosen(known: Sequence[Section], names: str | None) -> list[Section]:
    """Return the sections that a list of names, split by commas, asks for; all if there is none.

    Raises:
        BenchError: A name is unknown.
    """
    if names is None:
        return list(known)
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    by_name = {section.name: section for section in known}
    strange = [name for name in wanted if name not in by_name]
    if strange or not wanted:
        raise BenchError(f"no section {', '.join(strange) or names}: there are {', '.join(by_name)}")
    return [section for section in known if section.name in wanted]


def given(pairs: Sequence[str], known: Sequence[Section]) -> dict[str, str]:
    """Return the settings of `name=value` texts.

    Raises:
        BenchError: One is unknown, is no such pair, or wants a number and got none, or one out of its range.
    """
    settings = {setting.name: setting for section in known for setting in section.settings}
    found: dict[str, str] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or name not in settings:
            raise BenchError(f"--set {pair}: give NAME=VALUE; names are {', '.join(sorted(settings))}")
        setting = settings[name]
        if not isinstance(setting.default, str) and not _fits(setting, value):
            upper = "" if math.isinf(setting.most) else f", at most {setting.most:g}"
            raise BenchError(f"--set {pair}: {name} is a number, at least {setting.least:g}{upper}")
        found[name] = value
    return found


def _fits(setting: Setting, text: str) -> bool:
    try:
        value = float(text)
    except ValueError:
        return False
    return math.isfinite(value) and setting.least <= value <= setting.most


def values(section: Section, changes: Mapping[str, str], *, quick: bool) -> dict[str, float | str]:
    """Return a section's settings with what was changed."""
    found: dict[str, float | str] = {}
    for setting in section.settings:
        value = setting.quick if quick and setting.quick is not None else setting.default
        text = changes.get(setting.name)
        if text is not None:
            value = text if isinstance(setting.default, str) else float(text)
        found[setting.name] = value
    return found
