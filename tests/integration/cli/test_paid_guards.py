"""What the command line refuses, and with which exit code, before anything is paid for."""

import json

import pytest

from tests.integration.orchestrator.scripted import ScriptedService, accept, reply

PREVIEW = '[[jobs]]\nname = "{name}"\nkind = "image_preview"\nmaterial_name = "{material}"\nurl = "{url}"\n'
TRAINING = (
    '[[jobs]]\nname = "{name}"\nkind = "training"\nmaterial_name = "{material}"\nvideo_url = "{url}"\n'
    "personal = {{segment_style = 1}}\n"
)
URL = "https://x.example/clip.mp4?signature="


@pytest.fixture
def pay(cli, tmp_path):
    """A function that runs one job against a service on a socket."""
    (tmp_path / "avatar.toml").write_text("[query_dialect]\nbatch = 100\n")

    async def run(origin, *options, name="a", material="m", url=URL, job=TRAINING):
        (tmp_path / "batch.toml").write_text(job.format(name=name, material=material, url=url))
        cli.environ |= {"AVATAR_ENDPOINT": origin, "AVATAR_TOKEN": "t0ken", "AVATAR_PROFILE": "avatar.toml"}
        return await cli("run", "batch.toml", "--out", "o", "--no-preflight", *options)

    return run


async def lose(service, conversation, name):
    """Make a task, and say that there was trouble."""
    await conversation.send(reply(service.make(name), status="502 Bad Gateway"))


async def test_doubles_are_refused_and_previews_warned_about(pay):
    """The same training under a new name, its address signed anew, exits 2 before any call."""
    service = ScriptedService(accept)
    async with service.listen() as origin:
        assert (await pay(origin)).code == 1
        refused = await pay(origin, name="b", url=URL + "2")
        assert refused.code == 2
        assert "--allow-duplicate" in refused.err
        assert service.creates == {"m": 1}
        await pay(origin, name="c", material="p", job=PREVIEW)
        warned = await pay(origin, name="d", material="p", job=PREVIEW)
    assert "already submitted as 'c'" in warned.err + warned.out
    assert service.creates == {"m": 1, "p": 2}


async def test_receipts_without_their_ledger_exit_2_and_are_adopted_on_order(pay, tmp_path):
    """A lost ledger must not make everything be paid for again."""
    service = ScriptedService(accept)
    async with service.listen() as origin:
        await pay(origin)
        for file in (tmp_path / "o").glob("ledger.db*"):
            file.unlink()
        refused = await pay(origin)
        assert refused.code == 2
        assert "--rebuild-ledger" in refused.err
        adopted = await pay(origin, "--rebuild-ledger")
    assert adopted.code == 1
    assert service.creates == {"m": 1}


async def test_a_job_in_doubt_exits_1_tells_the_command_and_is_not_sent_again(pay, cli):
    """Whoever reads the output knows what to type."""
    service = ScriptedService(lose)
    async with service.listen() as origin:
        assert (await pay(origin)).code == 1
        again = await pay(origin, "--max-creates", "5")
        assert again.code == 1
        status = await cli("status", "--out", "o", "--json")
    [job] = json.loads(status.out)["jobs"]
    assert job["state"] == "in_doubt"
    assert "avatar-async resolve a --task-id ID" in job["next_step"]
    assert service.creates == {"m": 1}
