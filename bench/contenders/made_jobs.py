"""One job of each kind and state as runs leave it, for ledgers that are made."""

from datetime import datetime
from typing import Final

from attrs import evolve

from avatar_async._jobs.records import DEFAULT_BATCH, Artifact, Job, JobError
from avatar_async._jobs.states import ArtifactState, State
from avatar_async.requests import (
    BaseVideo,
    GreenScreen,
    ImagePreviewRequest,
    Kind,
    RebuildRequest,
    Request,
    TakeoverRequest,
    TrainingRequest,
    VideoPreviewRequest,
)

_FILES: Final = {
    Kind.TRAINING: (("model", "model.zip"), ("thumbnail", "cover.png")),
    Kind.REBUILD: (("model", "model.zip"),),
    Kind.IMAGE_PREVIEW: (("image", "preview.png"),),
    Kind.VIDEO_PREVIEW: (("video", "preview.mp4"),),
    Kind.TAKEOVER: (("video", "video.mp4"),),
}
#: States in which a job has a task.
WITH_TASK: Final = frozenset({State.IN_FLIGHT, State.READY, State.FETCHING, State.STORED, State.FAILED})


def job_like(kind: Kind, state: State, now: datetime) -> Job:
    """Return a job of that kind and state; names, ids and addresses are to be put in."""
    job = Job(
        id="0",
        batch=DEFAULT_BATCH,
        name="",
        kind=kind,
        folder="",
        task_name="",
        fingerprint="",
        state=state,
        created_at=now,
    )
    if state is State.PLANNED:
        return job
    job = evolve(job, submitted_at=now, receipt_state=state)
    if state in WITH_TASK:
        job = evolve(
            job, task_id=1, accepted_at=now, remote_status="RUNNING", progress=40, last_running_at=now
        )
    if state in {State.READY, State.FETCHING, State.STORED}:
        job = evolve(job, remote_status="SUCCESS", progress=100, finished_at=now, expires_at=now)
    if state is State.STORED:
        job = evolve(job, stored_at=now)
    errors = {
        State.FAILED: JobError(code="failed", message="the service reports: no face was found"),
        State.REJECTED: JobError(code=40001, message="refused: param.videoUrl is not readable"),
        State.EXPIRED: JobError(code="gone", message="its results are gone", at=now),
        State.IN_DOUBT: JobError(code="timeout", message="no answer to the create call within 60 s"),
    }
    return evolve(job, error=errors.get(state))


def files_like(kind: Kind, state: State) -> list[Artifact]:
    """Return the artifacts of such a job; NAME stands for its name."""
    if state not in {State.READY, State.FETCHING, State.STORED}:
        return []
    done = state is State.STORED
    return [
        Artifact(
            role=role,
            name=name,
            url=f"https://cdn.example.com/results/2026/NAME/{name}?Expires=1799999999&Signature={'0a' * 32}",
            size_bytes=734003200 if role == "model" else 409600,
            md5="5d41402abc4b2a76b9719d911017c592",
            state=ArtifactState.STORED if done else ArtifactState.KNOWN,
            stored_bytes=734003200 if done else None,
            sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" if done else None,
            etag='"66f1a2b3-2bc00000"' if done else None,
        )
        for role, name in _FILES[kind]
    ]


def request_like(kind: Kind) -> Request:
    """Return the request of such a job; NAME stands for its name."""
    video = f"https://media.example.com/takes/NAME.mp4?Expires=1799999999&Signature={'0b' * 32}"
    image = video.replace(".mp4", ".png")
    screen = GreenScreen(green_params_refineth_h_bgr=160)
    match kind:
        case Kind.TRAINING:
            personal = BaseVideo(segment_style=1)
            return TrainingRequest(material_name="NAME", video_url=video, personal=personal)
        case Kind.REBUILD:
            return RebuildRequest(material_name="NAME", video_url=video, model_url=image, segment_style=1)
        case Kind.IMAGE_PREVIEW:
            return ImagePreviewRequest(material_name="NAME", url=image).with_changes(screen)
        case Kind.VIDEO_PREVIEW:
            return VideoPreviewRequest(material_name="NAME", url=video).with_changes(screen)
        case Kind.TAKEOVER:
            param = {"resolution": [270, 480], "digital_role": {"id": 1}, "audios": [{"id": 7}]}
            return TakeoverRequest.from_vendor({"videoName": "NAME", "param": param})
