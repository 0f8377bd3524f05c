"""Whether a complete download is the file that was announced."""

from typing import Protocol

from attrs import frozen

from avatar_async._jobs.records import Artifact
from avatar_async._storage.findings import Finding


class Received(Protocol):
    """The bytes that came."""

    @property
    def offset(self) -> int:
        """How many there are."""
        ...

    @property
    def verifies(self) -> bool:
        """Whether they are hashed and their content is looked at."""
        ...

    @property
    def sha256(self) -> str:
        """Lowercase hex digest, if they are hashed."""
        ...

    @property
    def md5(self) -> str | None:
        """The same, if the service announced one."""
        ...


@frozen(kw_only=True)
class Judgement:
    """What to do with a file.

    Attributes:
        problem: Why it is refused; None if it is taken.
        note: What is odd about a file that is taken.
        short: Whether it is refused only because its end is missing: nothing is wrong with the bytes there
            are, and the rest may come another time.
    """

    problem: str | None = None
    note: str | None = None
    short: bool = False


_TAKEN = Judgement()


def judge(part: Received, artifact: Artifact, finding: Finding, *, too_long: bool) -> Judgement:
    """Weigh what was announced against what the bytes say of themselves.

    The announced MD5, where it agrees, outweighs everything else that was announced. Where only it, or
    only the length, does not agree, the content wins if checksums of its own prove it, or if its own
    structure is whole and the same bytes came twice. Of bytes that nobody looked at, the length must agree.
    """
    if not part.verifies:
        return _judge_length(part.offset, artifact.size_bytes, too_long=too_long)
    announced, length, digest = artifact.size_bytes, part.offset, part.md5
    agrees = digest is not None and artifact.md5 is not None and digest == artifact.md5.lower()
    complete = finding.problem is None and (finding.sound or finding.whole)
    if announced is not None and length < announced and not agrees and not complete:
        return Judgement(problem=f"only {length} of the {announced} bytes announced came", short=True)
    if finding.problem is not None:
        return Judgement(problem=finding.problem)
    odd = []
    if too_long:
        odd.append(f"more than the {length} bytes announced were sent")
    elif announced is not None and announced != length:
        odd.append(f"it has {length} bytes, but {announced} were announced")
    if finding.stray and announced != length and not agrees:
        odd.append("bytes around the zip belong to nothing")
    if digest is not None and not agrees:
        odd.append(f"its MD5 is {digest}, but {artifact.md5} was announced")
    if not odd:
        return Judgement(note=finding.note)
    again = part.sha256 == artifact.bad_sha256
    only_md5 = digest is not None and not agrees and len(odd) == 1
    proven = agrees or (finding.sound and only_md5)
    likely = complete and again and not too_long and len(odd) == 1
    if not (proven or likely):
        return Judgement(problem=", and ".join(odd))
    word = "sound" if proven else "whole, and came twice"
    return Judgement(
        note=f"the content is {word}, though {odd[0]}" + (f"; {finding.note}" if finding.note else "")
    )


def _judge_length(length: int, announced: int | None, *, too_long: bool) -> Judgement:
    if too_long:
        return Judgement(problem=f"more than the {length} bytes announced were sent")
    if announced is None or announced == length:
        return _TAKEN
    short = length < announced
    return Judgement(problem=f"it has {length} bytes, but {announced} were announced", short=short)
