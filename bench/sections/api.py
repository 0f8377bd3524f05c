"""API calls: queries on kept connections, creates on fresh ones, beside aiohttp and httpx."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.contenders.api_race import COUNTED, QUERY_PATH, ids
from bench.model import Contender, Place, Section, Setting, Target, Work
from bench.servers.nginx import nginx

_CREATE_PATH = "/api/2dvh/v1/material/2davatar/model/green/segment/image/create"
_TASK = '{"taskId":$task,"taskType":"image_preview","materialName":"still","status":"RUNNING","files":[]}'
#: Static replies: `return` answers a POST, and takes texts of no more than 4 KiB; longer ones are files.
_LOCATIONS = f"""
    location ~ ^{QUERY_PATH}/(?<number>\\d+)$ {{
      error_page 405 =200 /reply-$number.json; return 405;
    }}
    location /reply- {{ internal; default_type application/json; open_file_cache max=100; }}
    location = {_CREATE_PATH} {{
      default_type application/json;
      return 200 '{{"code":0,"message":"success","data":{{"id":$connection}}}}';
    }}
    location ~ ^/task/(?<task>\\d+)$ {{
      default_type application/json; return 200 '{{"code":0,"message":"success","data":{_TASK}}}';
    }}
"""
_COLUMNS = ("speed", "cpu_s", "peak_rss_bytes")
_PRODUCT, _SHARED = "avatar-async", "avatar-async, shared calls"
_AIOHTTP, _TYPED = "aiohttp + json", "aiohttp + json + cattrs"
#: Most tasks of one call, as the product's default dialect has it.
_BATCH = 100
_ABOUT_SHARED = (
    "avatar-async: `query_tasks`, a call for each question, as the others make one. Shared calls: `query`, "
    "whose questions of the same moment, each for a task of its own, go out as one call; counted are "
    "questions answered."
)
_ABOUT_RECORDS = (
    "avatar-async checks every value and gives back records; json gives back what it found. "
    "One call of avatar-async asks for up to 100 tasks."
)


@contextmanager
def works(place: Place) -> Iterator[Sequence[Work]]:
    """Open the server, and yield a work for each size of reply and one for creates."""
    sizes = [int(size) for size in place.text("api_tasks").split("+")]
    with nginx(place.scratch / "nginx", locations=_LOCATIONS) as server:
        for size in {*sizes, _shared_tasks(place)}:
            (server.files / f"reply-{size}.json").write_text(_reply(size, place.number("api_finished")))
        origin = f"http://{server.address}:{server.port}"
        yield [
            *(_queries(place, origin, size, largest=max(sizes)) for size in sizes),
            _creates(place, origin, place.scratch),
        ]


def _queries(place: Place, origin: str, tasks: int, *, largest: int) -> Work:
    calls, open_ = place.number("api_calls"), place.number("api_open")
    some = max(open_, calls * 10 // (10 + tasks))

    def contender(name: str, program: str, calls: int, open_: int = open_) -> Contender:
        return Contender(name=name, command=place.program(program, origin, tasks, calls, open_))

    clients = [int(number) for number in place.text("api_httpx_open").split("+")]
    httpx = {f"httpx, {number} open": number for number in clients}
    single = tasks == 1
    together = _shared_tasks(place)
    shared = Contender(
        name=_SHARED, command=place.program("api_shared", origin, together, max(open_, calls), open_)
    )
    return Work(
        name=f"queries_{tasks}",
        title=f"Queries of {tasks} task{'' if single else 's'}, {open_} calls open",
        contenders=(
            contender(_PRODUCT, "api_product", some),
            *((shared,) if single else ()),
            contender(_AIOHTTP, "api_aiohttp", some),
            contender(_TYPED, "api_typed", some),
            *(contender(name, "api_httpx", max(number, some // 8), number) for name, number in httpx.items()),
            contender("wrk (ceiling)", "api_wrk", calls),
        ),
        amount=COUNTED,
        unit="calls",
        columns=_COLUMNS,
        baseline=_AIOHTTP,
        targets=(
            *(
                target
                for product in ((_PRODUCT, _SHARED) if single else ())
                for target in (
                    Target(of=product, figure="speed", to=(_AIOHTTP,), least=1.0),
                    Target(of=product, figure="speed", to=tuple(httpx), least=8.0),
                )
            ),
            *(() if single else (Target(of=_PRODUCT, figure="speed", to=(_TYPED,), least=1.0),)),
        ),
        remark=" ".join(
            (
                *((_ABOUT_SHARED,) if single else ()),
                *((_ABOUT_RECORDS,) if tasks == largest else ()),
            )
        ),
    )


def _shared_tasks(place: Place) -> int:
    """Return how many tasks are asked for at once by those who share calls."""
    return min(place.number("api_open"), _BATCH)


def _creates(place: Place, origin: str, folder: Path) -> Work:
    calls, open_ = place.number("api_creates"), place.number("api_open")
    return Work(
        name="creates",
        title=f"Creates, a connection each, {open_} open",
        contenders=(
            Contender(name=_PRODUCT, command=place.program("api_creates", "client", origin, calls, open_)),
            Contender(
                name=f"{_PRODUCT}, durable",
                command=place.program("api_durable", origin, calls, folder),
            ),
            Contender(name=_AIOHTTP, command=place.program("api_creates", "aiohttp", origin, calls, open_)),
        ),
        amount=COUNTED,
        unit="calls",
        columns=_COLUMNS,
        baseline=_AIOHTTP,
        remark="Durable: the intent is on the disk before each call, the task id and a receipt after it.",
    )


def _reply(tasks: int, finished_percent: int) -> str:
    """Return a reply about that many tasks, some of them finished, spread evenly."""
    share = finished_percent / 100
    data = [
        _task(task_id, done=int((number + 1) * share) > int(number * share))
        for number, task_id in enumerate(ids(tasks))
    ]
    return json.dumps({"code": 0, "message": "success", "data": data}, separators=(",", ":"))


def _task(task_id: int, *, done: bool) -> dict[str, Any]:
    return {
        "taskId": task_id,
        "taskType": "training",
        "materialName": f"anchor-{task_id % 10_000:04}",
        "status": "SUCCESS" if done else "RUNNING",
        "progress": 100 if done else task_id % 99,
        "failReason": None,
        "createTime": f"2026-11-20T08:{task_id % 60:02}:{task_id * 7 % 60:02}+08:00",
        "finishTime": "2026-11-20T12:31:07+08:00" if done else None,
        "expireTime": "2026-11-27T12:31:07+08:00" if done else None,
        "files": [_file(task_id, "model", "zip"), _file(task_id, "thumbnail", "png")] if done else [],
    }


def _file(task_id: int, role: str, suffix: str) -> dict[str, Any]:
    url = (
        f"https://cdn.example.com/results/{task_id}/{role}.{suffix}?Expires=1799999999&Signature={'0a' * 32}"
    )
    return {"type": role, "name": f"{role}.{suffix}", "url": url, "size": 123_456_789, "md5": "9f" * 16}


SECTION = Section(
    name="api",
    title="API calls",
    works=works,
    settings=(
        Setting(name="api_tasks", default="1+10+100", quick="1+100", text="tasks in a reply, several with +"),
        Setting(name="api_calls", default=6000, quick=1500, text="query calls (fewer of long replies)"),
        Setting(name="api_open", default=64, text="calls open at once"),
        Setting(name="api_httpx_open", default="4+8+16+64", quick="4+8", text="calls httpx has open at once"),
        Setting(
            name="api_finished", default=10, least=0, most=100, text="finished tasks in a reply, in percent"
        ),
        Setting(name="api_creates", default=1500, quick=200, text="create calls"),
    ),
    rounds=7,
    quick_rounds=2,
    order=40,
    about=(
        "nginx on loopback answers with static JSON, so that the clients are what limits. Every contender is "
        "one process on one loop and sends the same body and headers; its start is not counted. httpx makes "
        "an eighth of the calls; all figures are those of 1,000. Creates use a new connection each, as the "
        "product does lest a stale one leave a paid call in doubt."
    ),
)
