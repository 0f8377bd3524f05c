"""Writing and checking zips."""

import zipfile

import pytest

from avatar_async.errors import MediaError
from avatar_async.media.zips import check_zip, read_json, write_zip

MEMBERS = [("model.json", b'{"schema": 1}'), ("frames/000.jpg", b"\xff\xd8" + bytes(3000))]


def test_members_come_back_and_bytes_depend_on_them_only(tmp_path):
    """A resumed download needs the same bytes behind the same name."""
    for name in ("one.zip", "two.zip"):
        write_zip(tmp_path / name, MEMBERS)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    assert check_zip(tmp_path / "one.zip").members == ("model.json", "frames/000.jpg")
    assert read_json(tmp_path / "one.zip", "model.json") == {"schema": 1}
    assert read_json(tmp_path / "one.zip", "none.json") is None


def test_one_flipped_byte_is_found(tmp_path):
    """The CRC of each member is compared."""
    target = tmp_path / "bad.zip"
    write_zip(target, MEMBERS)
    content = bytearray(target.read_bytes())
    content[len(content) // 2] ^= 0xFF
    target.write_bytes(content)
    with pytest.raises(MediaError, match="damaged"):
        check_zip(target)


def test_what_is_no_zip_and_what_unpacks_too_large_is_refused(tmp_path):
    """A model URL may point at anything."""
    target = tmp_path / "none.zip"
    target.write_bytes(b"no zip")
    with pytest.raises(MediaError):
        check_zip(target)
    write_zip(target, MEMBERS)
    with pytest.raises(MediaError, match="more than is allowed"):
        check_zip(target, max_unpacked_bytes=100)


def test_packings_without_a_bound_are_refused(tmp_path):
    """A kilobyte of bzip2 can be a gigabyte of zeros, all of it in memory at once."""
    target = tmp_path / "rare.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("model.json", b"{}")
    with pytest.raises(MediaError, match="neither stored nor deflated"):
        check_zip(target)
    with pytest.raises(MediaError, match="neither stored nor deflated"):
        read_json(target, "model.json")
