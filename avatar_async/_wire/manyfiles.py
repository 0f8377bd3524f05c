"""The files of all tasks of a reply at once, where each of them is written the usual way."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from avatar_async._jobs.drafts import draft_class
from avatar_async._jobs.remote import RemoteFile
from avatar_async._wire.taskfiles import MAX_FILES
from avatar_async._wire.terms import Terms
from avatar_async.requests.addresses import LONGEST_URL

#: Fewest files for which it is worth it.
_LEAST: Final = 8
#: A file that can still be written to.
_DraftFile: Final = draft_class(RemoteFile)
_WHOLE: Final = {int}
_DIGEST: Final = {32}


def usual_files(terms: Terms, items: Sequence[Any], told: list[str]) -> Iterator[RemoteFile] | None:
    """Return the files of the tasks of a reply, one task's after the other's.

    To look at all values of one kind together costs a fraction of looking at each.

    Args:
        terms: What the values mean.
        items: What the reply holds (see `ReplyShape.tasks`); all ASCII in its texts is printable.
        told: Where texts of the service's go that are shown.

    Returns:
        None if there are few, or one is not written the usual way: each is to be looked at by itself.
    """
    listed = [item.files for item in items if item.files]
    entries = [entry for files in listed for entry in files]
    if len(entries) < _LEAST or max(map(len, listed)) > MAX_FILES:
        return None
    urls = [entry.url for entry in entries]
    names = [entry.name for entry in entries]
    sizes = [entry.size_bytes for entry in entries]
    meant: list[Any] = [*map(terms.roles.get, [entry.role for entry in entries])]
    try:
        called = [*map(str.strip, names)]
        digests = _digests([entry.md5 for entry in entries])
        plain = _plain_addresses(urls, terms.origins)
    except (TypeError, ValueError):
        return None
    if not (plain and digests and all(called) and all(meant) and _printable(names)):
        return None
    if {*map(type, sizes)} != _WHOLE or min(sizes) <= 0:
        return None
    told += names
    files: list[RemoteFile] = []
    for role, name, url, size, md5 in zip(meant, called, urls, sizes, digests, strict=True):
        draft: Any = _DraftFile()
        draft.role = role
        draft.name = name
        draft.url = url
        draft.size_bytes = size
        draft.md5 = md5
        draft.__class__ = RemoteFile
        files.append(draft)
    return iter(files)


def _plain_addresses(urls: Sequence[str], origins: tuple[str, ...]) -> bool:
    """Tell whether all addresses need no closer look.

    Raises:
        TypeError: One of them is no text.
    """
    joined = "".join(urls)
    if " " in joined or not joined.isascii() or max(map(len, urls)) > LONGEST_URL:
        return False
    # What lies between two texts, in the order of texts, begins as both of them do.
    first, last = min(urls), max(urls)
    return any(first.startswith(origin) and last.startswith(origin) for origin in origins) or all(
        url.startswith(origins) for url in urls
    )


def _printable(names: Sequence[str]) -> bool:
    joined = "".join(names)
    return joined.isascii() or joined.isprintable()


def _digests(told: Sequence[str]) -> Sequence[str] | None:
    """Return MD5s in small letters; None if one of them may be none.

    Raises:
        TypeError, ValueError: One surely is none.
    """
    joined = "".join(told)
    if {*map(len, told)} != _DIGEST or len(bytes.fromhex(joined)) != 16 * len(told):
        return None
    return told if joined == joined.lower() else [*map(str.lower, told)]
