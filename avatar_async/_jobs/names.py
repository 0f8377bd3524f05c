"""Safe names for folders and files: pure string work, no look at any disk."""

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import count

#: Names in the output folder or a job's folder that are ours.
RESERVED = frozenset(
    {
        *("job.json", "ledger.db", "ledger.db-wal", "ledger.db-shm", "report.html", ".emulator"),
        *("previews", "contact-sheet.html", "contact-sheet.png", "contact-sheet.json"),
    }
)
#: Endings that are ours.
RESERVED_SUFFIXES = (".part", ".suspect", ".tmp", ".lock")
_WINDOWS_DEVICES = frozenset(
    {
        "con",
        "prn",
        "aux",
        "nul",
        "conin$",
        "conout$",
        *(f"{port}{n}" for port in ("com", "lpt") for n in "123456789¹²³"),
    }
)
#: Bytes a name may have: file systems allow 255, and `.part` or a number must still fit.
_MAX_BYTES = 180
#: Controls, what some file system refuses, and marks that turn or hide text.
_UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f<>:\"/\\|?*\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]+"
)

#: Names, the usual ones, of which only the devices of Windows may need a change.
_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,100}\.[A-Za-z0-9]{1,16}")


def folder_choices(name: str) -> Iterator[str]:
    """Yield folder names for a job without end, readable and safe on every file system, the best first.

    The first that is not taken is its own: two names that differ only in case, in Unicode form or in unsafe
    characters get different folders.
    """
    return _choices(_clean(name) or "job", name)


def folder_key(folder: str) -> str:
    """Return what two folder names share if some file system takes them for one."""
    return folder.lower() if folder.isascii() else unicodedata.normalize("NFKC", folder).casefold()


def safe_file_name(name: str) -> str:
    """Return a safe file name for the name a service gave to a file that is alone; see `safe_file_names`."""
    if _usual(name) and not _reserved(name):
        return name
    return safe_file_names([name])[0]


def safe_file_names(names: Sequence[str]) -> list[str]:
    """Return a safe, unique file name for each name a service gave, in order.

    Args:
        names: The service's names: paths, `..`, control characters and the like are disarmed.
    """
    taken: set[str] = set()
    result = []
    for position, name in enumerate(names):
        last = re.split(r"[/\\]", name)[-1]
        choices = _choices(_clean(last) or f"artifact-{position + 1}", f"{position}:{name}")
        safe = next(choice for choice in choices if folder_key(choice) not in taken)
        taken.add(folder_key(safe))
        result.append(safe)
    return result


def _usual(name: str) -> bool:
    return _PLAIN.fullmatch(name) is not None and name.partition(".")[0].lower() not in _WINDOWS_DEVICES


def _clean(name: str) -> str:
    if _usual(name):
        return name
    text = unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode())
    text = _UNSAFE.sub("_", text).strip(" .")
    stem, dot, suffix = text.rpartition(".")
    if not dot or len(suffix) > 16:
        stem, suffix = text, ""
    keep = _MAX_BYTES - len(suffix.encode()) - 1
    stem = stem.encode()[:keep].decode("utf-8", "ignore").rstrip(" .")
    text = f"{stem}.{suffix}" if suffix and stem else stem
    if stem.lower().split(".")[0] in _WINDOWS_DEVICES:
        text = f"_{text}"
    return text


def _choices(text: str, origin: str) -> Iterator[str]:
    """Yield `text` unless it is reserved, then `text` marked with more and more of a hash of its origin."""
    if not _reserved(text):
        yield text
    mark = hashlib.sha256(origin.encode("utf-8", "surrogatepass")).hexdigest()
    stem, dot, suffix = text.rpartition(".")
    if not dot or not stem or _reserved_suffix(text):
        stem, suffix = text.replace(".", "_"), ""
    for length in range(8, 65, 8):
        yield f"{stem}~{mark[:length]}" + (f".{suffix}" if suffix else "")
    for number in count():
        yield f"{stem}~{mark}{number}"


def _reserved(text: str) -> bool:
    return folder_key(text) in RESERVED or text.startswith(".") or _reserved_suffix(text)


def _reserved_suffix(text: str) -> bool:
    return folder_key(text).endswith(RESERVED_SUFFIXES)
