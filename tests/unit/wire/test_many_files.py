"""Replies with the files of many tasks: looked at together, and read as each by itself is."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from avatar_async._wire.calls import Reply
from avatar_async._wire.dialect import QueryDialect
from avatar_async._wire.manyfiles import usual_files
from avatar_async._wire.querying import decode_query

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SECRET = "T0ken-That.Nobody_May/Repeat="
IDS = range(81, 87)
FILE = {
    "type": "model",
    "name": "m.zip",
    "url": "https://cdn.example/m.zip?sig=1",
    "size": 10,
    "md5": "9f" * 16,
}
ODD: dict[str, list[Any]] = {
    "type": [None, "", "thumbnail", " image ", "weird", "主播"],
    "name": [None, "", "  ", " n.zip ", "n.png", "主.zip", SECRET, "x" * 501, "a\\b"],
    "url": [
        None, "", "https://cdn.example/a b", "https://other.example/x", "https://cdn.example/\x7f",
        "ftp://h/x", "HTTPS://h/x", "https://cdn.exampl", "https://cdn.example.evil/x",
        "https://cdn.example/" + "a" * 17000,
        "https://cdn.example/主", "http://h:0/", SECRET,
    ],
    "size": [None, True, 0, -1, 1.0, 10.5, "10", 2**63 - 1, 2**63, [1]],
    "md5": [None, "", "9F" * 16, "9f" * 15, "9f" * 17, "9f" * 15 + "  ", "9f " * 10 + "9f", "g" * 32, SECRET],
}  # fmt: skip
ODD_VALUES = st.sampled_from([(key, value) for key, values in ODD.items() for value in values])


def reply(*odd):
    """Return a reply of six finished tasks of two files each, and what is odd about which file."""
    files = [dict(FILE) for _ in range(2 * len(IDS))]
    for at, key, value in odd:
        files[at][key] = value
    tasks = [
        {"taskId": number, "status": "SUCCESS", "files": files[2 * at : 2 * at + 2]}
        for at, number in enumerate(IDS)
    ]
    return json.dumps({"code": 0, "data": tasks}, separators=(",", ":"), ensure_ascii=False).encode()


def read(dialect, body, secrets=()):
    """Return the answer that a dialect makes of a reply."""
    answer = Reply(status=200, body=body, secrets=secrets)
    return decode_query(dialect, answer, asked=IDS, asked_at=NOW, now=NOW)


def practised():
    """Return a dialect that has seen such a reply, and where its files lie."""
    dialect = QueryDialect()
    for _ in range(2):
        read(dialect, reply())
    return dialect


def together(dialect, body):
    """Return the files that are read together; None if they are not."""
    files = usual_files(dialect.terms, dialect.shape.tasks(body), [])
    return None if files is None else [*files]


PRACTISED = practised()


def test_files_of_many_tasks_are_read_together():
    """Otherwise nothing would be won; digests may be in capitals."""
    for body in (reply(), reply((3, "md5", "9F" * 16), (4, "name", " n.zip "), (5, "size", 2**63 - 1))):
        files = together(PRACTISED, body)
        assert files is not None
        tasks = read(QueryDialect(), body).tasks
        assert files == [file for task in tasks for file in task.files]


def test_files_with_names_in_chinese_are_read_together():
    """Their tasks are mostly named so."""
    body = reply((2, "name", " 主播.zip "), (3, "name", "视频.mp4"))
    files = together(PRACTISED, body)
    assert files == [file for task in read(QueryDialect(), body).tasks for file in task.files]
    for odd in ((1, "url", "https://cdn.example/主"), (1, "name", "a\u2028b")):
        assert together(PRACTISED, reply((2, "name", "主播.zip"), odd)) is None


@given(st.lists(st.tuples(st.integers(0, 11), ODD_VALUES), max_size=2), st.sampled_from([(), (SECRET,)]))
@example([(11, ("url", "https://cdn.exampl"))], ())
@example([(0, ("md5", "9f" * 15)), (1, ("md5", "9f" * 17))], ())
@example([(6, ("name", SECRET))], (SECRET,))
def test_one_odd_file_among_many_is_read_as_the_careful_reader_does(changes, secrets):
    """An address, a length or a digest of another file, or a secret, must not get by in the crowd."""
    body = reply(*((at, key, value) for at, (key, value) in changes))
    assert read(PRACTISED, body, secrets) == read(QueryDialect(), body, secrets)


@pytest.mark.parametrize("key", ["type", "url", "name", "md5"])
def test_values_that_are_not_told_leave_each_file_to_itself(key):
    """A service may begin to leave out what it told before."""
    body = reply()
    without = body.replace(b'"%b":"%b",' % (key.encode(), str(FILE[key]).encode()), b"", 1)
    without = without if key != "md5" else body.replace(b',"md5":"%b"' % (b"9f" * 16), b"", 1)
    assert without != body
    assert together(PRACTISED, without) is None
    assert read(PRACTISED, without) == read(QueryDialect(), without)


def test_files_at_several_known_places_are_read_together():
    """Results of one reply may lie at two hosts, each of which was looked at before."""
    dialect = practised()
    body = reply((2, "url", "https://other.example/a.zip"), (7, "url", "http://third.example:80/b"))
    assert together(dialect, body) is None
    expected = read(QueryDialect(), body)
    assert read(dialect, body) == expected
    files = together(dialect, body)
    assert files == [file for task in expected.tasks for file in task.files]


def test_too_many_files_of_one_task_make_its_status_unknown():
    """Beside other tasks that are read as ever."""
    tasks = [
        {"taskId": number, "status": "SUCCESS", "files": [FILE] * (1001 if number == 83 else 2)}
        for number in IDS
    ]
    body = json.dumps({"code": 0, "data": tasks}, separators=(",", ":")).encode()
    answer = read(PRACTISED, body)
    assert answer == read(QueryDialect(), body)
    assert {task.task_id for task in answer.tasks if not task.files} == {83}
