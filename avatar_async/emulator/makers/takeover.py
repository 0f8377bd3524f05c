"""Render takeover videos: a figure that speaks before backgrounds, with texts, title and watermark."""

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from av.audio.frame import AudioFrame
from PIL import Image, ImageDraw

from avatar_async.emulator.makers.lettering import draw_text, lacks_font, numeric
from avatar_async.emulator.makers.work import Made, Work
from avatar_async.media.clips import draw_mouth, figure
from avatar_async.media.frames import first_frame, probe, shrink
from avatar_async.media.video import encode, sound_of, tone

LABEL = "emulated: the layout is the request's; avatar, backgrounds and voice are stand-ins"

_LONG_SIDE_PX = 640
_MAX_S = 10.0
_MIN_S = 1.0
_CHARACTERS_PER_S = 4.5
_DEFAULT_SIZE = (1080, 1920)


def takeover_urls(body: Mapping[str, Any]) -> list[str]:
    """Return every address a takeover reads."""
    urls = [each["url"] for each in body["param"].get("audios", ())]
    if body.get("thumbnailUrl"):
        urls.append(body["thumbnailUrl"])
    return list(dict.fromkeys(urls))


def make_takeover(work: Work) -> list[Made]:
    """Render the video and its thumbnail; the length follows the sound, or the text if there is none.

    Raises:
        MediaError: A sound or the thumbnail cannot be decoded.
        StoppedError: The emulator is closing.
    """
    param = work.task.body["param"]
    scene = Scene(param)
    notes = list(work.task.notes)
    length_s = _length_s(work, notes)
    fps = min(60.0, max(1.0, float(param.get("frame_rate") or 25)))
    container: Literal["mp4", "webm"] = (
        "webm" if str(param.get("video_format", "mp4")).lower() == "webm" else "mp4"
    )
    if scene.factor < 1:
        notes.append(f"drawn at {scene.size[0]} x {scene.size[1]} instead of the resolution asked for")

    if any(lacks_font(text) for text in _texts(param)):
        notes.append("no font on this machine has all letters: those missing are drawn as boxes")

    def frames() -> Iterator[Image.Image]:
        for number in range(max(1, round(length_s * fps))):
            work.check_stopped()
            yield scene.at(number / fps)

    name = f"video.{container}"
    encode(
        frames(),
        work.folder / name,
        fps=fps,
        sound=_sound(work, length_s),
        container=container,
        comment=f"{LABEL} {json.dumps({'notes': notes}, ensure_ascii=False)}",
    )
    thumbnail = work.task.body.get("thumbnailUrl")
    picture = shrink(first_frame(work.sources[thumbnail]), 360) if thumbnail else scene.at(0.0)
    picture.convert("RGB").save(work.folder / "thumbnail.jpg", quality=88)
    return [Made("video", name), Made("thumbnail", "thumbnail.jpg")]


def _texts(param: Mapping[str, Any]) -> Iterator[str]:
    for item in (*param.get("foreground-texts", ()), param.get("title") or {}):
        yield str(item.get("text") or "")
    watermark = param.get("watermark") or {}
    yield str(watermark.get("content") or "") if watermark.get("show") else ""


def _length_s(work: Work, notes: list[str]) -> float:
    param = work.task.body["param"]
    wanted_s = sum(probe(work.sources[each["url"]]).duration_s or 0.0 for each in param.get("audios", ()))
    if not wanted_s:
        text = str((param.get("tts_query") or {}).get("content") or "")
        speed = numeric((param.get("tts_config") or {}).get("speed_ratio"), 1.0)
        wanted_s = len(text) / (_CHARACTERS_PER_S * min(4.0, max(0.25, speed)))
    if wanted_s > _MAX_S:
        notes.append(f"cut to {_MAX_S:g} s of {wanted_s:.1f} s")
    return min(_MAX_S, max(_MIN_S, wanted_s))


def _sound(work: Work, length_s: float) -> Iterable[AudioFrame]:
    audios = work.task.body["param"].get("audios", ())
    if not audios:
        return tone(length_s, level=0.02)
    return (frame for each in audios for frame in sound_of(work.sources[each["url"]], max_s=length_s))


class Scene:
    """Draw the scene at any instant; everything that stands still is drawn once."""

    def __init__(self, param: Mapping[str, Any]) -> None:
        width_px, height_px = param.get("resolution") or _DEFAULT_SIZE
        self.factor = min(1.0, _LONG_SIDE_PX / max(width_px, height_px))
        self.size = (_even(width_px * self.factor), _even(height_px * self.factor))
        self._behind = Image.new("RGB", self.size, (24, 26, 32))
        for item in param.get("backgrounds") or ({"fileId": "none"},):
            self._paste_layer(self._behind, item, opacity=255)
        role = param["digital_role"]
        scale = min(4.0, max(0.05, numeric(role.get("scale"), 1.0)))
        width, height = (max(8, round(side * scale)) for side in self.size)
        seed = int(hashlib.sha256(str(role.get("id") or role.get("fileId")).encode()).hexdigest()[:6], 16)
        self._figure = figure(width, height, seed=seed, clothes=("white", "dark", "yellow")[seed % 3])
        self._rotation = numeric(role.get("rotation"), 0.0)
        x, y = self._position(role)
        self._place = (round(x), round(y))
        self._front = self._front_layer(param)

    def at(self, at_s: float) -> Image.Image:
        """Return the picture at an instant, as RGB."""
        speaker = self._figure.copy()
        draw_mouth(speaker, abs(math.sin(9.0 * at_s)))
        if self._rotation:
            speaker = speaker.rotate(-self._rotation, Image.Resampling.BILINEAR)
        picture = self._behind.copy()
        nod = round(self.size[1] * 0.006 * math.sin(2.4 * at_s))
        picture.paste(speaker, (self._place[0], self._place[1] + nod), speaker)
        picture.paste(self._front, (0, 0), self._front)
        return picture

    def _front_layer(self, param: Mapping[str, Any]) -> Image.Image:
        front = Image.new("RGBA", self.size, (0, 0, 0, 0))
        for item in param.get("foregrounds", ()):
            self._paste_layer(front, item, opacity=70)
        texts = sorted(param.get("foreground-texts", ()), key=lambda text: numeric(text.get("z_position"), 0))
        title = param.get("title")
        for text in (*texts, *((title,) if title else ())):
            draw_text(front, text, self._position(text), self.factor)
        watermark = param.get("watermark") or {}
        if watermark.get("show"):
            mark = {"text": watermark.get("content", ""), "font_size": 48, "rgba": [255, 255, 255, 130]}
            draw_text(front, mark, (self.size[0] * 0.05, self.size[1] * 0.94), self.factor)
        return front

    def _paste_layer(self, picture: Image.Image, item: Mapping[str, Any], *, opacity: int) -> None:
        """Draw a stand-in for a background or foreground known by id only: its colour follows the id."""
        digest = hashlib.sha256(
            str(item.get("fileId") or item.get("id") or item.get("name")).encode()
        ).digest()
        rect = item.get("rect")
        if not isinstance(rect, list) or len(rect) != 4:
            rect = [0, 0, self.size[0] / self.factor, self.size[1] / self.factor]
        left, top, width, height = (numeric(each, 0.0) * self.factor for each in rect)
        color = tuple(60 + value // 2 for value in digest[:3])
        draw = ImageDraw.Draw(picture, "RGBA")
        if opacity == 255:
            draw.rectangle((left, top, left + max(0, width), top + max(0, height)), fill=color)
        else:
            band = max(2.0, self.size[1] * 0.012)
            bottom = top + max(0, height)
            draw.rectangle(
                (left, max(top, bottom - band), left + max(0, width), bottom), fill=(*color, opacity)
            )

    def _position(self, item: Mapping[str, Any]) -> tuple[float, float]:
        position = item.get("position")
        if not isinstance(position, Mapping):
            return 0.0, 0.0
        x = numeric(position.get("x"), 0.0) * self.factor
        y = numeric(position.get("y"), 0.0) * self.factor
        return min(self.size[0] * 4.0, max(-self.size[0] * 4.0, x)), min(
            self.size[1] * 4.0, max(-self.size[1] * 4.0, y)
        )


def _even(side: float) -> int:
    return max(16, round(side / 2) * 2)
