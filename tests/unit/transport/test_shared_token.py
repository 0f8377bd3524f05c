"""When a shared token is asked for, and what is believed of the file that others wrote."""

import json
import os
import tempfile
from datetime import timedelta

import anyio
import pytest

from avatar_async._transport.tokenfile import TokenFile
from avatar_async._transport.tokens import SharedToken
from avatar_async._wire.calls import Reply
from avatar_async.errors import AuthError, ServiceError
from avatar_async.settings import Settings

SETTINGS = Settings(endpoint="https://service.example", app_id="app-1", app_key="k3y", token_spacing_s=30.0)


class Issuer:
    """Give tokens by signature, and note when each was asked for."""

    def __init__(self, clock) -> None:
        self.clock = clock
        self.asked_s: list[float] = []
        self.status = 200

    async def __call__(self, _call) -> Reply:
        self.asked_s.append(self.clock.steady_s)
        await anyio.lowlevel.checkpoint()
        if self.status != 200:
            return Reply(status=self.status)
        data = {"accessToken": f"access-{len(self.asked_s)}", "expiresIn": 28800}
        return Reply(status=200, body=json.dumps({"code": 0, "data": data}).encode())


class TwoClocks:
    """A wall clock that can be set, and a steady one that only sleeping moves."""

    def __init__(self, clock) -> None:
        self._wall = clock
        self.steady_s = 1000.0

    def now(self):
        return self._wall.now()

    def monotonic(self) -> float:
        return self.steady_s

    async def sleep(self, delay_s: float) -> None:
        self.steady_s += delay_s
        await self._wall.sleep(delay_s)

    def set_ahead(self, days: float) -> None:
        self._wall.at += timedelta(days=days)


@pytest.fixture
def clocks(clock):
    """The two clocks of a machine."""
    return TwoClocks(clock)


@pytest.fixture
def issuer(clocks):
    """The service's token call."""
    return Issuer(clocks)


@pytest.fixture
def keeper_of(tmp_path, clocks, issuer):
    """A function that makes the keeper of one more process of the account."""

    def make() -> SharedToken:
        file = TokenFile(tmp_path, endpoint=SETTINGS.endpoint, app_id="app-1", app_key="k3y")
        return SharedToken(SETTINGS, send=issuer, file=file, clock=clocks)

    return make


def gaps(issuer: Issuer) -> list[float]:
    """Return the seconds between token requests."""
    return [later - sooner for sooner, later in zip(issuer.asked_s, issuer.asked_s[1:], strict=False)]


@pytest.mark.parametrize("days", [1, -1])
async def test_a_wall_clock_that_jumps_by_a_day_shortens_no_spacing_and_lengthens_no_wait(
    keeper_of, issuer, clocks, days
):
    """A process counts real seconds; what it reads in the file makes it wait for thirty at most."""
    first, second = keeper_of(), keeper_of()
    await first.current()
    clocks.set_ahead(days)
    await first.renew(1)
    assert gaps(issuer) == [30.0]
    clocks.set_ahead(days)
    await second.current()
    await second.renew(1)
    assert len(issuer.asked_s) >= 3
    assert max(gaps(issuer)) <= 30.0


async def test_spacing_counts_from_the_answer(keeper_of, issuer, clocks):
    """A slow answer must not let the service see two requests closer than thirty seconds."""
    keeper = keeper_of()
    plain = issuer.__call__

    async def slow(call):
        reply = await plain(call)
        await clocks.sleep(20.0)
        return reply

    keeper._send = slow
    await keeper.current()
    await keeper.renew(1)
    assert gaps(issuer) == [50.0]
    second = keeper_of()
    await second.current()
    await second.renew(1)
    assert gaps(issuer) == [50.0, 50.0]


async def test_an_answer_that_failed_counts_too(keeper_of, issuer):
    """A service that answers 500 must not be asked at once again."""
    keeper = keeper_of()
    issuer.status = 500
    for _ in range(2):
        with pytest.raises(ServiceError):
            await keeper.current()
    assert gaps(issuer) == [30.0]


async def test_a_refusal_of_the_key_is_told_and_counts_too(keeper_of, issuer):
    """So does a wrong appKey."""
    keeper = keeper_of()
    issuer.status = 401
    for _ in range(2):
        with pytest.raises(AuthError):
            await keeper.current()
    assert gaps(issuer) == [30.0]


async def test_a_token_that_was_refused_is_never_taken_from_the_file_again(
    keeper_of, issuer, tmp_path, monkeypatch
):
    """A full disk leaves the old token in the file: it is known to be dead here."""
    keeper = keeper_of()
    await keeper.current()

    def full(*_args):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(tempfile, "mkstemp", full)
        await keeper.renew(1)
    assert json.loads(next(tmp_path.glob("*.json")).read_text())["access_token"] == "access-1"
    await keeper.renew(2)
    assert (await keeper.current()).value == "access-3"
    assert len(issuer.asked_s) == 3


@pytest.mark.parametrize("bad", ["a\nb", "a b", "", "é", "x" * 9000, None, 7])
async def test_a_token_in_the_file_that_fits_no_header_is_not_taken(keeper_of, issuer, tmp_path, bad):
    """It would fail every call for hours, as if the network were down."""
    await keeper_of().current()
    (file,) = tmp_path.glob("*.json")
    content = json.loads(file.read_text())
    file.write_text(json.dumps(content | {"access_token": bad}))
    assert (await keeper_of().current()).value == "access-2"


@pytest.mark.parametrize("name", ["granted_at", "renew_at", "expires_at", "refresh_expires_at"])
@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 1e300, -1e300, "soon", [], {}])
async def test_a_file_with_an_impossible_time_is_not_taken(keeper_of, issuer, tmp_path, name, bad):
    """Whoever wrote it, it is replaced."""
    await keeper_of().current()
    (file,) = tmp_path.glob("*.json")
    content = json.loads(file.read_text())
    file.write_text(json.dumps(content | {name: bad}))
    assert (await keeper_of().current()).value == "access-2"
    assert json.loads(file.read_text())["access_token"] == "access-2"


async def test_every_beginning_of_a_token_file_is_survived(keeper_of, issuer, tmp_path):
    """A power cut may leave any of them."""
    await keeper_of().current()
    (file,) = tmp_path.glob("*.json")
    whole = file.read_bytes()
    for length in range(0, len(whole), 7):
        file.write_bytes(whole[:length])
        before = len(issuer.asked_s)
        assert (await keeper_of().current()).value == f"access-{before + 1}"


async def test_a_file_of_somebody_else_is_not_read(keeper_of, issuer, tmp_path, monkeypatch):
    """Another user of the machine must not choose the account that pays."""
    await keeper_of().current()
    theirs = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: theirs + 1)
    assert (await keeper_of().current()).value == "access-2"


async def test_a_link_in_place_of_the_file_is_not_followed_but_replaced(keeper_of, issuer, tmp_path):
    """It may lead to anything."""
    await keeper_of().current()
    (file,) = tmp_path.glob("*.json")
    elsewhere = tmp_path / "elsewhere"
    file.rename(elsewhere)
    file.symlink_to(elsewhere)
    assert (await keeper_of().current()).value == "access-2"
    assert not file.is_symlink()
    assert json.loads(elsewhere.read_text())["access_token"] == "access-1"


async def test_a_pipe_in_place_of_the_file_is_not_waited_for(keeper_of, issuer, tmp_path):
    """Reading one nobody writes to would hang every call."""
    await keeper_of().current()
    (file,) = tmp_path.glob("*.json")
    file.unlink()
    os.mkfifo(file)
    with anyio.fail_after(5):
        assert (await keeper_of().current()).value == "access-2"
    assert file.is_file()


async def test_a_file_opened_to_others_is_closed_by_the_next_write(keeper_of, issuer, tmp_path):
    """A restored backup or a wide umask must not keep it readable."""
    await keeper_of().current()
    (file,) = tmp_path.glob("*.json")
    file.chmod(0o644)
    keeper = keeper_of()
    await keeper.renew(0)
    previous = os.umask(0)
    try:
        await keeper.renew(1)
    finally:
        os.umask(previous)
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(issuer.asked_s) == 2
