"""What the emulator must withstand, and whom it must not serve."""

import json
import os

import aiohttp
import anyio
import pytest
from yarl import URL

from avatar_async._wire.endpoints import CREATE_PATHS, LIST_PATH, QUERY_PATH, REFRESH_PATH, TOKEN_PATH
from avatar_async.emulator.app import RECEIVED_PATH
from avatar_async.requests import Kind

PREVIEW = CREATE_PATHS[Kind.IMAGE_PREVIEW]
TAKEOVER = CREATE_PATHS[Kind.TAKEOVER]
URL_OF_CLIP = "http://127.0.0.1:1/still.png"
MANY = "9" * 900_000


def preview(**changed):
    """Return a preview's body as text, fields exchanged."""
    return json.dumps({"materialName": "bad", "url": URL_OF_CLIP, "param": "{}", **changed})


def takeover(param):
    """Return a takeover's body as text."""
    return json.dumps({"videoName": "bad", "param": param})


BAD = [
    (QUERY_PATH, "[" * 500_000),
    (QUERY_PATH, '{"a":' * 150_000),
    (QUERY_PATH, f'{{"taskIds":[{MANY}]}}'),
    (QUERY_PATH, f'{{"taskIds":["{MANY}"]}}'),
    (QUERY_PATH, f'{{"taskIds":[{"9" * 4000}]}}'),
    (QUERY_PATH, f'{{"taskIds":["{"9" * 5000}", "²", "٣"]}}'),
    (QUERY_PATH, '{"taskIds":[1e400]}'),
    (QUERY_PATH, '{"taskIds":' + "[" * 900 + "]" * 900 + "}"),
    (QUERY_PATH, b"\xff\xfe{}"),
    (QUERY_PATH, b'{"taskIds": "\xff"}'),
    (LIST_PATH, f'{{"pageNo":{"9" * 4000},"pageSize":{"9" * 4000}}}'),
    (LIST_PATH, '{"materialName":"\\ud800"}'),
    (PREVIEW, preview(materialName="half \ud800")),
    (PREVIEW, preview(url="http://a\ud800/")),
    (PREVIEW, preview(param="[" * 500_000)),
    (PREVIEW, preview(param='{"a":' * 100_000)),
    (PREVIEW, preview(param=f'{{"greenParamsBlurKs":{"9" * 4000}}}')),
    (PREVIEW, preview(param='{"greenParamsSpillByalpha":1e400}')),
    (PREVIEW, preview(param='{"greenParamsSpillByalpha":NaN}')),
    (PREVIEW, preview(param='{"x":"\\ud800"}')),
    (TAKEOVER, takeover('{"digital_role":{"id":1e400},"tts_query":{"content":"a"}}')),
    (TAKEOVER, takeover(f'{{"digital_role":{{"id":{"9" * 3000}}},"tts_query":{{"content":"a"}}}}')),
    (TOKEN_PATH, '{"appId":"\\ud800","timestamp":"1","sign":"\\ud800","grantType":"sign"}'),
    (TOKEN_PATH, f'{{"appId":"a","timestamp":{"9" * 4000},"sign":"a","grantType":"sign"}}'),
    (TOKEN_PATH, '{"appId":"a","timestamp":"²","sign":"é","grantType":"sign"}'),
    (REFRESH_PATH, '{"appId":"\\udfff","grantType":"refreshToken"}'),
]
ODD = [
    (PREVIEW, preview(materialName="nul\0in it")),
    (PREVIEW, preview(materialName="n" * 200_000)),
    (PREVIEW, preview(url="http://[::1")),
    (PREVIEW, preview(url="http://127.0.0.1:99999999/")),
    (PREVIEW, preview(url="http://" + "a" * 70_000 + "/")),
    (PREVIEW, preview(url="http://127.0.0.1:1/%00%ff\r\nHost: x")),
    (
        TAKEOVER,
        takeover(
            json.dumps(
                {
                    "digital_role": {"id": 1},
                    "tts_query": {"content": "hi"},
                    "resolution": [10**12, 10**12],
                    "frame_rate": 10**12,
                }
            )
        ),
    ),
    (
        TAKEOVER,
        takeover('{"digital_role":{"id":1},"tts_query":{"content":"a"},"resolution":[-5,0],"frame_rate":-1}'),
    ),
]


async def send(api, path, text):
    """Return the status of a call with a raw body."""
    body = text if isinstance(text, bytes) else text.encode()
    headers = api.headers | {"Content-Type": "application/json"}
    async with api.session.post(api.emulator.endpoint + path, data=body, headers=headers) as response:
        return response.status, await response.json()


async def test_no_body_takes_it_down_or_makes_a_task(avatar_emulator, caller, bodies):
    """Depth bombs, numbers of a megabyte, characters that do not exist: refused, and nothing is broken."""
    async with avatar_emulator(faults="list:503@99") as emulator, caller(emulator) as api:
        for path, text in BAD:
            with anyio.fail_after(10):
                status, answer = await send(api, path, text)
            assert (status, answer["code"] == 0) in {(400, False), (200, False), (401, False)}, (
                path,
                text[:60],
            )
        assert not emulator._store.tasks
        await api.finished(await api.create(Kind.IMAGE_PREVIEW, bodies(emulator).preview()))
    async with avatar_emulator() as emulator, caller(emulator) as api:
        assert emulator.received.accepted == {"look": 1}


async def test_odd_bodies_are_refused_or_worked_off(avatar_emulator, caller):
    """A huge resolution must not eat the memory, nor an odd address stop the others' work."""
    async with avatar_emulator() as emulator, caller(emulator) as api:
        for path, text in ODD:
            status, _ = await send(api, path, text)
            assert status == 200, text[:60]
        with anyio.fail_after(30):
            await emulator.settle()
        tasks = await api.query(*emulator._store.tasks)
        assert {task["status"] for task in tasks} <= {"SUCCESS", "FAILED"}
        assert all("emulator could not" not in (task["failReason"] or "") for task in tasks)


async def test_nothing_outside_the_folders_is_served(avatar_emulator, caller, bodies, tmp_path, avatar_media):
    """By dots, encoded dots, absolute paths, links or odd names."""
    media = tmp_path / "media"
    (media / "inner").mkdir(parents=True)
    (media / "inner" / "deep.txt").write_text("deep")
    (media / "still.png").write_bytes((avatar_media / "still.png").read_bytes())
    (tmp_path / "secret.txt").write_text("secret")
    (media / "link.txt").symlink_to(tmp_path / "secret.txt")
    (media / "folder").symlink_to(tmp_path)
    os.mkfifo(media / "pipe")
    async with avatar_emulator(media_dir=media) as emulator, caller(emulator) as api:
        (task,) = await api.finished(await api.create(Kind.IMAGE_PREVIEW, bodies(emulator).preview()))
        signed = URL(task["files"][0]["url"], encoded=True)
        paths = [
            *("/media/..", "/media/../secret.txt", "/media/%2e%2e/secret.txt", "/media/..%2fsecret.txt"),
            *("/media/..%5csecret.txt", "/media//etc/passwd", "/media/%2fetc%2fpasswd", "/media/link.txt"),
            *("/media/folder/secret.txt", "/media/folder%2fsecret.txt", "/media/inner%2fdeep.txt"),
            *("/media/pipe", "/media/inner", "/media/%00", "/media/" + "a" * 4000, "/media/", "/", "//"),
            *("/media/%c0%ae%c0%ae%2fsecret.txt", "/media/still.png%00.txt", "/files/1/..%2f..%2fstate.db"),
            f"/files/{'9' * 5000}/x?{signed.raw_query_string}",
            f"/files/{task['taskId']}/..%2f..%2fstate.db?{signed.raw_query_string}",
        ]
        for path in paths:
            address = URL(emulator.endpoint + path, encoded=True)
            async with api.session.get(address) as response:
                assert response.status in {403, 404}, path
                assert b"secret" not in await response.read()
        assert (await api.get(emulator.media_url("still.png")))[0] == 200


async def test_the_counts_are_read_from_this_machine_alone(avatar_emulator, caller, bodies, monkeypatch):
    """Tests from outside rely on them; they hold no secrets."""
    async with avatar_emulator(faults="create:reset-after@2") as emulator, caller(emulator) as api:
        body = bodies(emulator).preview()
        (task,) = await api.finished(await api.create(Kind.IMAGE_PREVIEW, body))
        content = (await api.get(task["files"][0]["url"]))[2]
        with pytest.raises(aiohttp.ClientError):
            await api.create(Kind.IMAGE_PREVIEW, body)
        status, _, text = await api.get(emulator.endpoint + RECEIVED_PATH)
        counts = json.loads(text)
        assert status == 200
        assert counts["creates"] == counts["accepted"] == {"look": 2}
        assert counts["kinds"] == {"image_preview": 2}
        assert counts["faults"] == {"reset": 1}
        assert counts["tokens"] == {"issued": 1, "most_alive": 1}
        assert counts["file_bytes"] == {f"look/{task['files'][0]['name']}": len(content)}
        assert api.headers["Authorization"].split()[1] not in text.decode()
        assert (await api.get(emulator.endpoint + RECEIVED_PATH, Host="evil.test"))[0] == 403
        monkeypatch.setattr("aiohttp.web.BaseRequest.remote", "192.0.2.7")
        assert (await api.get(emulator.endpoint + RECEIVED_PATH))[0] == 403


async def test_a_third_token_is_counted_as_ending_another(avatar_emulator, caller):
    """Two processes of one account must not do this to each other."""
    async with avatar_emulator() as emulator, caller(emulator) as api:
        await api.log_in()
        assert emulator.received.tokens == {"issued": 2, "most_alive": 2}
        await api.log_in()
        assert emulator.received.tokens == {"issued": 3, "most_alive": 2, "displaced": 1}
