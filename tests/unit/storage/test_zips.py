"""Zips that lie, explode, overlap, lead outside or are cut: checked within bounds, never unpacked."""

import io
import random
import struct
import threading
import tracemalloc
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar_async._storage import zipends, zips
from avatar_async._storage.checks import examine
from avatar_async._storage.findings import StoppedError


def look(content, name="model.zip"):
    """Examine bytes as a model."""
    return examine(io.BytesIO(content), name, "model", length_known=True, stop=threading.Event())


def a_zip(members, compression=zipfile.ZIP_DEFLATED, comment=b""):
    """Return the bytes of a zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, compression)
        archive.comment = comment
    return buffer.getvalue()


class Line:
    """What cannot go back."""

    def __init__(self) -> None:
        self.came = bytearray()

    def write(self, content: bytes, /) -> int:
        """Take what comes."""
        self.came += content
        return len(content)

    def flush(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


def streamed(members, wide=False):
    """Return the bytes of a zip whose writer could not go back: its numbers follow each member."""
    line = Line()
    with zipfile.ZipFile(line, "w") as archive:
        for name, content in members.items():
            with archive.open(zipfile.ZipInfo(name), "w", force_zip64=wide) as member:
                member.write(content)
    return bytes(line.came)


SOUND = a_zip({"model.bin": bytes(range(256)) * 40, "model.json": b"{}", "empty": b""})
ENTRY = SOUND.index(b"PK\x01\x02")
END = SOUND.index(b"PK\x05\x06")


def changed(at, form, value, content=SOUND):
    """Return a zip with one number overwritten."""
    result = bytearray(content)
    struct.pack_into(form, result, at, *(value if isinstance(value, tuple) else (value,)))
    return bytes(result)


LIES = {
    "a member unpacks to more than can be": changed(ENTRY + 24, "<L", 2**32 - 2),
    "a member unpacks to more than declared": changed(ENTRY + 24, "<L", 17),
    "a member is packed in less than it is": changed(ENTRY + 20, "<L", 3),
    "a member is packed in more than there is": changed(ENTRY + 20, "<L", 10**6),
    "a member begins elsewhere": changed(ENTRY + 42, "<L", 5),
    "a member begins behind the end": changed(ENTRY + 42, "<L", 10**8),
    "a member has another checksum": changed(ENTRY + 16, "<L", 0xDEADBEEF),
    "a member has another method": changed(ENTRY + 10, "<H", 0),
    "a member's name has another length": changed(ENTRY + 28, "<H", 3),
    "a member's extra field runs out": changed(ENTRY + 30, "<H", 60_000),
    "a member is called otherwise in its own header": changed(30, "<c", b"X"),
    "the directory is longer": changed(END + 12, "<L", 10**6),
    "the directory is shorter": changed(END + 12, "<L", 7),
    "the directory lies elsewhere": changed(END + 16, "<L", 10**6),
    "the comment is longer": changed(END + 20, "<H", 40),
    "there are more members": changed(END + 8, "<L", 0x00040004),
    "there are other parts": changed(END + 4, "<H", 1),
    "the last entry's comment runs out": changed(END - len("empty") - 14, "<H", 9),
    "a member's own header has another checksum": changed(14, "<L", 0xDEADBEEF),
    "a member's own header has another packed length": changed(18, "<L", 3),
    "a member's own header has another length": changed(22, "<L", 17),
    "a member's own header has another method": changed(8, "<H", 99),
    "a member's own header says that it is encrypted": changed(6, "<H", 1),
    "a member's own header speaks of what does not follow": changed(6, "<H", 8),
    "a member is encrypted, but not by its own header": changed(ENTRY + 8, "<H", 1),
    "a member has a rare method, but not by its own header": changed(ENTRY + 10, "<H", 99),
    "an empty member is packed wrongly": changed(ENTRY - 2, "<B", 0xFF),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_directory_that_lies_is_found_out(lie):
    """What it says must agree with what is there."""
    finding = look(LIES[lie])
    assert finding.problem is not None
    assert not finding.sound


@pytest.mark.parametrize(
    ("wide", "place"), [(False, 4), (False, 8), (False, 12), (True, 4), (True, 8), (True, 16)]
)
def test_numbers_that_follow_a_member_must_agree_too(wide, place):
    """Who unpacks the zip as it comes believes them."""
    content = streamed({"a": b"one " * 100, "b": b""}, wide=wide)
    assert look(content).sound
    at = content.index(b"PK\x07\x08") + place
    assert "contradicts" in (look(changed(at, "<B", content[at] ^ 1, content)).problem or "")


def a_wide_zip(*, lengths):
    """Return a zip whose member tells its lengths in an extra field, and these in their usual place."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, archive.open("a", "w", force_zip64=True) as member:
        member.write(b"content")
    return changed(18, "<LL", lengths, buffer.getvalue())


def test_lengths_told_in_both_forms_are_sound():
    """Python's own zipfile wrote them so for years."""
    assert look(a_wide_zip(lengths=(7, 7))).sound
    assert not look(a_wide_zip(lengths=(7, 8))).sound


@pytest.mark.parametrize("place", [22, 18])
def test_lengths_in_the_wide_form_must_agree_with_the_directory(place):
    """A member's own header tells them in its extra field then."""
    content = a_wide_zip(lengths=(0xFFFFFFFF, 0xFFFFFFFF))
    assert look(content).sound
    assert "contradict" in (look(changed(31 + 4 + place - 18, "<Q", 8, content)).problem or "")
    assert "length is missing" in (look(changed(31, "<H", 9, content)).problem or "")


def test_bytes_like_an_end_within_the_end_do_not_hide_it():
    """A length or a count may be what an end begins with."""
    directory = a_zip({str(number): b"" for number in range(0x4B50)})
    end = bytearray(directory[-22:])
    comment_bytes = (0x0605 - struct.unpack_from("<L", end, 12)[0]) % 0x10000
    start, last = directory.rindex(b"PK\x01\x02"), len(directory) - 22
    entry = bytearray(directory[start:last])
    struct.pack_into("<H", entry, 32, comment_bytes)
    struct.pack_into("<L", end, 12, struct.unpack_from("<L", end, 12)[0] + comment_bytes)
    content = directory[:start] + bytes(entry) + bytes(comment_bytes) + bytes(end)
    assert content[-12:-8] == b"PK\x05\x06"
    assert look(content).sound


def test_a_zip_with_more_members_than_anyone_needs_is_refused_before_they_are_listed(monkeypatch):
    """Each one listed costs memory, however small the file."""
    content = a_zip({str(number): b"" for number in range(50)})
    monkeypatch.setattr(zipends, "MAX_MEMBERS", 49)
    monkeypatch.setattr(zipfile.ZipFile, "_RealGetContents", lambda _self: pytest.fail("it was listed"))
    assert "50 members" in (look(content).problem or "")
    monkeypatch.setattr(zipends, "MAX_MEMBERS", 50)
    monkeypatch.setattr(zipends, "MAX_DIRECTORY_BYTES", 100)
    assert "directory has" in (look(content).problem or "")


def test_members_that_share_their_bytes_are_refused():
    """The newest bombs unpack one piece of data thousands of times."""
    piece = a_zip({"a": b"\0" * 100_000})
    directory = piece.index(b"PK\x01\x02")
    end = piece.index(b"PK\x05\x06")
    entry = piece[directory:end]
    body = bytearray(piece[:directory] + entry * 20 + piece[end:])
    end = body.rindex(b"PK\x05\x06")
    struct.pack_into("<HHL", body, end + 8, 20, 20, len(entry) * 20)
    with zipfile.ZipFile(io.BytesIO(bytes(body))) as archive:
        assert len(archive.infolist()) == 20
    body += b""
    problem = look(bytes(body)).problem or ""
    assert "overlap" in problem or "honestly" in problem


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packers_without_a_bound_never_have_much_in_memory(method):
    """Half a kilobyte of bzip2 can be half a gigabyte of zeros, whatever the directory declares."""
    assert look(a_zip({"a": random.Random(1).randbytes(50_000)}, method)).sound
    assert "honestly" in (look(a_zip({"a": bytes(3_000_000)}, method)).problem or "")
    bomb = bytearray(a_zip({"a": bytes(120 << 20)}, method))
    for at, place in ((bomb.index(b"PK\x03\x04"), 22), (bomb.index(b"PK\x01\x02"), 24)):
        struct.pack_into("<L", bomb, at + place, 20_000)
    tracemalloc.start()
    try:
        assert look(bytes(bomb)).problem is not None
        assert tracemalloc.get_traced_memory()[1] < 80 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@given(position=st.integers(min_value=4, max_value=300), flip=st.integers(min_value=1, max_value=255))
@settings(max_examples=60)
def test_damage_in_rare_packers_is_a_problem_too(method, position, flip):
    """Their errors are of other kinds than deflate's."""
    content = bytearray(a_zip({"a": bytes(range(256)) * 8}, method))
    begin, end = 31, content.index(b"PK\x01\x02")
    content[begin + position % (end - begin - 4)] ^= flip
    finding = look(bytes(content))
    assert (finding.problem is None) == finding.sound


@given(st.data())
@settings(max_examples=400)
def test_no_bytes_make_the_check_fail_otherwise_than_by_a_finding(data):
    """A run must not end because of one file."""
    content = bytearray(data.draw(st.sampled_from([SOUND, SOUND + SOUND, a_zip({"x": b"1"}, comment=b"c")])))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        length = data.draw(st.integers(1, 8))
        content[at : at + length] = data.draw(st.binary(max_size=8))
        if not content:
            break
    look(bytes(content))


@given(st.binary(max_size=200))
def test_no_tail_after_a_zips_first_bytes_makes_it_fail(tail):
    """Nor does anything that merely starts like one."""
    look(b"PK\x03\x04" + tail)
    look(tail + b"PK\x05\x06" + tail)


def test_bytes_before_and_behind_are_noted_and_nothing_is_proven_by_them():
    """A page behind the zip is not the file that was announced, sound as the zip in it may be."""
    for content in (b"junk" + SOUND, SOUND + b"<html>", b"MZ" * 9 + SOUND + b"\r\n"):
        finding = look(content)
        assert finding.problem is None
        assert not finding.sound
        assert "belong to nothing" in (finding.note or "")
    assert look(a_zip({"a": b"1"}, comment=b"a comment")).sound


def test_a_comment_that_was_cut_is_noticed():
    """The end record says how long it is."""
    content = a_zip({"a": b"1"}, comment=b"a comment of some length")
    assert "end is cut" in (look(content[:-5]).problem or "")


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/passwd", "a/../../b", "..\\evil", "C:\\evil", "\\\\host\\x"]
)
def test_names_that_lead_outside_are_told_of_and_nothing_is_unpacked(name, tmp_path, monkeypatch):
    """The zip is for a person, who should know before unpacking it."""
    monkeypatch.chdir(tmp_path)
    finding = look(a_zip({name: b"boo", "fine": b"1"}))
    assert (finding.problem, finding.sound) == (None, True)
    assert "1 members of the zip have names that lead outside" in (finding.note or "")
    assert list(tmp_path.iterdir()) == []


def test_a_zip_inside_a_zip_is_only_a_member():
    """Nothing is unpacked twice, so nesting cannot explode."""
    inner = SOUND
    for _ in range(30):
        inner = a_zip({"inner.zip": inner})
    assert look(inner).sound


def test_a_directory_in_the_wide_form_is_read(monkeypatch):
    """More than 65,535 members need it, or more than 4 GiB."""
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 3)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(9):
            archive.writestr(str(number), b"")
    content = buffer.getvalue()
    assert b"PK\x06\x06" in content
    assert look(content).sound
    assert look(content[:-10]).problem is not None
    at = content.rindex(b"PK\x06\x06")
    assert look(changed(at + 40, "<Q", 2**60, content)).problem is not None
    for place in (4, 16, 24, 48, 56 + 8):
        assert look(changed(at + place, "<Q", 2**60, content)).problem is not None


def test_a_long_check_can_be_stopped_in_any_member():
    """Leaving a run must not wait for gigabytes."""
    stop = threading.Event()
    stop.set()
    with pytest.raises(StoppedError):
        zips.examine_zip(io.BytesIO(SOUND), stop)
