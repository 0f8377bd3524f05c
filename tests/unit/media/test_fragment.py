"""A picked set becomes a file that a manifest can include."""

import tomllib
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from avatar_async.media.fragment import fragment
from avatar_async.media.parameter_sets import ParameterSet

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@given(medium=st.text(), spill=st.floats(-1, 1), blue=st.integers(0, 255))
def test_a_fragment_is_toml_whatever_the_medium_is_called(medium, spill, blue):
    """File names may hold line ends, quotes and marks; the parameters come back exactly."""
    picked = ParameterSet().changed(
        {"green_params_spill_byalpha": spill, "green_params_sample_point_bgr": (blue, 0, 0)}
    )
    text = fragment(picked.parameters, medium=medium, differences=picked.differences, made_at=AT)
    assert tomllib.loads(text) == {"green_screen": picked.parameters}


def test_a_fragment_tells_where_it_comes_from_and_what_it_is_not():
    """Whoever finds the file a year later."""
    picked = ParameterSet().changed({"green_params_blur_ks": 6})
    text = fragment(picked.parameters, medium="a.mp4 at 2 s", differences=picked.differences, made_at=AT)
    head = text.partition("[green_screen]")[0]
    assert "2026-03-01" in head
    assert "a.mp4 at 2 s" in head
    assert "green_params_blur_ks = 6" in head
    assert "documented directions reproduced; not the vendor's pixels" in head
