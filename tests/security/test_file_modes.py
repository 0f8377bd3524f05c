"""What holds secrets or paid results is its owner's alone, from the instant it is there."""

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.security.secrets_kept import APP_ID, APP_KEY
from tests.security.telltale import telltale_service
from tests.security.test_no_secret_leaves import manifest

_LIMIT_S = 60
#: What must be private, as patterns of paths.
_SECRET = (
    *("out/ledger.db", "out/ledger.db-wal", "out/ledger.db-shm", "out/ledger.db.lock"),
    *("run.log", "token-*.json", "token-*.lock", "out/*/job.json"),
)


class Watcher:
    """Look at every file below a folder, again and again, and remember each mode that was ever seen."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.seen: dict[str, set[int]] = {}

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exc_info):
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while True:
            last = self._ended.is_set()
            for root, folders, files in os.walk(self._folder):
                for name in (*folders, *files):
                    path = Path(root, name)
                    try:
                        found = path.lstat()
                    except OSError:
                        continue
                    kind = "/" if stat.S_ISDIR(found.st_mode) else ""
                    shown = f"{path.relative_to(self._folder)}{kind}"
                    self.seen.setdefault(shown, set()).add(stat.S_IMODE(found.st_mode))
            if last:
                return
            self._ended.wait(0.001)


def _run_under(mask, folder):
    """Run a batch, a part of it on the embedded service, under a mask; return every mode that was seen."""
    (folder / "home").mkdir()
    (folder / "avatar.toml").write_text(
        "token_spacing_s = 0.0\npoll_rate = 50\n[query_dialect]\nbatch = 100\n"
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AVATAR_", "XDG_"))}
    with telltale_service() as service, Watcher(folder) as watcher:
        environ = kept | {
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "HOME": str(folder / "home"),
            "AVATAR_ENDPOINT": service.origin,
            "AVATAR_PROFILE": str(folder / "avatar.toml"),
            "AVATAR_APP_ID": APP_ID,
            "AVATAR_APP_KEY": APP_KEY,
        }
        batch = manifest(folder / "batch.json", "tires")
        runs: list[tuple[str, ...]] = [("out", "--log-file", "run.log")]
        # The embedded service takes seconds to start: the open mask is the one that could do harm.
        runs += [("own", "--emulator", "--until", "1s")] if mask == 0 else []
        for place, *more in runs:
            subprocess.run(
                [sys.executable, "-m", "avatar_async", "run", str(batch), "--out", place, *more, "--quiet"],
                cwd=folder,
                env=environ,
                umask=mask,
                capture_output=True,
                check=False,
                timeout=_LIMIT_S,
            )
    return watcher.seen


def _what_holds_secrets_is_the_owners_alone_at_every_instant(seen):
    """A file that is private a moment later was open to everyone for a moment."""
    for name in _SECRET:
        matching = {path: modes for path, modes in seen.items() if Path(path).match(name)}
        assert matching, name
        assert {path: modes for path, modes in matching.items() if modes != {0o600}} == {}


def _the_state_of_the_embedded_service_is_the_owners_alone(seen):
    """It holds the account's key and every token it granted."""
    if "own/" in seen:
        assert seen["own/.emulator/"] == {0o700}
        assert seen["own/.emulator/state.db"] == {0o600}
        assert seen["own/ledger.db"] == {0o600}


def _drafts_and_parts_are_the_owners_alone(seen):
    """What is on its way under its final name is as private as that."""
    drafts = {path: modes for path, modes in seen.items() if path.endswith((".part", ".tmp"))}
    assert any(path.endswith(".part") for path in drafts)
    # A large part is opened up in the instant before it takes its final name, a small one is made with the
    # mode it will have.
    for path, modes in drafts.items():
        folder = seen.get(f"{Path(path).parent}/", {0o755})
        assert modes <= ({0o600, 0o644} if folder == {0o755} else {0o600}), path


def _nothing_of_ours_can_be_written_by_others(seen):
    """Under a careless mask, another account must not put its model in the place of yours."""
    ours = {path: modes for path, modes in seen.items() if path.startswith(("out/", "own/"))}
    results = {path: modes for path, modes in ours.items() if not path.startswith("own/.emulator/")}
    assert {path: modes for path, modes in results.items() if any(mode & 0o022 for mode in modes)} == {}


def _results_can_be_read_by_those_who_may_look_into_their_folder(seen):
    """Models are for use: the user's mask says by whom."""
    finals = {path: modes for path, modes in seen.items() if Path(path).match("out/*/*.mp4")}
    assert finals
    for path, modes in finals.items():
        (folder,) = seen[f"{Path(path).parent}/"]
        assert modes == {0o644 if folder == 0o755 else 0o600}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mask", [0o000, 0o077], ids=lambda mask: f"umask {mask:03o}")
def test_files_are_private_whatever_the_mask(mask, tmp_path):
    """From the instant they are there, secrets are their owner's, and results are nobody's to change."""
    seen = _run_under(mask, tmp_path)
    _what_holds_secrets_is_the_owners_alone_at_every_instant(seen)
    _the_state_of_the_embedded_service_is_the_owners_alone(seen)
    _drafts_and_parts_are_the_owners_alone(seen)
    _nothing_of_ours_can_be_written_by_others(seen)
    _results_can_be_read_by_those_who_may_look_into_their_folder(seen)
