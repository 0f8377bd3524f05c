"""Smoothing of an 8-bit band."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageStat

from avatar_async.media.keying.bands import percentile, smoothed, smoothing_reach


def profile(sigma_px, wide=61):
    """Return a bright column's smoothed cross-section, 0-1."""
    column = np.zeros((9, wide), np.uint8)
    column[:, wide // 2] = 255
    return np.asarray(smoothed(Image.fromarray(column), sigma_px))[4] / 255


@given(st.floats(0.3, 4))
def test_smoothing_has_the_deviation_that_was_asked_for(sigma_px):
    """Small deviations are made from shifted copies, large ones by a filter; both must mean the same."""
    found = profile(sigma_px)
    places = np.arange(len(found)) - len(found) // 2
    assert found.sum() == pytest.approx(1, abs=0.06)
    assert np.sqrt((found * places**2).sum() / found.sum()) == pytest.approx(sigma_px, rel=0.15)


@given(st.integers(0, 255), st.floats(0, 9))
def test_smoothing_leaves_what_is_even(value, sigma_px):
    """Borders included: nothing comes in from outside the picture."""
    even = Image.new("L", (17, 11), value)
    assert smoothed(even, sigma_px).getextrema() == (value, value)


@given(st.floats(0, 1.1), st.integers(0, 1000))
def test_smoothing_keeps_the_mean(sigma_px, seed):
    """Blending rounds down each time; over many times that must not darken."""
    noise = np.random.default_rng(seed).integers(0, 256, (64, 64), np.uint8)
    band = Image.fromarray(noise)
    assert ImageStat.Stat(smoothed(band, sigma_px)).mean[0] == pytest.approx(
        ImageStat.Stat(band).mean[0], abs=2
    )


@given(st.floats(0, 9))
def test_smoothing_looks_no_farther_than_it_says(sigma_px):
    """Strips are cut with that margin."""
    step = np.zeros((3, 121), np.uint8)
    step[:, 60:] = 255
    found = np.asarray(smoothed(Image.fromarray(step), sigma_px))[1]
    reach = smoothing_reach(sigma_px)
    assert not found[: 60 - reach].any()
    assert (found[60 + reach :] == 255).all()


def test_a_share_of_nothing_is_the_highest_value():
    """No candidate must not look like the darkest one."""
    assert percentile([0] * 256, 0.5) == 255
