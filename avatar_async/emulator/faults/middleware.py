"""Count create calls and put the faults around all calls: each rule that hits wraps the handling."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from attrs import frozen

from avatar_async._wire.endpoints import CREATE_PATHS, LIST_PATH, QUERY_PATH, REFRESH_PATH, TOKEN_PATH
from avatar_async.emulator.artifacts import ROUTE_NAME
from avatar_async.emulator.bodies import read_json
from avatar_async.emulator.creates import name_of
from avatar_async.emulator.faults.base import Hit, Inner, ShownFault, World, with_content
from avatar_async.emulator.faults.live import Faults, Fired
from avatar_async.emulator.faults.rules import Rule
from avatar_async.emulator.replies import Content, Sending, reply_of
from avatar_async.emulator.store import Store
from avatar_async.requests import Kind

_PATHS = {
    TOKEN_PATH: "token",
    REFRESH_PATH: "refresh",
    QUERY_PATH: "query",
    LIST_PATH: "list",
    ROUTE_NAME: "file",
    **{path: f"create.{kind.value}" for kind, path in CREATE_PATHS.items()},
}
_KINDS = {path: kind for kind, path in CREATE_PATHS.items()}
_MOST_IDS = 1000


@frozen(kw_only=True)
class _Call:
    request: web.Request
    endpoint: str
    kind: Kind | None
    names: tuple[str, ...]


def misbehaving(
    faults: Faults, world: World, store: Store, admits: Callable[[str | None], bool]
) -> Middleware:
    """Return the middleware that counts create calls and lets calls go wrong.

    Args:
        faults: Decides which.
        world: The emulator.
        store: Knows the tasks' names, keeps the counts.
        admits: Tells whether an Authorization header is good.
    """

    @web.middleware
    async def misbehave(request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        endpoint = _PATHS.get(resource.canonical if resource is not None else "")
        if endpoint is None:
            return await handler(request)
        call = await _described(request, endpoint, store)
        if call.kind is not None and admits(request.headers.get("Authorization")):
            store.received.count_create(call.kind, call.names[0] if call.names else None)
        try:
            return await _wrapped(faults, world, call, lambda: handler(request))()
        finally:
            if call.kind is not None:
                await store.keep_counts()

    return misbehave


async def _described(request: web.Request, endpoint: str, store: Store) -> _Call:
    if endpoint == "file":
        task = store.tasks.get(int(request.match_info["task_id"][:19]))
        return _Call(request=request, endpoint=endpoint, kind=None, names=(task.name,) if task else ())
    try:
        body = read_json(await request.read())
    except ValueError:
        body = None  # the handler says what is wrong with it
    kind = _KINDS.get(request.path)
    if kind is not None:
        name = name_of(kind, body)
        return _Call(request=request, endpoint=endpoint, kind=kind, names=(name,) if name else ())
    names: list[str] = []
    if isinstance(body, dict) and isinstance(body.get("materialName"), str):
        names = [body["materialName"]]
    elif isinstance(body, dict) and isinstance(body.get("taskIds"), list):
        ids = [each for each in body["taskIds"][:_MOST_IDS] if isinstance(each, int)]
        names = [store.tasks[each].name for each in ids if each in store.tasks]
    return _Call(request=request, endpoint=endpoint, kind=None, names=tuple(names))


def _wrapped(faults: Faults, world: World, call: _Call, inner: Inner) -> Inner:
    shown: list[tuple[str, Rule, ShownFault]] = []
    hits: list[tuple[Rule, Fired]] = []
    for key, rule in faults.concerning(call.endpoint, call.names):
        if isinstance(rule.fault, ShownFault):
            shown.append((key, rule, rule.fault))
            continue
        fired = faults.decide(key, rule, call.endpoint, call.names, each=False)
        if fired is not None:
            hits.append((rule, fired))
    answer = _showing(faults, world, call, shown, inner) if shown else inner
    for rule, fired in reversed(hits):
        answer = _around(faults, world, call, rule, fired, answer)
    return answer


def _around(faults: Faults, world: World, call: _Call, rule: Rule, fired: Fired, inner: Inner) -> Inner:
    async def answer() -> web.StreamResponse:
        await faults.record(fired)
        hit = Hit(
            request=call.request, endpoint=call.endpoint.partition(".")[0], world=world, dice=fired.dice
        )
        return await rule.fault.around(hit, inner)

    return answer


def _showing(
    faults: Faults, world: World, call: _Call, shown: list[tuple[str, Rule, ShownFault]], inner: Inner
) -> Inner:
    async def show(task: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
        objects = [dict(task)]
        for key, rule, fault in shown:
            if not rule.concerns(call.endpoint, (name,)) or not fault.counts(task):
                continue
            fired = faults.decide(key, rule, call.endpoint, (name,), each=call.kind is None)
            if fired is None:
                continue
            await faults.record(fired)
            dice = fired.dice
            objects = [new for each in objects for new in fault.show(each, world, dice)]
        return objects

    async def answer() -> web.StreamResponse:
        response = await inner()
        reply = reply_of(response)
        if reply.status != 200 or not isinstance(reply.body, Content):
            return response
        envelope = json.loads(reply.body.value)
        if envelope["code"] != 0:
            return response
        changed = await _changed(envelope["data"], call, show)
        text = json.dumps({**envelope, "data": changed}, ensure_ascii=False, separators=(",", ":"))
        return Sending(with_content(reply, text.encode()), world.wait, world.until_gone)

    return answer


async def _changed(
    data: Any, call: _Call, show: Callable[[Mapping[str, Any], str], Awaitable[list[dict[str, Any]]]]
) -> Any:
    if call.kind is not None:
        own_id = data["id"] if isinstance(data, dict) else data
        name = call.names[0] if call.names else ""
        objects = await show({"taskId": own_id}, name)
        new_id = objects[0]["taskId"] if objects else None
        return {**data, "id": new_id} if isinstance(data, dict) and new_id is not None else new_id
    tasks = data if isinstance(data, list) else data["list"]
    objects = [new for task in tasks for new in await show(task, task["materialName"])]
    return objects if isinstance(data, list) else {**data, "list": objects}
