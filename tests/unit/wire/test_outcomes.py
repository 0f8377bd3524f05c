"""Verdicts as errors, for callers without a ledger."""

import pytest

from avatar_async._jobs.remote import SubmissionReport
from avatar_async._jobs.verdicts import Verdict
from avatar_async._wire.outcomes import made_task
from avatar_async.errors import AuthError, SettingRefusedError


@pytest.mark.parametrize("status", [200, 400, 401, 500])
def test_a_token_refused_twice_is_no_wrong_endpoint(status):
    """The profile may name codes of an expired token, which the service sends under any status."""
    report = SubmissionReport(sent=True, http_status=status, code=17, message="expired")
    with pytest.raises(AuthError, match="expired"):
        made_task(report, Verdict.SETTING)


@pytest.mark.parametrize("status", [302, 403, 404, 405, 407])
def test_a_wrong_endpoint_is_no_refused_token(status):
    """A new token would not help."""
    with pytest.raises(SettingRefusedError, match="check the endpoint"):
        made_task(SubmissionReport(sent=True, http_status=status), Verdict.SETTING)
