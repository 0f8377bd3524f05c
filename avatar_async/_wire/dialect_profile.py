"""Reading a query dialect from a profile's table, with every mistake told."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from attrs import fields

from avatar_async._jobs.remote import RemoteState
from avatar_async._wire.calls import encode_json
from avatar_async._wire.dialect import FileShape, ListCall, QueryDialect
from avatar_async._wire.jsonpath import parse_path
from avatar_async._wire.moments import zone_of
from avatar_async.errors import ConfigError
from avatar_async.requests import Kind
from avatar_async.requests.refs import ROLES
from avatar_async.settings import checks
from avatar_async.settings.checks import Check, did_you_mean, is_shown


def read_dialect(raw: Mapping[str, Any]) -> QueryDialect:
    """Return the dialect a table describes.

    Raises:
        ConfigError: Keys are wrong or unknown; names every one.
    """
    problems: list[str] = []
    given = _read(raw, _DIALECT, "query_dialect", problems)
    for name, known, record in (("files", _FILES, FileShape), ("list", _LIST, ListCall)):
        table = raw.get(name)
        if isinstance(table, Mapping):
            given[name] = record(**_read(table, known, f"query_dialect.{name}", problems))
        elif table is False or table is None:
            given[name] = None
        else:
            problems.append(f"query_dialect.{name} must be a table, or false")
    if "files" not in raw and "urls" not in raw:
        given["files"] = QueryDialect().files
    dialect = QueryDialect(**given, trusted=True)
    problems += _joint_problems(dialect)
    if problems:
        raise ConfigError(
            "\n".join(["the query dialect is wrong:", *(f"  {problem}" for problem in problems)])
        )
    return dialect


def _read(
    raw: Mapping[str, Any], known: Mapping[str, Check], where: str, problems: list[str]
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in raw.items():
        check = known.get(key)
        if check is not None:
            try:
                values[key] = check(value)
            except ValueError as error:
                given = "" if isinstance(value, Mapping) else is_shown(value)
                problems.append(f"{where}.{key} {error}{given}")
        elif where != "query_dialect" or key not in ("files", "list"):
            hint = did_you_mean(key, [*known, "files", "list"])
            problems.append(f"{where}.{key} is no known key{hint}")
    return values


def _joint_problems(dialect: QueryDialect) -> list[str]:
    problems = []
    if dialect.id_in == "path" and "{id}" not in dialect.path:
        problems.append('query_dialect.path must hold {id}, since id_in is "path"')
    if dialect.id_in != "path" and "{id}" in dialect.path:
        problems.append('query_dialect.id_in must be "path", since path holds {id}')
    if dialect.id_in == "path" and dialect.batch != 1:
        problems.append("query_dialect.batch must be 1, since the id stands in the path")
    if dialect.id_in == "json" and dialect.method == "GET":
        problems.append('query_dialect.method must be "POST" to send ids as JSON')
    if dialect.batch > 1 and not dialect.task_id:
        problems.append("query_dialect.task_id is needed, since one reply holds several tasks")
    if not dialect.status:
        problems.append("query_dialect.status is needed")
    if dialect.list and dialect.list.send_in == "json" and dialect.list.method == "GET":
        problems.append('query_dialect.list.method must be "POST" to send JSON')
    return problems


def _path(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"/[!-~]*", value) or "#" in value:
        raise ValueError("must be a path below the endpoint, starting with /")
    rest = value.replace("{id}", "")
    if "{" in rest or "}" in rest or value.startswith("//"):
        raise ValueError("must be a path below the endpoint; {id} is the only part that is filled in")
    return value


def _word_or_off(value: Any) -> str | None:
    return None if value is False else checks.plain_text(value)


def _path_or_off(value: Any) -> Any:
    return None if value is False else parse_path(value)


def _extra(value: Any) -> Mapping[str, Any]:
    table = checks.table(value)
    try:
        encode_json(dict(table))
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError("must hold only what JSON can carry: no dates, times or nan") from error
    return table


def _positive(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e9:
        raise ValueError("must be a number above 0")
    return float(value)


def _map_to(convert: Callable[[str], Any], options: tuple[str, ...]) -> Check:
    def check(value: Any) -> Mapping[str, Any]:
        table = checks.table(value)
        wrong = [f"{key} = {word!r}" for key, word in table.items() if word not in options]
        if wrong or not table:
            raise ValueError(
                f"must give each of the service's words one of {', '.join(options)}: {', '.join(wrong)}"
            )
        return MappingProxyType({str(key): convert(word) for key, word in table.items()})

    return check


def _urls(value: Any) -> Mapping[str, Any]:
    table = checks.table(value)
    if wrong := [key for key in table if key not in ROLES]:
        raise ValueError(f"has keys that are none of {', '.join(ROLES)}: {', '.join(wrong)}")
    return MappingProxyType({role: parse_path(path) for role, path in table.items()})


def _zone(value: Any) -> Any:
    return zone_of(value if isinstance(value, str) else "")


_METHOD = checks.choice("GET", "POST")
_PATHS = ("task_id", "kind", "name", "progress", "fail_reason", "created_at", "finished_at", "expires_at")
_STATES = tuple(state.value for state in RemoteState if state is not RemoteState.UNKNOWN)
_FILES: Mapping[str, Check] = {
    **{item.name: parse_path for item in fields(FileShape)},
    "roles": _map_to(str, ROLES),
}
_LIST: Mapping[str, Check] = {
    "method": _METHOD,
    "path": _path,
    "send_in": checks.choice("query", "json"),
    "name_name": checks.plain_text,
    "page_name": _word_or_off,
    "size_name": _word_or_off,
    "page_size": checks.number(1, 1000, whole=True),
    "tasks": parse_path,
    "total": _path_or_off,
    "extra": _extra,
}
_DIALECT: Mapping[str, Check] = {
    **dict.fromkeys(_PATHS, parse_path),
    "method": _METHOD,
    "path": _path,
    "id_in": checks.choice("path", "query", "json"),
    "id_name": checks.plain_text,
    "id_type": checks.choice("number", "string"),
    "batch": checks.number(1, 1000, whole=True),
    "extra": _extra,
    "envelope": checks.flag,
    "tasks": parse_path,
    "status": parse_path,
    "statuses": _map_to(RemoteState, _STATES),
    "kinds": _map_to(Kind, tuple(Kind)),
    "progress_full": _positive,
    "zone": _zone,
    "urls": _urls,
    "artifact_auth": checks.flag,
}
