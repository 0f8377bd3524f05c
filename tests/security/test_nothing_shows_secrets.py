"""Objects and errors shown, or walked to their causes: no secret comes out."""

import logging
import traceback
from datetime import UTC, datetime
from io import StringIO

import pytest
from attrs import evolve

from avatar_async import AvatarClient, ImagePreviewRequest
from avatar_async._jobs.records import Artifact, JobSpec
from avatar_async._jobs.remote import RemoteFile
from avatar_async._transport.tokenfile import HeldToken
from avatar_async._transport.tokens import Token
from avatar_async._wire.calls import Reply
from avatar_async._wire.tokens import TokenGrant, encode_refresh_call, encode_sign_call
from avatar_async.client import Credentials
from avatar_async.requests import Kind
from avatar_async.settings import Settings
from tests.security.secrets_kept import (
    ACCESS,
    APP_ID,
    APP_KEY,
    ARTIFACT_SIGNATURE,
    FIXED,
    LOGIN,
    NOWHERE,
    PROXY_PASSWORD,
    REFRESH,
    SIGNATURES,
    SOURCE_SIGNATURE,
    TOKENS,
    leaks,
)
from tests.security.telltale import telltale_service

_EVERY = (*NOWHERE, *TOKENS, *SIGNATURES)
_SIGNED = f"https://u:{LOGIN}@h.example/a.png?Signature={SOURCE_SIGNATURE}"
_OFFERED = f"https://h.example/a.zip?Signature={ARTIFACT_SIGNATURE}"
_AT = datetime(2026, 3, 1, tzinfo=UTC)
_REQUEST = ImagePreviewRequest(material_name="m", url=_SIGNED)
_SETTINGS = Settings(
    app_id=APP_ID, app_key=APP_KEY, token=FIXED, proxy=f"http://me:{PROXY_PASSWORD}@proxy.example:1"
)


@pytest.mark.parametrize(
    "value",
    [
        _SETTINGS,
        Credentials(APP_ID, APP_KEY),
        AvatarClient(settings=_SETTINGS),
        AvatarClient(credentials=Credentials(APP_ID, APP_KEY)),
        _REQUEST,
        JobSpec(name="a", kind=Kind.IMAGE_PREVIEW, request=_REQUEST),
        RemoteFile(role="model", name="a.zip", url=_OFFERED),
        Artifact(role="model", name="a.zip", url=_OFFERED),
        Token(value=ACCESS[0], generation=1),
        TokenGrant(access_token=ACCESS[0], refresh_token=REFRESH[0]),
        HeldToken(
            access_token=ACCESS[0], refresh_token=REFRESH[0], granted_at=_AT, renew_at=_AT, expires_at=_AT
        ),
        encode_sign_call(APP_ID, APP_KEY, epoch_s=1.0),
        encode_refresh_call(APP_ID, REFRESH[0]),
        Reply(status=200, headers={"x-echo": ACCESS[0]}, body=ACCESS[0].encode(), secrets=(ACCESS[0],)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_holds_a_secret_does_not_show_it(value):
    """Debuggers, assertions and error trackers show every object they meet."""
    assert leaks(f"{value!r} {value!s} {[value]}".encode(), _EVERY) == []


def _told(error: BaseException, seen: set[int]) -> str:
    """Return everything an error and whatever led to it can say."""
    if id(error) in seen:
        return ""
    seen.add(id(error))
    told = [repr(error), str(error), repr(error.args), repr(vars(error)), *getattr(error, "__notes__", ())]
    told += [_told(other, seen) for other in (error.__cause__, error.__context__) if other is not None]
    if isinstance(error, BaseExceptionGroup):
        told += [_told(other, seen) for other in error.exceptions]
    return "\n".join([*told, *traceback.format_exception(error)])


async def _failures(client):
    """Yield each error that a client raises at a service that tells everything."""
    calls = (
        *(lambda name=name: client.create(evolve(_REQUEST, material_name=name)) for name in _NAMES),
        lambda: client.query(1),
        lambda: client.query(2),
        lambda: client.download(
            RemoteFile(role="image", name="a.jpg", url=f"{client.endpoint}/image/1?{_Q}"), "."
        ),
        lambda: client.download(
            RemoteFile(role="image", name="a.jpg", url=f"http://u:{LOGIN}@[::1]:9/?{_Q}"), "."
        ),
    )
    for call in calls:
        try:
            await call()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is looked at
            yield error


_NAMES = ("rejected", "raw-500", "envelope-500", "reset")
_Q = f"Signature={ARTIFACT_SIGNATURE}"


async def test_errors_and_their_causes_do_not_tell_secrets(tmp_path, monkeypatch):
    """Libraries put headers and addresses into their errors; the service puts them into its words."""
    monkeypatch.chdir(tmp_path)
    said = StringIO()
    listening = logging.StreamHandler(said)
    loggers = [
        logging.getLogger(name) for name in ("", "aiohttp", "asyncio", "anyio", "avatar_async", "filelock")
    ]
    for logger in loggers:
        monkeypatch.setattr(logger, "level", logging.DEBUG)
    loggers[0].addHandler(listening)
    try:
        with telltale_service() as service:
            settings = Settings(
                endpoint=service.origin, token_spacing_s=0.0, token_cache_dir=tmp_path / "tokens"
            )
            async with AvatarClient(settings=settings, credentials=Credentials(APP_ID, APP_KEY)) as client:
                errors = [error async for error in _failures(client)]
            wrong = AvatarClient(settings=settings, credentials=Credentials("another", APP_KEY))
            async with wrong as client:
                with pytest.raises(Exception, match="try later") as caught:
                    await client.prepare()
        dead = evolve(settings, endpoint="http://127.0.0.1:9", token=FIXED)
        async with AvatarClient(settings=dead) as client:
            errors += [error async for error in _failures(client)]
    finally:
        loggers[0].removeHandler(listening)
    errors.append(caught.value)
    assert len(errors) >= 7
    for error in errors:
        assert leaks(_told(error, set()).encode("utf-8", "replace"), _EVERY) == []
    assert leaks(said.getvalue().encode("utf-8", "replace"), _EVERY) == []
