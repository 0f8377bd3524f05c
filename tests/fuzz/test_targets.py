"""Every fuzz target on its seeds, on inputs that once broke something, and on what hypothesis thinks of."""

import base64
import functools
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS, seeds
from tests.fuzz.wire_targets import DIALECT_BYTES

#: Seconds that one input may take, on a busy machine.
_SOON_S = 5

_LEAVES: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(
        [
            *(
                "https://h/x?s=1",
                "http://[::1",
                "2026-03-01T12:00:00",
                "9999-12-31T23:59:59-12:00",
                "\ud800",
                "7",
            ),
            *(
                "0001-01-01T00:00:00+12:00",
                "SUCCESS",
                "RUNNING",
                "training",
                "model",
                "1e5",
                "20260230000000",
            ),
            *(7, 1e300, 1e999, -1, 2**63, 10**39, 1772366400000, {"ref": "a", "role": "model", "index": 0}),
        ]
    )
)
_KEYS = st.text(max_size=5) | st.sampled_from(
    [
        *(
            "code",
            "message",
            "msg",
            "data",
            "list",
            "total",
            "id",
            "url",
            "taskId",
            "taskType",
            "materialName",
        ),
        *(
            "status",
            "progress",
            "failReason",
            "createTime",
            "finishTime",
            "expireTime",
            "files",
            "type",
            "name",
        ),
        *("size", "md5", "accessToken", "refreshToken", "expiresIn", "refreshTokenExpiresIn", "jobs", "kind"),
        *("defaults", "needs", "presets", "include", "request", "param", "personal", "override", "videoUrl"),
        *("persistent", "segmentStyle", "extra", "actionChange", "video_url", "material_name", "training"),
    ]
)
JSON = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=6),
    max_leaves=25,
)


def replaced(value: Any, choose: Callable[[int], int], other: Any) -> Any:
    """Return a JSON value with one part of it, somewhere, replaced."""
    if isinstance(value, dict) and value and choose(4):
        key = list(value)[choose(len(value))]
        return value | {key: replaced(value[key], choose, other)}
    if isinstance(value, list) and value and choose(4):
        at = choose(len(value))
        return [*value[:at], replaced(value[at], choose, other), *value[at + 1 :]]
    return other


@functools.cache
def _json_seeds(name: str) -> list[tuple[bytes, Any]]:
    """Return the seeds that end in JSON, cut before it."""
    found = []
    for seed in seeds(name):
        start = seed.find(b"{")
        try:
            found.append((seed[:start], json.loads(seed[start:])))
        except ValueError:
            continue
    return found


@st.composite
def _near(draw: st.DrawFn, name: str) -> bytes:
    """Draw a seed with some of its JSON replaced, or other JSON, or other bytes altogether."""
    head, value = draw(st.sampled_from(_json_seeds(name)))
    for _ in range(draw(st.integers(1, 3))):
        value = replaced(value, lambda below: draw(st.integers(0, below - 1)), draw(JSON))
    return bytes(head) + json.dumps(value).encode()


def _inputs(name: str) -> st.SearchStrategy[bytes]:
    head = st.binary(min_size=2, max_size=DIALECT_BYTES + 3)
    plain = st.builds(lambda start, value: start + json.dumps(value).encode(), head, JSON)
    wild = st.binary(max_size=400) | plain
    return _near(name) | wild if _json_seeds(name) else wild


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_break_nothing(name):
    """What the product writes and the vendor documents is read."""
    for seed in seeds(name):
        TARGETS[name](seed)


@pytest.mark.parametrize("name", TARGETS)
def test_any_input_is_read_or_refused(name):
    """No exception outside the error tree, no hang, and whatever is read is well formed."""

    @settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], database=None)
    @given(_inputs(name))
    def feed(data: bytes) -> None:
        started = time.monotonic()
        TARGETS[name](data)
        assert time.monotonic() - started < _SOON_S

    feed()


#: Inputs that once broke something, found by coverage-guided runs.
FOUND: list[tuple[str, str]] = [
    ("profile", base64.b64encode(b'ca_file = "~nobody-of-that-name/x"').decode()),
    ("profile", base64.b64encode(b"[query_dialect.extra]\nx = 2026-03-01").decode()),
]


@pytest.mark.parametrize(("name", "found"), FOUND)
def test_what_once_broke_something_breaks_nothing_now(name, found):
    """A mended fault stays mended."""
    TARGETS[name](base64.b64decode(found))
