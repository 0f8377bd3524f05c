"""What a reply says that is no answer: the errors of every call but a create call."""

from datetime import datetime
from typing import Any

from avatar_async._jobs.verdicts import SubmissionCodes, blames_setting
from avatar_async._wire.calls import Reply
from avatar_async._wire.envelope import Envelope, decode_envelope, decode_json
from avatar_async._wire.moments import retry_after_s
from avatar_async.errors import (
    AuthError,
    RejectedError,
    ReplyError,
    ServiceError,
    SettingRefusedError,
    ThrottledError,
)


def open_body(reply: Reply, *, what: str, now: datetime, codes: SubmissionCodes) -> dict[str, Any]:
    """Return the whole decoded object of a successful reply; see `open_envelope`."""
    if 200 <= reply.status < 300 and 0 not in codes.busy and 0 not in codes.token_expired:
        body = decode_json(reply.body)
        code = body.get("code") if type(body) is dict else None
        if type(code) is int and code == 0:
            whole: dict[str, Any] = body
            return whole
    return open_envelope(reply, what=what, now=now, codes=codes).body


def open_envelope(reply: Reply, *, what: str, now: datetime, codes: SubmissionCodes) -> Envelope:
    """Return the envelope of a successful reply.

    Args:
        reply: What the service answered.
        what: Which call this was, for messages.
        now: Our clock.
        codes: What the profile says of envelope codes.

    Raises:
        AuthError: The token is refused.
        ThrottledError: Too many calls.
        SettingRefusedError: The endpoint or path is wrong.
        RejectedError: Another refusal, in an envelope.
        ServiceError: The service failed.
        ReplyError: The answer cannot be read.
    """
    try:
        envelope = decode_envelope(reply)
    except ReplyError:
        check_status(reply, what=what, now=now)
        raise
    code, status = envelope.code, reply.status
    words = f"{what}: code {code}, {envelope.message or 'no message'} (HTTP {status})"
    if code in codes.busy:
        wait_s = retry_after_s(reply.headers, now)
        raise ThrottledError(words, retry_after_s=wait_s, code=code, http_status=status)
    if code in codes.token_expired:
        raise AuthError(words, code=code, http_status=status)
    check_status(reply, what=what, now=now, words=words, code=code)
    if code != 0:
        raise RejectedError(words, code=code, http_status=status)
    return envelope


def check_status(
    reply: Reply, *, what: str, now: datetime, words: str | None = None, code: int | None = None
) -> None:
    """Refuse every HTTP status that is no success.

    Raises:
        AuthError: 401.
        ThrottledError: 429.
        SettingRefusedError: 403, 404, 405, 407 or a redirect.
        RejectedError: Another 4xx, with a code.
        ServiceError: Anything else that is not 2xx.
    """
    status = reply.status
    words = words or f"{what}: HTTP {status}"
    if 200 <= status < 300:
        return
    if status == 401:
        raise AuthError(words, code=code, http_status=status)
    if status == 429:
        wait_s = retry_after_s(reply.headers, now)
        raise ThrottledError(words, retry_after_s=wait_s, code=code, http_status=status)
    if blames_setting(status):
        raise SettingRefusedError(f"{words}: check the endpoint and the path", code=code, http_status=status)
    if 400 <= status < 500 and status != 408 and code:
        raise RejectedError(words, code=code, http_status=status)
    raise ServiceError(words, code=code, http_status=status)
