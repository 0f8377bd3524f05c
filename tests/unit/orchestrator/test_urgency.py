"""Who makes room for files that vanish sooner."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from avatar_async._jobs.expiry import urgency
from avatar_async._jobs.records import Artifact, Job
from avatar_async._jobs.states import State
from avatar_async.orchestrator.urgency import Transfer, displaced, first_pressed, going_on
from tests.jobs_kept import a_job

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
GB = 10**9


def job_of(number: int, hours: float | None, size_bytes: int | None) -> Job:
    """Make a finished job that vanishes after so many hours."""
    model = Artifact(role="model", name="m.zip", url="http://x/m.zip", size_bytes=size_bytes)
    expires_at = None if hours is None else NOW + timedelta(hours=hours)
    return a_job(
        f"job-{number}", id=str(number), state=State.READY, expires_at=expires_at, artifacts=(model,)
    )


def test_the_least_urgent_makes_room_for_a_job_with_hours_left():
    """Whatever the speed, known or not."""
    running = [job_of(1, 100, GB), job_of(2, 160, GB), job_of(3, None, GB)]
    assert displaced(job_of(9, 5, GB), running, NOW, None) is running[2]
    assert displaced(job_of(9, 5, GB), running[:2], NOW, 1e6) is running[1]


def test_nobody_makes_room_for_a_job_with_time_enough():
    """Days are left, and the line is fast."""
    running = [job_of(1, 160, GB)]
    assert displaced(job_of(9, 100, GB), running, NOW, 1e6) is None
    assert displaced(job_of(9, 100, GB), running, NOW, None) is None


def test_a_slow_line_makes_a_job_urgent_days_before():
    """All that runs before it would take more than half of its time."""
    assert displaced(job_of(9, 100, GB), [job_of(1, 160, 10 * GB)], NOW, 50_000.0) is not None


def test_a_download_about_to_end_is_not_interrupted():
    """Its slot will be free in a moment."""
    assert displaced(job_of(9, 5, GB), [job_of(1, 160, 1_000_000)], NOW, 1e6) is None


def test_a_download_that_gives_way_is_not_about_to_end():
    """However little is left of it."""
    running = [job_of(1, 160, 1_000_000)]
    assert displaced(job_of(9, 5, GB), running, NOW, 1e6, yields=lambda _: True) is running[0]


def test_nobody_makes_room_for_a_job_past_its_expiry_or_without_one():
    """It may be gone already; it takes its turn."""
    running = [job_of(1, 160, GB)]
    assert displaced(job_of(9, -1, GB), running, NOW, 1e6) is None
    assert displaced(job_of(9, None, GB), running, NOW, 1e6) is None
    assert displaced(job_of(9, 5, GB), [], NOW, 1e6) is None


jobs = st.tuples(st.floats(-10, 200) | st.none(), st.integers(0, 10**12) | st.none())


@given(newcomer=jobs, running=st.lists(jobs, max_size=6), speed=st.floats(1, 1e9) | st.none())
def test_only_less_urgent_jobs_are_parked(newcomer, running, speed):
    """So that no two jobs can park each other in turn."""
    new = job_of(99, *newcomer)
    holders = [job_of(number, *each) for number, each in enumerate(running)]
    parked = displaced(new, holders, NOW, speed)
    if parked is not None:
        assert parked in holders
        assert urgency(parked) > urgency(new)
        assert all(urgency(each) <= urgency(parked) for each in holders)


# ------------------------------------------------------------------ giving way
def to_come(number: int, left_bytes: int | None, left_s: float | None, *, running: bool = True) -> Transfer:
    """Make a job's standing; the order of numbers is that of urgency where instants are the same."""
    at = float("inf") if left_s is None else left_s
    return Transfer(urgency=(at, f"{number:02}"), left_bytes=left_bytes, left_s=left_s, running=running)


def test_the_first_that_would_be_late_at_its_share_is_pressed():
    """A quarter of the line is too little for it, the whole is enough."""
    four = [to_come(number, 1000, 3000.0 + number) for number in range(4)]
    assert first_pressed(four, 1.0, holding=False) is four[0]
    assert first_pressed(four, 2.0, holding=False) is None


def test_nobody_is_pressed_with_days_left():
    """Else every run with a slow line would work in single file."""
    week = [to_come(number, GB, 6 * 86_400.0) for number in range(8)]
    assert first_pressed(week, 100_000.0, holding=False) is None


def test_giving_way_lasts_longer_than_it_takes_to_begin():
    """So that nothing flaps."""
    pair = [to_come(0, 600, 2000.0), to_come(1, 600, 9000.0)]
    assert first_pressed(pair, 1.0, holding=False) is None
    assert first_pressed(pair, 1.0, holding=True) is pair[0]
    assert first_pressed([to_come(0, 400, 2000.0), pair[1]], 1.0, holding=True) is None


def test_a_file_of_unknown_length_presses_on_its_last_day():
    """Nobody can tell how soon it is home."""
    others = [to_come(1, 1000, 6 * 86_400.0)]
    assert first_pressed([to_come(0, None, 25 * 3600.0), *others], 1e6, holding=False) is None
    last_day = to_come(0, None, 23 * 3600.0)
    assert first_pressed([last_day, *others], 1e6, holding=False) is last_day


def test_who_waits_for_a_slot_presses_the_less_urgent():
    """The line that those use keeps the more urgent ones in their slots."""
    waits = to_come(1, 1000, 1500.0, running=False)
    running = [to_come(0, 100, 1400.0), to_come(2, 9000, 90_000.0), to_come(3, 9000, 90_000.0)]
    assert first_pressed([*running, waits], 1.0, holding=False) is waits
    assert going_on([*running, waits], waits, 0) == running[0].urgency


def test_a_hopeless_one_and_one_that_is_gone_hold_nobody_back():
    """What is lost anyway must not cost the others."""
    others = [to_come(1, 1000, 90_000.0)]
    assert first_pressed([to_come(0, 10**9, 60.0), *others], 1.0, holding=False) is None
    assert first_pressed([to_come(0, 1000, -5.0), *others], 1.0, holding=False) is None
    assert first_pressed([to_come(0, None, 0.0), *others], 1.0, holding=False) is None


def test_more_go_on_until_all_do():
    """Where the first ones cannot use up the line."""
    four = [to_come(number, 1000, 3000.0 + number) for number in range(4)]
    assert [going_on(four, four[0], extra) for extra in range(5)] == [
        four[0].urgency,
        four[1].urgency,
        four[2].urgency,
        None,
        None,
    ]
    assert going_on(four, None, 0) is None
    assert going_on([to_come(8, 5, 9.0, running=False)], to_come(8, 5, 9.0, running=False), 0) is None


standings = st.tuples(st.integers(0, 10**10) | st.none(), st.floats(-1e5, 1e6) | st.none(), st.booleans())


@given(
    several=st.lists(standings, max_size=8),
    speed=st.floats(1, 1e9),
    holding=st.booleans(),
    extra=st.integers(0, 9),
)
def test_the_pressed_and_the_more_urgent_always_go_on(several, speed, holding, extra):
    """Whoever gives way is under way and less urgent; one at least goes on."""
    transfers = [to_come(number, *each[:2], running=each[2]) for number, each in enumerate(several)]
    pressed = first_pressed(transfers, speed, holding=holding)
    after = going_on(transfers, pressed, extra)
    if pressed is None:
        assert after is None
    else:
        assert pressed.left_s is not None
        assert pressed.left_s > 0
        assert pressed.left_bytes != 0
    if after is not None and pressed is not None:
        going = [each for each in transfers if each.running and each.urgency <= after]
        assert going
        assert any(each.running and each.urgency > after for each in transfers)
        assert all(each in going for each in transfers if each.running and each.urgency <= pressed.urgency)


@given(
    lengths=st.lists(st.integers(1, 100_000), min_size=1, max_size=8),
    gaps=st.lists(st.floats(0, 500), min_size=8, max_size=8),
)
def test_what_the_order_of_expiry_can_meet_is_met_on_a_line_shared_equally(lengths, gaps):
    """Looked at every 5 s, with a fifth of each time to spare."""
    speed, now_s, holding = 100.0, 0.0, False
    ends, passed = [], 10.0
    for length, gap in zip(lengths, gaps, strict=False):
        passed += length / speed * 1.25 + gap
        ends.append(passed)
    left = [float(length) for length in lengths]
    while any(left):
        transfers = [
            Transfer(
                urgency=(end, f"{number:02}"), left_bytes=int(rest) + 1, left_s=end - now_s, running=True
            )
            for number, (end, rest) in enumerate(zip(ends, left, strict=True))
            if rest
        ]
        pressed = first_pressed(transfers, speed, holding=holding)
        holding = pressed is not None
        after = going_on(transfers, pressed, 0)
        step_s = 5.0
        while step_s > 0 and any(left):
            going = [
                number
                for number, rest in enumerate(left)
                if rest and (after is None or (ends[number], f"{number:02}") <= after)
            ]
            if not going:
                break
            each_s = min(step_s, min(left[number] for number in going) * len(going) / speed)
            now_s, step_s = now_s + each_s, step_s - each_s
            for number in going:
                left[number] -= each_s * speed / len(going)
                if left[number] < 1e-6:
                    left[number] = 0.0
                    assert now_s <= ends[number]
        now_s += max(0.0, step_s)
