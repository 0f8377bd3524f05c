"""Folders whose names survive a power cut."""

import os
from pathlib import Path

import pytest

from avatar_async._storage import folders
from avatar_async._storage.folders import make_folder, prepare_out
from avatar_async._storage.paths import JobFolder, open_together
from avatar_async.errors import DownloadError


@pytest.fixture
def synced(monkeypatch):
    """The folders whose names were made durable, in order."""
    seen: list[object] = []
    monkeypatch.setattr(folders, "sync_folder", seen.append)
    return seen


def test_every_folder_made_is_made_durable_in_the_one_above_it(tmp_path, synced):
    """A lost name loses all that is below it, however often that was synced."""
    make_folder(tmp_path / "one" / "two")
    assert (tmp_path / "one" / "two").is_dir()
    assert synced[:3] == [tmp_path / "one" / "two", tmp_path / "one", tmp_path]


def test_a_folder_that_is_there_is_made_durable_too(tmp_path, synced):
    """A shell, or a process that was killed, made it a moment ago and did not wait."""
    make_folder(tmp_path)
    assert synced[:2] == [tmp_path, tmp_path.parent]


def test_folders_of_others_that_cannot_be_opened_stop_nobody(tmp_path, monkeypatch):
    """Only what was made here must be seen through."""
    refused = {tmp_path}

    def sync(folder):
        if folder in refused:
            raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(folders, "sync_folder", sync)
    (tmp_path / "there").mkdir()
    make_folder(tmp_path / "there")
    with pytest.raises(PermissionError):
        make_folder(tmp_path / "new")


def test_what_a_killed_trial_of_the_output_folder_left_is_taken_away(tmp_path):
    """A person looks into that folder: nothing odd piles up there."""
    before = list(tmp_path.iterdir())
    with pytest.MonkeyPatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Path, "unlink", _killed)
        prepare_out(tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
    prepare_out(tmp_path)
    assert list(tmp_path.iterdir()) == before


def _killed(*_arguments, **_options):
    raise KeyboardInterrupt


def test_a_job_folder_that_could_not_be_made_durable_is_made_anew(tmp_path, monkeypatch):
    """Left there, the next attempt would take it for a durable one."""
    real, failures = os.fsync, [OSError(5, "Input/output error")]

    def fsync(descriptor):
        if failures:
            raise failures.pop()
        real(descriptor)

    monkeypatch.setattr("os.fsync", fsync)
    with pytest.raises(DownloadError, match="Input/output error"):
        JobFolder.open(tmp_path, "job")
    assert not (tmp_path / "job").exists()
    JobFolder.open(tmp_path, "job").close()
    assert (tmp_path / "job").is_dir()


def test_folders_made_together_share_one_forced_write(tmp_path, monkeypatch):
    """Thousands of jobs begin at once, and each forced write waits for the disk."""
    real, forced = os.fsync, []

    def fsync(descriptor):
        forced.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        real(descriptor)

    (tmp_path / "there").mkdir()
    monkeypatch.setattr("os.fsync", fsync)
    opened = open_together(tmp_path, {"there": True, "one": True, "two": True, "fleeting": False})
    assert forced == [tmp_path]
    folders = [folder for folder in opened.values() if isinstance(folder, JobFolder)]
    assert [folder.made for folder in folders] == [False, True, True, True]
    for folder in folders:
        folder.close()


def test_a_folder_that_cannot_be_opened_keeps_no_other_from_it(tmp_path):
    """A link in one job's place is that job's trouble."""
    (tmp_path / "link").symlink_to(tmp_path)
    opened = open_together(tmp_path, {"link": True, "../up": True, "one": True})
    assert isinstance(opened["link"], DownloadError)
    assert isinstance(opened["../up"], DownloadError)
    assert isinstance(opened["one"], JobFolder)
    opened["one"].close()


def test_folders_that_could_not_be_made_durable_together_are_all_made_anew(tmp_path, monkeypatch):
    """Nobody knows which of their names the disk has."""

    def fsync(_):
        raise OSError(5, "Input/output error")

    (tmp_path / "there").mkdir()
    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", fsync)
        opened = open_together(tmp_path, {"there": True, "one": True, "two": True})
    there = opened.pop("there")
    assert isinstance(there, JobFolder)
    there.close()
    assert all(isinstance(error, DownloadError) for error in opened.values())
    assert [path.name for path in tmp_path.iterdir()] == ["there"]
