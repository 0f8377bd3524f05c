"""Tokens, refusals, states, files and restarts over plain HTTP."""

import io
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import aiohttp
import aiohttp.web
import anyio
import pytest
from anyio.streams.buffered import BufferedByteReceiveStream

from avatar_async._wire.endpoints import CREATE_PATHS, LIST_PATH, QUERY_PATH, REFRESH_PATH, TOKEN_PATH
from avatar_async.emulator import Emulator
from avatar_async.errors import EmulatorError
from avatar_async.requests import Kind
from avatar_async.testing import VirtualClock

WEEK_S = 7 * 86_400


async def test_a_third_token_invalidates_the_oldest(avatar_emulator, caller):
    """The service keeps two tokens valid at once."""
    async with avatar_emulator() as emulator, caller(emulator) as api:
        first = dict(api.headers)
        await api.log_in(timestamp=1_700_000_000_000)
        assert (await api.post(QUERY_PATH, {"taskIds": []}, headers=first))[0] == 200
        await api.log_in()
        status, answer = await api.post(QUERY_PATH, {"taskIds": []}, headers=first)
        assert (status, answer["code"]) == (401, 401)
        assert (await api.post(QUERY_PATH, {"taskIds": []}))[0] == 200


async def test_tokens_end_after_eight_hours_and_are_refreshed(avatar_emulator, caller, virtual_clock):
    """The refresh token outlives the access token."""
    async with avatar_emulator(clock=virtual_clock) as emulator, caller(emulator) as api:
        tokens = await api.log_in()
        assert tokens["expiresIn"] == 28_800
        await virtual_clock.advance(28_800)
        assert (await api.post(QUERY_PATH, {"taskIds": []}))[0] == 401
        body = {"appId": emulator.app_id, "grantType": "refreshToken"}
        headers = {"Authorization": f"Bearer {tokens['refreshToken']}"}
        status, answer = await api.post(REFRESH_PATH, body, headers=headers)
        assert (status, answer["code"]) == (200, 0)
        api.headers = {"Authorization": f"Bearer {answer['data']['accessToken']}"}
        assert (await api.post(QUERY_PATH, {"taskIds": []}))[0] == 200


async def test_a_wrong_signature_or_token_is_refused(avatar_emulator, caller, bodies):
    """401 with an envelope, and no task is made."""
    async with avatar_emulator() as emulator, caller(emulator) as api:
        body = {"appId": emulator.app_id, "timestamp": "1", "sign": "0" * 32, "grantType": "sign"}
        assert (await api.post(TOKEN_PATH, body))[0] == 401
        refresh = {"appId": emulator.app_id, "grantType": "refreshToken"}
        assert (await api.post(REFRESH_PATH, refresh))[0] == 401
        for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "x"}):
            status, answer = await api.post(
                CREATE_PATHS[Kind.TRAINING], bodies(emulator).training(), headers=headers
            )
            assert (status, answer["code"]) == (401, 401)
        assert not emulator.received.creates


@pytest.mark.parametrize(
    ("kind", "change", "field"),
    [
        (Kind.TRAINING, {"materialName": None}, "materialName is missing"),
        (Kind.TRAINING, {"videoUrl": "file:///etc/passwd"}, "videoUrl must be"),
        (Kind.TRAINING, {"param": {"personal": {}}}, "param must be a string"),
        (Kind.TRAINING, {"param": "{"}, "param must be a JSON object"),
        (Kind.TRAINING, {"param": "[]"}, "param must be a JSON object"),
        (Kind.TRAINING, {"param": "{}"}, "param.persistent is missing"),
        (Kind.IMAGE_PREVIEW, {"url": ""}, "url is missing"),
        (
            Kind.IMAGE_PREVIEW,
            {"param": '{"greenParamsBlurKs": "3"}'},
            "param.greenParamsBlurKs must be an integer",
        ),
        (
            Kind.VIDEO_PREVIEW,
            {"param": '{"greenParamsBlurKs": true}'},
            "param.greenParamsBlurKs must be an integer",
        ),
        (Kind.REBUILD, {"segmentStyle": 4}, "segmentStyle must be one of 0, 1, 2, 3"),
        (Kind.REBUILD, {"avatarType": 3}, "avatarType must be one of"),
        (Kind.TAKEOVER, {"param": "{}"}, "param.digital_role is missing"),
        (
            Kind.TAKEOVER,
            {"param": '{"digital_role": {"id": 1, "url": "http://a/b"}}'},
            "param.digital_role.url",
        ),
    ],
)
async def test_a_wrong_parameter_is_named(avatar_emulator, caller, bodies, kind, change, field):
    """Code 3333 names the field, and no task is made."""
    async with avatar_emulator() as emulator, caller(emulator) as api:
        make = bodies(emulator)
        base = {
            Kind.TRAINING: make.training(),
            Kind.REBUILD: make.rebuild(make.clip),
            Kind.TAKEOVER: make.takeover(),
        }.get(kind, make.preview())
        assert field in await api.refused(kind, base | change)
        assert not emulator.received.accepted


async def test_what_is_no_json_call_is_turned_away(avatar_emulator, caller):
    """Only JSON is read, bodies are bounded, and unknown paths are unknown."""
    async with avatar_emulator() as emulator, caller(emulator) as api:
        url = emulator.endpoint + QUERY_PATH
        cases = [
            (b"{}", "text/plain", 415),
            (b"{", "application/json", 400),
            (b'{"taskIds": NaN}', "application/json", 400),
            (io.BytesIO(b" " * (2 << 20)), "application/json", 413),
        ]
        for data, content_type, expected in cases:
            headers = api.headers | {"Content-Type": content_type}
            async with api.session.post(url, data=data, headers=headers) as response:
                assert (response.status, (await response.json())["code"]) == (expected, expected)
        assert (await api.post("/api/none", {}))[0] == 404
        async with api.session.get(url) as response:
            assert (response.status, response.headers["Allow"]) == (405, "POST")
        assert emulator.received.paths["(unknown)"] == 2


async def test_a_task_goes_through_its_states_by_the_clock(avatar_emulator, caller, bodies, virtual_clock):
    """Queued, running with progress, success at its time, expired after the retention."""
    options = {"clock": virtual_clock, "durations_s": {Kind.IMAGE_PREVIEW: (100.0, 100.0)}}
    async with avatar_emulator(**options) as emulator, caller(emulator) as api:
        task_id = await api.create(Kind.IMAGE_PREVIEW, bodies(emulator).preview(name="states"))
        assert task_id > 2**53
        (task,) = await api.finished(task_id)
        assert (task["status"], task["progress"], task["finishTime"], task["files"]) == (
            "QUEUED",
            0,
            None,
            [],
        )
        await virtual_clock.advance(50)
        (task,) = await api.query(task_id)
        assert task["status"] == "RUNNING"
        assert 30 < task["progress"] < 60
        await virtual_clock.advance(50)
        (task,) = await api.query(task_id)
        assert (task["status"], task["progress"], task["failReason"]) == ("SUCCESS", 100, None)
        finished, expires = (datetime.fromisoformat(task[name]) for name in ("finishTime", "expireTime"))
        assert (expires - finished).total_seconds() == WEEK_S
        await virtual_clock.advance(WEEK_S)
        await api.log_in()
        (task,) = await api.query(task_id)
        assert (task["status"], task["files"]) == ("EXPIRED", [])


async def test_a_time_scale_makes_tasks_quicker(avatar_emulator, caller, bodies, virtual_clock):
    """Long durations can be watched in short time."""
    options = {"clock": virtual_clock, "durations_s": {Kind.IMAGE_PREVIEW: (600.0, 600.0)}}
    async with avatar_emulator(**options, time_scale=60) as emulator, caller(emulator) as api:
        task_id = await api.create(Kind.IMAGE_PREVIEW, bodies(emulator).preview())
        await emulator.settle()
        await virtual_clock.advance(9)
        assert (await api.query(task_id))[0]["status"] == "RUNNING"
        await virtual_clock.advance(1)
        assert (await api.query(task_id))[0]["status"] == "SUCCESS"


async def test_unknown_ids_are_left_out_and_batches_are_bounded(avatar_emulator, caller):
    """The dialect's query takes so many ids and no more."""
    async with avatar_emulator(batch_limit=3) as emulator, caller(emulator) as api:
        assert await api.query(1, 2, "3") == []
        status, answer = await api.post(QUERY_PATH, {"taskIds": [1, 2, 3, 4]})
        assert (status, answer["code"]) == (200, 3333)
        assert "at most 3" in answer["message"]


async def test_tasks_are_listed_by_name_in_pages(avatar_emulator, caller, bodies):
    """The list call settles doubts, so that it must find every task of a name."""
    async with avatar_emulator() as emulator, caller(emulator) as api:
        make = bodies(emulator)
        ids = [await api.create(Kind.IMAGE_PREVIEW, make.preview(name="same")) for _ in range(3)]
        await api.create(Kind.IMAGE_PREVIEW, make.preview(name="other"))
        body = {"materialName": "same", "pageNo": 2, "pageSize": 2}
        _, answer = await api.post(LIST_PATH, body)
        assert answer["data"]["total"] == 3
        assert [task["taskId"] for task in answer["data"]["list"]] == [ids[0]]
        await emulator.settle()


async def test_files_answer_ranges_with_strong_validators(avatar_emulator, caller, bodies):
    """What a resuming download relies on."""
    async with avatar_emulator() as emulator, caller(emulator) as api:
        (task,) = await api.finished(await api.create(Kind.TRAINING, bodies(emulator).training()))
        url, size = task["files"][0]["url"], task["files"][0]["size"]
        status, headers, whole = await api.get(url)
        etag = headers["ETag"]
        assert (status, len(whole), headers["Accept-Ranges"]) == (200, size, "bytes")
        assert etag.startswith('"')

        status, headers, content = await api.get(url, Range="bytes=100-", If_Range=etag)
        assert (status, headers["Content-Range"], content) == (
            206,
            f"bytes 100-{size - 1}/{size}",
            whole[100:],
        )
        assert (await api.get(url, Range="bytes=5-9"))[2] == whole[5:10]
        assert (await api.get(url, Range="bytes=-7"))[2] == whole[-7:]
        assert (await api.get(url, Range="bytes=0-"))[0] == 206
        assert (await api.get(url, Range="bytes=100-", If_Range='"other"'))[::2] == (200, whole)
        assert (await api.get(url, Range="bytes=0-1,5-6"))[::2] == (200, whole)
        status, headers, _ = await api.get(url, Range=f"bytes={size}-")
        assert (status, headers["Content-Range"]) == (416, f"bytes */{size}")
        assert (await api.get(url, If_None_Match=etag))[0] == 304
        async with api.session.head(url) as response:
            assert (response.status, response.content_length) == (200, size)

        (again,) = await api.query(task["taskId"])
        assert again["files"][0]["url"] != url
        assert (await api.get(again["files"][0]["url"]))[2] == whole


async def test_addresses_expire_and_files_go_after_their_time(avatar_emulator, caller, bodies, virtual_clock):
    """403 for an old or forged address, 410 once the retention is over."""
    async with avatar_emulator(clock=virtual_clock) as emulator, caller(emulator) as api:
        (task,) = await api.finished(await api.create(Kind.IMAGE_PREVIEW, bodies(emulator).preview()))
        url = task["files"][0]["url"]
        assert (await api.get(url))[0] == 200
        assert (await api.get(url.replace("signature=", "signature=0")))[0] == 403
        assert (await api.get(url.partition("?")[0]))[0] == 403
        assert (await api.get(url, Authorization="Bearer x"))[0] == 400
        await virtual_clock.advance(3600)
        assert (await api.get(url))[0] == 403
        (task,) = await api.query(task["taskId"])
        assert (await api.get(task["files"][0]["url"]))[0] == 200
        await virtual_clock.advance(WEEK_S)
        assert (await api.get(url))[0] == 410


async def test_media_are_served_and_nothing_beside_them(avatar_emulator, caller):
    """The media route must not lead out of its folder."""
    async with avatar_emulator() as emulator, caller(emulator) as api:
        assert (await api.get(emulator.media_url("clip.mp4"), Range="bytes=0-3"))[0] == 206
        for name in ("none.mp4", "..%2Fstate.db", "%2Fetc%2Fpasswd"):
            assert (await api.get(f"{emulator.endpoint}/media/{name}"))[0] == 404


async def test_a_restart_finds_tasks_tokens_files_and_counts(avatar_emulator, caller, bodies):
    """A resumed batch finds everything where it was, at the same address."""
    async with avatar_emulator() as emulator, caller(emulator) as api:
        (task,) = await api.finished(await api.create(Kind.IMAGE_PREVIEW, bodies(emulator).preview()))
        headers, endpoint, account = api.headers, emulator.endpoint, (emulator.app_id, emulator.app_key)
    async with avatar_emulator() as emulator, caller(emulator) as api:
        assert (emulator.endpoint, (emulator.app_id, emulator.app_key)) == (endpoint, account)
        api.headers = headers
        (again,) = await api.query(task["taskId"])
        assert again["status"] == "SUCCESS"
        assert (await api.get(task["files"][0]["url"]))[0] == 200
        assert emulator.received.creates == {"look": 1}
        assert emulator.received.paths[TOKEN_PATH] == 2


SCRIPT = """
import sys, anyio
from pathlib import Path
from avatar_async.emulator import Emulator, serve

async def main():
    emulator = Emulator(Path(sys.argv[1]), media_dir=Path(sys.argv[2]))
    await serve(emulator, lambda ready: print(f"{ready.endpoint} {ready.app_id} {ready.app_key}", flush=True))

anyio.run(main)
"""


async def test_a_kill_loses_nothing_that_was_answered(caller, bodies, tmp_path, avatar_media):
    """Work accepted before kill -9 is done after the restart, and the same work makes the same bytes."""
    data = tmp_path / "data"
    command = [sys.executable, "-c", SCRIPT, str(data), str(avatar_media)]
    async with await anyio.open_process(command, stderr=None) as process:
        assert process.stdout is not None
        line = await BufferedByteReceiveStream(process.stdout).receive_until(b"\n", 1000)
        endpoint, app_id, app_key = line.decode().split()
        remote = Emulator(data, media_dir=avatar_media)
        remote.endpoint, remote.app_id, remote.app_key = endpoint, app_id, app_key
        async with caller(remote) as api:
            make = bodies(remote)
            ids = [await api.create(Kind.VIDEO_PREVIEW, make.preview(url=make.clip)) for _ in range(4)]
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
    later = VirtualClock(datetime.now(UTC) + timedelta(hours=1))
    async with Emulator(data, media_dir=avatar_media, clock=later) as emulator, caller(emulator) as api:
        assert urlsplit(emulator.endpoint).port == urlsplit(endpoint).port
        tasks = await api.finished(*ids)
        assert [task["status"] for task in tasks] == ["SUCCESS"] * 4, tasks
        assert len({task["files"][0]["md5"] for task in tasks}) == 1
        assert emulator.received.creates == {"look": 4}


async def test_sources_of_an_earlier_run_are_found_on_another_port(avatar_emulator, caller, bodies):
    """If the port was taken meanwhile, unfinished work still finds the emulator's own media."""
    async with avatar_emulator() as emulator:
        old = emulator.media_url("still.png")
    port = urlsplit(old).port
    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=port),
        avatar_emulator() as emulator,
        caller(emulator) as api,
    ):
        assert urlsplit(emulator.endpoint).port != port
        (task,) = await api.finished(await api.create(Kind.IMAGE_PREVIEW, bodies(emulator).preview(url=old)))
        assert task["status"] == "SUCCESS"


async def test_one_emulator_per_folder_and_port(avatar_emulator, tmp_path):
    """Two writers would lose tasks; a taken port is told plainly."""
    async with avatar_emulator() as emulator:
        with pytest.raises(EmulatorError, match="another emulator or run uses"):
            await avatar_emulator().__aenter__()
        taken = Emulator(tmp_path / "second", port=urlsplit(emulator.endpoint).port)
        with pytest.raises(EmulatorError, match="cannot listen"):
            await taken.__aenter__()


async def test_errors_of_the_block_leave_it_unwrapped(avatar_emulator):
    """An assertion in a user's test must stay an assertion."""
    with pytest.raises(ZeroDivisionError):
        async with avatar_emulator():
            raise ZeroDivisionError


async def test_cancellation_closes_everything(avatar_emulator, caller, bodies):
    """A cancelled run leaves its folder and port free for the next one."""

    async def run(*, task_status):
        async with avatar_emulator() as emulator, caller(emulator) as api:
            make = bodies(emulator)
            ids = [await api.create(Kind.VIDEO_PREVIEW, make.preview(url=make.clip)) for _ in range(3)]
            task_status.started((emulator.endpoint, ids))
            await anyio.sleep_forever()

    async with anyio.create_task_group() as group:
        endpoint, ids = await group.start(run)
        group.cancel_scope.cancel()
    async with avatar_emulator() as emulator, caller(emulator) as api:
        assert emulator.endpoint == endpoint
        assert {task["status"] for task in await api.finished(*ids)} == {"SUCCESS"}


async def test_closing_does_not_wait_for_a_long_work(avatar_emulator, caller, bodies):
    """Work under way is left and done anew at the next start."""
    async with avatar_emulator() as emulator, caller(emulator) as api:
        make = bodies(emulator)
        ids = [await api.create(Kind.VIDEO_PREVIEW, make.preview(url=make.clip)) for _ in range(10)]
    assert any(task.outcome is None for task in emulator._store.tasks.values())
    async with avatar_emulator() as emulator, caller(emulator) as api:
        assert {task["status"] for task in await api.finished(*ids)} == {"SUCCESS"}


async def test_the_date_header_tells_the_emulators_time(avatar_emulator, virtual_clock):
    """Doubts are settled by the service's clock."""
    async with (
        avatar_emulator(clock=virtual_clock) as emulator,
        aiohttp.ClientSession() as session,
        session.get(emulator.endpoint) as response,
    ):
        assert response.headers["Date"] == "Thu, 01 Jan 2026 00:00:00 GMT"


async def test_a_middleware_may_misbehave(avatar_emulator, caller):
    """The seam for faults."""

    @aiohttp.web.middleware
    async def broken(request, handler):
        if request.path == QUERY_PATH:
            return aiohttp.web.Response(status=503)
        return await handler(request)

    async with (
        avatar_emulator(middlewares=[broken]) as emulator,
        caller(emulator) as api,
        api.session.post(emulator.endpoint + QUERY_PATH, json={}) as response,
    ):
        assert response.status == 503
