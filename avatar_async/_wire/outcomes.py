"""What a create call's verdict means to a caller who has no ledger: a task id, or an error."""

from avatar_async._jobs.remote import SubmissionReport
from avatar_async._jobs.verdicts import Verdict, blames_setting
from avatar_async.errors import (
    AuthError,
    NotSentError,
    RejectedError,
    SettingRefusedError,
    SubmissionUnknownError,
    ThrottledError,
)

_DOUBT = "look for the task at the service before sending the request again: that may pay twice"


def made_task(report: SubmissionReport, verdict: Verdict) -> int:
    """Return the id of the task that was made.

    Raises:
        NotSentError: Nothing was sent.
        ThrottledError: Too many calls or tasks.
        AuthError: The token is refused.
        SettingRefusedError: The endpoint, path or account is wrong.
        RejectedError: The request is refused.
        SubmissionUnknownError: Nobody can tell whether a task was made.
    """
    code, status = report.code, report.http_status
    words = f"create call: {report.message or 'no message'}"
    if code is not None:
        words = f"create call: code {code}, {report.message or 'no message'} (HTTP {status})"
    if verdict is Verdict.ACCEPTED and report.task_id is not None:
        return report.task_id
    if verdict is Verdict.NOT_SENT:
        raise NotSentError(words)
    if verdict is Verdict.THROTTLED:
        raise ThrottledError(words, retry_after_s=report.retry_after_s, code=code, http_status=status)
    if verdict is Verdict.SETTING and status is not None and blames_setting(status):
        message = f"{words}: check the endpoint, the path and the account"
        raise SettingRefusedError(message, code=code, http_status=status)
    if verdict in (Verdict.TOKEN, Verdict.SETTING):
        raise AuthError(words, code=code, http_status=status)
    if verdict is Verdict.REFUSED:
        raise RejectedError(words, field=report.field, code=code, http_status=status)
    raise SubmissionUnknownError(f"{words}: {_DOUBT}")
