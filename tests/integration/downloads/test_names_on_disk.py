"""Whatever a service calls its files, they lie side by side in the job's folder, each with its own bytes."""

import os

from avatar_async._jobs.remote import RemoteFile
from avatar_async._jobs.states import ArtifactState
from avatar_async.orchestrator.artifacts import from_files

NAMES = [
    "model.zip",
    "MODEL.ZIP",
    "model.zip.part",
    "model.zip.suspect",
    "../model.zip",
    "/etc/passwd",
    "..\\..\\model.zip",
    "C:\\model.zip",
    "model\0.zip",
    "model\n.zip",
    "\x1b[2Jmodel.zip",
    "",
    ".",
    "..",
    "...",
    ".hidden",
    "job.json",
    "Job.JSON",
    "ledger.db",
    "report.html",
    "CON",
    "con.zip",
    "COM¹.zip",
    "x" * 300 + ".zip",
    "x" * 301 + ".zip",
    "模" * 300 + ".zip",
    "🎬" * 300,
    "\u00e9.zip",
    "e\u0301.zip",
    "a:b.zip",
    "a?b.zip",
    "a*b.zip",
    "trailing. . .",
    "\ud800.zip",
    "\u202egpj.exe",
]


async def test_every_hostile_name_gets_a_file_of_its_own_inside_the_folder(bench, raw, a_zip, tmp_path):
    """Names that differ only once they are made safe must not overwrite one another."""

    def answer(asked):
        body = a_zip(100, int(asked["line"].split("/")[1].split(" ")[0]))
        return (
            f"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body,
        )

    async with bench() as stage:
        with raw(answer) as server:
            files = [
                RemoteFile(role="model", name=name, url=f"{server.origin}/{number}")
                for number, name in enumerate(NAMES)
            ]
            artifacts = from_files(files)
            (stage.out / "one").mkdir(parents=True)
            (stage.out / "one" / "job.json").write_text("receipt")
            for artifact in artifacts:
                stored = await stage.fetch(artifact)
                assert stored.state is ArtifactState.STORED
        assert (stage.out / "one" / "job.json").read_text() == "receipt"
        for artifact in artifacts:
            assert stage.read(artifact.name) == a_zip(100, int(artifact.url.rpartition("/")[2]))
            assert artifact.name == os.path.basename(artifact.name)  # noqa: PTH119 - names, not paths
        folded = {name.casefold() for name in stage.names()}
        assert len(folded) == len(stage.names()) == len(NAMES) + 1
        assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]
        assert [path.name for path in stage.out.iterdir()] == ["one"]
