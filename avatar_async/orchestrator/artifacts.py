"""From the files a service offers to the artifacts of a job."""

from collections.abc import Sequence

from attrs import evolve

from avatar_async._jobs.names import safe_file_names
from avatar_async._jobs.records import Artifact
from avatar_async._jobs.remote import RemoteFile
from avatar_async._jobs.states import ArtifactState


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
    """
    fresh = {(artifact.role, artifact.name): artifact for artifact in from_files(files)}
    return tuple(_merged(artifact, fresh.get((artifact.role, artifact.name), artifact)) for artifact in known)


def _merged(known: Artifact | None, offered: Artifact) -> Artifact:
    if known is None:
        return offered
    if known.state is ArtifactState.STORED:
        return known
    if (offered.size_bytes, offered.md5) == (known.size_bytes, known.md5):
        return evolve(known, url=offered.url)
    return evolve(offered, bad_sha256=known.bad_sha256)
