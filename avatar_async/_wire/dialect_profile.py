"""Reading a query dialect from a profile's table, with every mistake told."""

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

from attrs import fields

from avatar_async._jobs.remote import RemoteState
from avatar_async._wire.dialect import FileShape, ListCall, QueryDialect
from avatar_async._wire.jsonpath import parse_path
from avatar_async._wire.moments import zone_of
from avatar_async.errors import ConfigError
from avatar_async.requests import Kind

_Check = Callable[[Any], Any]
_ROLES = ("model", "thumbnail", "image", "video")


def read_dialect(raw: Mapping[str, Any]) -> QueryDialect:
    """Return the dialect a table describes.

    Raises:
        ConfigError: Keys are wrong or unknown; names every one.
    """
    problems: list[str] = []
    given = _read(raw, _DIALECT, "query_dialect", problems)
    for name, checks, record in (("files", _FILES, FileShape), ("list", _LIST, ListCall)):
        table = raw.get(name)
        if isinstance(table, Mapping):
            given[name] = record(**_read(table, checks, f"query_dialect.{name}", problems))
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
    raw: Mapping[str, Any], checks: Mapping[str, _Check], where: str, problems: list[str]
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in raw.items():
        check = checks.get(key)
        if check is not None:
            try:
                values[key] = check(value)
            except ValueError as error:
                problems.append(f"{where}.{key} {error}")
        elif where != "query_dialect" or key not in ("files", "list"):
            close = get_close_matches(str(key), [*checks, "files", "list"], n=1)
            hint = f" (did you mean {close[0]}?)" if close else ""
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


def _choice(*options: str) -> _Check:
    def check(value: Any) -> str:
        if value not in options:
            raise ValueError(f"must be one of {', '.join(options)}, is {value!r}")
        return str(value)

    return check


def _path(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"/[!-~]*", value) or "#" in value:
        raise ValueError("must be a path below the endpoint, starting with /")
    rest = value.replace("{id}", "")
    if "{" in rest or "}" in rest or value.startswith("//"):
        raise ValueError("must be a path below the endpoint; {id} is the only part that is filled in")
    return value


def _word(value: Any) -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise ValueError("must be a text, not empty")
    return value


def _word_or_off(value: Any) -> str | None:
    return None if value is False else _word(value)


def _whole(low: int, high: int) -> _Check:
    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return value

    return check


def _positive(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e9:
        raise ValueError("must be a number above 0")
    return float(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _table(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError("must be a table")
    return MappingProxyType(dict(value))


def _map_to(convert: Callable[[str], Any], options: tuple[str, ...]) -> _Check:
    def check(value: Any) -> Mapping[str, Any]:
        table = _table(value)
        wrong = [f"{key} = {word!r}" for key, word in table.items() if word not in options]
        if wrong or not table:
            raise ValueError(
                f"must give each of the service's words one of {', '.join(options)}: {', '.join(wrong)}"
            )
        return MappingProxyType({str(key): convert(word) for key, word in table.items()})

    return check


def _urls(value: Any) -> Mapping[str, Any]:
    table = _table(value)
    if wrong := [key for key in table if key not in _ROLES]:
        raise ValueError(f"has keys that are none of {', '.join(_ROLES)}: {', '.join(wrong)}")
    return MappingProxyType({role: parse_path(path) for role, path in table.items()})


def _zone(value: Any) -> Any:
    return zone_of(value if isinstance(value, str) else "")


_METHOD = _choice("GET", "POST")
_PATHS = ("task_id", "kind", "name", "progress", "fail_reason", "created_at", "finished_at", "expires_at")
_STATES = tuple(state.value for state in RemoteState if state is not RemoteState.UNKNOWN)
_FILES: Mapping[str, _Check] = {
    **{item.name: parse_path for item in fields(FileShape)},
    "roles": _map_to(str, _ROLES),
}
_LIST: Mapping[str, _Check] = {
    "method": _METHOD,
    "path": _path,
    "send_in": _choice("query", "json"),
    "name_name": _word,
    "page_name": _word_or_off,
    "size_name": _word_or_off,
    "page_size": _whole(1, 1000),
    "tasks": parse_path,
    "extra": _table,
}
_DIALECT: Mapping[str, _Check] = {
    **dict.fromkeys(_PATHS, parse_path),
    "method": _METHOD,
    "path": _path,
    "id_in": _choice("path", "query", "json"),
    "id_name": _word,
    "id_type": _choice("number", "string"),
    "batch": _whole(1, 1000),
    "extra": _table,
    "envelope": _flag,
    "tasks": parse_path,
    "status": parse_path,
    "statuses": _map_to(RemoteState, _STATES),
    "kinds": _map_to(Kind, tuple(Kind)),
    "progress_full": _positive,
    "zone": _zone,
    "urls": _urls,
    "artifact_auth": _flag,
}
