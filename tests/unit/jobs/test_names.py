"""Folder and file names: whatever a manifest or a service writes, the disk is safe."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from avatar_async._jobs.names import (
    RESERVED,
    RESERVED_SUFFIXES,
    folder_choices,
    folder_key,
    safe_file_name,
    safe_file_names,
)

HOSTILE = [
    "",
    ".",
    "..",
    "...",
    "../../etc/passwd",
    "/etc/passwd",
    "C:\\Windows\\system32\\cmd.exe",
    "\\\\server\\share\\x",
    "a\x00b.zip",
    "line\nbreak\r.zip",
    "\x1b[31mred.zip",
    "\x9b31mred.zip",
    "x" * 300,
    "x" * 300 + ".zip",
    "模" * 200 + ".zip",
    "x." + "y" * 300,
    "🎬🎥" * 60 + ".mp4",
    "👩‍👩‍👧‍👦.jpg",
    "CON",
    "con.zip",
    "Aux.tar.gz",
    "lpt9",
    "NUL .txt",
    "job.json",
    "JOB.JSON",
    "ｊｏｂ.json",
    "ledger.db",
    "report.html",
    ".emulator",
    ".hidden",
    "model.zip.part",
    "model.PART",
    "model.zip.suspect",
    "model.tmp",
    "a.lock",
    "trailing. . .",
    "   ",
    "\u202egpj.zip",
    "\u200fabc\u200e.zip",
    "\u2067x\u2069",
    "a\u2028b",
    "\ufeffbom.zip",
    "e\u0301.zip",
    "\ud800.zip",
    "ok\udfffname",
    "~",
    "~root",
    "-rf",
    "*?.zip",
    'a|b>c<d"e:f.zip',
    "ﬁ.zip",
    "İ.zip",
    "ß.zip",
]
any_text = st.text(st.characters(), max_size=300) | st.sampled_from(HOSTILE)
#: Texts that collide once unsafe characters, case and forms are evened out.
colliding = st.text(st.sampled_from("aAbB:/\\?_.é\u0301eE~ "), max_size=6)


def safe_everywhere(name: str) -> bool:
    """Tell whether a name can be made, beside its partial file, on every file system we know."""
    stem = name.partition(".")[0].strip().lower()
    return (
        0 < len(name.encode()) <= 255 - len(".suspect")
        and not any(sign in name for sign in '/\\:*?"<>|')
        and not any(unicodedata.category(sign) in {"Cc", "Cs", "Zl", "Zp"} for sign in name)
        and not any(0x202A <= ord(sign) <= 0x202E or 0x2066 <= ord(sign) <= 0x2069 for sign in name)
        and not set(name) & {"\u061c", "\u200e", "\u200f", "\ufeff"}
        and name not in {".", ".."}
        and not name.startswith(".")
        and not name.endswith((".", " "))
        and name.casefold() not in RESERVED
        and not name.casefold().endswith(RESERVED_SUFFIXES)
        and stem not in {"con", "prn", "aux", "nul", "com1", "lpt9"}
        and unicodedata.is_normalized("NFC", name)
    )


def same_on_some_disk(one: str, other: str) -> bool:
    """Tell whether a file system that ignores case, or evens out forms, takes both for one."""
    forms = [
        lambda text: text.casefold(),
        lambda text: text.lower(),
        lambda text: unicodedata.normalize("NFD", text).casefold(),
        lambda text: unicodedata.normalize("NFD", unicodedata.normalize("NFD", text).casefold()),
    ]
    return any(form(one) == form(other) for form in forms)


@given(any_text)
def test_every_folder_name_is_safe_everywhere(name):
    """A job's name is any text; its folder must be made on any disk."""
    assert safe_everywhere(next(folder_choices(name)))


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_hostile_names_are_disarmed(name):
    """Each of these was a hole somewhere, sometime."""
    assert safe_everywhere(next(folder_choices(name)))
    assert safe_everywhere(safe_file_names([name])[0])


@given(st.lists(any_text | colliding, max_size=12))
@example(HOSTILE)
@example(["model.zip", "MODEL.zip", "Model.Zip", "model.zip"])
@example(["a", "a.part"])
def test_file_names_are_safe_and_unlike_each_other(names):
    """Two artifacts of one job must never be written over each other."""
    safe = safe_file_names(names)
    assert len(safe) == len(names)
    assert all(safe_everywhere(name) for name in safe)
    for position, name in enumerate(safe):
        assert not any(same_on_some_disk(name, other) for other in safe[:position])


@given(st.lists(any_text | colliding, max_size=12, unique=True))
@example(["a/b", "a:b", "a_b", "A_B", "a?b"])
@example(["é", "e\u0301", "É"])
def test_two_jobs_never_share_a_folder(names):
    """One job's files would pass for another's."""
    taken: list[str] = []
    for name in names:
        keys = set(map(folder_key, taken))
        folder = next(choice for choice in folder_choices(name) if folder_key(choice) not in keys)
        assert safe_everywhere(folder)
        assert not any(same_on_some_disk(folder, other) for other in taken)
        taken.append(folder)


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("anchor-01", "anchor-01"),
        ("Live Room 3", "Live Room 3"),
        ("2d任务A", "2d任务A"),
        ("v1.2", "v1.2"),
        ("a/b", "a_b"),
    ],
)
def test_readable_names_stay_readable(name, folder):
    """People look for their jobs by name."""
    assert next(folder_choices(name)) == folder


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("model.zip", "model.zip"),
        ("out/2024/model.zip", "model.zip"),
        ("C:\\out\\cover.jpg", "cover.jpg"),
        ("结果.tar.gz", "结果.tar.gz"),
        ("folder/", "artifact-1"),
        ("", "artifact-1"),
    ],
)
def test_the_last_part_of_a_path_is_the_file_name(name, file):
    """Services send object keys; only their last part means something to people."""
    assert safe_file_names([name]) == [file]


@given(any_text | colliding | st.sampled_from(["Job.JSON", "LEDGER.db", "model.PART", "con.zip", "Nul.txt"]))
@example("model.zip")
@example("previews")
def test_a_file_that_is_alone_is_named_as_if_it_were_the_first(name):
    """The quick way for usual names must not let a reserved one through."""
    assert safe_file_name(name) == safe_file_names([name])[0]
    assert safe_everywhere(safe_file_name(name))


def test_a_long_name_keeps_its_suffix():
    """Programs choose by it what opens the file."""
    assert safe_file_names(["模" * 200 + ".zip"])[0].endswith("模.zip")


@given(st.lists(any_text, max_size=6))
def test_the_same_names_give_the_same_files(names):
    """A resumed run must find what an earlier one wrote."""
    assert safe_file_names(names) == safe_file_names(names)
