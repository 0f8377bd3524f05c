"""What keyed pictures and videos depend on besides what is keyed and how: the code that keys them.

A digest of that code tells what was made by other code, without a number that somebody has to remember to
raise. A change that leaves the pixels as they are costs no more than keying once more.
"""

import hashlib
import marshal
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from types import CodeType
from typing import Final, Protocol, cast

_HERE = __name__.rpartition(".")[0]
#: Modules that decide on the pixels of a keyed picture and on what is said of it.
PICTURE_MODULES: Final = (
    f"{_HERE}.keyer",
    f"{_HERE}.keying.bands",
    f"{_HERE}.keying.matte",
    f"{_HERE}.keying.parameters",
    f"{_HERE}.keying.plate",
    f"{_HERE}.keying.screen",
    f"{_HERE}.keying.spill",
    f"{_HERE}.keying.strips",
)
#: Modules that decide on a keyed video: also those that decode and encode it.
VIDEO_MODULES: Final = (*PICTURE_MODULES, f"{_HERE}.frames", f"{_HERE}.limits", f"{_HERE}.video")


class _Loader(Protocol):
    def get_source(self, name: str) -> str | None: ...

    def get_code(self, name: str) -> CodeType | None: ...


@cache
def picture_revision() -> str:
    """Return what tells the code that keys pictures from any other."""
    import PIL

    return _digest(PICTURE_MODULES, f"Pillow {PIL.__version__}")


@cache
def video_revision() -> str:
    """Return what tells the code that keys videos from any other."""
    import av
    import PIL

    libraries = sorted(av.library_versions.items())
    return _digest(VIDEO_MODULES, f"Pillow {PIL.__version__}", f"PyAV {av.__version__} {libraries}")


def _digest(modules: Sequence[str], *libraries: str) -> str:
    digest = hashlib.sha256("\n".join(libraries).encode())
    for name in modules:
        digest.update(hashlib.sha256(_text_of(name)).digest())
    return digest.hexdigest()


def _text_of(name: str) -> bytes:
    """Return a module's source; where only compiled modules were installed, its compiled code."""
    spec = find_spec(name)
    assert spec is not None
    loader = cast("_Loader", spec.loader)
    source = loader.get_source(name)
    return marshal.dumps(loader.get_code(name)) if source is None else source.encode()
