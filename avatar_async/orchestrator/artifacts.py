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


def refreshed(known: Sequence[Artifact], files: Sequence[RemoteFile]) -> tuple[Artifact, ...]:
    """Return the known artifacts with the fresh addresses of the same files; progress stays.

    A file whose announced length or digest changed is another file: its partial download is forgotten.
    A file already stored is left alone.
    """
    fresh = {(artifact.role, artifact.name): artifact for artifact in from_files(files)}
    result = []
    for artifact in known:
        offered = fresh.get((artifact.role, artifact.name))
        if offered is None or artifact.state is ArtifactState.STORED:
            result.append(artifact)
            continue
        same = (offered.size_bytes, offered.md5) == (artifact.size_bytes, artifact.md5)
        if same:
            result.append(evolve(artifact, url=offered.url))
        else:
            result.append(evolve(offered, bad_sha256=artifact.bad_sha256))
    return tuple(result)
