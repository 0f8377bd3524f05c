"""Faults of calls over plain HTTP: what the caller sees, and what was really done."""

import json
from contextlib import AsyncExitStack, suppress
from email.utils import parsedate_to_datetime

import aiohttp
import anyio
import pytest

from avatar_async._wire.endpoints import CREATE_PATHS, LIST_PATH, QUERY_PATH, REFRESH_PATH
from avatar_async.emulator import Emulator, FaultPlan, Rule
from avatar_async.emulator.faults import Garbage, Reset, Status
from avatar_async.errors import EmulatorError
from avatar_async.requests import Kind

PREVIEW = CREATE_PATHS[Kind.IMAGE_PREVIEW]


async def raw_create(api, body, path=PREVIEW):
    """Return status, headers and bytes of a create call's reply, as far as it comes."""
    async with api.session.post(api.emulator.endpoint + path, json=body, headers=api.headers) as response:
        return response.status, response.headers.copy(), await response.read()


@pytest.mark.parametrize(
    ("fault", "error", "made"),
    [
        ("reset", aiohttp.ClientConnectionError, 0),
        ("reset-after", aiohttp.ClientConnectionError, 1),
        ("reset-middle", aiohttp.ClientError, 1),
        ("truncate", aiohttp.ClientPayloadError, 1),
        ("truncate(bytes=0)", aiohttp.ClientPayloadError, 1),
        ("hang", TimeoutError, 0),
        ("hang-after", TimeoutError, 1),
        ("stall", TimeoutError, 1),
    ],
)
async def test_a_broken_create_call_is_counted_and_its_task_is_real(
    avatar_emulator, caller, bodies, fault, error, made
):
    """A task made without a reply is what makes people pay twice, so it must really be there."""
    async with avatar_emulator(faults=f"create:{fault}@1") as emulator, caller(emulator) as api:
        body = bodies(emulator).preview()
        with pytest.raises(error), anyio.fail_after(1.0 if error is TimeoutError else 10):
            await raw_create(api, body)
        assert emulator.received.creates == {"look": 1}
        assert emulator.received.kinds == {"image_preview": 1}
        assert sum(emulator.received.accepted.values()) == made
        _, listed = await api.post(LIST_PATH, {"materialName": "look"})
        assert listed["data"]["total"] == made
        await api.create(Kind.IMAGE_PREVIEW, body)
        assert emulator.received.creates == {"look": 2}
        assert emulator.faults.counts.total() == len(emulator.faults.fired) == 1


@pytest.mark.parametrize(
    ("fault", "status", "code", "retry_after"),
    [
        ("500", 500, 500, None),
        ("503(envelope=false)", 503, None, None),
        ("404(envelope_code=17)", 404, 17, None),
        ("envelope(envelope_code=9001)", 200, 9001, None),
        ("429(retry_after=2)", 429, 429, "2"),
        ("429(retry_after=-5)", 429, 429, "-5"),
        ("429(retry_after=99999999999999)", 429, 429, "99999999999999"),
    ],
)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_status_comes_before_or_instead_of_the_reply(
    avatar_emulator, caller, bodies, fault, status, code, retry_after, when
):
    """A 5xx after the task was made is the doubt that the product must settle."""
    spec = f"create:{fault}".rstrip(")") + (f", when={when})" if "(" in fault else f"(when={when})")
    async with avatar_emulator(faults=spec) as emulator, caller(emulator) as api:
        seen, headers, body = await raw_create(api, bodies(emulator).preview())
        assert (seen, headers.get("Retry-After")) == (status, retry_after)
        assert code is None or json.loads(body)["code"] == code
        assert sum(emulator.received.accepted.values()) == (1 if when == "after" else 0)
        assert emulator.received.creates == {"look": 1}


async def test_retry_after_may_be_a_date_of_the_emulators_clock(avatar_emulator, caller, virtual_clock):
    """The header's other form."""
    spec = 'list:429(retry_after="date+90")'
    async with avatar_emulator(faults=spec, clock=virtual_clock) as emulator, caller(emulator) as api:
        _, headers, _ = await raw_create(api, {}, LIST_PATH)
        assert (parsedate_to_datetime(headers["Retry-After"]) - virtual_clock.now()).total_seconds() == 90


@pytest.mark.parametrize(
    "what",
    [
        "bytes",
        "empty",
        "half",
        "html",
        "types",
        "list",
        "null",
        "no-data",
        "nan",
        "deep",
        "big-int",
        "huge",
        "utf16",
    ],
)
async def test_garbage_is_answered_after_the_work(avatar_emulator, caller, bodies, what):
    """Unreadable replies leave the outcome unknown."""
    plan = FaultPlan(rules=[Rule(on="create", fault=Garbage(what=what), first=1)])
    async with avatar_emulator(faults=plan) as emulator, caller(emulator) as api:
        status, _, body = await raw_create(api, bodies(emulator).preview())
        assert status == 200
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            answer = None
        task_id = answer.get("data") if isinstance(answer, dict) else None
        assert task_id not in emulator._store.tasks if not isinstance(task_id, dict) else True
        assert emulator.received.accepted == {"look": 1}


async def test_a_redirect_leads_to_another_host_name_and_is_answered_there(avatar_emulator, caller):
    """A client that follows must find something, or the test would prove nothing."""
    async with avatar_emulator(faults="query:redirect(code=307)") as emulator, caller(emulator) as api:
        async with api.session.post(
            emulator.endpoint + QUERY_PATH, json={"taskIds": []}, headers=api.headers, allow_redirects=False
        ) as response:
            assert response.status == 307
            assert response.headers["Location"].startswith("http://localhost:")
            target = response.headers["Location"]
        async with api.session.post(target, json={"taskIds": []}, headers=api.headers) as response:
            assert response.status == 200


async def test_a_token_may_die_early(avatar_emulator, caller):
    """401 for this call and every later one; the refresh token still works."""
    async with avatar_emulator(faults="query:end-token@2") as emulator, caller(emulator) as api:
        tokens = await api.log_in()
        assert [(await api.post(QUERY_PATH, {"taskIds": []}))[0] for _ in range(3)] == [200, 401, 401]
        assert emulator.received.unauthorized == {QUERY_PATH: 2}
        body = {"appId": emulator.app_id, "grantType": "refreshToken"}
        headers = {"Authorization": f"Bearer {tokens['refreshToken']}"}
        assert (await api.post(REFRESH_PATH, body, headers=headers))[0] == 200
        assert emulator.received.tokens == {"issued": 3, "refreshed": 1, "most_alive": 2}


async def test_waits_follow_the_emulators_clock(avatar_emulator, caller, virtual_clock, until):
    """An hour's delay costs a test nothing; the time scale shortens it too."""
    options = {"faults": "query:delay(seconds=3600)", "clock": virtual_clock, "time_scale": 2}
    async with (
        avatar_emulator(**options) as emulator,
        caller(emulator) as api,
        anyio.create_task_group() as group,
    ):
        answers = []

        async def ask():
            answers.append(await api.post(QUERY_PATH, {"taskIds": []}))

        group.start_soon(ask)
        await until(lambda: virtual_clock._sleepers)
        await virtual_clock.advance(1799)
        assert not answers
        await virtual_clock.advance(1)
        await until(lambda: answers)


async def test_slow_bytes_come_one_by_one(avatar_emulator, caller):
    """A server that trickles must not look dead, nor hold everyone else up."""
    async with (
        avatar_emulator(faults="query:slow(bytes_s=500, chunk_bytes=10)") as emulator,
        caller(emulator) as api,
    ):
        started = anyio.current_time()
        assert (await api.post(QUERY_PATH, {"taskIds": []}))[1]["data"] == []
        assert anyio.current_time() - started > 0.06


async def test_closing_does_not_wait_for_what_hangs(avatar_emulator, caller, until):
    """A test with a hanging service must still end at once."""

    async def ask(api, path):
        with suppress(aiohttp.ClientError):
            await api.post(path, {"taskIds": []})

    async with AsyncExitStack() as stack, anyio.create_task_group() as group:
        async with avatar_emulator(faults="query:hang,list:delay(seconds=9999)") as emulator:
            api = await stack.enter_async_context(caller(emulator))
            group.start_soon(ask, api, QUERY_PATH)
            group.start_soon(ask, api, LIST_PATH)
            await until(lambda: len(emulator.faults.fired) == 2)
            started = anyio.current_time()
        assert anyio.current_time() - started < 0.9


async def test_rules_change_while_it_runs(avatar_emulator, caller):
    """Tests break a thing, look, and mend it."""
    async with avatar_emulator() as emulator, caller(emulator) as api:

        async def status():
            return (await api.post(QUERY_PATH, {"taskIds": []}))[0]

        assert await status() == 200
        emulator.faults.add("query:503@2", Rule(on="list", fault=Reset()))
        assert [await status() for _ in range(3)] == [200, 503, 200]
        emulator.faults.clear("query")
        assert [rule.on for rule in emulator.faults.plan.rules] == ["list"]
        emulator.faults.add(Rule(on="query", fault=Status(code=502), at_most=1))
        assert [await status() for _ in range(2)] == [502, 200]
        emulator.faults.clear()
        assert (await api.post(LIST_PATH, {}))[0] == 200
        assert emulator.faults.counts == {"status": 2}
        with pytest.raises(EmulatorError, match="no endpoint"):
            emulator.faults.add("queri:503")


async def test_calls_without_a_token_are_no_create_calls(avatar_emulator, caller, bodies):
    """Whoever may not create does not count as having tried."""
    async with avatar_emulator(faults="create:503") as emulator, caller(emulator) as api:
        api.headers = {}
        assert (await raw_create(api, bodies(emulator).preview()))[0] == 503
        assert not emulator.received.creates


def test_a_wrong_spec_is_refused_before_anything_starts(tmp_path):
    """The plan is read when the emulator is made."""
    with pytest.raises(EmulatorError, match="no fault"):
        Emulator(tmp_path, faults="query:explode")
