"""What may be fed to the readers of files and requests, and what must hold of what they return."""

import json
import warnings
from datetime import UTC
from pathlib import Path

from avatar_async._storage.rebuild import read_receipts
from avatar_async._transport.tokenfile import OpenTokenFile
from avatar_async.errors import ConfigError, LedgerError, ManifestError, RequestError
from avatar_async.manifests import read_manifests
from avatar_async.requests import Kind, Request, Validation, fingerprint, from_plain, from_vendor
from avatar_async.settings import Settings
from tests.fuzz.feed import Feed, check_told

_VALIDATIONS: tuple[Validation, ...] = ("strict", "warn", "off")
SUFFIXES = (".toml", ".json", ".jsonl", ".csv")


def manifest(data: bytes, folder: Path) -> None:
    """Feed the readers of manifests, by the first byte."""
    feed = Feed(data)
    suffix = feed.pick(SUFFIXES)
    validation: Validation = feed.pick(_VALIDATIONS)
    file = folder / f"batch{suffix}"
    file.write_bytes(feed.rest())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            batch = read_manifests([file], validation=validation)
        except ManifestError as error:
            check_told(error)
            assert len(error.problems) > 0  # noqa: PT017 - an error that is told alone tells too little
            return
        names = [job.name for job in batch.jobs]
        assert len(names) == len(set(names)) > 0
        for job in batch.jobs:
            assert job.name.isprintable()
            assert set(job.needs) <= set(names) - {job.name}
            check_request(job.request)


def check_request(request: Request) -> None:
    """Check that a request survives the ledger and can be judged."""
    try:
        plain = request.to_plain()
        text = json.dumps(plain)
    except (RequestError, ValueError, RecursionError):
        return
    again = from_plain(request.kind, json.loads(text))
    assert fingerprint(again) == fingerprint(request)
    for problem in request.problems():
        assert problem.message


def vendor(data: bytes, _folder: Path) -> None:
    """Feed the reader of the vendor's own JSON."""
    feed = Feed(data)
    kind = feed.pick(tuple(Kind))
    try:
        given = json.loads(feed.rest())
    except (ValueError, RecursionError):
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            request = from_vendor(kind, given)
        except RequestError as error:
            check_told(error)
        else:
            check_request(request)


def profile_file(data: bytes, folder: Path) -> None:
    """Feed the reader of profile files."""
    file = folder / "avatar.toml"
    file.write_bytes(data)
    try:
        Settings.load({}, file)
    except ConfigError as error:
        check_told(error)


def receipt(data: bytes, folder: Path) -> None:
    """Feed the reader of receipts."""
    (folder / "anchor").mkdir(exist_ok=True)
    (folder / "anchor" / "job.json").write_bytes(data)
    try:
        receipts = read_receipts(folder)
    except LedgerError as error:
        check_told(error, "job.json")
        return
    for found in receipts:
        job = found.job
        assert isinstance(job.name, str)
        assert isinstance(job.task_name, str)
        assert isinstance(job.batch, str)
        assert isinstance(job.fingerprint, str)
        assert job.task_id is None or 0 < job.task_id < 1 << 63
        assert 0 < job.attempt < 1 << 31
        for at in (job.created_at, job.submitted_at, job.accepted_at, job.finished_at, job.expires_at):
            assert at is None or at.tzinfo is UTC
        assert all(isinstance(need, str) for need in job.needs)
        json.dumps(dict(found.request))


def token_file(data: bytes, folder: Path) -> None:
    """Feed the reader of the shared token file; what it cannot read is no token."""
    file = folder / "token.json"
    file.write_bytes(data)
    held = OpenTokenFile(file, "mine")._read()
    if held is None:
        return
    assert isinstance(held.access_token, str)
    assert held.access_token.isascii()
    assert held.access_token.isprintable()
    for at in (held.granted_at, held.renew_at, held.expires_at, held.refresh_expires_at):
        assert at is None or at.tzinfo is UTC
