"""Files of many folders, replaced together."""

import os
import stat

import pytest

from avatar_async._storage.replacing import replace_file, replace_together
from avatar_async.errors import DownloadError


@pytest.fixture
def steps(monkeypatch):
    """What is forced to the disk and renamed, in order, by name."""
    seen: list[tuple[str, str]] = []
    fsync, replace = os.fsync, os.replace

    def forced(descriptor):
        seen.append(("force", os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}"))))  # noqa: PTH115, PTH119
        fsync(descriptor)

    def renamed(old, new, **folders):
        seen.append(("rename", new))
        replace(old, new, **folders)

    monkeypatch.setattr("os.fsync", forced)
    monkeypatch.setattr("os.replace", renamed)
    return seen


def test_every_content_is_durable_before_a_name_and_every_name_at_the_end(tmp_path, steps):
    """A power cut at any moment leaves the old or the new file, whole."""
    out = tmp_path / "out"
    (out / "one").mkdir(parents=True)
    (out / "one" / "job.json").write_text("old")
    assert replace_together(out, "job.json", {"one": b"1", "two": b"2"}, mode=0o600) == {}
    draft = ("force", ".job.json.tmp")
    assert steps == [
        ("force", "out"),
        *[draft] * 2,
        *[("rename", "job.json")] * 2,
        ("force", "one"),
        ("force", "two"),
    ]
    assert [(out / name / "job.json").read_bytes() for name in ("one", "two")] == [b"1", b"2"]
    assert stat.S_IMODE((out / "two" / "job.json").stat().st_mode) == 0o600


def test_a_folder_in_which_nothing_can_be_written_keeps_no_other_from_it(tmp_path):
    """A link in the place of one job's folder, or a folder in the place of its file, is its own trouble."""
    (tmp_path / "link").symlink_to(tmp_path)
    (tmp_path / "odd" / "job.json").mkdir(parents=True)
    failed = replace_together(tmp_path, "job.json", {"link": b"1", "odd": b"2", "one": b"3"}, mode=0o600)
    assert sorted(failed) == ["link", "odd"]
    assert all(isinstance(error, DownloadError) for error in failed.values())
    assert [path.name for path in (tmp_path / "odd").iterdir()] == ["job.json"]
    assert (tmp_path / "one" / "job.json").read_bytes() == b"3"


def test_a_content_that_cannot_be_made_durable_replaces_nothing(tmp_path, monkeypatch):
    """The old file is whole; the new one may never be."""
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "job.json").write_text("old")

    def fsync(_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("os.fsync", fsync)
    failed = replace_together(tmp_path, "job.json", {"one": b"new"}, mode=0o600)
    assert "Input/output error" in str(failed["one"])
    assert [path.read_text() for path in (tmp_path / "one").iterdir()] == ["old"]


def test_the_draft_of_a_killed_writer_is_swept_by_the_next(tmp_path):
    """Killed between draft and rename, a writer leaves a file that nobody would ever remove."""
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / ".job.json.tmp").symlink_to(tmp_path / "elsewhere")
    assert replace_together(tmp_path, "job.json", {"one": b"{}"}, mode=0o600) == {}
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["job.json"]
    assert not (tmp_path / "elsewhere").exists()


def test_no_descriptor_is_left_open(tmp_path):
    """A long run writes hundreds of thousands of receipts."""
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    (tmp_path / "odd" / "job.json").mkdir(parents=True)
    replace_together(tmp_path, "job.json", {"one": b"1", "odd": b"2", "..": b"3"}, mode=0o600)
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_one_file_is_replaced_through_a_link_to_its_folder(tmp_path, steps):
    """A ledger's folder may be a link; what lies beside the file is left alone, but for an old draft."""
    (tmp_path / "home").mkdir()
    (tmp_path / "link").symlink_to("home")
    for name in (".note.tmp", ".other.tmp", "note"):
        (tmp_path / "home" / name).write_text("old")
    replace_file(tmp_path / "link" / "note", b"new", mode=0o600)
    assert steps == [("force", ".note.tmp"), ("rename", "note"), ("force", "home")]
    assert sorted(path.name for path in (tmp_path / "home").iterdir()) == [".other.tmp", "note"]
    assert (tmp_path / "home" / "note").read_bytes() == b"new"


def test_one_file_that_cannot_be_written_is_told_and_leaves_the_old_one(tmp_path, monkeypatch):
    """Who writes a note has to know, in the system's own words."""
    (tmp_path / "note").write_text("old")

    def fsync(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fsync)
    with pytest.raises(OSError, match="No space left"):
        replace_file(tmp_path / "note", b"new", mode=0o600)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]
