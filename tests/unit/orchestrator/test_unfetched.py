"""The finished jobs whose files are not all home, without a look at all of them."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from avatar_async._jobs.expiry import at_risk, burden, bytes_left, overtaken
from avatar_async._jobs.states import State
from avatar_async.orchestrator.unfetched import Unfetched
from tests.unit.orchestrator.test_ready import NOW, job_of

CHANGES = st.lists(
    st.tuples(
        st.integers(min_value=0, max_value=9),
        st.one_of(st.none(), st.sampled_from([-1.0, 1.0, 24.0, 24.5, 100.0])),
        st.one_of(st.none(), st.sampled_from([0, 10**3, 10**8, 10**9])),
        st.sampled_from([State.IN_FLIGHT, State.READY, State.FETCHING, State.STORED, State.EXPIRED]),
    ),
    max_size=40,
)


@given(changes=CHANGES, speed=st.sampled_from([1.0, 10**4, 10**9]))
def test_it_tells_what_a_look_at_every_job_tells(changes, speed):
    """The display asks four times a second, of a hundred thousand jobs as well."""
    unfetched, jobs = Unfetched(), {}
    for number, hours, size, state in changes:
        job = jobs[number] = job_of(number, hours, size, state=state)
        unfetched.follow(job)
    there = [
        job
        for job in jobs.values()
        if job.state in {State.READY, State.FETCHING} and job.expires_at is not None
    ]
    late = overtaken(map(burden, there), NOW, speed)
    assert unfetched.first == min(
        ((job.id, job.expires_at) for job in there), key=lambda pair: pair[::-1], default=None
    )
    assert set(unfetched.soon(NOW)) == {job.id for job in there if at_risk(job, NOW)}
    assert unfetched.at_risk(NOW, late) == sum(at_risk(job, NOW) or job.id in late for job in there)
    assert unfetched.left_bytes == sum(map(bytes_left, there))
    assert overtaken(unfetched.burdens(), NOW, speed) == late
    if unfetched.all_in_time(NOW, speed):
        assert not late


def test_one_that_was_late_and_is_home_is_not_at_risk_any_more():
    """Who is late is computed every few seconds only."""
    unfetched = Unfetched()
    job = job_of(1, 100.0)
    unfetched.follow(job)
    assert unfetched.at_risk(NOW, {job.id}) == 1
    assert unfetched.at_risk(NOW + timedelta(hours=80), {job.id}) == 1
    unfetched.follow(job_of(1, 100.0, state=State.STORED))
    assert unfetched.at_risk(NOW, {job.id}) == 0
    assert unfetched.first is None
