"""Query and list calls in the terms of a dialect."""

import contextlib
import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_async._jobs.remote import RemoteState
from avatar_async._jobs.verdicts import SubmissionCodes
from avatar_async._wire.calls import Reply
from avatar_async._wire.dialect import QueryDialect
from avatar_async._wire.querying import decode_list, decode_query, encode_list, encode_query
from avatar_async.errors import (
    AuthError,
    AvatarError,
    ConfigError,
    RejectedError,
    ReplyError,
    ServiceError,
    SettingRefusedError,
    ThrottledError,
)
from avatar_async.requests import Kind

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
DEFAULT = QueryDialect()
FILES = [
    {"type": "model", "name": "m.zip", "url": "https://x.example/m.zip?sig=1", "size": 10, "md5": "A" * 32},
    {"type": "thumbnail", "name": "t.png", "url": "https://x.example/t.png"},
]
TASK = {
    "taskId": 812345,
    "taskType": "training",
    "materialName": "anchor",
    "status": "SUCCESS",
    "progress": 100,
    "failReason": None,
    "createTime": "2024-05-01T10:00:00",
    "finishTime": "2024-05-01T20:00:00+08:00",
    "expireTime": 1715169600000,
    "files": FILES,
}


def reply(body, status=200, **headers) -> Reply:
    """Return a reply with a JSON or raw body."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}, body=raw)


def answer(dialect, data, asked=(812345,), envelope=True):
    """Decode a good reply that holds `data`."""
    body = {"code": 0, "message": "success", "data": data} if envelope else data
    return decode_query(dialect, reply(body), asked=asked, asked_at=NOW, now=NOW)


def test_default_query_is_the_documented_one():
    """design.md section 8."""
    call = encode_query(DEFAULT, [1, 2])
    assert (call.method, call.path) == ("POST", "/api/2dvh/v1/material/task/query")
    assert json.loads(call.body) == {"taskIds": [1, 2]}
    assert not DEFAULT.trusted


def test_default_list_is_the_documented_one():
    """design.md section 8."""
    call = encode_list(DEFAULT, "anchor", page=2)
    assert (call.method, call.path) == ("POST", "/api/2dvh/v1/material/task/list")
    assert json.loads(call.body) == {"materialName": "anchor", "pageNo": 2, "pageSize": 100}


@pytest.mark.parametrize("count", [0, 101])
def test_query_takes_one_batch(count):
    """Splitting is the caller's, who counts calls."""
    with pytest.raises(ValueError, match="ids"):
        encode_query(DEFAULT, range(1, count + 1))


def test_task_is_read_whole():
    """Every key of design.md section 8."""
    (task,) = answer(DEFAULT, [TASK]).tasks
    assert (task.task_id, task.state, task.status, task.kind) == (
        812345,
        RemoteState.SUCCEEDED,
        "SUCCESS",
        Kind.TRAINING,
    )
    assert (task.name, task.progress, task.fail_reason) == ("anchor", 100, None)
    assert task.created_at == datetime(2024, 5, 1, 2, tzinfo=UTC)
    assert task.finished_at == NOW
    assert task.expires_at == datetime(2024, 5, 8, 12, tzinfo=UTC)
    model, thumbnail = task.files
    assert (model.role, model.name, model.size_bytes, model.md5) == ("model", "m.zip", 10, "a" * 32)
    assert (thumbnail.role, thumbnail.size_bytes, thumbnail.md5) == ("thumbnail", None, None)
    assert "sig=1" not in repr(task)


def test_unknown_status_is_neither_terminal_nor_an_error():
    """The vendor may add words any day."""
    (task,) = answer(DEFAULT, [{**TASK, "status": "POLISHING"}]).tasks
    assert (task.state, task.status) == (RemoteState.UNKNOWN, "POLISHING")


@pytest.mark.parametrize(
    "bad",
    [
        None,
        3,
        {},
        {**TASK, "taskId": True, "x": 1},
        {**TASK, "taskId": "a"},
    ],
)
def test_malformed_task_does_not_spoil_the_others(bad):
    """One broken record must not blind a whole batch."""
    tasks = answer(DEFAULT, [bad, TASK], asked=(5, 812345)).tasks
    assert [task.task_id for task in tasks] == [812345]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ("none", "its files are no list"),
        ([3], "one of its files is no object"),
        ([*FILES, {"url": "file:///etc/passwd"}], "an address of its files cannot be read"),
        ([{"url": "https://[bad/x.zip"}], "an address of its files cannot be read"),
        ([{"url": "https://x.example:port/x.zip"}], "an address of its files cannot be read"),
    ],
)
def test_finished_task_with_unreadable_files_seems_neither_complete_nor_forgotten(files, words):
    """Its id is listed: leaving it out would tell of a lost task, and hide what is wrong."""
    item = {**TASK, "taskId": 5, "files": files}
    (task,) = answer(DEFAULT, [item], asked=(5,)).tasks
    assert (task.state, task.status, task.files) == (RemoteState.UNKNOWN, f"SUCCESS ({words})", ())
    (failed,) = answer(DEFAULT, [{**item, "status": "FAILED"}], asked=(5,)).tasks
    assert failed.state is RemoteState.FAILED


def test_file_that_is_not_offered_is_left_out():
    """A null address is no file."""
    (task,) = answer(DEFAULT, [{**TASK, "files": [{"type": "model", "url": None}, *FILES]}]).tasks
    assert len(task.files) == 2


def test_tasks_nobody_asked_for_are_left_out():
    """An answer must not move jobs it was not asked about."""
    assert answer(DEFAULT, [{**TASK, "taskId": 9}, TASK, TASK], asked=(812345,)).tasks[0].task_id == 812345
    assert len(answer(DEFAULT, [TASK, TASK]).tasks) == 1
    assert answer(DEFAULT, None).tasks == ()


def test_file_without_name_or_type_is_named_after_its_address():
    """A dialect may have neither."""
    (task,) = answer(DEFAULT, [{**TASK, "files": [{"url": "https://x.example/a/%E4%B8%BB.zip?x"}]}]).tasks
    assert (task.files[0].name, task.files[0].role) == ("主.zip", "model")


@pytest.mark.parametrize(
    ("progress", "expected"),
    [(0, 0), (29, 29), (58.0, 58), (55.9, 55), ("45%", 45), (-3, 0), (900, 100), (True, None), ("x", None)],
)
def test_progress_is_a_percentage(progress, expected):
    """Clamped: it is only shown."""
    assert answer(DEFAULT, [{**TASK, "progress": progress}]).tasks[0].progress == expected


def test_id_in_the_path_with_single_addresses_and_no_envelope():
    """A quite different service, described by data only."""
    dialect = QueryDialect.from_mapping(
        {
            "method": "GET",
            "path": "/v2/tasks/{id}?full=1",
            "id_in": "path",
            "batch": 1,
            "envelope": False,
            "tasks": "",
            "task_id": "",
            "status": "state.code",
            "statuses": {"2": "succeeded"},
            "progress": "state.done",
            "progress_full": 1,
            "zone": "Z",
            "created_at": ["times", "created.at"],
            "urls": {"model": "result.0.zip", "thumbnail": "result.0.png"},
        }
    )
    call = encode_query(dialect, [7])
    assert (call.method, call.path, call.body) == ("GET", "/v2/tasks/7?full=1", b"")
    body = {
        "state": {"code": 2, "done": 0.5},
        "times": {"created.at": "2024-05-01T12:00:00"},
        "result": [{"zip": "https://x.example/m.zip", "png": ""}],
    }
    (task,) = answer(dialect, body, asked=(7,), envelope=False).tasks
    assert (task.task_id, task.state, task.progress, task.created_at) == (7, RemoteState.SUCCEEDED, 50, NOW)
    assert [(file.role, file.name) for file in task.files] == [("model", "m.zip")]
    assert dialect.trusted
    assert dialect.list is None


def test_ids_in_the_address():
    """Several with commas between."""
    dialect = QueryDialect.from_mapping(
        {"method": "GET", "id_in": "query", "id_name": "ids", "extra": {"v": 2}}
    )
    assert encode_query(dialect, [7, 8]).path == "/api/2dvh/v1/material/task/query?v=2&ids=7,8"


def test_single_id_as_text_in_the_body():
    """A batch of 1 sends no list."""
    dialect = QueryDialect.from_mapping({"batch": 1, "id_name": "taskId", "id_type": "string"})
    assert json.loads(encode_query(dialect, [7]).body) == {"taskId": "7"}


def test_list_call_as_data():
    """Off unless written; an empty table is the built-in one."""
    assert QueryDialect.from_mapping({"list": {}}).list == DEFAULT.list
    dialect = QueryDialect.from_mapping(
        {
            "list": {
                "method": "GET",
                "send_in": "query",
                "name_name": "q",
                "page_name": False,
                "size_name": False,
            }
        }
    )
    assert encode_list(dialect, "a b&c").path == "/api/2dvh/v1/material/task/list?q=a+b%26c"
    with pytest.raises(ConfigError, match="no list call"):
        encode_list(QueryDialect.from_mapping({}), "a")


@pytest.mark.parametrize("value", [date(2026, 3, 1), float("nan"), {"a": [datetime(2026, 3, 1, tzinfo=UTC)]}])
@pytest.mark.parametrize("where", ["extra", "list"])
def test_extra_values_that_json_cannot_carry_are_told(value, where):
    """TOML has dates; a run must not find out at its first query that JSON has none."""
    table = {"extra": {"x": value}}
    with pytest.raises(ConfigError, match="extra must hold only what JSON can carry"):
        QueryDialect.from_mapping(table if where == "extra" else {"list": table})


def test_list_reply_is_read():
    """design.md section 8."""
    body = {"code": 0, "message": "", "data": {"total": 1, "list": [TASK, None]}}
    page = decode_list(DEFAULT, reply(body, date="Wed, 01 May 2024 12:00:00 GMT"), asked_at=NOW, now=NOW)
    assert [task.task_id for task in page.answer.tasks] == [812345]
    assert page.answer.service_at == NOW
    assert (page.count, page.total) == (2, 1)


def test_every_mistake_of_a_dialect_is_told():
    """A user repairs it in one go."""
    with pytest.raises(ConfigError) as caught:
        QueryDialect.from_mapping(
            {
                "metod": "GET",
                "path": "https://elsewhere.example/x",
                "id_in": "header",
                "batch": 0,
                "zone": "Asia/Shanghai",
                "statuses": {"DONE": "finished"},
                "kinds": {},
                "status": 3,
                "urls": {"zip": "a"},
                "files": {"urls": "x"},
                "list": 3,
            }
        )
    text = str(caught.value)
    for part in (
        "metod is no known key (did you mean method?)",
        ".path ",
        "id_in",
        "batch",
        "zone",
        "statuses",
        "DONE = 'finished'",
        "kinds",
        "status ",
        "urls has keys",
        "files.urls is no known key",
        "list must",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("raw", "part"),
    [
        ({"id_in": "path", "batch": 1}, "must hold {id}"),
        ({"path": "/x/{id}"}, "id_in must be"),
        ({"path": "/x/{id}", "id_in": "path"}, "batch must be 1"),
        ({"method": "GET"}, "to send ids as JSON"),
        ({"task_id": ""}, "task_id is needed"),
        ({"status": ""}, "status is needed"),
        ({"path": "//evil.example/x"}, "path"),
        ({"path": "/x/{name}"}, "path"),
        ({"list": {"method": "GET"}}, "list.method"),
    ],
)
def test_keys_that_do_not_go_together_are_told(raw, part):
    """Each would fail only at the first poll otherwise, after money was spent."""
    with pytest.raises(ConfigError) as caught:
        QueryDialect.from_mapping(raw)
    assert part in str(caught.value)


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (b"", 401, AuthError),
        ({"code": 41, "message": "token"}, 200, AuthError),
        (b"", 429, ThrottledError),
        ({"code": 42, "message": "busy"}, 200, ThrottledError),
        (b"", 404, SettingRefusedError),
        (b"", 301, SettingRefusedError),
        ({"code": 5, "message": "no"}, 200, RejectedError),
        ({"code": 5, "message": "no"}, 400, RejectedError),
        (b"", 400, ServiceError),
        ({"code": 0, "message": "no", "data": []}, 500, ServiceError),
        (b"", 502, ServiceError),
        (b"<html>", 200, ReplyError),
        ({"code": 0, "data": 3}, 200, ReplyError),
    ],
)
def test_refusals_have_their_errors(body, status, error):
    """What the poller does depends on them."""
    codes = SubmissionCodes(busy=frozenset({42}), token_expired=frozenset({41}))
    with pytest.raises(error) as caught:
        decode_query(DEFAULT, reply(body, status), asked=(1,), asked_at=NOW, now=NOW, codes=codes)
    assert type(caught.value) is error


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*TASK, "url", "name", "size", "md5", "type"]), inner, max_size=6)
    ),
    max_leaves=15,
)


@given(st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(TASK, JSON)) | JSON))
def test_any_tasks_are_read_or_left_out(data):
    """Decoders never raise for what the service writes inside a good envelope."""
    data = [{**item, "taskId": 5} if isinstance(item, dict) else item for item in data]
    answer(DEFAULT, data, asked=(5,))


@given(st.binary(), st.integers(100, 599))
def test_any_reply_is_read_or_refused(body, status):
    """Nothing leaves the error tree, with and without an envelope."""
    for dialect in (DEFAULT, QueryDialect.from_mapping({"envelope": False})):
        with contextlib.suppress(AvatarError):
            decode_query(dialect, Reply(status=status, body=body), asked=(1,), asked_at=NOW, now=NOW)
