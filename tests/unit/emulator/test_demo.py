"""Demonstration media."""

from avatar_async.emulator import demo, demo_media
from avatar_async.media.frames import probe


def test_media_are_made_once_and_used_again(tmp_path, monkeypatch):
    """A second demonstration starts at once."""
    monkeypatch.setattr(demo, "_CLIPS", ((0, 0.1), (1, 0.1), (2, 0.1)))
    made = demo_media(tmp_path / "media")
    assert [probe(path).kind for path in made] == ["video"] * 3 + ["image"] * 2
    before = [path.stat().st_mtime_ns for path in made]
    assert demo_media(tmp_path / "media") == made
    assert [path.stat().st_mtime_ns for path in made] == before
    assert sorted(path.name for path in made) == sorted(path.name for path in (tmp_path / "media").iterdir())
