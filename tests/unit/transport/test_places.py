"""Addresses cut in two: what is asked for is what a parsed address asks for."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from avatar_async._transport.addresses import address_of, name_of
from avatar_async._transport.places import cut
from avatar_async._transport.plainconnector import origin_of
from avatar_async.errors import ReplyError

SIGNED = "https://cdn.example.com/results/7/m%20a.zip?Expires=1799999999&Signature=a%2Fb~c_d-&Key=x"
PIECES = st.lists(
    st.sampled_from(
        [
            "http://", "https://", "HTTP://", "ftp://", "h.example", "H.Example", "127.0.0.1", "[::1]",
            "-h", "h..x", ":", ":80", ":443", ":8080", ":0", ":99999", "user:pw@", "/", "//", "/a/../b",
            "/./", "/a b", "/主", "/%7e", "/%zz", "?", "?q=1", "&r=a/b", "=", "#part", "\\", '"', "|", ";v=1",
            "@", "'", "\r\n", "\x7f",
        ]
    ),
    max_size=8,
).map("".join)  # fmt: skip


def parsed(url):
    """Return what a parsed address says; None if it is none."""
    try:
        address = address_of(url)
        host = address.host_port_subcomponent
        return origin_of(address), address.host, host, name_of(address), address.raw_path_qs
    except (ReplyError, ValueError):
        return None


@given(PIECES | PIECES.map("http://h.example".__add__) | PIECES.map("https://127.0.0.1:81/a".__add__))
@example("http://h.example?q")
@example("http://h.example/a?")
@example("http://h.example:08/a")
def test_an_address_that_is_cut_asks_for_what_it_says(url):
    """The signature of an address holds for its very characters, and for its host."""
    try:
        found = cut(url)
    except (ReplyError, ValueError):
        assert parsed(url) is None
        return
    if found is not None:
        place, path = found
        assert (place.origin, place.host, place.header, place.name, path) == parsed(url)


def test_signed_addresses_are_cut():
    """Otherwise nothing would be won."""
    found = cut(SIGNED)
    assert found is not None
    assert (found[0].header, found[1]) == ("cdn.example.com", SIGNED.removeprefix("https://cdn.example.com"))
    assert cut("http://127.0.0.1:8080") == cut("http://127.0.0.1:8080/")


@pytest.mark.parametrize(
    "url",
    ["https://u:p@h.example/a", "https://h.example/a#b", "https://h.example/a b", "https://h.example/主"],
)
def test_what_must_not_stand_in_a_request_is_not_cut(url):
    """Credentials become a header, and other signs are percent-encoded."""
    assert cut(url) is None
