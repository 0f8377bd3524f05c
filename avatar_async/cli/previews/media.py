"""The pictures and videos that a command line names: what they are, and what they are called."""

import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote, urlsplit

import anyio.to_thread
from attrs import frozen

from avatar_async.errors import AvatarError, MediaError, MediaOutOfReachError, TransportError
from avatar_async.requests.addresses import is_web_url, public_url
from avatar_async.requests.shapes import Url

if TYPE_CHECKING:
    from avatar_async.media.preflight import Looker, Seen

_LONGEST_STEM = 24
_SAFE = re.compile(r"[^A-Za-z0-9]+")
_PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"}
_VIDEOS = {".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi"}

Kind = Literal["image", "video"]


@frozen(kw_only=True)
class Medium:
    """A picture or video of which previews are made.

    Attributes:
        address: Its path or URL as it was given.
        name: What people call it; holds nothing secret.
        slug: What names its files and jobs: its name and a hash (of a file's content, of a URL without its
            query, whose signatures change).
        digest: Of a file's content, hexadecimal; empty for a URL.
        kind: What it is.
        duration_s: How long a video is; None where that is not known.
        note: What is known of it, for people.
    """

    address: str
    name: str
    slug: str
    digest: str
    kind: Kind
    duration_s: float | None = None
    note: str = ""

    @property
    def is_web(self) -> bool:
        """Whether it lies on a web server."""
        return is_web_url(self.address)


@frozen(kw_only=True)
class Broken:
    """A picture or video of which no previews can be made.

    Attributes:
        name: What people call it.
        reason: Why.
    """

    name: str
    reason: str


def missing(addresses: Sequence[str]) -> list[str]:
    """Return what is wrong with the addresses themselves: files that are not there, folders."""
    problems = []
    for address in addresses:
        if is_web_url(address):
            problems += [f"{public_url(address)}: {fault.text}" for fault in Url().faults(address)]
            continue
        if os.path.isdir(address):  # noqa: PTH112 - a path of any form
            problems.append(f"{address} is a folder; name the pictures and videos in it, such as {address}/*")
        elif "://" in address:
            problems.append(f"{public_url(address)} is neither a file nor an http or https address")
        elif not os.path.exists(address):  # noqa: PTH110 - a path of any form
            problems.append(f"{address}: there is no such file")
    return problems


async def look_at(
    addresses: Sequence[str], looker: "Looker", *, trusting: bool
) -> tuple[list[Medium], list[Broken]]:
    """Return what the addresses hold, and those that hold no picture or video that can be read.

    Args:
        addresses: Each once.
        looker: Looks at them.
        trusting: Whether a URL that cannot be reached from here is taken for what its name says.
    """
    from avatar_async.media.preflight import Asked

    seen = await looker.look_at({address: Asked() for address in addresses})
    media: list[Medium] = []
    broken: list[Broken] = []
    names = [_name(address) for address in seen]
    for name, (address, found) in zip(names, seen.items(), strict=True):
        called = name if names.count(name) == 1 else public_url(address)
        try:
            kind = _kind(address, found, trusting=trusting)
            digest = "" if is_web_url(address) else await anyio.to_thread.run_sync(_content_digest, address)
        except AvatarError as error:
            broken.append(Broken(name=called, reason=str(error)))
            continue
        mark = digest or hashlib.sha256(public_url(address).encode()).hexdigest()
        slug = _unique(f"{_stem(name)}-{mark[:8]}", media)
        duration_s = found.footage.duration_s if found.footage and kind == "video" else None
        media.append(
            Medium(
                address=address,
                name=called,
                slug=slug,
                digest=digest,
                kind=kind,
                duration_s=duration_s,
                note=_note(found),
            )
        )
    return media, broken


def _kind(address: str, seen: "Seen", *, trusting: bool) -> Kind:
    footage = seen.footage
    if footage is not None and footage.sort in ("image", "video"):
        return "image" if footage.sort == "image" else "video"
    if footage is not None:
        article = "an audio file" if footage.sort == "audio" else "a zip"
        raise MediaError(f"it is {article}, no picture or video")
    failure = seen.failure or MediaError("it cannot be read")
    if not trusting or not isinstance(failure, TransportError | MediaOutOfReachError):
        raise failure
    suffix = Path(urlsplit(address).path).suffix.lower()
    if suffix in _PICTURES:
        return "image"
    if suffix in _VIDEOS:
        return "video"
    told = "its name does not tell whether it is a picture or a video"
    raise MediaError(f"{failure}; and {told}: give it one of the usual endings")


def _content_digest(path: str) -> str:
    try:
        with Path(path).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise MediaError(f"it cannot be read: {error.strerror or error}") from error


def _name(address: str) -> str:
    if not is_web_url(address):
        return Path(address).name
    return unquote(urlsplit(public_url(address)).path.rstrip("/").rpartition("/")[2]) or public_url(address)


def _stem(name: str) -> str:
    return _SAFE.sub("-", Path(name).stem).strip("-")[:_LONGEST_STEM].strip("-").lower() or "medium"


def _unique(slug: str, media: Sequence[Medium]) -> str:
    """Return a slug that no other medium has: addresses may differ in their query only."""
    taken = {medium.slug for medium in media}
    return next(each for each in (slug, *(f"{slug}-{n}" for n in range(2, 10**6))) if each not in taken)


def _note(seen: "Seen") -> str:
    footage = seen.footage
    if footage is None:
        return "it could not be looked at from here"
    parts = []
    if footage.width_px and footage.height_px:
        parts.append(f"{footage.width_px} x {footage.height_px}")
    if footage.duration_s is not None:
        parts.append(f"{footage.duration_s:.2f} s")
    return ", ".join(parts)
