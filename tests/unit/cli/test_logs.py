"""The debug log holds no secrets."""

import base64
import errno
import io
import logging
import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from avatar_async._storage import upgrading
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
    ],
)
def test_tokens_and_keys_never_reach_the_log(log_file, line):
    """People attach logs to public tickets."""
    logging.getLogger("avatar_async.transport").debug(line)
    text = log_file.read_text()
    assert "SECRET" not in text
    assert "***" in text


def test_addresses_stay_in_the_log_without_what_is_secret_in_them(log_file):
    """Which file of which host was asked for is what a log is read for."""
    url = "https://user:SECRET@host/path/model.zip?Expires=1&Signature=SECRET"
    logging.getLogger("avatar_async.transport").debug("GET %s -> 200", url)
    assert log_file.read_text().endswith("GET https://host/path/model.zip -> 200\n")


def test_known_secrets_are_hidden_wherever_they_stand(log_file):
    """Also inside a traceback."""
    logs.hide(["hunter2", None])
    logs.exception(ValueError("bad key hunter2"))
    assert "hunter2" not in log_file.read_text()
    assert "ValueError: bad key ***" in log_file.read_text()


def test_encoded_and_cut_secrets_are_hidden_too(log_file):
    """An error text may hold a header as Base64, or its beginning."""
    secret = "hunter2/hunter2+hunter2=hunter2"
    logs.hide([secret])
    forms = (secret[:14], quote(secret, safe=""), base64.b64encode(secret.encode()).decode())
    logging.getLogger("avatar_async").debug("bad %s", " ".join(forms))
    assert not any(form[:12] in log_file.read_text() for form in forms)


def test_characters_that_act_on_a_terminal_are_written_out(log_file):
    """Logs are looked at with cat."""
    logging.getLogger("avatar_async").debug("a\x1b[2Jb\x07\u202ec\u2028d\x9be")
    assert log_file.read_text().endswith("a\\x1b[2Jb\\x07\\u202ec\\u2028d\\x9be\n")


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


def test_troubles_of_libraries_go_to_the_log_without_secrets(log_file):
    """A traceback of aiohttp says much, and may hold an address with its signature."""
    logging.getLogger("aiohttp.server").error("cannot send https://h/x?signature=SECRET")
    text = log_file.read_text()
    assert "aiohttp.server" in text
    assert "SECRET" not in text


def test_troubles_of_libraries_never_reach_the_screen():
    """Python writes them to stderr where nobody listens."""
    code = (
        "import logging; from avatar_async.cli import logs\n"
        "logs.keep_off_screen(); logging.getLogger('aiohttp.server').error('Error handling request')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("", "")


def test_an_upgrade_of_the_ledger_is_told_on_the_screen(capsys):
    """It comes before there is a display, and takes seconds for a million jobs."""
    logs.keep_off_screen()
    logs.keep_off_screen()
    logging.getLogger(upgrading.__name__).warning("upgrading the ledger, %s jobs", "1,000,000")
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "upgrading the ledger, 1,000,000 jobs\n")


def test_an_upgrade_goes_on_where_nobody_can_be_told_of_it(monkeypatch):
    """What is raised while SQLite asks how far it is would break the upgrade off."""

    class Gone(io.StringIO):
        def write(self, _text):
            raise OSError(errno.EIO, "Input/output error")

    logs.keep_off_screen()
    monkeypatch.setattr(sys, "stderr", Gone())
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE jobs (job_id INTEGER PRIMARY KEY)")
    monkeypatch.setattr(upgrading, "_FIRST_S", 0.0)
    monkeypatch.setattr(upgrading, "_LOOK_EVERY", 1)
    with upgrading.told(connection, 1) as step:
        connection.execute("INSERT INTO jobs VALUES (1)")
        step()
    assert connection.execute("SELECT count(*) FROM jobs").fetchone() == (1,)
    connection.close()
