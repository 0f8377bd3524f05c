"""Make avatar models: a zip of manifest, stage-1 variants and frames of the sources, and a thumbnail."""

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any

from PIL import Image, ImageStat

from avatar_async.emulator.limits import NOT_KEYED_NOTE
from avatar_async.emulator.makers.pictures import frame_file, write_thumbnail
from avatar_async.emulator.makers.screens import masked, parameters_of, segment, used
from avatar_async.emulator.makers.work import Made, Work
from avatar_async.errors import MediaError
from avatar_async.media.frames import probe
from avatar_async.media.keyer import LABEL
from avatar_async.media.zips import check_zip, read_json, write_zip
from avatar_async.requests.addresses import public_url, public_value

MANIFEST = "model.json"

_FRAMES = 3
_SEGMENT_FRAMES = 2
_SHORT_SIDE_PX = 270
_VARIANTS = {0: "original_lip_sync", 1: "universal_lip_sync"}
_NO_OWN_LIPS = "algorithm_lip_sync"
_LEARNED = 2
_SEGMENTATIONS = {0: "none was asked for", 4: "the mask video's"}


def training_urls(body: Mapping[str, Any]) -> list[str]:
    """Return every address a training reads."""
    param = body["param"]
    urls = [body["videoUrl"], param["persistent"].get("templateFacePic")]
    urls += _action_urls(param["personal"])
    for item in param.get("override", ()):
        urls += [item["videoUrl"], item.get("maskVideoUrl") if item["segmentStyle"] == 4 else None]
    return _present(urls)


def rebuild_urls(body: Mapping[str, Any]) -> list[str]:
    """Return every address a rebuild reads."""
    return _present([body["videoUrl"], body["modelUrl"], *_action_urls(body)])


def make_training(work: Work) -> list[Made]:
    """Make a model of the base video, its auxiliary videos and its actions.

    Raises:
        MediaError: A source cannot be decoded, or a mask does not fit its video.
    """
    body = work.task.body
    param = body["param"]
    persistent, personal = param["persistent"], param["personal"]
    builder = _Builder(work, persistent["videoCrfQuality"])
    base = builder.add_video(body["videoUrl"], personal, "frames", _FRAMES)
    builder.add_actions(personal)
    for index, item in enumerate(param.get("override", ())):
        builder.add_video(item["videoUrl"], item, f"override/{index:02d}", _SEGMENT_FRAMES)
    if persistent.get("multiFaces"):
        builder.add_face(persistent["templateFacePic"])
    own_lips = persistent.get("stage01GenMode", 1) == 1
    names = (
        [_VARIANTS[each] for each in dict.fromkeys(persistent["stage1Config"])]
        if own_lips
        else [_NO_OWN_LIPS]
    )
    builder.add_variants(names, base)
    return builder.finish(
        {
            "avatarType": persistent.get("avatarType", 0),
            "resolutionConfig": persistent.get("dev", {}).get("stage2", {}).get("config", 0),
            "videoCrfQuality": persistent["videoCrfQuality"],
            "parent": None,
        },
        base[0],
    )


def make_rebuild(work: Work) -> list[Made]:
    """Make a model anew from an earlier one and a video; what it came from is recorded.

    Raises:
        MediaError: A source cannot be decoded, or the earlier model is no sound zip.
    """
    body = work.task.body
    parent_file = work.sources[body["modelUrl"]]
    summary = check_zip(parent_file)
    parent = read_json(parent_file, MANIFEST)
    known = parent if isinstance(parent, dict) else {}
    crf = body.get("videoCrfQuality", 23)
    builder = _Builder(work, crf)
    base = builder.add_video(body["videoUrl"], body, "frames", _FRAMES)
    builder.add_actions(body)
    names = [each for each in known.get("variants", ()) if isinstance(each, str) and each.isidentifier()]
    builder.add_variants(names or [_VARIANTS[0]], base)
    if known and known.get("segmentStyle") != body["segmentStyle"]:
        builder.note("segmentStyle differs from the original training's: the vendor advises against it")
    return builder.finish(
        {
            "avatarType": body.get("avatarType", 0),
            "resolutionConfig": known.get("resolutionConfig", 0),
            "videoCrfQuality": crf,
            "parent": {
                "sha256": parent_file.name,
                "members": len(summary.members),
                "taskId": known.get("taskId"),
                "materialName": known.get("materialName"),
                "parent": known.get("parent"),
            },
        },
        base[0],
    )


class _Builder:
    """Gather the members of one model zip."""

    def __init__(self, work: Work, crf: int) -> None:
        self._work = work
        self._quality = round(95 - crf * 60 / 51)
        self._members: list[tuple[str, bytes]] = []
        self._videos: list[dict[str, Any]] = []
        self._actions: list[dict[str, Any]] = []
        self._variants: list[str] = []
        self._notes: dict[str, None] = dict.fromkeys(work.task.notes)
        self._style: int | None = None

    def note(self, text: str) -> None:
        """Tell something in the manifest."""
        self._notes[text] = None

    def add_video(self, url: str, fields: Mapping[str, Any], folder: str, count: int) -> list[Image.Image]:
        """Add segmented frames of one video's part; return the frames as they were filmed."""
        self._work.check_stopped()
        path = self._work.sources[url]
        info = probe(path)
        if info.kind != "video":
            raise MediaError(f"{public_url(url)} is not a video")
        start_s, end_s = fields.get("assetStart") or 0.0, fields.get("assetEnd") or None
        if info.duration_s is not None and start_s >= info.duration_s:
            self.note(
                f"{folder}: assetStart {start_s:g} is past the end ({info.duration_s:g} s): moved inside"
            )
        raw = self._work.samples.sample(
            path, count, start_s=start_s, end_s=end_s, short_side_px=_SHORT_SIDE_PX
        )
        frames = [_scaled(frame, fields.get("assetScale") or 1.0) for frame in raw]
        style = fields["segmentStyle"]
        if style == 4:
            segmented = masked(frames, self._masks(fields["maskVideoUrl"], path, frames))
        else:
            segmented, notes = segment(frames, fields)
            for text in notes:
                self.note(f"{folder}: {text}")
        told = NOT_KEYED_NOTE if style == _LEARNED else None
        for number, frame in enumerate(segmented):
            self._add_frame(f"{folder}/{number:03d}", frame, told)
        self._style = style if self._style is None else self._style
        described = {
            "folder": folder,
            "source": public_url(url),
            "sourceSha256": path.name,
            "widthPx": info.width_px,
            "heightPx": info.height_px,
            "durationS": info.duration_s,
            "fps": info.fps,
            "frames": len(segmented),
            "segmentStyle": style,
            "segmentation": told or _SEGMENTATIONS.get(style, LABEL),
            "assetStart": start_s,
            "assetEnd": end_s,
            "assetScale": fields.get("assetScale") or 1.0,
            "name": fields.get("name"),
            "description": fields.get("description"),
        }
        if style in {1, 3}:
            described["greenParams"] = used(parameters_of(fields))
        self._videos.append(described)
        return frames

    def add_actions(self, fields: Mapping[str, Any]) -> None:
        """Add frames of the premium ranges or the edited actions."""
        change, edit = fields.get("actionChange") or {}, fields.get("actionEdit") or {}
        url = self._work.task.body["videoUrl"]
        if change.get("support"):
            for part in ("static", "dynamic"):
                span = (change[f"{part}RangeStart"], change[f"{part}RangeEnd"])
                self._add_action(url, part, span, {"gap": change.get("gap", 75)})
        if edit.get("support"):
            for index, action in enumerate(edit["actionList"]):
                span = (action["clipRangeStart"], action["clipRangeEnd"])
                extra = {"action": action["name"], "description": action.get("description")}
                self._add_action(
                    edit["videoPath"], f"{index:02d}", span, {**extra, "gap": edit.get("gap", 25)}
                )

    def add_face(self, url: str) -> None:
        """Add the designated person's photo."""
        path = self._work.sources[url]
        if probe(path).kind != "image":
            raise MediaError(f"{public_url(url)} is not an image")
        frame = self._work.samples.sample(path, 1, start_s=0, end_s=None, short_side_px=_SHORT_SIDE_PX)[0]
        self._add_frame("face/template", frame)

    def add_variants(self, names: Iterable[str], frames: list[Image.Image]) -> None:
        """Add one model file per lip-sync variant, computed from the base video's frames."""
        for name in names:
            prints = [_fingerprint(frame, universal=name == _VARIANTS[1]) for frame in frames]
            content = {"schema": 1, "variant": name, "frames": prints}
            self._members.append((f"stage1/{name}.json", _json(content)))
            self._variants.append(name)

    def finish(self, facts: Mapping[str, Any], first: Image.Image) -> list[Made]:
        """Write the zip and the thumbnail."""
        self._work.check_stopped()
        task = self._work.task
        manifest = {
            "schema": 1,
            "label": LABEL,
            "taskId": task.id,
            "taskType": task.kind.value,
            "materialName": task.name,
            "createdAt": task.created_at.isoformat(),
            **facts,
            "segmentStyle": self._style,
            "variants": self._variants,
            "videos": self._videos,
            "actions": self._actions,
            "notes": list(self._notes),
            "request": public_value(task.body),
        }
        write_zip(self._work.folder / "model.zip", [(MANIFEST, _json(manifest)), *self._members])
        write_thumbnail(first, self._work.folder / "thumbnail.jpg")
        return [Made("model", "model.zip"), Made("thumbnail", "thumbnail.jpg")]

    def _masks(self, url: str, video: Any, frames: list[Image.Image]) -> list[Image.Image]:
        path = self._work.sources[url]
        counts = (probe(path).frames, probe(video).frames)
        if None not in counts and counts[0] != counts[1]:
            raise MediaError(
                f"the mask video has {counts[0]} frames, its video {counts[1]}: they must be equal"
            )
        masks = self._work.samples.sample(
            path, len(frames), start_s=0, end_s=None, short_side_px=_SHORT_SIDE_PX
        )
        if len(masks) < len(frames):
            raise MediaError("the mask video has fewer frames than its video")
        return masks

    def _add_action(self, url: str, folder: str, span: tuple[float, float], extra: Mapping[str, Any]) -> None:
        self._work.check_stopped()
        frames = self._work.samples.sample(
            self._work.sources[url], 2, start_s=span[0], end_s=span[1], short_side_px=_SHORT_SIDE_PX
        )
        for number, frame in enumerate(frames):
            self._add_frame(f"actions/{folder}/{number:03d}", frame)
        self._actions.append({"folder": f"actions/{folder}", "start": span[0], "end": span[1], **extra})

    def _add_frame(self, stem: str, frame: Image.Image, told: str | None = None) -> None:
        suffix, content = frame_file(frame, self._quality, told)
        self._members.append((f"{stem}.{suffix}", content))


def _fingerprint(frame: Image.Image, *, universal: bool) -> dict[str, Any]:
    """Return measured numbers of a frame: of the mouth's region, or of the whole picture if universal."""
    width_px, height_px = frame.size
    mouth = (int(width_px * 0.35), int(height_px * 0.42), int(width_px * 0.65), int(height_px * 0.58))
    region = frame if universal else frame.crop(mouth)
    tiny = region.convert("L").resize((16, 16), Image.Resampling.BOX)
    return {
        "meanRgb": [round(value, 2) for value in ImageStat.Stat(region).mean],
        "luma16x16": base64.b64encode(tiny.tobytes()).decode(),
    }


def _scaled(frame: Image.Image, scale: float) -> Image.Image:
    factor = min(4.0, max(0.1, scale))
    if factor == 1.0:
        return frame
    return frame.resize((max(2, round(frame.width * factor)), max(2, round(frame.height * factor))))


def _action_urls(fields: Mapping[str, Any]) -> list[str | None]:
    edit = fields.get("actionEdit") or {}
    return [edit.get("videoPath") if edit.get("support") else None]


def _present(urls: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(url for url in urls if url))


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode()
