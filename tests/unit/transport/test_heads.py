"""Heads of plain answers: one way to read each, or none."""

import pytest

from avatar_async._transport.heads import read_head


def lines(*fields: str, status: str = "HTTP/1.1 200 OK") -> bytes:
    """Return a head without its empty line."""
    return "".join(f"{line}\r\n" for line in (status, *fields)).encode("latin-1")


def test_a_plain_answer_is_read():
    """Status, length and validators, whatever else the host says."""
    head = read_head(lines("content-LENGTH: 20480", 'ETag: "a-b"', "Set-Cookie: a=1", "Set-Cookie: b=2"))
    assert head is not None
    assert (head.status, head.length, head.coded, head.kept) == (200, 20480, False, True)
    assert head.headers["etag"] == '"a-b"'


@pytest.mark.parametrize(
    "head",
    [
        lines(),
        lines("Content-Length: "),
        lines("Content-Length: -1"),
        lines("Content-Length: +1"),
        lines("Content-Length: 1_0"),
        lines("Content-Length: \u00b2"),
        lines("Content-Length: 5, 5"),
        lines("Content-Length: 5", "Content-Length: 5"),
        lines("Content-Length: 5", "content-length: 6"),
        lines("Content-Length: 5", "Transfer-Encoding: chunked"),
        lines("Content-Length: 5", "Transfer-Encoding: identity"),
        lines("Content-Length: 5", "Content-Range: bytes 0-4/5"),
        lines("Content-Length: 5", 'ETag: "a"', 'ETag: "b"'),
        lines("Content-Length : 5"),
        lines(" Content-Length: 5"),
        lines("Content-Length: 5", "X: a", " folded"),
        lines("Content-Length: 5", "X: a\x00b"),
        lines("Content-Length: 5", "X: a\rb"),
        lines("Content-Length: 5", "X: a\nb"),
        lines("Content-Length: 5", ": nameless"),
        lines("Content-Length: 5", "no colon"),
        lines("Content-Length: 5", status="HTTP/1.0 200 OK"),
        lines("Content-Length: 5", status="HTTP/1.1 100 Continue"),
        lines("Content-Length: 5", status="HTTP/1.1 2000 OK"),
        lines("Content-Length: 5", status="HTTP/1.1  200 OK"),
        lines("Content-Length: 5", status="ICY 200 OK"),
        b"HTTP/1.1 200 OK\nContent-Length: 5\n",
        b"",
    ],
)
def test_what_could_be_read_in_another_way_is_not_plain(head):
    """Two readers of one connection that disagree on where an answer ends mix up files."""
    assert read_head(head) is None


@pytest.mark.parametrize(
    ("field", "kept"),
    [
        ("Connection: close", False),
        ("Connection: Upgrade, CLOSE", False),
        ("Connection: keep-alive", True),
        ("Connection: Upgrade, Keep-Alive", True),
        ("X-Connection: close", True),
    ],
)
def test_a_connection_is_kept_unless_the_host_closes_it(field, kept):
    """HTTP/1.1 keeps it by itself."""
    head = read_head(lines("Content-Length: 5", field))
    assert head is not None
    assert head.kept is kept


def test_words_of_several_lines_count_together():
    """A list may be told in parts."""
    head = read_head(lines("Content-Length: 5", "Connection: close", "Connection: Upgrade"))
    assert head is not None
    assert not head.kept


@pytest.mark.parametrize(
    ("fields", "coded"),
    [
        ((), False),
        (("Content-Encoding: identity",), False),
        (("Content-Encoding: gzip",), True),
        (("Content-Encoding: identity", "Content-Encoding: br"), True),
    ],
)
def test_a_coded_body_is_told(fields, coded):
    """It is refused rather than taken for the file."""
    head = read_head(lines("Content-Length: 5", *fields))
    assert head is not None
    assert head.coded is coded


@pytest.mark.parametrize(
    ("framing", "length"),
    [("Transfer-Encoding: chunked", None), ("Content-Length: 300", 300), ("X: y", None)],
)
def test_what_an_answer_that_is_no_success_says_counts_however_long_it_is(framing, length):
    """A refusal need not be read to its end to be understood."""
    head = read_head(lines(framing, "Retry-After: 7", status="HTTP/1.1 429 Too Many Requests"))
    assert head is not None
    assert (head.status, head.length) == (429, length)
    assert head.headers["retry-after"] == "7"


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_an_answer_without_a_body_has_no_plain_length(status):
    """Whatever it says, no bytes follow: aiohttp knows that."""
    head = read_head(lines("Content-Length: 5", status=f"HTTP/1.1 {status}"))
    assert head is not None
    assert head.length is None


def test_of_what_comes_often_the_first_counts():
    """As aiohttp has it."""
    head = read_head(lines("Content-Length: 5", "Date: first", "Date: second"))
    assert head is not None
    assert head.headers["date"] == "first"


@pytest.mark.parametrize(
    "field", ["Connection: close", "Content-Encoding: gzip", 'ETag: W/"a"', "X: \x80", "bad"]
)
def test_a_head_is_read_alike_remembered_or_not(field):
    """Lines of short heads are remembered, those of long ones are not; no line may mean two things."""
    short, long = (
        lines("Content-Length: 5", field),
        lines("Content-Length: 5", field, "X-Long: " + "a" * 2000),
    )
    read = [read_head(head) for head in (short, short + b"X-Other: 1\r\n", long)]
    told = [
        head and (head.status, head.length, head.coded, head.kept, head.headers.get("etag")) for head in read
    ]
    assert told == [told[0]] * 3
    assert (told[0] is None) == (field == "bad")
