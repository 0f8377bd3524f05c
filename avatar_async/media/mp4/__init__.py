"""Reading what MP4 and MOV files say of themselves, without decoding and without reading them whole."""

from avatar_async.media.mp4.movie import Movie, read_movie
from avatar_async.media.mp4.tracks import Track

__all__ = ["Movie", "Track", "read_movie"]
