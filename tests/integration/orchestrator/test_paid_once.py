"""Runs against a service that misbehaves on real sockets: its own count says that nothing is paid twice."""

from collections import Counter
from typing import Any

import anyio
import pytest

from avatar_async import AvatarClient, ImagePreviewRequest, Orchestrator, State
from avatar_async.settings import Settings
from tests.integration.orchestrator.scripted import ScriptedService, accept, reply
from tests.integration.transport.peers import http, peer, replying

#: A dialect without a list call: doubt stays for a person, as against a service nobody knows better.
SHORT: dict[str, Any] = {"read_timeout_s": 0.4, "total_timeout_s": 0.8, "query_dialect": {"batch": 100}}


@pytest.fixture
def run(tmp_path):
    """A function that runs jobs of these names, and returns their states and why the run ended."""

    async def go(origin: str, *names: str, **options: Any) -> tuple[dict[str, State], str | None]:
        changes = {**SHORT, **options.pop("settings", {})}
        settings = Settings(endpoint=origin, token_cache_dir=tmp_path / "tokens", **changes)
        with anyio.fail_after(30):
            async with (
                AvatarClient(settings=settings) as client,
                Orchestrator(client, out=tmp_path / "out", poll_rate=200.0, **options) as orchestrator,
            ):
                for name in names:
                    await orchestrator.add(
                        name, ImagePreviewRequest(material_name=name, url=f"https://x.example/{name}.png")
                    )
                states = {job.name: job.state async for job in orchestrator.run()}
                return states, orchestrator.stopped_because

    return go


FIXED = {"settings": {"token": "t0ken"}}
ACCOUNT = {"settings": {"app_id": "app-1", "app_key": "k3y", "token_spacing_s": 0.05}}


async def never(_service, conversation, _name):
    """Make no answer."""
    await conversation.wait_until_left()


async def close(_service, _conversation, _name):
    """Close without an answer."""


async def reset(_service, conversation, _name):
    """Reset the connection."""
    conversation.reset()


async def accept_unheard(service, conversation, name):
    """Make a task, and break off before its id is out."""
    await conversation.send(reply(service.make(name))[:-8])


async def trouble(service, conversation, name):
    """Make a task, and say that there was trouble."""
    await conversation.send(reply(service.make(name), status="503 Service Unavailable"))


async def no_id(_service, conversation, _name):
    """Say success, and no id."""
    await conversation.send(reply({"url": "https://x.example/p.png"}))


@pytest.mark.parametrize("plan", [never, close, reset, accept_unheard, trouble, no_id])
async def test_an_unknown_outcome_is_in_doubt_and_a_second_run_sends_nothing(run, plan):
    """The first promise, over the wire: one create call, whatever happens to its answer."""
    service = ScriptedService(plan)
    async with service.listen() as origin:
        assert await run(origin, "a", **FIXED) == ({"a": State.IN_DOUBT}, None)
        for _ in range(2):
            assert (await run(origin, "a", **FIXED))[0] == {"a": State.IN_DOUBT}
    assert service.creates == {"a": 1}


async def test_three_unknown_outcomes_pause_creates_until_a_query_is_answered(run):
    """A service that lost its mind about creates must not turn a batch into doubt."""
    service = ScriptedService(trouble, trouble, trouble, accept)
    service.may_query = anyio.Event()
    names = [f"job-{number}" for number in range(8)]
    sent_while_paused: list[int] = []

    async def watch() -> None:
        await service.queried.wait()
        await anyio.sleep(0.3)
        sent_while_paused.append(sum(service.creates.values()))
        service.may_query.set()

    async with service.listen() as origin, anyio.create_task_group() as group:
        group.start_soon(watch)
        states, _ = await run(origin, *names, **FIXED)
    assert sent_while_paused == [3]
    assert Counter(states.values()) == {State.IN_DOUBT: 3, State.FAILED: 5}
    assert service.creates == dict.fromkeys(names, 1)


async def test_the_canary_goes_alone_until_one_query_was_understood(run):
    """With twenty jobs waiting, the service never holds two creates before it answered a query."""
    before_query: list[int] = []

    async def slow(service, conversation, name):
        if service.queries == 0 or not service.may_query.is_set():
            before_query.append(service.open_now)
        await anyio.sleep(0.1)
        await accept(service, conversation, name)

    service = ScriptedService(slow)
    service.may_query = anyio.Event()
    names = [f"job-{number}" for number in range(20)]

    async def watch() -> None:
        await service.queried.wait()
        await anyio.sleep(0.3)
        assert sum(service.creates.values()) == 1
        service.may_query.set()

    async with service.listen() as origin, anyio.create_task_group() as group:
        group.start_soon(watch)
        states, _ = await run(origin, *names, max_in_flight=8, **FIXED)
    assert before_query == [1]
    assert 2 <= service.open_most <= 8
    assert set(states.values()) == {State.FAILED}
    assert service.creates == dict.fromkeys(names, 1)


async def test_a_canary_in_doubt_lets_one_more_go_at_a_time(run):
    """It may have made a task, but nobody can ask for one without an id."""
    service = ScriptedService(trouble, accept)
    async with service.listen() as origin:
        states, _ = await run(origin, "a", "b", "c", **FIXED)
    assert states == {"a": State.IN_DOUBT, "b": State.FAILED, "c": State.FAILED}
    assert service.open_most == 1
    assert service.creates == {"a": 1, "b": 1, "c": 1}


async def test_throttling_lowers_what_is_sent_at_a_time(run):
    """A limit of three tasks at once is found out by a few refusals, and no job is lost to them."""
    refused = 0

    async def at_most_three(service, conversation, name):
        nonlocal refused
        if service.open_now > 3:
            refused += 1
            service.creates[name] -= 1
            await conversation.send(reply(code=1, status="429 Too Many", extra=("Retry-After: 0",)))
            return
        await anyio.sleep(0.05)
        await accept(service, conversation, name)

    service = ScriptedService(at_most_three)
    names = [f"job-{number}" for number in range(12)]
    async with service.listen() as origin:
        states, _ = await run(origin, *names, max_in_flight=12, **FIXED)
    assert set(states.values()) == {State.FAILED}
    assert 1 <= refused <= 12
    assert service.creates == dict.fromkeys(names, 1)


async def test_an_expired_token_costs_one_new_token_and_one_resend(run):
    """The token is checked before any work."""
    service = ScriptedService()
    service.alive = set()
    async with service.listen() as origin:
        assert (await run(origin, "a", **ACCOUNT))[0] == {"a": State.FAILED}
        assert (service.granted, service.creates) == (1, {"a": 1})
        service.alive.clear()
        assert (await run(origin, "a", "b", **ACCOUNT))[0] == {"a": State.FAILED, "b": State.FAILED}
    assert (service.granted, service.token_requests) == (2, 2)
    assert service.creates == {"a": 1, "b": 2}
    assert len(service.made["b"]) == 1


async def test_a_second_refusal_running_stops_submission(run):
    """The setting is wrong, not the job: two calls, one new token, and no job rejected."""
    service = ScriptedService()
    service.alive = {"nobody has this one"}

    async def refuse(conversation):
        service.token_requests += 1
        await conversation.send(reply({"accessToken": f"access-{service.token_requests}"}))

    service._grant = refuse  # type: ignore[method-assign] # its tokens are dead when they are given
    async with service.listen() as origin:
        states, why = await run(origin, "a", "b", **ACCOUNT)
    assert set(states.values()) == {State.PLANNED}
    assert "twice running" in str(why)
    assert sum(service.creates.values()) == 2
    assert service.token_requests == 2
    assert not service.made


async def test_an_answer_lost_after_the_resend_is_in_doubt(run):
    """The first call made nothing; the second may have."""
    service = ScriptedService(accept_unheard)
    service.alive = set()
    async with service.listen() as origin:
        real = service._grant

        async def stale_first(conversation):
            await real(conversation)
            if service.granted == 1:
                service.alive = set()

        service._grant = stale_first  # type: ignore[method-assign] # the first token dies at once
        assert (await run(origin, "a", **ACCOUNT))[0] == {"a": State.IN_DOUBT}
        assert (await run(origin, "a", **ACCOUNT))[0] == {"a": State.IN_DOUBT}
    assert service.creates == {"a": 2}
    assert len(service.made["a"]) == 1


async def test_a_fixed_token_that_is_refused_ends_the_run(run):
    """Nobody can renew it: one call, and every job stays planned."""
    service = ScriptedService()
    service.alive = {"another"}
    async with service.listen() as origin:
        states, why = await run(origin, "a", "b", "c", **FIXED)
        assert set(states.values()) == {State.PLANNED}
        assert "AVATAR_TOKEN" in str(why)
        assert sum(service.creates.values()) == 1
        service.alive = None
        states, why = await run(origin, "a", "b", "c", **FIXED)
    assert set(states.values()) == {State.FAILED}
    assert {name: len(made) for name, made in service.made.items()} == {"a": 1, "b": 1, "c": 1}


@pytest.mark.parametrize("status", [302, 307, 403, 404])
async def test_a_wrong_endpoint_costs_one_call_and_stops_submission(run, status):
    """The target of a redirect is never reached."""
    async with peer(replying(http())) as target:

        async def astray(_service, conversation, _name):
            await conversation.send(reply(status=f"{status} No", extra=(f"Location: {target.origin}/x",)))

        service = ScriptedService(astray)
        async with service.listen() as origin:
            states, why = await run(origin, "a", "b", **FIXED)
    assert states == {"a": State.PLANNED, "b": State.PLANNED}
    assert why is not None
    assert sum(service.creates.values()) == 1
    assert target.connections == 0
