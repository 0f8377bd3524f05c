"""What a create call's report says, to a ledger and to a person."""

from avatar_async._jobs.records import JobError
from avatar_async._jobs.remote import SubmissionReport
from avatar_async._jobs.verdicts import blames_setting


def error_of(report: SubmissionReport) -> JobError:
    """Return what a job keeps of a create call that made no task."""
    code: int | str
    if report.code:
        code = report.code
    elif report.http_status is not None and report.http_status >= 300:
        code = f"http_{report.http_status}"
    else:
        code = "not_sent" if not report.sent else "unknown"
    return JobError(code=code, message=report.message or f"HTTP {report.http_status}", field=report.field)


def setting_message(report: SubmissionReport) -> str:
    """Return which setting a refusal blames, and what to check."""
    status = report.http_status
    said = f" ({report.message})" if report.message else ""
    if status == 403:
        return f"the service forbids the create call{said}: check the account's rights and AVATAR_APP_ID"
    if status == 407:
        return f"the proxy asks for a login{said}: check the profile's proxy setting"
    if status is not None and 300 <= status < 400:
        return (
            f"the endpoint answers with a redirect (HTTP {status}), which is never followed: "
            "check AVATAR_ENDPOINT"
        )
    if status is not None and blames_setting(status):
        return f"the endpoint does not know the create call (HTTP {status}){said}: check AVATAR_ENDPOINT"
    return (
        f"the service refuses the token twice running{said}: "
        "check AVATAR_APP_ID and AVATAR_APP_KEY, or AVATAR_TOKEN"
    )
