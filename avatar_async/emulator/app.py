"""The HTTP face: routes, envelopes, authorisation, bounds."""

import json
from collections.abc import Awaitable, Callable, Sequence
from email.utils import format_datetime
from functools import partial
from pathlib import Path
from typing import Any

import anyio.to_thread
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from avatar_async._jobs.ports import Clock
from avatar_async._wire.endpoints import CREATE_PATHS, LIST_PATH, QUERY_PATH, REFRESH_PATH, TOKEN_PATH
from avatar_async.emulator.artifacts import ROUTE, Artifacts
from avatar_async.emulator.auth import ParameterError, Tokens, UnauthorizedError
from avatar_async.emulator.bodies import read_json
from avatar_async.emulator.creates import PARAMETER_WRONG, RefusedError
from avatar_async.emulator.received import Received
from avatar_async.emulator.service import Service
from avatar_async.requests import Kind
from avatar_async.settings.checks import is_loopback
from avatar_async.settings.files import real_path

#: Where the counts of a running emulator are read, from the same machine.
RECEIVED_PATH = "/emulator/received"
#: Largest body of an API call.
MAX_BODY_BYTES = 1 << 20

Answer = Callable[[web.Request, Any], Awaitable[Any]]


def make_app(
    service: Service,
    tokens: Tokens,
    artifacts: Artifacts,
    received: Received,
    clock: Clock,
    *,
    media_dir: Path | None,
    faults: Middleware,
    middlewares: Sequence[Middleware] = (),
) -> web.Application:
    """Build the application.

    Args:
        service: Answers the API calls.
        tokens: Issues and checks tokens.
        artifacts: Serves finished files.
        received: Counts calls.
        clock: Tells the time of the `Date` header.
        media_dir: Folder served under /media/; None serves none.
        faults: Lets calls go wrong.
        middlewares: Put around everything, outermost first.
    """
    app = web.Application(
        client_max_size=MAX_BODY_BYTES,
        middlewares=[_counting(received), *middlewares, _enveloping, faults, _enveloping],
    )

    async def stamp(_request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Date"] = format_datetime(clock.now(), usegmt=True)

    authorised = partial(_authorised, tokens, received)
    app.on_response_prepare.append(stamp)
    app.router.add_post(TOKEN_PATH, _handler(lambda _request, body: tokens.by_signature(_object(body))))
    app.router.add_post(REFRESH_PATH, _handler(_refreshing(tokens)))
    for kind, path in CREATE_PATHS.items():
        app.router.add_post(path, authorised(_handler(_creating(service, kind))))
    app.router.add_post(QUERY_PATH, authorised(_handler(lambda _request, body: service.query(body))))
    app.router.add_post(LIST_PATH, authorised(_handler(lambda _request, body: service.list(body))))
    app.router.add_get(ROUTE, artifacts.serve)
    app.router.add_get(RECEIVED_PATH, _reporting(received))
    if media_dir is not None:
        app.router.add_get("/media/{name}", _media(media_dir))
    return app


def _handler(answer: Answer) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return _envelope(0, "success", await answer(request, await _body(request)))
        except (RefusedError, ParameterError) as error:
            return _envelope(PARAMETER_WRONG, str(error))
        except UnauthorizedError as error:
            return _envelope(401, str(error), status=401)

    return handle


def _authorised(tokens: Tokens, received: Received, handler: Handler) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        if not tokens.admits(request.headers.get("Authorization")):
            received.unauthorized[request.path] += 1
            return _envelope(401, "the access token is missing, wrong or expired", status=401)
        return await handler(request)

    return handle


def _creating(service: Service, kind: Kind) -> Answer:
    async def create(_request: web.Request, body: Any) -> Any:
        return await service.create(kind, body)

    return create


def _reporting(received: Received) -> Handler:
    async def report(request: web.Request) -> web.StreamResponse:
        if not is_loopback(request.remote) or not is_loopback(_host(request)):
            return web.Response(status=403, text="the counts are for this machine alone\n")
        return web.json_response(received.to_plain())

    return report


def _host(request: web.Request) -> str | None:
    try:
        return request.url.host
    except ValueError:
        return None


def _refreshing(tokens: Tokens) -> Answer:
    async def refresh(request: web.Request, body: Any) -> Any:
        return await tokens.by_refresh(_object(body), request.headers.get("Authorization"))

    return refresh


def _media(folder: Path) -> Handler:
    root = folder.absolute()

    async def serve(request: web.Request) -> web.StreamResponse:
        path = await anyio.to_thread.run_sync(_file_in, root, request.match_info["name"])
        return web.FileResponse(path) if path else web.Response(status=404, text="no such file\n")

    return serve


def _file_in(root: Path, name: str) -> Path | None:
    try:
        path = real_path(root / name)
        return path if path.parent == real_path(root) and path.is_file() else None
    except (OSError, ValueError):  # no file has such a name
        return None


def _counting(received: Received) -> Middleware:
    @web.middleware
    async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        received.paths[resource.canonical if resource is not None else "(unknown)"] += 1
        return await handler(request)

    return count


@web.middleware
async def _enveloping(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give HTTP errors an envelope."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        answer = _envelope(error.status, error.text or error.reason, status=error.status)
        if "Allow" in error.headers:
            answer.headers["Allow"] = error.headers["Allow"]
        return answer


async def _body(request: web.Request) -> Any:
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="the body must be application/json")
    try:
        return read_json(await request.read())
    except ValueError as error:
        raise web.HTTPBadRequest(text="the body is not JSON") from error


def _object(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise ParameterError("the body must be a JSON object")
    return body


def _envelope(code: int, message: str, data: Any = None, *, status: int = 200) -> web.Response:
    text = json.dumps(
        {"code": code, "message": message, "data": data}, ensure_ascii=False, separators=(",", ":")
    )
    return web.json_response(text=text, status=status)
