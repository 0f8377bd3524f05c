"""Every fuzz target by name: feed it any bytes; it raises only if the product broke a promise."""

import functools
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.fuzz import file_targets, lifecycle_target, media_target, wire_targets

_VENDOR = Path(__file__).parents[1] / "fixtures" / "vendor"
Target = Callable[[bytes], None]


@functools.cache
def _folder() -> Path:
    """Return a folder for the files that are fed, gone at the process's end."""
    kept = tempfile.TemporaryDirectory(prefix="avatar-fuzz-")
    _KEPT.append(kept)
    return Path(kept.name)


_KEPT: list[tempfile.TemporaryDirectory[str]] = []


def _in_folder(target: Callable[[bytes, Path], None]) -> Target:
    return lambda data: target(data, _folder() / _made(target.__name__))


def _made(name: str) -> str:
    (_folder() / name).mkdir(exist_ok=True)
    return name


TARGETS: dict[str, Target] = {
    "envelope": wire_targets.envelope,
    "creation": wire_targets.creation,
    "token": wire_targets.token,
    "query": wire_targets.query,
    "listing": wire_targets.listing,
    "callback": wire_targets.callback,
    "profile": wire_targets.profile,
    "manifest": _in_folder(file_targets.manifest),
    "vendor": _in_folder(file_targets.vendor),
    "profile_file": _in_folder(file_targets.profile_file),
    "receipt": _in_folder(file_targets.receipt),
    "token_file": _in_folder(file_targets.token_file),
    "lifecycle": lifecycle_target.history,
    "movie": media_target.movie,
}


def seeds(name: str) -> list[bytes]:
    """Return inputs to begin with: the vendor's documents and what the product writes itself."""
    from avatar_async.manifests import sample_manifest, sample_profile

    vendor = [file.read_bytes() for file in sorted(_VENDOR.glob("*.json"))]
    task = {
        "taskId": 7,
        "taskType": "training",
        "materialName": "anchor",
        "status": "SUCCESS",
        "progress": "99.5%",
        "failReason": wire_targets.SECRET,
        "createTime": "2026-03-01T12:00:00+08:00",
        "finishTime": 1772366400000,
        "expireTime": "20260308120000",
        "files": [
            {"type": "model", "name": "m.zip", "url": "https://h/m.zip?s=1", "size": 9, "md5": "0" * 32}
        ],
    }
    grant = {"accessToken": "a", "refreshToken": "b", "expiresIn": "28800", "refreshTokenExpiresIn": 9}
    said = {"code": 0, "message": f"ok {wire_targets.SECRET}"}
    match name:
        case "envelope" | "creation":
            datas = (7, "7", {"id": 7, "url": "https://h/x"}, None, [1])
            return [b"\0\1" + json.dumps(said | {"data": data}).encode() for data in datas]
        case "token":
            return [
                b"\0\0" + json.dumps(said | {"data": grant}).encode(),
                b"\0\0" + json.dumps(grant).encode(),
            ]
        case "query" | "listing":
            listed = ([task], {"list": [task], "total": 1}, task)
            wrapped = [json.dumps(said | {"data": data}).encode() for data in listed]
            asked = b"\2" if name == "query" else b""
            heads = [bytes([number]) * wire_targets.DIALECT_BYTES + asked + b"\0\1" for number in (0, 1)]
            return [head + body for body in wrapped for head in heads]
        case "callback":
            return [b"\0\0\0" + json.dumps({"taskId": 7, "status": status}).encode() for status in ("OK", 3)]
        case "profile" | "profile_file":
            text = sample_profile()
            uncommented = "\n".join(
                line.removeprefix("#") for line in text.splitlines() if "# " not in line[:2]
            )
            return [text.encode(), uncommented.encode()]
        case "manifest":
            jobs = {"jobs": [{"name": "a", "kind": "training", "request": json.loads(vendor[-2])}]}
            rows = b"name,kind,video_url,personal.segment_style,override[0].video_url\r\na,training,https://h/a,1,x\r\n"
            return [
                b"\0\0" + sample_manifest().encode(),
                b"\1\1" + json.dumps(jobs, indent=1).encode(),
                b"\2\2" + json.dumps(jobs["jobs"][0]).encode(),
                b"\3\0" + rows,
            ]
        case "vendor":
            return [bytes([number]) + body for number, body in enumerate(vendor)]
        case "receipt":
            return [json.dumps(_RECEIPT).encode()]
        case "token_file":
            held = {
                "access_token": "a",
                "refresh_token": "b",
                "refresh_expires_at": None,
                "credentials": "mine",
            }
            return [
                json.dumps(held | dict.fromkeys(("granted_at", "renew_at", "expires_at"), 1.7e9)).encode()
            ]
        case "movie":
            return list(media_target.SEEDS)
        case _:
            return [bytes(range(256)), b"\0" * 64]


_RECEIPT = {
    "schema": 1,
    "name": "anchor",
    "kind": "training",
    "state": "stored",
    "task_id": "7",
    "attempt": 1,
    "batch": "default",
    "task_name": "anchor",
    "endpoint": "https://aigc.softsugar.com",
    "account": "app",
    **dict.fromkeys(("created_at", "submitted_at", "accepted_at"), "2026-03-01T12:00:00+00:00"),
    **dict.fromkeys(("finished_at", "expires_at", "stored_at"), "2026-03-02T12:00:00+08:00"),
    "remote_status": "SUCCESS",
    "hold": None,
    "error": {"code": 1, "message": "m", "field": None},
    "artifacts": [
        {
            "role": "model",
            "name": "m.zip",
            "path": "anchor/m.zip",
            "bytes": 3,
            "sha256": "0" * 64,
            "md5": None,
            "note": None,
            "state": "stored",
        }
    ],
    "needs": [],
    "fingerprint": "f" * 64,
    "request": {"video_url": "https://h/a"},
}
