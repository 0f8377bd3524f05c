"""A plain HTTP caller of the emulator, and bodies for it; its fixtures come with `avatar_async.testing`."""

import json
from pathlib import Path

import aiohttp
import anyio
import pytest

from avatar_async._wire.endpoints import CREATE_PATHS, QUERY_PATH, TOKEN_PATH
from avatar_async._wire.tokens import sign
from avatar_async.requests import Kind

VENDOR = Path(__file__).parents[2] / "fixtures" / "vendor"


class Caller:
    """Speak to the emulator with plain HTTP, sharing only paths and the signature with the client."""

    def __init__(self, emulator, session):
        self.emulator = emulator
        self.session = session
        self.headers = {}

    async def post(self, path, body, **options):
        headers = options.pop("headers", self.headers)
        async with self.session.post(self.emulator.endpoint + path, json=body, headers=headers) as response:
            return response.status, await response.json()

    async def log_in(self, timestamp="1700000000"):
        app_id, app_key = self.emulator.app_id, self.emulator.app_key
        body = {
            "appId": app_id,
            "timestamp": timestamp,
            "sign": sign(app_id, timestamp, app_key),
            "grantType": "sign",
        }
        status, answer = await self.post(TOKEN_PATH, body, headers={})
        assert (status, answer["code"]) == (200, 0), answer
        self.headers = {"Authorization": f"Bearer {answer['data']['accessToken']}"}
        return answer["data"]

    async def create(self, kind, body):
        status, answer = await self.post(CREATE_PATHS[kind], body)
        assert (status, answer["code"]) == (200, 0), answer
        return answer["data"]["id"] if isinstance(answer["data"], dict) else answer["data"]

    async def refused(self, kind, body):
        status, answer = await self.post(CREATE_PATHS[kind], body)
        assert (status, answer["code"], answer["data"]) == (200, 3333, None), answer
        return answer["message"]

    async def query(self, *ids):
        status, answer = await self.post(QUERY_PATH, {"taskIds": list(ids)})
        assert (status, answer["code"]) == (200, 0), answer
        return answer["data"]

    async def finished(self, *ids):
        """Return the tasks after all work is done."""
        await self.emulator.settle()
        return await self.query(*ids)

    async def get(self, url, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.get(url, headers=named) as response:
            return response.status, response.headers.copy(), await response.read()


class Bodies:
    """Make minimal bodies of each kind for an emulator's media."""

    def __init__(self, emulator):
        self.clip = emulator.media_url("clip.mp4")
        self.still = emulator.media_url("still.png")

    def training(self, *, name="anchor", url=None, personal=None, persistent=None, **param):
        return {
            "materialName": name,
            "videoUrl": url or self.clip,
            "param": json.dumps(
                {
                    "persistent": {"videoCrfQuality": 23, "stage1Config": [0, 1], **(persistent or {})},
                    "personal": {"segmentStyle": 1, **(personal or {})},
                    **param,
                }
            ),
        }

    def rebuild(self, model_url, **fields):
        base = {"materialName": "again", "videoUrl": self.clip, "modelUrl": model_url, "segmentStyle": 1}
        return {**base, **fields}

    def preview(self, *, name="look", url=None, **param):
        return {"materialName": name, "url": url or self.still, "param": json.dumps(param)}

    def takeover(self, *, name="talk", **param):
        base = {"digital_role": {"id": 4051}, "tts_query": {"content": "hello"}, "resolution": [108, 192]}
        return {"videoName": name, "param": json.dumps({**base, "frame_rate": 10, **param})}


@pytest.fixture
def caller():
    """A function that opens a caller with a token."""

    class Opened:
        def __init__(self, emulator):
            self.emulator = emulator

        async def __aenter__(self):
            self.session = aiohttp.ClientSession()
            opened = Caller(self.emulator, self.session)
            await opened.log_in()
            return opened

        async def __aexit__(self, *_error):
            await self.session.close()

    return Opened


@pytest.fixture
def until():
    """A function that waits until something is true, for ten seconds at most."""

    async def wait(condition):
        for _ in range(1000):
            if condition():
                return
            await anyio.sleep(0.01)
        pytest.fail("it never became true")

    return wait


@pytest.fixture
def bodies():
    """A function that makes bodies for an emulator."""
    return Bodies


@pytest.fixture
def vendor():
    """A function that reads one of the vendor documents' own examples."""

    def read(name):
        return json.loads((VENDOR / f"{name}.json").read_text(encoding="utf-8"))

    return read


@pytest.fixture
def kinds():
    """Every kind."""
    return tuple(Kind)
