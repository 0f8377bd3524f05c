"""The debug log holds no secrets."""

import logging
import stat

import pytest

from avatar_async.cli import logs
from avatar_async.errors import ConfigError


@pytest.fixture
def log_file(tmp_path):
    """Open a log for the test."""
    path = tmp_path / "run.log"
    logs.open_log(path)
    yield path
    logs.close_log()
    logs.hide([])


@pytest.mark.parametrize(
    "line",
    [
        "headers {'Authorization': 'Bearer SECRET.abc'}",
        "Authorization: SECRET",
        "token Bearer SECRET-1",
        '{"accessToken": "SECRET", "expiresIn": 3}',
        '{\\"refreshToken\\":\\"SECRET\\"}',
        "appKey=SECRET",
        "GET https://host/path/model.zip?Expires=1&Signature=SECRET -> 200",
        "GET https://user:SECRET@host/x",
    ],
)
def test_tokens_keys_and_signatures_never_reach_the_log(log_file, line):
    """People attach logs to public tickets."""
    logging.getLogger("avatar_async.transport").debug(line)
    text = log_file.read_text()
    assert "SECRET" not in text
    assert "***" in text


def test_known_secrets_are_hidden_wherever_they_stand(log_file):
    """Also inside a traceback."""
    logs.hide(["hunter2", None])
    logs.exception(ValueError("bad key hunter2"))
    assert "hunter2" not in log_file.read_text()
    assert "ValueError: bad key ***" in log_file.read_text()


def test_only_the_owner_may_read_the_log(log_file):
    """It tells of job names and hosts."""
    assert stat.S_IMODE(log_file.stat().st_mode) == 0o600


def test_a_log_file_that_cannot_be_written_is_a_usage_error(tmp_path):
    """Nothing may be sent without the log that was asked for."""
    with pytest.raises(ConfigError, match="--log-file"):
        logs.open_log(tmp_path / "missing" / "run.log")


def test_ordinary_words_are_left_alone():
    """A scrubbed log must still be worth reading."""
    text = "job design-01: signature of https://host/a.zip is planned -> in_flight"
    assert logs.scrub(text) == text
