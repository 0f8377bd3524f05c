"""What a create call's outcome means (design: submission safety). One pure function."""

from enum import StrEnum

from attrs import frozen

from avatar_async._jobs.remote import SubmissionReport

_SETTING_STATUSES = frozenset({403, 404, 405, 407})
#: Longest wait a service may ask for, in seconds.
MAX_RETRY_AFTER_S = 600.0
#: Seconds to wait where a busy service does not say how long.
_UNSAID_WAIT_S = 5.0


def clamped_wait_s(asked_s: float | None) -> float:
    """Return the seconds to wait of those a service asked for: 0 to 600, and 5 if it did not say."""
    return _UNSAID_WAIT_S if asked_s is None else min(max(asked_s, 0.0), MAX_RETRY_AFTER_S)


def blames_setting(http_status: int) -> bool:
    """Tell whether a status means that the endpoint, path, proxy or account is wrong, not the request."""
    return http_status in _SETTING_STATUSES or 300 <= http_status < 400


def says_enough(http_status: int) -> bool:
    """Tell whether a status refuses a call before any work, whatever stands in the reply's body."""
    return http_status in (401, 429) or blames_setting(http_status)


class Verdict(StrEnum):
    """What to do after a create call."""

    #: No byte left: back to planned, after a jittered wait.
    NOT_SENT = "not_sent"
    #: Too many calls or tasks: back to planned, after the wait asked for.
    THROTTLED = "throttled"
    #: The token was refused before work: back to planned, one new token, send again.
    TOKEN = "token"  # noqa: S105 - a verdict, not a secret
    #: The setting is wrong, not the job: back to planned, submission stops.
    SETTING = "setting"
    #: Nobody can tell whether a task was made: in doubt.
    UNKNOWN = "unknown"
    #: The request was refused before work: rejected.
    REFUSED = "refused"
    #: A task was made: in flight.
    ACCEPTED = "accepted"


@frozen(kw_only=True)
class SubmissionCodes:
    """Envelope codes whose meaning the user's profile gives; none is known beforehand.

    Attributes:
        busy: The service has too much to do: nothing was made, try later.
        token_expired: The token is no longer valid.
        refused: The request was surely refused, even under a 5xx status.
    """

    busy: frozenset[int] = frozenset()
    token_expired: frozenset[int] = frozenset()
    refused: frozenset[int] = frozenset()


def decide(
    report: SubmissionReport, *, after_token_refusal: bool, codes: SubmissionCodes | None = None
) -> Verdict:
    """Decide what one create call's outcome means; the first matching row of the design's table wins.

    Args:
        report: What the transport saw.
        after_token_refusal: Whether the previous create call of this job was refused for its token.
        codes: The profile's code meanings.
    """
    codes = codes or SubmissionCodes()
    status, code = report.http_status, report.code
    if not report.sent:
        return Verdict.NOT_SENT
    if status == 429 or code in codes.busy:
        return Verdict.THROTTLED
    if status == 401 or code in codes.token_expired:
        return Verdict.SETTING if after_token_refusal else Verdict.TOKEN
    if status is not None and blames_setting(status):
        return Verdict.SETTING
    if status is not None and (status >= 500 or status == 408) and code not in codes.refused:
        return Verdict.UNKNOWN
    if code == 0 and report.task_id is None:
        return Verdict.UNKNOWN
    if code not in (None, 0) or (status is not None and 400 <= status < 500):
        return Verdict.REFUSED
    if code == 0 and status is not None and 200 <= status < 300:
        return Verdict.ACCEPTED
    return Verdict.UNKNOWN
