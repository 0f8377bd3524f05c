"""From the files a service offers to the artifacts of a job."""

from collections.abc import Sequence
from typing import TypeVar
from urllib.parse import urlsplit

from attrs import evolve

from avatar_async._jobs.names import safe_file_names
from avatar_async._jobs.records import Artifact
from avatar_async._jobs.remote import RemoteFile
from avatar_async._jobs.states import ArtifactState
from avatar_async.errors import DownloadError

_Fact = TypeVar("_Fact", int, str)


def from_files(files: Sequence[RemoteFile]) -> tuple[Artifact, ...]:
    """Return artifacts for a finished task's files, under names that are safe and unique in the job."""
    names = safe_file_names([file.name for file in files])
    return tuple(
        Artifact(role=file.role, name=name, url=file.url, size_bytes=file.size_bytes, md5=file.md5)
        for file, name in zip(files, names, strict=True)
    )


def finished(known: Sequence[Artifact], files: Sequence[RemoteFile]) -> tuple[Artifact, ...]:
    """Return the artifacts of a task that just finished: what it offers, or else what was known before.

    A file that is on disk and verified already (adopted from a receipt) stays so.
    """
    offered = from_files(files)
    before = {(artifact.role, artifact.name): artifact for artifact in known}
    return tuple(_merged(before.get((new.role, new.name)), new) for new in offered) or tuple(known)


def refreshed(known: Sequence[Artifact], files: Sequence[RemoteFile]) -> tuple[Artifact, ...]:
    """Return the known artifacts with the fresh addresses of the same files; progress stays.

    A file whose announced length or digest changed is another file: its partial download is forgotten.
    A file under a new name is the old one if it alone has its role, then as now.
    """
    offered = from_files(files)
    fresh = {(artifact.role, artifact.name): artifact for artifact in offered}
    return tuple(
        _merged(artifact, fresh.get((artifact.role, artifact.name)) or _alone(artifact, known, offered))
        for artifact in known
    )


class AddressError(DownloadError):
    """Tell that a file is offered at an address that can never be asked."""


def check_address(artifact: Artifact) -> None:
    """Look at an artifact's address before anybody asks it; the error has nothing secret in it.

    Raises:
        AddressError: It is not an http or https address with a host.
    """
    what = f"{artifact.name}: the service offers it at an address that is"
    try:
        parts = urlsplit(artifact.url)
        sound = parts.scheme in ("http", "https") and parts.hostname is not None and parts.port != 0
    except ValueError:
        raise AddressError(f"{what} not valid") from None
    if not sound:
        scheme = f" but {parts.scheme}" if parts.scheme not in ("http", "https", "") else ""
        raise AddressError(f"{what} not http or https{scheme}; nothing was asked there")


def _alone(artifact: Artifact, known: Sequence[Artifact], offered: Sequence[Artifact]) -> Artifact:
    """Return the one file of the artifact's role, under its known name; itself if there are more or none."""
    then = [other for other in known if other.role == artifact.role]
    now = [other for other in offered if other.role == artifact.role]
    return evolve(now[0], name=artifact.name) if len(then) == len(now) == 1 else artifact


def _merged(known: Artifact | None, offered: Artifact) -> Artifact:
    if known is None:
        return offered
    if known.state is ArtifactState.STORED:
        return known
    same_size = _agree(known.size_bytes, offered.size_bytes)
    same_md5 = _agree(known.md5 and known.md5.lower(), offered.md5 and offered.md5.lower())
    if same_size and same_md5:
        return evolve(
            known,
            url=offered.url,
            size_bytes=known.size_bytes if offered.size_bytes is None else offered.size_bytes,
            md5=offered.md5 or known.md5,
        )
    return evolve(offered, bad_sha256=known.bad_sha256)


def _agree(known: _Fact | None, told: _Fact | None) -> bool:
    """Tell whether a fact may be the same as before: one that is not told says nothing new."""
    return known is None or told is None or known == told
