"""The embedded service under its lasting address."""

from typing import Any

from avatar_async._jobs.remote import SubmissionReport
from avatar_async._jobs.verdicts import SubmissionCodes
from avatar_async.cli.embedded import ORIGIN, EmbeddedService, uses_embedded
from avatar_async.requests import ImagePreviewRequest, RebuildRequest, Ref


class Recorder:
    """Be a client that only remembers what it should send."""

    endpoint = "http://127.0.0.1:4711"
    account = "abc"
    dialect_trusted = True
    query_batch = 100
    can_list = True
    codes = SubmissionCodes()

    def __init__(self):
        self.sent = []

    async def submit(self, request):
        self.sent.append(request)
        return SubmissionReport(sent=True, http_status=200, code=0, task_id=1)


async def test_requests_are_sent_with_the_address_of_this_time():
    """The port may be another one after a restart; the ledger keeps the lasting address."""
    client: Any = Recorder()
    service = EmbeddedService(client, client.endpoint)
    request = ImagePreviewRequest(material_name="a", url=f"{ORIGIN}/media/still.png", extra={"new": 1})
    await service.submit(request)
    assert client.sent[0].url == "http://127.0.0.1:4711/media/still.png"
    assert client.sent[0].extra == {"new": 1}
    assert (service.endpoint, service.account) == (ORIGIN, "emulator")


async def test_other_addresses_are_sent_as_they_are():
    """A name that only begins alike belongs to somebody else."""
    client: Any = Recorder()
    request = ImagePreviewRequest(material_name="a", url=f"{ORIGIN}.example.com/still.png")
    await EmbeddedService(client, client.endpoint).submit(request)
    assert client.sent == [request]


def test_only_requests_with_a_file_of_the_embedded_service_are_said_to_use_it():
    """A run against the real service refuses them before anything is sent."""
    ours = RebuildRequest(
        material_name="a", video_url=f"{ORIGIN}/media/a.mp4", model_url=Ref("b"), segment_style=1
    )
    theirs = RebuildRequest(
        material_name="a", video_url="https://x/a.mp4", model_url=Ref("b"), segment_style=1
    )
    assert uses_embedded(ours)
    assert not uses_embedded(theirs)
