"""What a refused create call is said to have met."""

import pytest

from avatar_async._jobs.remote import SubmissionReport
from avatar_async.orchestrator.reports import setting_message


@pytest.mark.parametrize(("status", "code"), [(401, None), (200, 17), (400, 17), (500, 17)])
def test_a_token_refused_twice_blames_the_account_whatever_the_status(status, code):
    """The profile may name codes of an expired token, which the service sends under any status."""
    message = setting_message(SubmissionReport(sent=True, http_status=status, code=code, message="expired"))
    assert message == (
        "the service refuses the token twice running (expired): "
        "check AVATAR_APP_ID and AVATAR_APP_KEY, or AVATAR_TOKEN"
    )


@pytest.mark.parametrize(
    ("status", "names"),
    [
        (302, "AVATAR_ENDPOINT"),
        (403, "AVATAR_APP_ID"),
        (404, "AVATAR_ENDPOINT"),
        (405, "AVATAR_ENDPOINT"),
        (407, "proxy setting"),
    ],
)
def test_a_wrong_setting_is_named(status, names):
    """Who reads the message must know what to change."""
    message = setting_message(SubmissionReport(sent=True, http_status=status))
    assert names in message
    assert "token" not in message
