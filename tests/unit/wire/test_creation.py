"""Create calls: what is sent, and what replies are reported as."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_async._jobs.verdicts import Verdict, decide
from avatar_async._wire.calls import Reply
from avatar_async._wire.creation import decode_create, encode_create, named_field
from avatar_async._wire.endpoints import CREATE_PATHS
from avatar_async.errors import RequestError
from avatar_async.requests import ImagePreviewRequest, Kind, Ref, TakeoverRequest

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
PREVIEW = ImagePreviewRequest.from_vendor(
    {"materialName": "主播", "url": "https://x.example/y.png", "param": {"green_params_refineth_h_bgr": 160}}
)


def reply(body, status=200, **headers) -> Reply:
    """Return a reply with a JSON or raw body."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}, body=raw)


def test_every_kind_has_its_documented_path():
    """The vendor documents' "Request URL" sections."""
    assert set(CREATE_PATHS) == set(Kind)
    assert CREATE_PATHS[Kind.TRAINING] == "/api/2dvh/v1/material/2davatar/model/multi/create"
    assert CREATE_PATHS[Kind.REBUILD] == "/api/2dvh/v1/material/2davatar/model/rebuilding/video"
    assert (
        CREATE_PATHS[Kind.IMAGE_PREVIEW] == "/api/2dvh/v1/material/2davatar/model/green/segment/image/create"
    )
    assert (
        CREATE_PATHS[Kind.VIDEO_PREVIEW] == "/api/2dvh/v1/material/2davatar/model/green/segment/video/create"
    )
    assert CREATE_PATHS[Kind.TAKEOVER] == "/api/2dvh/v1/material/video/takeover/create"


def test_body_is_compact_json_with_letters_as_they_are():
    """The vendor's examples hold Chinese text unescaped."""
    created = encode_create(PREVIEW)
    assert created.call.method == "POST"
    assert "主播".encode() in created.call.body
    assert json.loads(json.loads(created.call.body)["param"]) == {"green_params_refineth_h_bgr": 160}
    assert {"materialName", "url", "param", "green_params_refineth_h_bgr"} <= created.fields


def test_preview_keys_can_be_sent_in_camel_case():
    """The vendor's table and example disagree."""
    body = json.loads(encode_create(PREVIEW, preview_case="camel").call.body)
    assert json.loads(body["param"]) == {"greenParamsRefinethHBgr": 160}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_json_cannot_carry_is_a_request_error():
    """Told before anything is sent."""
    with pytest.raises(RequestError):
        encode_create(ImagePreviewRequest(url=Ref("other", "image"), material_name="a"))
    with pytest.raises(RequestError):
        encode_create(ImagePreviewRequest(url="https://x.example", material_name="\ud800"))
    takeover = encode_create(TakeoverRequest.from_vendor({"videoName": "v", "param": "{}"}))
    assert takeover.call.path == CREATE_PATHS[Kind.TAKEOVER]


@pytest.mark.parametrize(
    ("data", "task_id", "url"),
    [
        (1, 1, None),
        ("812345", 812345, None),
        ({"id": 7}, 7, None),
        ({"id": "7", "url": "https://x.example/p.png"}, 7, "https://x.example/p.png"),
        ({"id": 7, "url": 5}, 7, None),
        ({"url": "https://x.example"}, None, "https://x.example"),
        (None, None, None),
        (True, None, None),
        (2**63, None, None),
        ([], None, None),
    ],
)
def test_every_documented_form_of_the_id_is_read(data, task_id, url):
    """The vendor types it Object, Integer and Long."""
    report = decode_create(reply({"code": 0, "message": "success", "data": data}), now=NOW)
    assert (report.code, report.task_id, report.url) == (0, task_id, url)
    assert decide(report, after_token_refusal=False) is (Verdict.ACCEPTED if task_id else Verdict.UNKNOWN)


def test_success_without_data_is_unknown():
    """A task may well have been made."""
    report = decode_create(reply({"code": 0, "message": "success"}), now=NOW)
    assert decide(report, after_token_refusal=False) is Verdict.UNKNOWN


def test_id_of_a_refusal_is_not_believed():
    """Some services answer -1 or the last id together with an error."""
    assert decode_create(reply({"code": 9, "message": "no", "data": 4}), now=NOW).task_id is None


@pytest.mark.parametrize("data", [None, "", "abc", True, -3, 0, 1.5, {}, {"id": None}, [5], 1 << 70])
def test_success_without_a_usable_id_says_so(data):
    """The service's own "success" would be a strange reason for a doubt."""
    report = decode_create(reply({"code": 0, "message": "success", "data": data}), now=NOW)
    assert (report.code, report.task_id) == (0, None)
    assert "no usable task id" in report.message


def test_headers_are_reported():
    """Waits and the service's clock."""
    report = decode_create(
        reply(b"", 429, retry_after="7", date="Wed, 01 May 2024 12:00:00 GMT"), now=NOW, token_generation=3
    )
    assert (report.http_status, report.retry_after_s, report.service_at) == (429, 7, NOW)
    assert report.token_generation == 3
    assert report.sent


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ("videoUrl is required", "videoUrl"),
        ("param error: 'url' must be a URL", "url"),
        ("param.personal.segmentStyle: not in 0..3", "param.personal.segmentStyle"),
        ("the field green_params_blur_ks is wrong", "green_params_blur_ks"),
        ("override[0].segmentStyle is missing", "override[0].segmentStyle"),
        ("materialName不能为空", "materialName"),
        ("parameter crf out of range", "crf"),
        ("illegal argument.", None),
        ("illegal argument. please retry", None),
        ("", None),
    ],
)
def test_field_is_found_in_a_message(message, field):
    """So that a rejected job tells where to look."""
    assert named_field(message, frozenset({"url", "crf", "segmentStyle"})) == field


def test_field_of_a_refusal_is_reported():
    """Code 3333 is the only documented one, and means a wrong parameter; no code is hard-coded here."""
    report = decode_create(
        reply({"code": 3333, "message": "url is wrong"}), now=NOW, fields=frozenset({"url"})
    )
    assert (report.code, report.field) == (3333, "url")


@given(st.binary(), st.integers(100, 599), st.text())
def test_any_reply_gives_a_report(body, status, header):
    """A create call's reply must always end in a verdict."""
    report = decode_create(
        Reply(status=status, headers={"retry-after": header, "date": header}, body=body), now=NOW
    )
    assert report.sent
    decide(report, after_token_refusal=False)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["id", "url", "x"]), inner),
        max_leaves=8,
    ),
    st.text(),
)
def test_any_data_gives_a_report(data, message):
    """Only a positive int64 makes a job accepted."""
    report = decode_create(reply({"code": 0, "message": message, "data": data}), now=NOW)
    assert report.task_id is None or 0 < report.task_id < 2**63
