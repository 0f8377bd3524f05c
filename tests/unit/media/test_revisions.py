"""Previews are used again only if the code that made them is the code that would make them now."""

import ast
import errno
import hashlib
import importlib
import importlib.util
import py_compile
import sys
from pathlib import Path

import pytest

from avatar_async.media import revisions
from avatar_async.media.cells import digest_of, make_cell, make_clip
from avatar_async.media.clips import ClipStyle, make_still
from avatar_async.media.parameter_sets import ParameterSet
from avatar_async.media.video import encode

PACKAGE = "avatar_async"
#: Says how errors are told; no pixel depends on it.
WITHOUT_PIXELS = {f"{PACKAGE}.errors"}


def is_package(module: str) -> bool:
    """Tell whether a module holds others."""
    return hasattr(importlib.import_module(module), "__path__")


def imported_by(module: str) -> set[str]:
    """Return this package's modules that a module imports by itself."""
    source = Path(importlib.import_module(module).__file__ or "").read_text(encoding="utf-8")
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == PACKAGE:
            inside = (
                {f"{node.module}.{alias.name}" for alias in node.names} if is_package(node.module) else ()
            )
            found |= {name for name in inside if importlib.util.find_spec(name)} or {node.module}
    return found


def all_imported_by(module: str) -> set[str]:
    """Return this package's modules that a module needs, itself among them."""
    found, left = set(), [module]
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += imported_by(name)
    return found - WITHOUT_PIXELS


@pytest.fixture
def still():
    """Return a small picture of a person before a screen."""
    return make_still(ClipStyle(width_px=90, height_px=160))


@pytest.fixture
def changed(tmp_path, monkeypatch):
    """Change a module of the keyer for the rest of a test, as another version of this package would."""

    def change(name):
        known = revisions._text_of

        monkeypatch.setattr(
            revisions, "_text_of", lambda module: known(module) + (b"#" if module == name else b"")
        )
        revisions.picture_revision.cache_clear()
        revisions.video_revision.cache_clear()

    yield change
    monkeypatch.undo()
    revisions.picture_revision.cache_clear()
    revisions.video_revision.cache_clear()


@pytest.mark.parametrize(
    ("module", "listed"),
    [("media.keyer", revisions.PICTURE_MODULES), ("media.video", revisions.VIDEO_MODULES)],
)
def test_every_module_that_decides_on_pixels_counts(module, listed):
    """One that is left out would let its changes show old pictures."""
    assert set(listed) == all_imported_by(f"{PACKAGE}.{module}")


@pytest.mark.parametrize("name", revisions.PICTURE_MODULES)
def test_pictures_of_another_keyer_are_made_anew(still, tmp_path, changed, name):
    """Whoever updates and looks again must not choose by pictures of before."""

    def made():
        return make_cell(still, digest_of(still), ParameterSet(), tmp_path / "a", quality=False)

    assert [made().reused, made().reused] == [False, True]
    changed(name)
    assert [made().reused, made().reused] == [False, True]


def test_clips_of_another_keyer_are_made_anew(still, tmp_path, changed):
    """So must nobody by videos of before."""
    encode([still] * 3, tmp_path / "clip.mp4", fps=10)

    def made():
        return make_clip(
            tmp_path / "clip.mp4", "digest", ParameterSet(), tmp_path / "keyed.mp4", quality=False
        )

    assert [made().reused, made().reused] == [False, True]
    changed(f"{PACKAGE}.media.video")
    assert [made().reused, made().reused] == [False, True]


@pytest.mark.parametrize("library", ["PIL", "av"])
def test_what_another_library_made_is_made_anew(monkeypatch, library):
    """Pillow smooths and scales, FFmpeg decodes and encodes: their pixels are not promised to stay."""
    before = revisions.video_revision.__wrapped__()
    monkeypatch.setattr(importlib.import_module(library), "__version__", "0.0.1")
    assert revisions.video_revision.__wrapped__() != before


def test_a_module_without_its_source_counts_by_its_code(tmp_path, monkeypatch):
    """Some install compiled modules only: they, too, must see their previews made anew after an update."""
    digests = []
    for number, text in enumerate(["A = 1", "A = 2", "A = 2"]):
        folder = tmp_path / str(number)
        folder.mkdir()
        source = folder / "lonely.py"
        source.write_text(text)
        py_compile.compile(str(source), cfile=str(folder / "lonely.pyc"), dfile="lonely.py")
        source.unlink()
        monkeypatch.setattr(sys, "path", [str(folder)])
        importlib.invalidate_caches()
        digests.append(hashlib.sha256(revisions._text_of("lonely")).hexdigest())
    assert digests[0] != digests[1] == digests[2]


def test_a_full_disk_names_the_picture_that_did_not_fit(still, tmp_path, monkeypatch):
    """Pillow's error names none, and the output of the command would be blamed."""

    def full(*_arguments, **_options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(type(still), "save", full)
    with pytest.raises(OSError, match="No space left") as caught:
        make_cell(still, digest_of(still), ParameterSet(), tmp_path / "a", quality=False)
    assert caught.value.filename == str(tmp_path / "a.matte.png")
    assert list(tmp_path.iterdir()) == []
