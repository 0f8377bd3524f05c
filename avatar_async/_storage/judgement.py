"""Whether a complete download is the file that was announced."""

from avatar_async._jobs.records import Artifact
from avatar_async._storage.checks import Finding
from avatar_async._storage.partfile import PartFile


def judge(
    part: PartFile, artifact: Artifact, finding: Finding, *, too_long: bool
) -> tuple[str | None, str | None]:
    """Return what is wrong with the file, and what is only odd; either may be None.

    A digest that does not agree is only odd where the content proves itself: checksums of a zip, or a
    picture that decodes.
    """
    announced, length = artifact.size_bytes, part.offset
    if too_long:
        return f"more than the {length} bytes announced were sent", None
    if announced is not None and announced != length:
        return f"it has {length} bytes, but {announced} were announced", None
    if finding.problem is not None:
        return finding.problem, None
    md5 = part.md5
    if md5 is None or artifact.md5 is None or md5 == artifact.md5.lower():
        return None, finding.note
    odd = f"its MD5 is {md5}, but {artifact.md5} was announced"
    if not finding.sound:
        return odd, None
    return None, f"the content is sound, though {odd}"
