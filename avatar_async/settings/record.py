"""Every setting, its default and its range; frozen."""
# ruff: noqa: RUF009 - `_setting` is `attrs.field`

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from attrs import field, fields, frozen

from avatar_async.errors import ConfigError
from avatar_async.settings import checks
from avatar_async.settings.checks import Check, EntriesError, did_you_mean, is_loopback, is_shown
from avatar_async.settings.files import read_file

#: Environment variable of each setting that has one.
VARIABLES: Mapping[str, str] = MappingProxyType(
    {
        "app_id": "AVATAR_APP_ID",
        "app_key": "AVATAR_APP_KEY",
        "token": "AVATAR_TOKEN",
        "endpoint": "AVATAR_ENDPOINT",
    }
)
#: How long an unfinished task may take before it is flagged as overdue, in seconds.
DEADLINES_S: Mapping[str, float] = MappingProxyType(
    {
        "training": 24 * 3600.0,
        "rebuild": 12 * 3600.0,
        "image_preview": 900.0,
        "video_preview": 2 * 3600.0,
        "takeover": 6 * 3600.0,
    }
)
_LONGEST_PROFILE_BYTES = 1 << 20
_CODES = ("busy", "token_expired", "refused")


def _setting(default: Any, check: Check, text: str, sample: str = "", *, secret: bool = False) -> Any:
    return field(default=default, repr=not secret, metadata={"check": check, "text": text, "sample": sample})


_SECONDS = checks.number(0.001, 86400)


@frozen(kw_only=True)
class Settings:
    """All settings; construction checks every one.

    The text, default and range of each stand with its field, and `sample_profile` prints them.

    Raises:
        ConfigError: On construction, naming every setting that is wrong.
    """

    endpoint: str = _setting(
        "https://aigc.softsugar.com", checks.origin, "Origin of the service.", '"https://aigc.softsugar.com"'
    )
    app_id: str | None = _setting(None, checks.secret, "The account's appId (AVATAR_APP_ID).", '"..."')
    app_key: str | None = _setting(
        None, checks.secret, "The account's appKey; better kept in AVATAR_APP_KEY.", '"..."', secret=True
    )
    token: str | None = _setting(
        None,
        checks.secret,
        "A fixed access token instead of appId and appKey; better kept in AVATAR_TOKEN.",
        '"..."',
        secret=True,
    )
    allow_plain_http: bool = _setting(
        False, checks.flag, "Whether an http endpoint that is not this machine is allowed.", "false"
    )
    proxy: str | None = _setting(
        None,
        checks.proxy,
        "HTTP proxy; never used for loopback hosts.",
        '"http://proxy.example:3128"',
        secret=True,
    )
    ca_file: Path | None = _setting(
        None, checks.path, "PEM file of authorities to trust beside the system's.", '"/etc/ssl/company.pem"'
    )
    connect_timeout_s: float = _setting(10.0, _SECONDS, "Seconds to wait for a connection.", "10.0")
    read_timeout_s: float = _setting(60.0, _SECONDS, "Seconds without any byte before giving up.", "60.0")
    total_timeout_s: float = _setting(60.0, _SECONDS, "Seconds for one call (downloads have none).", "60.0")
    timestamp_type: Literal["string", "number"] = _setting(
        "string", checks.choice("string", "number"), "JSON type of the timestamp in a token call.", '"string"'
    )
    timestamp_unit: Literal["seconds", "milliseconds"] = _setting(
        "seconds",
        checks.choice("seconds", "milliseconds"),
        "Unit of the timestamp in a token call.",
        '"seconds"',
    )
    token_spacing_s: float = _setting(
        30.0, checks.number(0, 3600), "Least seconds between two token requests.", "30.0"
    )
    token_cache_dir: Path | None = _setting(
        None,
        checks.path,
        "Folder of the shared token file; the user's cache folder if not set.",
        '"~/.cache/avatar"',
    )
    preview_case: Literal["snake", "camel"] = _setting(
        "snake", checks.choice("snake", "camel"), "Spelling of green-screen keys in preview calls.", '"snake"'
    )
    validation: Literal["strict", "warn", "off"] = _setting(
        "strict",
        checks.choice("strict", "warn", "off"),
        "Whether problems of a request refuse it.",
        '"strict"',
    )
    max_in_flight: int = _setting(16, checks.number(1, 100_000, whole=True), "Most tasks at a time.", "16")
    poll_rate: float = _setting(5.0, checks.number(0.001, 1000), "Most query calls a second.", "5.0")
    fetches: int = _setting(4, checks.number(1, 256, whole=True), "Most downloads at a time.", "4")
    bandwidth_bytes_s: int | None = _setting(
        None,
        checks.number(1024, 10**12, whole=True),
        "Most bytes a second, all downloads together.",
        "50_000_000",
    )
    disk_reserve_bytes: int = _setting(
        1 << 30,
        checks.number(0, 10**15, whole=True),
        "Bytes of the disk that downloads leave free.",
        "1_073_741_824",
    )
    retention_s: float = _setting(
        7 * 86400.0,
        checks.number(1, 366 * 86400),
        "Seconds that results stay online after their finish.",
        "604_800",
    )
    deadlines_s: Mapping[str, float] = _setting(
        DEADLINES_S,
        checks.table_of(DEADLINES_S, checks.number(1, 366 * 86400), DEADLINES_S),
        "Seconds after which an unfinished task is flagged as overdue.",
        "training = 86_400\nrebuild = 43_200\nimage_preview = 900\nvideo_preview = 7_200\ntakeover = 21_600",
    )
    codes: Mapping[str, Collection[int]] = _setting(
        MappingProxyType({}),
        checks.table_of(_CODES, checks.codes, {}),
        "What envelope codes mean; the service documents none of these.",
        "busy = [4290]            # too much to do: nothing was made, try later\n"
        "token_expired = [4010]   # the access token is no longer valid\n"
        "refused = [5001]         # surely refused, even under HTTP 5xx",
    )
    query_dialect: Mapping[str, Any] | None = _setting(
        None,
        checks.table,
        "How tasks are asked for. Not documented by the vendor: a run against the real service needs it.",
        'method = "POST"\npath = "/api/2dvh/v1/material/task/query"\nid_in = "json"\nid_name = "taskIds"\n'
        'batch = 100\ntasks = "data"\ntask_id = "taskId"\nstatus = "status"\nzone = "+08:00"\n'
        'statuses = { QUEUED = "queued", RUNNING = "running", SUCCESS = "succeeded", FAILED = "failed", '
        'EXPIRED = "expired" }\n'
        'files = { at = "files", role = "type", name = "name", url = "url", size_bytes = "size", '
        'md5 = "md5" }\n'
        "# How tasks of one name are listed: with this, a job in doubt may settle itself.\n"
        '[query_dialect.list]\nmethod = "POST"\npath = "/api/2dvh/v1/material/task/list"\nsend_in = "json"\n'
        'name_name = "materialName"\npage_name = "pageNo"\nsize_name = "pageSize"\npage_size = 100\n'
        'tasks = "data.list"\ntotal = "data.total"',
    )
    callback_dialect: Mapping[str, Any] | None = _setting(
        None,
        checks.table,
        "Where a completion callback names its task. Not documented by the vendor.",
        'task_id = "taskId"\nstatus = "status"',
    )
    callback_secret: str | None = _setting(
        None,
        checks.path_segment,
        "End of the path that `run --callback-port` takes callbacks at, so that nobody else can guess it.",
        '"a-long-random-word"',
        secret=True,
    )

    def __attrs_post_init__(self) -> None:
        values, problems = _checked({name: (getattr(self, name), name) for name in _FIELDS})
        problems += _joint_problems(values)
        if problems:
            raise ConfigError(_listed(problems))
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @property
    def loopback(self) -> bool:
        """Whether the endpoint is this machine."""
        return is_loopback(urlsplit(self.endpoint).hostname)

    @classmethod
    def load(
        cls, environ: Mapping[str, str] | None = None, profile: Path | str | None = None, **overrides: Any
    ) -> Self:
        """Read the settings; an override of None counts as not given.

        Args:
            environ: The environment; the process's own if not given.
            profile: The profile; `AVATAR_PROFILE` names it if not given.
            overrides: Values that win over everything, by field name.

        Raises:
            ConfigError: Settings are wrong or unknown; names all of them and where each comes from.
        """
        environ = os.environ if environ is None else environ
        named = profile or environ.get("AVATAR_PROFILE")
        try:
            file = Path(named or "").expanduser()
        except RuntimeError as error:
            raise ConfigError(
                f"{named}: the profile begins with ~, but there is no such home folder"
            ) from error
        layers: list[dict[str, tuple[Any, str]]] = [
            {key: (value, f"{file}: {key}") for key, value in _read(file).items()} if named else {},
            {key: (environ[name], name) for key, name in VARIABLES.items() if environ.get(name)},
            {key: (value, key) for key, value in overrides.items() if value is not None},
        ]
        given: dict[str, tuple[Any, str]] = {}
        for layer in layers:
            if "app_key" in layer and "token" not in layer:
                given.pop("token", None)
            given.update(layer)
        values, problems = _checked(given)
        if not problems:
            problems = _joint_problems(values, given.get("endpoint", (None, "endpoint"))[1])
        if problems:
            raise ConfigError(_listed(problems))
        return cls(**values)


_FIELDS = {item.name: item for item in fields(Settings)}


def _checked(given: Mapping[str, tuple[Any, str]]) -> tuple[dict[str, Any], list[str]]:
    values: dict[str, Any] = {}
    problems: list[str] = []
    for name, (value, label) in given.items():
        if name not in _FIELDS:
            problems.append(f"{label} is no known setting{did_you_mean(name, _FIELDS)}")
            continue
        try:
            unset = value is None and _FIELDS[name].default is None
            values[name] = None if unset else _FIELDS[name].metadata["check"](value)
        except EntriesError as error:
            problems += [f"{label}.{problem}" for problem in error.problems]
        except ValueError as error:
            problems.append(f"{label} {error}{is_shown(value) if _FIELDS[name].repr else ''}")
    return values, problems


def _joint_problems(values: Mapping[str, Any], label: str = "endpoint") -> list[str]:
    parts = urlsplit(values.get("endpoint") or "")
    if parts.scheme == "http" and not is_loopback(parts.hostname) and not values.get("allow_plain_http"):
        return [f"{label}: {values['endpoint']} is not encrypted: use https, or set allow_plain_http"]
    return []


def _listed(problems: list[str]) -> str:
    return (
        problems[0]
        if len(problems) == 1
        else "\n".join(["settings are wrong:", *(f"  {p}" for p in problems)])
    )


def _read(file: Path) -> dict[str, Any]:
    try:
        content = read_file(file, longest_bytes=_LONGEST_PROFILE_BYTES)
    except OSError as error:
        raise ConfigError(f"{file}: the profile cannot be read ({error.strerror or error})") from error
    values, fault = _parsed(content)
    if fault is not None:
        # Raised here, it has no cause: the parser's own error holds the text, and an appKey with it.
        raise ConfigError(f"{file}: the profile is no valid TOML: {fault}")
    return values


def _parsed(content: bytes) -> tuple[dict[str, Any], str | None]:
    import tomllib

    try:
        return tomllib.loads(content.decode("utf-8-sig")), None
    except RecursionError:
        return {}, "it is nested too deeply"
    except UnicodeDecodeError:
        return {}, "it is not UTF-8"
    except ValueError as error:
        return {}, "a number has too many digits" if "digits" in str(error) else str(error)
