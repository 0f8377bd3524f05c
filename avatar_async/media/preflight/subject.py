"""One file under judgement: what was seen of it, and the making of findings about it."""

from attrs import frozen

from avatar_async.errors import ArtifactRefusedError, MediaError, MediaOutOfReachError
from avatar_async.media.preflight.findings import Finding, Gravity, named
from avatar_async.media.preflight.looking import Seen
from avatar_async.media.preflight.uses import Use

_GONE = (404, 410)
_SAME_FOR_THE_SERVICE = "make sure that the service can read it, or skip the checks with --no-preflight"


@frozen(kw_only=True)
class Subject:
    """A file, its place in a job, and what was seen of it.

    Attributes:
        job: Name of the job; None for a file looked at by itself.
        use: What the job wants of it.
        seen: What was seen of it.
        source: The document and section that speaks of its field.
        lenient: Whether the service is on this machine: it takes short clips, files may come later, and
            nothing is paid for.
    """

    job: str | None
    use: Use
    seen: Seen
    source: str
    lenient: bool = False

    def finding(
        self,
        gravity: Gravity,
        check: str,
        what: str,
        *,
        measured: str,
        limit: str = "",
        remedy: str,
        source: str | None = None,
    ) -> Finding:
        """Return a finding about this file; see `Finding`."""
        return Finding(
            gravity=gravity,
            check=check,
            job=self.job,
            path=self.use.path,
            file=named(self.use.address),
            what=what,
            measured=measured,
            limit=limit,
            remedy=remedy,
            source=source or self.source,
        )

    def unread(self) -> Finding | None:
        """Return the finding that says why nothing can be judged; None if the file was read."""
        failure = self.seen.failure
        if self.seen.footage is not None or failure is None:
            return None
        if isinstance(failure, MediaError) and not isinstance(failure, MediaOutOfReachError):
            remedy = "check its name, or make the file anew"
            return self.finding(
                Gravity.ERROR, "readable", "the file cannot be used", measured=str(failure), remedy=remedy
            )
        gone = isinstance(failure, ArtifactRefusedError) and failure.http_status in _GONE and not self.lenient
        return self.finding(
            Gravity.ERROR if gone else Gravity.UNKNOWN,
            "reachable",
            "the file is not there" if gone else "nothing could be checked",
            measured=str(failure),
            remedy=_SAME_FOR_THE_SERVICE,
        )
