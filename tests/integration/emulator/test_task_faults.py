"""Faults of how tasks are shown, and of what they make."""

import hashlib
import io
import zipfile
from datetime import datetime, timedelta

import pytest

from avatar_async._wire.endpoints import LIST_PATH, QUERY_PATH
from avatar_async.emulator import Rule
from avatar_async.emulator.faults import Rename
from avatar_async.requests import Kind

PREVIEW = Kind.IMAGE_PREVIEW


async def shown(api, *ids):
    """Return the raw `data` of a query."""
    return (await api.post(QUERY_PATH, {"taskIds": list(ids)}))[1]["data"]


@pytest.mark.parametrize(
    ("to", "wrong"),
    [
        ("text", "not-a-number"),
        ("float", 1.5),
        ("negative", -1),
        ("zero", 0),
        ("null", None),
        ("huge", 1 << 80),
        ("bool", True),
        ("list", [1]),
    ],
)
async def test_a_create_call_may_name_a_senseless_id(avatar_emulator, caller, bodies, to, wrong):
    """The task is there all the same, under its own id."""
    async with avatar_emulator(faults=f"create:wrong-id(to={to})@1") as emulator, caller(emulator) as api:
        make = bodies(emulator)
        assert await api.create(Kind.TAKEOVER, make.takeover()) == wrong
        assert emulator.received.accepted == {"talk": 1}
        (real,) = emulator._store.tasks
        assert [task["taskId"] for task in await api.finished(real)] == [real]


async def test_ids_may_be_unknown_anothers_or_missing(avatar_emulator, caller, bodies):
    """What a client must never take for its own task."""
    async with avatar_emulator() as emulator, caller(emulator) as api:
        make = bodies(emulator)
        first = await api.create(PREVIEW, make.preview(name="first"))
        emulator.faults.add("create:wrong-id@1,create:wrong-id(to=other)@2,create:leave-out@3")
        unknown = await api.create(PREVIEW, make.preview(name="second"))
        assert unknown not in emulator._store.tasks
        assert await api.create(Kind.VIDEO_PREVIEW, make.preview(url=make.clip)) in emulator._store.tasks
        assert await api.create(PREVIEW, make.preview(name="fourth")) is None
        assert emulator.received.accepted_kinds == {"image_preview": 3, "video_preview": 1}

        emulator.faults.clear()
        second = next(task.id for task in emulator._store.tasks.values() if task.name == "second")
        await emulator.settle()
        emulator.faults.add(
            "query[first]:wrong-id(to=other)@1,query[first]:leave-out@2,query[first]:other-task@3,"
            "query[first]:extra-task@4,query[first]:duplicate(times=3)@5,query[first]:wrong-id@6"
        )
        asked = [await shown(api, first, second) for _ in range(7)]
        ids = [[task["taskId"] for task in answer] for answer in asked]
        assert all(answer[-1] == second for answer in ids)
        assert ids[0][0] != first
        assert ids[0][0] in emulator._store.tasks
        assert ids[1] == [second]
        assert asked[2][0]["taskId"] == first
        assert asked[2][0]["materialName"] != "first"
        assert len(ids[3]) == 3
        assert ids[4] == [first] * 3 + [second]
        assert ids[5][0] not in emulator._store.tasks
        assert ids[6] == [first, second]


async def test_statuses_go_back_and_become_unknown(avatar_emulator, caller, bodies):
    """A task once finished seems to run again; each task is counted on its own."""
    faults = "query:back@2,query:unknown-status@4,list:say(status=FAILED)@1,query:say(status=SUCCESS)@5"
    async with avatar_emulator(faults=faults) as emulator, caller(emulator) as api:
        make = bodies(emulator)
        ids = [await api.create(PREVIEW, make.preview(name=name)) for name in "ab"]
        await emulator.settle()
        asked = [await shown(api, *ids) for _ in range(5)]
        assert [task["status"] for answer in asked for task in answer] == [
            *("SUCCESS", "SUCCESS"),
            *("RUNNING", "RUNNING"),
            *("SUCCESS", "SUCCESS"),
            *("MELTING", "MELTING"),
            *("SUCCESS", "SUCCESS"),
        ]
        back = asked[1][0]
        assert (back["progress"], back["files"], back["finishTime"]) == (10, [], None)
        _, answer = await api.post(LIST_PATH, {"materialName": "a"})
        assert [task["status"] for task in answer["data"]["list"]] == ["FAILED"]
        assert (await shown(api, *ids))[0]["status"] == "SUCCESS"


async def test_fields_may_hold_anything(avatar_emulator, caller, bodies):
    """Wrong types in every place."""
    async with avatar_emulator() as emulator, caller(emulator) as api:
        (task,) = await api.finished(await api.create(PREVIEW, bodies(emulator).preview()))
        emulator.faults.add(
            'query:put(field=status, value="7")@1',
            'query:put(field=file.url, value="file:///etc/passwd")@2',
            'query:put(field=files, value="{\\"a\\": []}")@3',
        )
        asked = [(await shown(api, task["taskId"]))[0] for _ in range(3)]
        assert asked[0]["status"] == 7
        assert {each["url"] for each in asked[1]["files"]} == {"file:///etc/passwd"}
        assert asked[2]["files"] == {"a": []}


async def test_times_may_be_naive_past_or_senseless(avatar_emulator, caller, bodies):
    """Expiry is reckoned from them."""
    kinds = ("naive", "utc-naive", "expired", "far", "early", "late", "none", "senseless", "number")
    async with avatar_emulator() as emulator, caller(emulator) as api:
        (true,) = await api.finished(await api.create(PREVIEW, bodies(emulator).preview()))
        finish_at, expire_at = (datetime.fromisoformat(true[key]) for key in ("finishTime", "expireTime"))
        emulator.faults.add(*(f"query:times(what={what})@{n}" for n, what in enumerate(kinds, 1)))
        seen = {what: (await shown(api, true["taskId"]))[0] for what in kinds}
        naive = datetime.fromisoformat(seen["naive"]["expireTime"])
        assert naive == (expire_at + timedelta(hours=8)).replace(tzinfo=None)
        utc = datetime.fromisoformat(seen["utc-naive"]["finishTime"])
        assert utc == finish_at.replace(tzinfo=None)
        assert datetime.fromisoformat(seen["expired"]["expireTime"]) < finish_at
        assert seen["far"]["expireTime"].startswith("9999")
        day = timedelta(days=1)
        assert datetime.fromisoformat(seen["early"]["finishTime"]) == finish_at - day
        assert datetime.fromisoformat(seen["late"]["finishTime"]) == finish_at + day
        assert (seen["none"]["finishTime"], seen["none"]["expireTime"]) == (None, None)
        assert seen["senseless"]["expireTime"] == "32 Jan"
        assert isinstance(seen["number"]["finishTime"], int)
        assert (await shown(api, true["taskId"]))[0]["expireTime"] == true["expireTime"]


@pytest.mark.parametrize("right", ["true", "false"])
async def test_a_damaged_zip_stays_damaged(avatar_emulator, caller, bodies, right):
    """With the right MD5 only a look inside tells; with the wrong one the MD5 does."""
    spec = f"result:corrupt(right_md5={right})"
    async with avatar_emulator(faults=spec) as emulator, caller(emulator) as api:
        (task,) = await api.finished(await api.create(Kind.TRAINING, bodies(emulator).training()))
        model = task["files"][0]
        contents = {(await api.get(model["url"]))[2] for _ in range(2)}
        (content,) = contents
        assert len(content) == model["size"]
        assert (hashlib.md5(content).hexdigest() == model["md5"]) == (right == "true")
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert archive.testzip() is not None
    async with avatar_emulator() as emulator, caller(emulator) as api:
        (again,) = await api.query(task["taskId"])
        assert again["files"][0]["md5"] == model["md5"]
        assert (await api.get(again["files"][0]["url"]))[2] == content


async def test_sizes_digests_and_ends_may_be_lies(avatar_emulator, caller, bodies, virtual_clock):
    """Sound files, wrongly described; and results gone before their time."""
    faults = (
        "result[a]:wrong-md5,result[b]:wrong-size(by=-7),result[c]:fail(reason=melted),"
        "result[d]:vanish(after_s=60)"
    )
    async with avatar_emulator(faults=faults, clock=virtual_clock) as emulator, caller(emulator) as api:
        make = bodies(emulator)
        ids = [await api.create(PREVIEW, make.preview(name=name)) for name in "abcd"]
        a, b, c, d = await api.finished(*ids)
        content = (await api.get(a["files"][0]["url"]))[2]
        assert hashlib.md5(content).hexdigest() != a["files"][0]["md5"]
        assert len((await api.get(b["files"][0]["url"]))[2]) == b["files"][0]["size"] + 7
        assert (c["status"], c["failReason"], c["files"]) == ("FAILED", "melted", [])
        promised = datetime.fromisoformat(d["expireTime"]) - virtual_clock.now()
        assert (d["status"], promised) == ("SUCCESS", timedelta(days=7))
        await virtual_clock.advance(61)
        assert (await api.get(d["files"][0]["url"]))[0] == 410
        assert [task["status"] for task in await api.query(*ids)] == [
            *("SUCCESS", "SUCCESS"),
            *("FAILED", "EXPIRED"),
        ]
        assert emulator.faults.counts == {"wrong-md5": 1, "wrong-size": 1, "fail": 1, "vanish": 1}


@pytest.mark.parametrize(
    ("to", "name"),
    [
        ("parent", "../../escaped.zip"),
        ("absolute", "/tmp/escaped.zip"),
        ("nul", "mo\0del.zip"),
        ("reserved", "job.json"),
        ("long", "m" * 296 + ".zip"),
        ("empty", ""),
    ],
)
async def test_names_may_be_ugly_while_the_address_works(avatar_emulator, caller, bodies, to, name):
    """The client decides where to write, so that it must not believe the name."""
    async with avatar_emulator(faults=f"result:rename(to={to})") as emulator, caller(emulator) as api:
        (task,) = await api.finished(await api.create(PREVIEW, bodies(emulator).preview()))
        assert task["files"][0]["name"] == name
        assert (await api.get(task["files"][0]["url"]))[0] == 200


async def test_two_files_may_differ_in_case_only(avatar_emulator, caller, bodies):
    """They would overwrite each other on some disks."""
    async with avatar_emulator() as emulator, caller(emulator) as api:
        emulator.faults.add(Rule(on="result", fault=Rename(to="case"), first=1))
        make = bodies(emulator)
        (task,) = await api.finished(await api.create(Kind.TRAINING, make.training()))
        first, second = (each["name"] for each in task["files"][:2])
        assert first != second
        assert first.lower() == second.lower()
