"""Asyncio client and durable job orchestrator for SoftSugar avatar training.

Every public name is loaded on first use (PEP 562), so that ``avatar-async --version`` and
``import avatar_async`` stay fast and pull in no HTTP stack.
"""

TYPE_CHECKING = False  # as type checkers take it; `typing` itself would double the time of `--version`
if TYPE_CHECKING:
    from typing import Any

    from avatar_async import errors
    from avatar_async._jobs.records import Artifact, Job, JobError, JobSpec
    from avatar_async._jobs.remote import RemoteFile, RemoteState, RemoteTask
    from avatar_async._jobs.states import ArtifactState, State
    from avatar_async.client import AvatarClient, Credentials
    from avatar_async.errors import AvatarError
    from avatar_async.orchestrator import (
        EndEvent,
        Orchestrator,
        ProgressEvent,
        RunEvent,
        RunOptions,
        StateEvent,
        WarningEvent,
    )
    from avatar_async.requests import (
        Action,
        ActionEdit,
        AuxiliaryVideo,
        AvatarType,
        BaseVideo,
        GreenScreen,
        ImagePreviewRequest,
        Kind,
        Problem,
        RebuildRequest,
        Ref,
        Request,
        SampleBackground,
        SegmentStyle,
        StaticDynamic,
        TakeoverParam,
        TakeoverRequest,
        TrainingRequest,
        VideoPreviewRequest,
        presets,
    )
    from avatar_async.settings import Settings

__version__ = "0.1.0"

__all__ = [
    "Action",
    "ActionEdit",
    "Artifact",
    "ArtifactState",
    "AuxiliaryVideo",
    "AvatarClient",
    "AvatarError",
    "AvatarType",
    "BaseVideo",
    "Credentials",
    "EndEvent",
    "GreenScreen",
    "ImagePreviewRequest",
    "Job",
    "JobError",
    "JobSpec",
    "Kind",
    "Orchestrator",
    "Problem",
    "ProgressEvent",
    "RebuildRequest",
    "Ref",
    "RemoteFile",
    "RemoteState",
    "RemoteTask",
    "Request",
    "RunEvent",
    "RunOptions",
    "SampleBackground",
    "SegmentStyle",
    "Settings",
    "State",
    "StateEvent",
    "StaticDynamic",
    "TakeoverParam",
    "TakeoverRequest",
    "TrainingRequest",
    "VideoPreviewRequest",
    "WarningEvent",
    "__version__",
    "errors",
    "presets",
]

#: Where each public name lives.
_HOMES = {
    "avatar_async._jobs.records": ("Artifact", "Job", "JobError", "JobSpec"),
    "avatar_async._jobs.remote": ("RemoteFile", "RemoteState", "RemoteTask"),
    "avatar_async._jobs.states": ("ArtifactState", "State"),
    "avatar_async.client": ("AvatarClient", "Credentials"),
    "avatar_async.errors": ("AvatarError",),
    "avatar_async.orchestrator": (
        "EndEvent",
        "Orchestrator",
        "ProgressEvent",
        "RunEvent",
        "RunOptions",
        "StateEvent",
        "WarningEvent",
    ),
    "avatar_async.settings": ("Settings",),
}
_MODULES = {"errors": "avatar_async.errors", "presets": "avatar_async.requests.presets"}


def __getattr__(name: str) -> "Any":
    """Load a public name from where it lives."""
    import importlib

    if name not in __all__:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    if name in _MODULES:
        value: Any = importlib.import_module(_MODULES[name])
    else:
        home = next((home for home, names in _HOMES.items() if name in names), "avatar_async.requests")
        value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
