"""Verdicts on create calls: the design's table, row by row and row against row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_async._jobs.remote import SubmissionReport
from avatar_async._jobs.verdicts import SubmissionCodes, Verdict, decide

CODES = SubmissionCodes(busy=frozenset({1001}), token_expired=frozenset({2002}), refused=frozenset({3003}))
#: Verdicts after which the same request may be sent again without a person.
RESENT = {Verdict.NOT_SENT, Verdict.THROTTLED, Verdict.TOKEN, Verdict.SETTING}

statuses = st.none() | st.integers(100, 599)
envelope_codes = (
    st.none() | st.sampled_from([0, 1, -1, 1001, 2002, 3003, 3333]) | st.integers(-(2**31), 2**31)
)
reports = st.builds(
    SubmissionReport,
    sent=st.booleans(),
    http_status=statuses,
    code=envelope_codes,
    task_id=st.none() | st.integers(1, 2**63 - 1),
)


def seen(
    http_status: int | None = None, code: int | None = None, task_id: int | None = None
) -> SubmissionReport:
    """Make the report of a call whose request was sent."""
    return SubmissionReport(sent=True, http_status=http_status, code=code, task_id=task_id)


@pytest.mark.parametrize(
    ("report", "verdict"),
    [
        (SubmissionReport(sent=False, message="connection refused"), Verdict.NOT_SENT),
        (seen(429), Verdict.THROTTLED),
        (seen(429, 3333), Verdict.THROTTLED),
        (seen(200, 1001), Verdict.THROTTLED),
        (seen(401), Verdict.TOKEN),
        (seen(401, 40100), Verdict.TOKEN),
        (seen(200, 2002), Verdict.TOKEN),
        (seen(403), Verdict.SETTING),
        (seen(404, 404), Verdict.SETTING),
        (seen(405), Verdict.SETTING),
        (seen(407), Verdict.SETTING),
        (seen(300), Verdict.SETTING),
        (seen(301), Verdict.SETTING),
        (seen(307), Verdict.SETTING),
        (seen(399), Verdict.SETTING),
        (seen(500), Verdict.UNKNOWN),
        (seen(502), Verdict.UNKNOWN),
        (seen(503, 5), Verdict.UNKNOWN),
        (seen(599, 3333), Verdict.UNKNOWN),
        (seen(408), Verdict.UNKNOWN),
        (seen(408, 12), Verdict.UNKNOWN),
        (seen(500, 3003), Verdict.REFUSED),
        (seen(408, 3003), Verdict.REFUSED),
        (seen(200, 0), Verdict.UNKNOWN),
        (seen(200, 3333), Verdict.REFUSED),
        (seen(200, -1), Verdict.REFUSED),
        (seen(400), Verdict.REFUSED),
        (seen(400, 3333), Verdict.REFUSED),
        (seen(413), Verdict.REFUSED),
        (seen(422, 1), Verdict.REFUSED),
        (seen(200, 0, 17), Verdict.ACCEPTED),
        (seen(201, 0, 17), Verdict.ACCEPTED),
        (seen(), Verdict.UNKNOWN),
        (seen(200), Verdict.UNKNOWN),
        (seen(204), Verdict.UNKNOWN),
        (seen(101), Verdict.UNKNOWN),
    ],
)
def test_each_row_gives_its_verdict(report, verdict):
    """The table of the design, one case at least for each of its rows."""
    assert decide(report, after_token_refusal=False, codes=CODES) is verdict


@pytest.mark.parametrize(
    ("report", "first", "instead_of"),
    [
        (SubmissionReport(sent=False, http_status=429), Verdict.NOT_SENT, Verdict.THROTTLED),
        (SubmissionReport(sent=False, code=0, task_id=1), Verdict.NOT_SENT, Verdict.ACCEPTED),
        (seen(401, 1001), Verdict.THROTTLED, Verdict.TOKEN),
        (seen(403, 1001), Verdict.THROTTLED, Verdict.SETTING),
        (seen(503, 1001), Verdict.THROTTLED, Verdict.UNKNOWN),
        (seen(400, 1001), Verdict.THROTTLED, Verdict.REFUSED),
        (seen(429, 0, 17), Verdict.THROTTLED, Verdict.ACCEPTED),
        (seen(403, 2002), Verdict.TOKEN, Verdict.SETTING),
        (seen(500, 2002), Verdict.TOKEN, Verdict.UNKNOWN),
        (seen(400, 2002), Verdict.TOKEN, Verdict.REFUSED),
        (seen(404, 3333), Verdict.SETTING, Verdict.REFUSED),
        (seen(302, 0, 17), Verdict.SETTING, Verdict.ACCEPTED),
        (seen(302, 0), Verdict.SETTING, Verdict.UNKNOWN),
        (seen(500, 3333), Verdict.UNKNOWN, Verdict.REFUSED),
        (seen(500, 0, 17), Verdict.UNKNOWN, Verdict.ACCEPTED),
        (seen(408, 0, 17), Verdict.UNKNOWN, Verdict.ACCEPTED),
        (seen(400, 0), Verdict.UNKNOWN, Verdict.REFUSED),
        (seen(400, 0, 17), Verdict.REFUSED, Verdict.ACCEPTED),
    ],
)
def test_where_two_rows_match_the_upper_one_wins(report, first, instead_of):
    """A lower row would send again, or give up, what the upper one protects."""
    assert decide(report, after_token_refusal=False, codes=CODES) is first is not instead_of


@pytest.mark.parametrize("report", [seen(401), seen(401, 2002), seen(200, 2002)])
def test_a_second_token_refusal_blames_the_setting(report):
    """A fresh token that is refused too will not be cured by a third."""
    assert decide(report, after_token_refusal=True, codes=CODES) is Verdict.SETTING


@pytest.mark.parametrize("code", [1001, 2002, 3003])
def test_no_code_has_a_meaning_before_the_profile_gives_one(code):
    """The vendor documents none of them."""
    assert decide(seen(200, code), after_token_refusal=False) is Verdict.REFUSED
    assert decide(seen(500, code), after_token_refusal=False) is Verdict.UNKNOWN


@given(reports, st.booleans(), st.sampled_from([None, CODES]))
def test_accepted_only_with_code_0_and_an_id(report, after, codes):
    """Without an id there is nothing to watch; another code is no acceptance."""
    if decide(report, after_token_refusal=after, codes=codes) is Verdict.ACCEPTED:
        assert report.sent
        assert report.code == 0
        assert report.task_id is not None


@given(st.booleans(), st.sampled_from([None, CODES]))
def test_sent_without_any_answer_is_never_sent_again(after, codes):
    """A timeout, a reset or a killed process may have made a task that costs money."""
    assert decide(seen(), after_token_refusal=after, codes=codes) is Verdict.UNKNOWN


@given(reports.filter(lambda report: report.sent), st.booleans(), st.sampled_from([None, CODES]))
def test_sent_again_by_itself_only_on_a_clear_refusal(report, after, codes):
    """Each verdict that leads to another create call rests on a status or a configured code."""
    verdict = decide(report, after_token_refusal=after, codes=codes)
    assert verdict is not Verdict.NOT_SENT
    if verdict in RESENT:
        clear = report.http_status in {401, 403, 404, 405, 407, 429} or 300 <= (report.http_status or 0) < 400
        named = codes is not None and report.code in codes.busy | codes.token_expired
        assert clear or named


@given(reports.filter(lambda report: report.sent), st.booleans())
def test_server_trouble_without_a_configured_code_is_unknown(report, after):
    """A 5xx may come after the work was begun."""
    if report.http_status is not None and (report.http_status >= 500 or report.http_status == 408):
        assert decide(report, after_token_refusal=after) is Verdict.UNKNOWN


@given(reports.filter(lambda report: not report.sent), st.booleans())
def test_nothing_sent_is_always_safe_to_send(report, after):
    """The first row of the table stands above all."""
    assert decide(report, after_token_refusal=after, codes=CODES) is Verdict.NOT_SENT
