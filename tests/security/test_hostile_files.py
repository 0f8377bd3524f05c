"""Manifests, profiles and receipts that mean harm: refused in words, at once."""

import json
import os
import time
import warnings
from pathlib import Path

import pytest

from avatar_async._storage.rebuild import read_receipts
from avatar_async.errors import AvatarError, ConfigError, LedgerError, ManifestError
from avatar_async.manifests import documents, read_manifests
from avatar_async.settings import Settings, files
from avatar_async.settings.files import read_file

#: Seconds that reading any of these may take, on a busy machine.
_SOON_S = 20
_BOMB = b"[" * 100_000
_DIGITS = b"9" * 100_000


def refused(file: Path) -> str:
    """Return the words a manifest is refused with."""
    started = time.monotonic()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        with pytest.raises(ManifestError) as caught:
            read_manifests([file])
    assert time.monotonic() - started < _SOON_S
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.toml", b"x = " + _DIGITS, "too many digits"),
        ("a.toml", b"x = " + _BOMB, "nested too deeply"),
        ("a.toml", b"a." * 200_000 + b"b = 1", "too many parts"),
        ("a.toml", b'"a".' * 200_000 + b"b = 1", "too many parts"),
        ("a.toml", b"[" + b"a." * 200_000 + b"b]", "too many parts"),
        ("a.toml", b"x = {" + b"a . " * 200_000 + b"b = 1}", "too many parts"),
        ("a.toml", b"\xef\xbb\xbfx = 1\0", "not TOML"),
        ("a.json", _BOMB, "nested too deeply"),
        ("a.json", b'{"a":' * 50_000, "nested too deeply"),
        ("a.json", b'{"jobs": ' + _DIGITS + b"}", "too many digits"),
        ("a.json", '{"jobs": []}'.encode("utf-16"), "not UTF-8"),
        ("a.json", b'{"jobs": [{"name": "a", "kind": "training", "kind": "rebuild"}]}', "given twice"),
        ("a.json", b'{"jobs": [{"name": "\\ud800\\u0000", "kind": "training"}]}', "control characters"),
        ("a.jsonl", _BOMB + b"\n{}", "nested too deeply"),
        ("a.csv", b'name,kind\n"abc,training\n', "not CSV"),
        ("a.csv", b"name,kind\na\0b,training\n", "control characters"),
        ("a.csv", b"name,kind\n" + b"a" * 200_000 + b",training\n", "field limit"),
        ("a.csv", "name,kind\na,training\n".encode("utf-16"), "not UTF-8"),
        ("a.csv", b"name,kind," + b".".join([b"a"] * 3000) + b"\nx,training,1\n", "levels deep"),
        ("a.csv", b"name,kind,a" + b"[0]" * 3000 + b"\nx,training,1\n", "levels deep"),
        ("a.csv", b"name,kind,a[" + _DIGITS + b"]\nx,training,1\n", "column 3"),
        ("a.csv", b"name,kind,needs\nx,training," + _BOMB + b"\n", "needs"),
        ("a.csv", b"\xef\xbb\xbfname,kind\r\n\r\nx,nothing\r\n", "a.csv:3"),
    ],
)
def test_a_manifest_that_means_harm_is_refused_in_words(tmp_path, name, content, words):
    """Manifests come from spreadsheets, scripts and strangers."""
    file = tmp_path / name
    file.write_bytes(content)
    assert words in refused(file)


def test_a_vendor_request_that_is_a_bomb_is_refused(tmp_path):
    """JSON within JSON has a depth of its own."""
    file = tmp_path / "a.json"
    for bomb in (_BOMB, b'{"param": ' + _BOMB):
        job = {"name": "a", "kind": "training", "request": bomb.decode()}
        file.write_text(json.dumps({"jobs": [job]}))
        assert "a.json:1: job a: request is not JSON" in refused(file)


@pytest.mark.parametrize("content", [b'"' + b"k" * 3_000_000 + b'" = 1', b'x = "' + b"v" * 3_000_000 + b'"'])
def test_no_message_is_as_long_as_what_it_is_about(tmp_path, content):
    """A terminal full of one key hides every other problem."""
    file = tmp_path / "a.toml"
    file.write_bytes(content)
    assert len(refused(file)) < 10_000


@pytest.fixture
def odd_files(tmp_path):
    """Make what is no ordinary file under the names of manifests."""
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "zero.json").symlink_to("/dev/zero")
    (tmp_path / "loop.json").symlink_to(tmp_path / "loop.json")
    (tmp_path / "nowhere.json").symlink_to(tmp_path / "missing")
    (tmp_path / "folder.json").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("pipe", "no ordinary file"),
        ("zero", "no ordinary file"),
        ("loop", "symbolic links"),
        ("nowhere", "No such file"),
        ("folder", "Is a directory"),
    ],
)
def test_what_is_no_ordinary_file_is_refused_at_once(odd_files, name, words):
    """A pipe without a writer would hang the command, a device would fill the memory."""
    file = odd_files / f"{name}.json"
    assert words in refused(file)
    including = odd_files / "including.toml"
    including.write_text(f'[[jobs]]\nname = "a"\nkind = "training"\ninclude = ["{name}.json"]\n')
    assert words in refused(including)
    with pytest.raises(ConfigError, match=words):
        Settings.load({}, file)


def test_a_file_longer_than_any_batch_is_refused(tmp_path):
    """Memory is not for whoever writes the longest file."""
    file = tmp_path / "long.toml"
    with file.open("wb") as handle:
        handle.truncate(documents.LONGEST_BYTES + 1)
    assert "longer than 32 MiB" in refused(file)
    with pytest.raises(ConfigError, match="longer than 1 MiB"):
        Settings.load({}, file)
    with pytest.raises(OSError, match="longer"):
        files.read_file(file, longest_bytes=documents.LONGEST_BYTES)
    assert len(read_file(file, longest_bytes=documents.LONGEST_BYTES + 1)) == documents.LONGEST_BYTES + 1


def test_included_files_include_nothing_themselves(tmp_path):
    """So there is no circle of files to walk in."""
    (tmp_path / "a.toml").write_text('include = ["a.toml"]\nvideo_url = "https://h/x"\n')
    manifest = tmp_path / "m.toml"
    manifest.write_text('[[jobs]]\nname = "a"\nkind = "training"\ninclude = ["a.toml", "a.toml"]\n')
    assert "include" in refused(manifest)


def test_an_included_file_of_another_folder_is_read_for_request_fields_only(tmp_path):
    """Picked parameters lie where previews were made; what is no such file is not shown."""
    secret = tmp_path / "secret.toml"
    secret.write_text('[account]\napp_key = "hunter2hunter2"\n')
    folder = tmp_path / "batch"
    folder.mkdir()
    manifest = folder / "m.toml"
    manifest.write_text('[[jobs]]\nname = "a"\nkind = "training"\ninclude = ["../secret.toml"]\n')
    said = refused(manifest)
    assert "account" in said
    assert "hunter2" not in said


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"x = " + _DIGITS, "too many digits"),
        (b"x = " + _BOMB, "nested too deeply"),
        (b"\xff", "not UTF-8"),
        (b'proxy = "http://[::1"', "proxy is no address"),
        (b'proxy = "http://h:99999"', "proxy is no address"),
        (b'proxy = "unix:///run/proxy"', "proxy must be an http"),
        (b'endpoint = "http://[::1"', "endpoint is no address"),
        (b'ca_file = "~nobody-of-that-name/ca.pem"', "ca_file begins with ~"),
    ],
)
def test_a_profile_that_means_harm_is_refused_in_words(tmp_path, content, words):
    """Nothing was sent, and the message says what to mend."""
    file = tmp_path / "avatar.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=words):
        Settings.load({}, file)


@pytest.mark.parametrize("torn", [b"\xff", b"= ="])
def test_a_profile_that_cannot_be_read_is_not_carried_by_the_error(tmp_path, torn):
    """An appKey may stand in it, and error trackers keep what errors carry."""
    file = tmp_path / "avatar.toml"
    file.write_bytes(b'app_key = "hunter2-hunter2"\n' + torn)
    with pytest.raises(ConfigError) as caught:
        Settings.load({}, file)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_profile_in_the_home_of_nobody_is_refused_in_words():
    """Where a home is unknown, Python raises what no caller expects."""
    with pytest.raises(ConfigError, match="no such home folder"):
        Settings.load({}, "~nobody-of-that-name/avatar.toml")


@pytest.mark.parametrize(
    "content",
    [
        *(_BOMB, _DIGITS, b"", b"null", b'{"schema": 1}', b"\xff\xfe", b"{}" * 9),
        b'{"schema": 1, "task_id": 1e999}',
    ],
)
def test_a_receipt_that_means_harm_is_named_and_refused(tmp_path, content):
    """A ledger made anew of what cannot be read would be no ledger."""
    (tmp_path / "anchor").mkdir()
    (tmp_path / "anchor" / "job.json").write_bytes(content)
    with pytest.raises(LedgerError, match=r"anchor/job\.json"):
        read_receipts(tmp_path)


def test_a_receipt_that_is_a_pipe_does_not_make_us_wait(tmp_path):
    """It would hang the one command that brings a lost ledger back."""
    (tmp_path / "anchor").mkdir()
    os.mkfifo(tmp_path / "anchor" / "job.json")
    with pytest.raises(AvatarError, match="no ordinary file"):
        read_receipts(tmp_path)
