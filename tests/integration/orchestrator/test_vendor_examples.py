"""The vendor documents' own examples, from manifest form through the ledger onto the wire."""

import json
from pathlib import Path

import pytest
from aiohttp import web

from avatar_async import AvatarClient, JobSpec, Kind, Orchestrator, Settings, State, StateEvent
from avatar_async._wire.endpoints import CREATE_PATHS, QUERY_PATH
from avatar_async.errors import RequestError
from avatar_async.requests import from_vendor

VENDOR = Path(__file__).parents[2] / "fixtures" / "vendor"
#: Every example, and the kind of call it belongs to. The recipes are rebuilds without their model.
EXAMPLES = {
    "training": Kind.TRAINING,
    "rebuild": Kind.REBUILD,
    "image_preview": Kind.IMAGE_PREVIEW,
    "video_preview": Kind.VIDEO_PREVIEW,
    "takeover": Kind.TAKEOVER,
    "recipe_black_edges": Kind.REBUILD,
    "recipe_green_tint": Kind.REBUILD,
}

pytestmark = pytest.mark.filterwarnings("ignore:the vendor deprecated takeover:DeprecationWarning")


class Recorder:
    """Answers create calls with task ids and never finishes a task; keeps what it was sent."""

    def __init__(self):
        self.received = {}

    async def create(self, request):
        assert request.headers["Content-Type"] == "application/json"
        assert request.headers["Authorization"] == "Bearer fixed"
        assert request.headers["User-Agent"].startswith("avatar-async/")
        self.received.setdefault(request.path, []).append(await request.json())
        task_id = 100 + sum(map(len, self.received.values()))
        return web.json_response({"code": 0, "message": "success", "data": task_id})

    async def query(self, request):
        ids = (await request.json())["taskIds"]
        tasks = [{"taskId": task_id, "status": "RUNNING"} for task_id in ids]
        return web.json_response({"code": 0, "message": "success", "data": tasks})

    def app(self):
        app = web.Application()
        app.router.add_post(QUERY_PATH, self.query)
        for path in CREATE_PATHS.values():
            app.router.add_post(path, self.create)
        return app


def example(name):
    """Return a document's example as it stands there."""
    return json.loads((VENDOR / f"{name}.json").read_text())


def decoded(body):
    """Return a body with its `param` decoded."""
    return body | {"param": json.loads(body["param"])} if "param" in body else body


def specs():
    """Return a job for each example."""
    return [
        JobSpec(name=name, kind=kind, request=from_vendor(kind, example(name)))
        for name, kind in EXAMPLES.items()
    ]


@pytest.fixture
async def endpoint():
    """A recorder on loopback, and its origin."""
    recorder = Recorder()
    runner = web.AppRunner(recorder.app())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield recorder, f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.mark.parametrize("validation", ["warn", "off"])
async def test_each_example_is_sent_field_for_field(endpoint, tmp_path, validation):
    """What the documents show is what the service gets, values outside the ranges included."""
    recorder, origin = endpoint
    client = AvatarClient(endpoint=origin, settings=Settings(token="fixed"))
    async with client, Orchestrator(client, out=tmp_path, validation=validation) as batch:
        events = batch.events()
        await batch.add_all(specs())
        batch.run()
        in_flight = set()
        async for event in events:
            if isinstance(event, StateEvent) and event.to_state is State.IN_FLIGHT:
                in_flight.add(event.job)
            if in_flight == set(EXAMPLES):
                break
    sent = {path: [decoded(body) for body in bodies] for path, bodies in recorder.received.items()}
    asked: dict[str, list[object]] = {}
    for name, kind in EXAMPLES.items():
        asked.setdefault(CREATE_PATHS[kind], []).append(decoded(example(name)))
    order = {path: sorted(bodies, key=json.dumps) for path, bodies in asked.items()}
    assert {path: sorted(bodies, key=json.dumps) for path, bodies in sent.items()} == order
    assert all(
        isinstance(body["param"], str) for path in sent for body in recorder.received[path] if "param" in body
    )


async def test_strict_refuses_all_of_them_together_and_sends_nothing(endpoint, tmp_path):
    """Every value outside its range is told with field, value and range, in one go."""
    recorder, origin = endpoint
    client = AvatarClient(endpoint=origin, settings=Settings(token="fixed"))
    async with client, Orchestrator(client, out=tmp_path) as batch:
        with pytest.raises(RequestError) as caught:
            await batch.add_all(specs())
        assert await batch.jobs() == []
    told = str(caught.value).splitlines()
    for job, field, value, allowed in (
        ("rebuild", "green_params_sample_point_bgr", "275", "0"),
        ("recipe_black_edges", "green_params_sample_point_bgr", "275", "255"),
        ("image_preview", "green_params_refineth_h_bgr", "230", "70"),
        ("video_preview", "green_params_refineth_h_bgr", "230", "220"),
    ):
        assert any(
            line.startswith(f"{job}:") and field in line and value in line and allowed in line
            for line in told
        ), (job, told)
    assert recorder.received == {}
