"""Queries and lists over real connections."""

import pytest
from aiohttp import web

from avatar_async.client import AvatarClient
from avatar_async.errors import AuthError, ConfigError, ReplyError, ServiceError, TransportError
from avatar_async.settings import Settings

TOTAL = web.AppKey("total", int)
TASK = {"taskType": "takeover", "materialName": "clip", "status": "RUNNING"}


def client(endpoint: str, **changes) -> AvatarClient:
    """Return a client with a fixed token."""
    return AvatarClient(settings=Settings(endpoint=endpoint, token="t0ken", **changes))


def reply(data) -> web.Response:
    """Return an envelope."""
    return web.json_response({"code": 0, "message": "success", "data": data})


@pytest.fixture
def service():
    """Return an application with a query and a list call; a task's id is its page."""
    app = web.Application()

    async def query(request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer t0ken"
        return reply([{**TASK, "taskId": number} for number in (await request.json())["taskIds"]])

    async def listed(request: web.Request) -> web.Response:
        body = await request.json()
        assert body["materialName"] == "clip"
        first = (body["pageNo"] - 1) * body["pageSize"]
        ids = range(1, app[TOTAL] + 1)[first : first + body["pageSize"]]
        return reply({"total": app[TOTAL], "list": [{**TASK, "taskId": number} for number in ids]})

    app.router.add_post("/api/2dvh/v1/material/task/query", query)
    app.router.add_post("/api/2dvh/v1/material/task/list", listed)
    app[TOTAL] = 0
    return app


async def test_tasks_are_asked_for_in_one_call(service, app_server):
    """The poller counts calls."""
    async with app_server(service) as endpoint, client(endpoint) as asking:
        answer = await asking.query_tasks([5, 6, 7])
        assert [task.task_id for task in answer.tasks] == [5, 6, 7]
        assert answer.service_at is not None
        assert (await asking.query_tasks([])).tasks == ()
        with pytest.raises(ValueError, match="ids"):
            await asking.query_tasks(range(1, 200))


@pytest.mark.parametrize("total", [0, 1, 100, 101, 250])
async def test_every_page_of_a_list_is_read(service, app_server, total):
    """Doubt is settled only if exactly one task fits: a second one on the next page counts."""
    service[TOTAL] = total
    async with app_server(service) as endpoint, client(endpoint) as asking:
        found = await asking.find_tasks("clip")
    assert [task.task_id for task in found.tasks] == list(range(1, total + 1))


async def test_list_that_repeats_itself_ends(app_server):
    """A service that ignores the page number."""
    app = web.Application()

    async def listed(request: web.Request) -> web.Response:
        return reply({"list": [{**TASK, "taskId": number} for number in range(1, 101)]})

    app.router.add_post("/api/2dvh/v1/material/task/list", listed)
    async with app_server(app) as endpoint, client(endpoint) as asking:
        found = await asking.find_tasks("clip")
        assert len(found.tasks) == 100
        assert not found.whole, "more may lie behind the page that comes again and again"


@pytest.mark.parametrize("told", [True, False])
async def test_pages_shorter_than_asked_for_do_not_end_a_list(app_server, told):
    """A service caps its pages at 20, whatever length is asked for; the rest must not go unseen."""
    app, turns = web.Application(), []

    async def listed(request: web.Request) -> web.Response:
        number = (await request.json())["pageNo"]
        ids = range(1, 46)[20 * (number - 1) : 20 * number]
        page = {"list": [{**TASK, "taskId": number} for number in ids]}
        return reply(page | ({"total": 45} if told else {}))

    async def turn() -> None:
        turns.append(1)

    app.router.add_post("/api/2dvh/v1/material/task/list", listed)
    async with app_server(app) as endpoint, client(endpoint) as asking:
        found = await asking.find_tasks("clip", turn=turn)
    assert [task.task_id for task in found.tasks] == list(range(1, 46))
    assert found.whole
    assert len(turns) == (2 if told else 3), "each call but the first waits for its turn"


async def test_dialect_without_a_list_says_so():
    """Off unless written."""
    async with client("http://127.0.0.1:1", query_dialect={}) as asking:
        assert not asking.can_list
        with pytest.raises(ConfigError, match="no list call"):
            await asking.find_tasks("clip")


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", AuthError),
        (b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", ServiceError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n<htm>", ReplyError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{", TransportError),
        (b"", TransportError),
    ],
)
async def test_bad_answers_have_their_errors(raw_server, raw, error):
    """The poller goes on after each, save a lasting 401."""

    async def handler(reader, writer):
        writer.write(raw)

    async with raw_server(handler) as (endpoint, _), client(endpoint) as asking:
        with pytest.raises(error):
            await asking.query_tasks([5])


async def test_client_can_be_entered_again(service, app_server):
    """After the block it holds nothing."""
    async with app_server(service) as endpoint:
        asking = client(endpoint)
        for _ in range(2):
            async with asking:
                await asking.query(5)
        with pytest.raises(RuntimeError, match="async with"):
            await asking.query(5)
