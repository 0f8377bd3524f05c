"""Settings: where they come from, what is refused and how it is told."""

import tomllib
from pathlib import Path

import pytest
from attrs import evolve, fields

from avatar_async._wire.dialect import QueryDialect
from avatar_async.errors import ConfigError
from avatar_async.settings import Settings, is_loopback, sample_profile


def profile(tmp_path: Path, text: str) -> Path:
    """Write a profile and return its path."""
    path = tmp_path / "profile.toml"
    path.write_text(text)
    return path


def test_defaults_need_neither_environment_nor_profile():
    """A first look at the package must not demand a configuration."""
    settings = Settings.load({})
    assert settings.endpoint == "https://aigc.softsugar.com"
    assert (settings.max_in_flight, settings.poll_rate, settings.fetches) == (16, 5.0, 4)
    assert settings.retention_s == 7 * 86400
    assert settings.token_spacing_s == 30
    assert settings.validation == "strict"


def test_override_beats_environment_beats_profile_beats_default(tmp_path):
    """One order, everywhere."""
    path = profile(tmp_path, 'endpoint = "https://profile.example"\napp_id = "p"\nfetches = 7\n')
    environ = {
        "AVATAR_ENDPOINT": "https://environ.example",
        "AVATAR_APP_ID": "e",
        "AVATAR_PROFILE": str(path),
    }
    settings = Settings.load(environ, endpoint="https://override.example", app_key=None)
    assert settings.endpoint == "https://override.example"
    assert settings.app_id == "e"
    assert settings.fetches == 7
    assert settings.max_in_flight == 16


def test_named_profile_beats_the_environments(tmp_path):
    """An argument is nearer to the user than a variable."""
    path = profile(tmp_path, "fetches = 3\n")
    assert Settings.load({"AVATAR_PROFILE": "/does/not/exist"}, path).fetches == 3


def test_empty_variables_count_as_not_set():
    """Shell scripts and CI systems pass empty variables for absent secrets."""
    assert Settings.load({"AVATAR_TOKEN": "", "AVATAR_PROFILE": ""}).token is None


def test_key_given_nearer_than_a_token_wins_over_it():
    """Explicit credentials must not lose to a token forgotten in the environment."""
    settings = Settings.load({"AVATAR_TOKEN": "old"}, app_id="id", app_key="key")
    assert settings.token is None
    assert settings.app_key == "key"


def test_every_problem_is_told_with_file_key_and_suggestion(tmp_path):
    """A user repairs a profile in one go."""
    path = profile(
        tmp_path,
        'max_inflight = 3\npoll_rate = "fast"\nfetches = 0\nvalidation = "strikt"\n'
        "[codes]\nbussy = [1]\n[deadlines_s]\ntraining = -1\n",
    )
    with pytest.raises(ConfigError) as caught:
        Settings.load({}, path)
    text = str(caught.value)
    assert f"{path}: max_inflight is no known setting (did you mean max_in_flight?)" in text
    assert "poll_rate must be a number from" in text
    assert "fetches must be a whole number from 1 to 256, is 0" in text
    assert "did you mean strict?" in text
    assert f"{path}: codes.bussy is no known key (did you mean busy?)" in text
    assert f"{path}: deadlines_s.training must be a number from 1 to 31622400, is -1\n" in f"{text}\n"


def test_booleans_are_no_numbers():
    """`true` is an int in Python, never a number of fetches."""
    with pytest.raises(ConfigError, match="fetches"):
        Settings(fetches=True)


def test_none_is_refused_where_there_is_a_default():
    """Only settings whose default is "none" may be none."""
    with pytest.raises(ConfigError, match="endpoint"):
        Settings(endpoint=None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "endpoint",
    [
        "aigc.softsugar.com",
        "ftp://aigc.softsugar.com",
        "https://",
        "https://user:pw@aigc.softsugar.com",
        "https://aigc.softsugar.com/api",
        "https://aigc.softsugar.com?x=1",
        "https://aigc.softsugar.com#x",
        "https://aigc.softsugar.com:99999",
        "https://[::1",
        "https://a b",
        "https://aigc.softsugar.com\n",
        "",
    ],
)
def test_endpoint_must_be_an_origin(endpoint):
    """Paths come from the wire layer; a user name or query would be lost silently."""
    with pytest.raises(ConfigError, match="endpoint"):
        Settings(endpoint=endpoint)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://AIGC.softsugar.com/", "https://aigc.softsugar.com"),
        ("https://aigc.softsugar.com:443", "https://aigc.softsugar.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:80/", "http://[::1]"),
    ],
)
def test_endpoint_is_kept_in_one_spelling(given, kept):
    """The ledger is bound to it, and the token file named after it."""
    assert Settings(endpoint=given).endpoint == kept


def test_plain_http_is_refused_off_this_machine(tmp_path):
    """A token sent in the clear is a token lost."""
    path = profile(tmp_path, 'endpoint = "http://service.example"\n')
    with pytest.raises(
        ConfigError, match=r"profile\.toml: endpoint: http://service\.example is not encrypted"
    ):
        Settings.load({}, path)
    assert Settings.load({}, path, allow_plain_http=True).endpoint == "http://service.example"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost", "LOCALHOST"])
def test_loopback_hosts_are_known(host):
    """The emulator is reached without TLS."""
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["127.0.0.1.example", "10.0.0.1", "localhost.example", "", None, "0.0.0.0"])
def test_other_hosts_are_not_loopback(host):
    """Names that only look like this machine."""
    assert not is_loopback(host)


def test_secrets_are_not_printed(tmp_path):
    """Settings end in logs and tracebacks."""
    settings = Settings(app_id="id", app_key="s3cret", token="t0ken", proxy="http://u:pa55@proxy.example")
    assert not {"s3cret", "t0ken", "pa55"} & set(repr(settings).replace("'", " ").split())
    assert "s3cret" not in repr(settings)
    assert "pa55" not in repr(settings)
    with pytest.raises(ConfigError) as caught:
        Settings(app_key="white space")
    assert "white" not in str(caught.value)


def test_profile_that_cannot_be_read_is_a_config_error(tmp_path):
    """Missing, broken and binary files alike."""
    with pytest.raises(ConfigError, match="cannot be read"):
        Settings.load({}, tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="no valid TOML"):
        Settings.load({}, profile(tmp_path, "a = ["))
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="no valid TOML"):
        Settings.load({}, binary)


def test_deadlines_given_in_part_keep_the_other_defaults(tmp_path):
    """A user changes the one that matters."""
    settings = Settings.load({}, profile(tmp_path, "[deadlines_s]\ntraining = 60\n"))
    assert settings.deadlines_s["training"] == 60
    assert settings.deadlines_s["takeover"] == 6 * 3600


def test_sample_profile_names_every_setting_and_loads(tmp_path):
    """Documentation that cannot drift: with every # of a key taken away it is a valid profile."""
    lines = sample_profile().splitlines()
    live = "\n".join(
        line[1:] if line.startswith("#") and not line.startswith("# ") else line for line in lines
    )
    assert set(tomllib.loads(live)) == {item.name for item in fields(Settings)}
    settings = Settings.load({}, profile(tmp_path, live))
    assert settings.codes["busy"] == (4290,)
    assert settings.query_dialect is not None
    described = QueryDialect.from_mapping(settings.query_dialect)
    assert evolve(described, trusted=False) == QueryDialect()
    assert Settings.load({}, profile(tmp_path, sample_profile())) == Settings()


def test_sample_profile_shows_the_defaults(tmp_path):
    """A user reads there what holds when nothing is set."""
    lines = sample_profile().splitlines()
    shown = {}
    for item in fields(Settings):
        for line in lines:
            if line.startswith(f"#{item.name} = "):
                shown[item.name] = tomllib.loads(line[1:])[item.name]
    without_default = {item.name for item in fields(Settings) if item.default is None}
    for name in shown.keys() - without_default:
        assert shown[name] == getattr(Settings(), name)


def test_a_login_in_an_endpoint_is_refused_without_being_shown():
    """Messages are pasted into tickets."""
    with pytest.raises(ConfigError, match="must be an origin only") as caught:
        Settings(endpoint="https://user:secret-word@host.example")
    assert "secret-word" not in str(caught.value)
