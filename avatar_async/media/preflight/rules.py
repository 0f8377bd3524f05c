"""The rules of the vendor's documents about the files a request names."""

from collections.abc import Iterator, Mapping
from typing import Any

from avatar_async.errors import MediaError, MediaOutOfReachError
from avatar_async.media.preflight.findings import (
    CREATE,
    IMAGE_PREVIEW,
    INFERRED,
    PREVIEW,
    UPDATE,
    Finding,
    Gravity,
)
from avatar_async.media.preflight.looking import Seen
from avatar_async.media.preflight.pictures import LEAST_COVERAGE, picture_findings
from avatar_async.media.preflight.ranges import range_findings
from avatar_async.media.preflight.subject import Subject
from avatar_async.media.preflight.uses import Keying, Role, Use, uses_of
from avatar_async.requests import Request, Stage01GenMode, TrainingRequest
from avatar_async.requests.unset import UNSET

#: The least a base video lasts, in seconds: "the base video must be at least 6 minutes long".
LEAST_BASE_S = 360.0
#: Sample colours that a file without a request is looked at with: a green screen and a blue one.
SCREENS = ((0, 255, 0), (255, 0, 0))
#: Recorders end sound and pictures at slightly different times.
_LEAST_SOUND_SHARE = 0.95
_VIDEO_ROLES: tuple[Role, ...] = ("base", "auxiliary", "mask", "material", "actions", "clip", "footage")
_SOURCES: dict[Role, str] = {
    "base": f"{CREATE}, Request Parameters",
    "footage": f"{CREATE}, Request Parameters",
    "auxiliary": f"{CREATE}, param Parameter Description",
    "mask": f"{CREATE}, param Parameter Description",
    "actions": f"{CREATE}, param Parameter Description",
    "face": f"{CREATE}, param Parameter Description",
    "material": f"{UPDATE}, Request Parameters",
    "model": f"{UPDATE}, Request Parameters",
    "clip": f"{PREVIEW}, Request Parameters",
    "image": IMAGE_PREVIEW,
    "speech": "Video Live Streaming (Deprecated), JSON Example",
}


def request_findings(
    job: str | None, request: Request, seen: Mapping[str, Seen], *, lenient: bool
) -> Iterator[Finding]:
    """Yield what is wrong with the files of a request.

    Args:
        job: Name of the job.
        request: The request.
        seen: What was seen, by address; files that are missing there are not judged.
        lenient: Whether rules of length only warn.
    """
    for use in uses_of(request):
        if use.address not in seen:
            continue
        subject = Subject(
            job=job, use=use, seen=seen[use.address], source=_SOURCES[use.role], lenient=lenient
        )
        unread = subject.unread()
        if unread is not None:
            yield unread
            continue
        yield from file_findings(subject)
        if use.role == "base" and isinstance(request, TrainingRequest):
            yield from _speech(subject, getattr(request.persistent, "stage01_gen_mode", UNSET))
        if use.role == "mask":
            yield from _aligned(subject, seen.get(use.item) if isinstance(use.item, str) else None)


def alone_findings(address: str, seen: Seen) -> Iterator[Finding]:
    """Yield what is wrong with a file that no request names; what only a training needs is a warning."""
    footage = seen.footage
    roles: dict[str, Role] = {"zip": "model", "image": "image", "audio": "speech"}
    role = roles.get(footage.sort if footage else "", "footage")
    found = [look for look in seen.screens.values() if look.coverage >= LEAST_COVERAGE]
    best = max(found, key=lambda look: look.coverage, default=None)
    keying = Keying(sample_bgr=best.sample_bgr) if best else None
    use = Use(path="", address=address, role=role, keying=keying)
    subject = Subject(job=None, use=use, seen=seen, source=_SOURCES[role])
    unread = subject.unread()
    if unread is not None:
        yield unread
        return
    yield from file_findings(subject)
    if role == "footage":
        yield from _speech(subject, UNSET)
        yield from _decodes(subject)


def file_findings(subject: Subject) -> Iterator[Finding]:
    """Yield what is wrong with one file that was read."""
    wrong = list(_sort(subject))
    yield from wrong
    if wrong and wrong[0].gravity is Gravity.ERROR:
        return
    if subject.use.role in ("base", "clip", "footage"):
        yield from _long_enough(subject)
    if subject.use.role in _VIDEO_ROLES:
        yield from _steady(subject)
    yield from _oddities(subject)
    yield from range_findings(subject)
    yield from picture_findings(subject)


def _sort(subject: Subject) -> Iterator[Finding]:
    footage, role = subject.seen.footage, subject.use.role
    assert footage is not None
    found = f"{footage.sort} ({footage.codec or footage.container})"
    wanted = {"model": "zip", "face": "image", "image": "image", "speech": "audio"}.get(role, "video")
    if footage.sort == wanted:
        yield from _decodes(subject) if wanted == "image" else ()
        return
    if role == "speech" and footage.has_audio:
        return
    if role == "image" and footage.sort == "video":
        text = "the documents' own example names a video too; its first picture is likely to be taken"
        yield subject.finding(
            Gravity.WARNING, "sort", "a video where an image belongs", measured=found, remedy=text
        )
        return
    yield subject.finding(
        Gravity.ERROR,
        "sort",
        f"this is no {_WORDS[wanted]}",
        measured=found,
        limit=_WORDS[wanted],
        remedy="name another file here",
    )


_WORDS = {"zip": "zip of a model", "image": "image", "audio": "sound", "video": "video"}


def _decodes(subject: Subject) -> Iterator[Finding]:
    failure = subject.seen.failure
    if subject.use.role not in ("face", "image", "footage") or failure is None:
        return
    far = isinstance(failure, MediaOutOfReachError) or not isinstance(failure, MediaError)
    footage = subject.seen.footage
    unknown = far or footage is None or footage.sort != "image"
    yield subject.finding(
        Gravity.UNKNOWN if unknown else Gravity.ERROR,
        "decodes",
        "whether it can be decoded is not known" if unknown else "it cannot be decoded",
        measured=str(failure),
        limit="pictures that can be decoded",
        remedy="save it anew, pictures as JPEG or PNG, videos as MP4 with H.264",
    )


def _long_enough(subject: Subject) -> Iterator[Finding]:
    footage = subject.seen.footage
    assert footage is not None
    limit = "at least 6:00 (360 s)"
    if footage.duration_s is None:
        yield subject.finding(
            Gravity.UNKNOWN,
            "duration",
            "how long the video is is not known",
            measured="unknown",
            limit=limit,
            remedy="save it as a plain MP4",
        )
    elif footage.duration_s < LEAST_BASE_S:
        refused = subject.use.role == "base" and not subject.lenient
        yield subject.finding(
            Gravity.ERROR if refused else Gravity.WARNING,
            "duration",
            "the video is too short" if refused else "the video is shorter than the documents want",
            measured=spoken_s(footage.duration_s),
            limit=limit,
            remedy="record or join more material",
        )


def _steady(subject: Subject) -> Iterator[Finding]:
    footage = subject.seen.footage
    assert footage is not None
    if footage.constant_rate is False:
        yield subject.finding(
            Gravity.WARNING,
            "rate",
            "the frame rate varies",
            measured=f"{footage.fps:.2f} frames a second on average" if footage.fps else "varying",
            limit="a constant rate",
            remedy="encode it anew at a constant rate, so that seconds and frames agree",
            source=INFERRED,
        )


def _oddities(subject: Subject) -> Iterator[Finding]:
    footage = subject.seen.footage
    assert footage is not None
    unsure = footage.sort == "zip"
    for note in footage.notes:
        yield subject.finding(
            Gravity.UNKNOWN if unsure else Gravity.WARNING,
            "oddity",
            "the file is odd",
            measured=note,
            remedy="save it anew as a plain MP4",
            source=INFERRED,
        )


def _speech(subject: Subject, mode: Any) -> Iterator[Finding]:
    footage = subject.seen.footage
    assert footage is not None
    if mode not in (UNSET, Stage01GenMode.OWN_LIP_SYNC) or footage.sort != "video":
        return
    if footage.has_audio:
        yield from _sound_lasts(subject)
        return
    unknown = footage.has_audio is None
    yield subject.finding(
        Gravity.UNKNOWN if unknown else Gravity.WARNING if subject.use.role == "footage" else Gravity.ERROR,
        "audio",
        "whether there is sound is not known" if unknown else "there is no sound",
        measured="unknown" if unknown else "no sound track",
        limit="sound, for a training on the person's own lip-sync (stage01_gen_mode 1)",
        remedy="bring the recording with its sound, or set stage01_gen_mode to 0",
        source=f"{CREATE}, param Parameter Description",
    )


def _sound_lasts(subject: Subject) -> Iterator[Finding]:
    footage = subject.seen.footage
    assert footage is not None
    if footage.audio_s is None or footage.duration_s is None:
        return
    if footage.audio_s < _LEAST_SOUND_SHARE * footage.duration_s:
        yield subject.finding(
            Gravity.WARNING,
            "audio",
            "the sound ends before the pictures",
            measured=f"sound {spoken_s(footage.audio_s)}, pictures {spoken_s(footage.duration_s)}",
            limit="sound from start to end",
            remedy="check the recording: lips are trained on what is heard",
            source=INFERRED,
        )


def _aligned(mask: Subject, video: Seen | None) -> Iterator[Finding]:
    footage = mask.seen.footage
    assert footage is not None
    theirs = video.footage.frames if video and video.footage else None
    limit = "as many frames as the auxiliary video, one by one"
    if footage.frames is None or theirs is None:
        counts = " and ".join(
            f"{name} {'unknown' if count is None else count}"
            for name, count in (("mask", footage.frames), ("video", theirs))
        )
        yield mask.finding(
            Gravity.UNKNOWN,
            "mask_frames",
            "whether mask and video have as many frames is not known",
            measured=counts,
            limit=limit,
            remedy="save both as plain MP4, whose headers tell the number",
        )
    elif footage.frames != theirs:
        yield mask.finding(
            Gravity.ERROR,
            "mask_frames",
            "mask and video differ in frames",
            measured=f"mask {footage.frames}, video {theirs}",
            limit=limit,
            remedy="make the mask anew from this very video",
        )


def spoken_s(seconds: float) -> str:
    """Return a length as people write it, `5:12 (312.40 s)`."""
    whole = int(seconds)
    return f"{whole // 60}:{whole % 60:02} ({seconds:.2f} s)"
