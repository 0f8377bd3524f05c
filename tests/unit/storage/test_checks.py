"""Whether files are what their names say."""

import io
import struct
import threading
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_async._storage import zips
from avatar_async._storage.checks import examine
from avatar_async._storage.findings import StoppedError


def look(content, name, role="model", *, length_known=True):
    """Examine bytes under a name."""
    return examine(io.BytesIO(content), name, role, length_known=length_known, stop=threading.Event())


def zip_of(*, compression=zipfile.ZIP_DEFLATED, **members):
    """Return a zip's bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def mp4(*sizes):
    """Return an MP4 of a head and boxes of those sizes."""
    boxes = [struct.pack(">I4s", 16, b"ftyp") + b"isom" + bytes(4)]
    boxes += [struct.pack(">I4s", size, b"mdat") + bytes(size - 8) for size in sizes]
    return b"".join(boxes)


@given(st.integers(min_value=0, max_value=10**6), st.integers(min_value=1, max_value=255))
def test_a_flipped_byte_in_a_members_data_is_found(position, flip):
    """Checksums exist for that."""
    payload = bytes(range(256)) * 8
    content = bytearray(zip_of(compression=zipfile.ZIP_STORED, a=payload))
    start = content.index(payload)
    content[start + position % len(payload)] ^= flip
    finding = look(bytes(content), "model.zip")
    assert finding.problem is not None


@given(st.integers(min_value=1, max_value=400))
def test_a_zip_that_lost_its_end_is_found(lost):
    """The directory stands at the end."""
    content = zip_of(a=b"one" * 50, b=b"two" * 70)
    assert look(content[: max(0, len(content) - lost)], "model.zip").problem is not None


def test_sound_zips_are_proven_sound():
    """Also empty ones and those without the suffix."""
    assert look(zip_of(a=b"x" * 3_000_000, b=b""), "model.zip").sound
    assert look(zip_of(), "model.zip").sound
    assert look(zip_of(a=b"x"), "model.bin").sound


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch):
    """A zip must not cost hours or lie about its size."""
    content = zip_of(a=b"\0" * 5_000_000)
    monkeypatch.setattr(zips, "MAX_UNPACKED_BYTES", 4_000_000)
    assert "declares 5000000 bytes" in (look(content, "model.zip").problem or "")
    monkeypatch.undo()
    entry = content.rindex(b"PK\x01\x02")
    lying = bytearray(content)
    lying[entry + 24 : entry + 28] = struct.pack("<I", 2**32 - 2)
    assert "cannot honestly hold" in (look(bytes(lying), "model.zip").problem or "")


def test_encrypted_members_are_noted():
    """They cannot be checked, which is not the same as damaged."""
    content = bytearray(zip_of(a=b"x" * 100))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    finding = look(bytes(content), "model.zip")
    assert (finding.problem, finding.sound) == (None, False)
    assert "encrypted" in (finding.note or "")


def test_a_long_check_can_be_stopped():
    """Leaving a run must not wait for gigabytes."""
    stop = threading.Event()
    stop.set()
    with pytest.raises(StoppedError):
        examine(io.BytesIO(zip_of(a=b"x" * 100)), "model.zip", "model", length_known=True, stop=stop)


@pytest.mark.parametrize("suffix", ["png", "jpeg", "webp", "gif", "bmp"])
def test_pictures_are_decoded(suffix):
    """One that opens is whole, and sound if it has checksums; half of one is neither, nor is a page."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.effect_noise((40, 40), 50).convert("RGB").save(buffer, suffix)
    content = buffer.getvalue()
    name = f"thumb.{suffix}"
    for found in (look(content, name, "thumbnail"), look(content, "without-suffix", "image")):
        assert (found.problem, found.whole, found.sound) == (None, True, suffix == "png")
    assert look(content[: len(content) // 2], name, "thumbnail").problem is not None
    assert look(b"<html>expired</html>", name, "thumbnail").problem is not None


def test_without_pillow_the_first_bytes_decide(monkeypatch):
    """The core works without the media extra."""
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    finding = look(b"\x89PNG\r\n\x1a\n whatever", "thumb.png", "thumbnail")
    assert (finding.problem, finding.sound) == (None, False)
    assert look(b"<html>expired</html>", "thumb.png", "thumbnail").problem is not None


def test_videos_start_like_videos():
    """An error page under a video's name is no video."""
    assert look(mp4(100), "clip.mp4", "video").problem is None
    assert look(mp4(100), "clip", "video").problem is None
    assert look(b"\x1a\x45\xdf\xa3 rest", "clip.webm", "video").problem is None
    for name in ("clip.mp4", "clip.webm", "clip"):
        assert look(b"<html>expired</html>", name, "video").problem is not None


def test_a_video_of_unknown_length_must_have_all_its_boxes():
    """A chunked reply that ends early leaves no other trace."""
    whole = mp4(100, 200)
    assert look(whole, "clip.mp4", "video", length_known=False).problem is None
    assert "end is missing" in (look(whole[:-1], "clip.mp4", "video", length_known=False).problem or "")
    endless = whole[:16] + struct.pack(">I4s", 0, b"mdat") + bytes(50)
    assert look(endless, "clip.mp4", "video", length_known=False).problem is None
    long = whole[:16] + struct.pack(">I4sQ", 1, b"mdat", 66) + bytes(50)
    assert look(long, "clip.mp4", "video", length_known=False).problem is None


def test_files_of_no_known_sort_only_must_not_be_empty():
    """Nothing can be said of them."""
    assert look(b"anything", "model.bin").problem is None
    assert look(b"", "model.bin").problem == "it is empty"


def test_only_plain_pictures_are_decoded():
    """Pillow would start a program for PostScript, whatever the file is called."""
    script = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n(x) print\n"
    for name in ("thumb.png", "thumb.eps", "thumb"):
        assert look(script, name, "thumbnail").problem is not None


def test_a_picture_of_more_pixels_than_fit_is_not_decoded():
    """A few bytes can declare gigabytes."""
    import zlib

    def chunk(name, body):
        return struct.pack(">L", len(body)) + name + body + struct.pack(">L", zlib.crc32(name + body))

    head = struct.pack(">LLBBBBB", 8_944, 8_950, 8, 2, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    finding = look(content, "thumb.png", "thumbnail")
    assert finding.problem is None
    assert not finding.whole
    assert "not decoded" in (finding.note or "")


@given(st.data())
def test_no_damage_makes_a_look_at_a_picture_or_video_fail(data):
    """Decoders raise anything on hostile bytes; a run must not end because of one file."""
    name, content = data.draw(st.sampled_from(sorted(PICTURES.items())))
    hurt = bytearray(content)
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(hurt) - 1))
        hurt[at : at + data.draw(st.integers(1, 4))] = data.draw(st.binary(min_size=1, max_size=4))
    finding = look(bytes(hurt), name, "image", length_known=data.draw(st.booleans()))
    assert finding.problem is None or not finding.sound


def pictures():
    """Return a small file of each kind by its name."""
    from PIL import Image

    made = {"clip.mp4": mp4(40, 50)}
    for suffix in ("png", "jpeg", "webp", "gif", "bmp"):
        buffer = io.BytesIO()
        Image.linear_gradient("L").resize((24, 24)).convert("RGB").save(buffer, suffix)
        made[f"thumb.{suffix}"] = buffer.getvalue()
    return made


PICTURES = pictures()


def test_a_picture_that_lost_its_last_bytes_is_not_whole():
    """Some decoders do not mind, but the end is missing."""
    for name in ("thumb.png", "thumb.jpeg", "thumb.gif"):
        assert look(PICTURES[name], name, "image").whole
        finding = look(PICTURES[name][:-1], name, "image")
        assert finding.problem is not None or not finding.whole


def test_a_video_of_countless_boxes_costs_little():
    """Each one is a read; the walk must end."""
    content = mp4() + struct.pack(">I4s", 8, b"free") * 150_000
    assert not look(content, "clip.mp4", "video").whole


def test_a_files_role_counts_more_than_a_name_that_calls_it_a_zip():
    """Names are the service's whim; a picture in hand must not be refused for one."""
    assert look(PICTURES["thumb.png"], "evil.zip", "image").sound
    assert look(PICTURES["clip.mp4"], "evil.zip", "video").problem is None
    assert look(PICTURES["thumb.png"], "evil.zip", "model").problem is not None
    assert look(b"<html>expired</html>", "evil.zip", "image").problem is not None
