"""What people pass on holds addresses without what is secret in them."""

from urllib.parse import urlsplit, urlunsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_async.requests.addresses import is_web_url, public_text, public_url, public_value


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("https://m.example/a.mp4?Signature=s&Expires=1", "https://m.example/a.mp4"),
        ("https://me:word@m.example:8443/a#part", "https://m.example:8443/a"),
        ("https://me:p@ss@m.example", "https://m.example"),
        ("http://[::1]:80/a?b", "http://[::1]:80/a"),
        ("http://[broken?secret", "http://[broken"),
        ("https://m.example/@a/b", "https://m.example/@a/b"),
        ("relative/path?secret", "relative/path"),
        ("", ""),
    ],
)
def test_an_address_loses_user_password_query_and_fragment(url, public):
    """Signatures stand in queries, passwords of proxies before the host."""
    assert public_url(url) == public


@given(
    st.sampled_from(["http", "https"]),
    st.from_regex(r"[a-z0-9.:@-]{0,20}[a-z0-9]", fullmatch=True),
    st.from_regex(r"(/[a-zA-Z0-9@:%._-]{0,9}){0,3}", fullmatch=True),
    st.from_regex(r"(\?[a-z=&@/:?]{0,9})?(#[a-z/?@]{0,9})?", fullmatch=True),
)
def test_an_address_is_split_where_the_standard_library_splits_it(scheme, host, path, tail):
    """The rule is written out so that it cannot fail; it is no rule of its own."""
    parts = urlsplit(f"{scheme}://{host}{path}{tail}")
    expected = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    assert public_url(f"{scheme}://{host}{path}{tail}") == expected


def test_addresses_inside_text_are_made_public_and_the_rest_stays():
    """Services put addresses into their messages."""
    text = "GET https://u:p@m.example/a?sig=1 failed (see 'ftp://m.example/b?c=2'), 50%?"
    assert public_text(text) == "GET https://m.example/a failed (see 'ftp://m.example/b'), 50%?"
    assert public_text("torn https://m.example/a b?sig=1") == "torn https://m.example/a b"


@given(st.text(), st.text(alphabet=st.characters(codec="ascii", exclude_characters=" \t\n\r\f\v<>\"'")))
def test_no_query_survives_in_any_text(before, query):
    """Whatever stands around it."""
    secret = "s3cr3t-" + query.replace("://", "")
    assert secret not in public_text(f"{before} https://h.invalid/a?{secret} after")


def test_a_value_is_made_public_at_every_depth():
    """Undocumented keys may hold anything."""
    value = {"a": ["https://m.example/x y?s", 3], "b": {"c": "at https://m.example/?s."}, "d": (None,)}
    assert public_value(value) == {
        "a": ["https://m.example/x y", 3],
        "b": {"c": "at https://m.example/"},
        "d": (None,),
    }


def test_only_text_can_be_a_web_url():
    """The spelling of the scheme does not matter."""
    assert is_web_url("HTTPS://m.example")
    assert not any(map(is_web_url, ("ftp://m.example", "", 5, None)))
