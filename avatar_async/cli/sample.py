"""The manifest that `init` writes: the commented sample, with clips that are there to be used."""

from avatar_async.cli.embedded import ORIGIN
from avatar_async.manifests import sample_manifest

#: File name of the sample's media, and of the demo clip that stands for it.
_CLIPS = {
    "https://media.example/anchor/still.png": "still-green.png",
    "https://media.example/anchor/clip.mp4": "presenter-green.mp4",
    "https://media.example/anchor/base.mp4": "presenter-green.mp4",
    "https://media.example/anchor/second.mp4": "presenter-dark.mp4",
}
_COMMAND = ("avatar-async run jobs.toml --out results", "avatar-async run batch.toml --out models")
_ADVICE = "# sent, and the service's defaults apply. Replace the URLs by your own before you run this.\n"
_OUR_ADVICE = f"""\
# sent, and the service's defaults apply.
#
# The URLs at {ORIGIN} are demo clips of the embedded service: with --emulator
# this manifest runs as it is. Replace them by your own before you run it for real.
"""


def sample_batch() -> str:
    """Return a commented TOML manifest that runs as it is with `--emulator`."""
    text = sample_manifest()
    for url, clip in _CLIPS.items():
        text = text.replace(f'"{url}"', f'"{ORIGIN}/media/{clip}"')
    return text.replace(*_COMMAND).replace(_ADVICE, _OUR_ADVICE)
