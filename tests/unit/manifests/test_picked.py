"""Green-screen parameters picked in a preview reach everything of a job that is keyed, and nothing else."""

from datetime import UTC, datetime

import pytest

from avatar_async.media.fragment import fragment
from avatar_async.media.parameter_sets import WORDS, ParameterSet
from avatar_async.requests import Severity

PICKED = "[green_screen]\ngreen_params_blur_ks = 5\ngreen_params_sample_background = { color = [0, 0, 0] }\n"
TRAINING = """
[[jobs]]
name = "model"
kind = "training"
material_name = "a"
video_url = "https://media.example/base.mp4"
include = ["picked.toml"]
"""
REBUILD = """
[[jobs]]
name = "update"
kind = "rebuild"
material_name = "a"
video_url = "https://media.example/base.mp4"
model_url = "https://media.example/m.zip"
include = ["picked.toml"]
"""
TAKEOVER = """
[[jobs]]
name = "t"
kind = "takeover"
include = ["picked.toml"]
[jobs.request]
videoName = "t"
param = { digital_role = { id = 1 }, tts_query = { content = "a" } }
"""
PREVIEW = """
[[jobs]]
name = "look"
kind = "{kind}"
material_name = "a"
url = "https://media.example/a.png"
include = ["picked.toml"]
"""


@pytest.fixture
def plain(read, write):
    """Return the request of the only job of a manifest that includes picked parameters."""

    def request(text, picked=PICKED):
        write("picked.toml", picked)
        batch = read("jobs.toml", text)
        assert batch.warnings == ()
        return batch.jobs[0].request.to_plain()

    return request


def test_a_whole_fragment_fits_every_kind_of_job(read, write):
    """What the contact sheet gives is included as it is, whatever is made with it."""
    chosen = ParameterSet().changed({"green_params_refineth_h_bgr": 180, "green_params_spill_byalpha": -0.3})
    text = fragment(
        chosen.parameters,
        medium="a",
        differences=chosen.differences,
        made_at=datetime(2026, 3, 1, tzinfo=UTC),
    )
    write("picked.toml", text)
    jobs = TRAINING + "personal.segment_style = 1\n" + REBUILD + "segment_style = 3\n"
    jobs += PREVIEW.format(kind="image_preview") + PREVIEW.format(kind="video_preview").replace("look", "2")
    batch = read("jobs.toml", jobs)
    assert batch.warnings == ()
    model, update, *looks = (spec.request.to_plain() for spec in batch.jobs)
    for name in WORDS:
        if name != "green_params_sample_background":
            assert model["personal"][name] == update[name] == chosen.parameters[name]
        assert [look[name] for look in looks] == [chosen.parameters[name]] * 2
    assert "green_params_sample_background" not in {**update, **model["personal"]}


def test_they_reach_the_keyed_videos_of_a_training_and_no_other(plain):
    """A video with a mask of its own, or none, has no use for them."""
    model = plain(
        TRAINING
        + """personal.segment_style = 1
        override = [
          { video_url = "https://media.example/b.mp4", segment_style = 3 },
          { video_url = "https://media.example/c.mp4", segment_style = 0 },
          { video_url = "https://media.example/d.mp4", segment_style = 1, green_params_blur_ks = 9 },
        ]
        """
    )
    assert model["personal"] == {"segment_style": 1, "green_params_blur_ks": 5}
    assert [item.get("green_params_blur_ks") for item in model["override"]] == [5, None, 9]


def test_only_auxiliary_videos_may_be_keyed(plain):
    """The base video without a screen is left alone."""
    model = plain(
        TRAINING
        + """personal.segment_style = 0
        override = [{ video_url = "https://media.example/b.mp4", segment_style = 1 }]
        """
    )
    assert model["personal"] == {"segment_style": 0}
    assert model["override"][0]["green_params_blur_ks"] == 5


def test_the_jobs_own_fields_win_and_defaults_do_not(read, write):
    """The nearer to the job, the stronger."""
    write("picked.toml", PICKED + "green_params_colorbalance = 80\n")
    batch = read(
        "jobs.toml",
        """
        [defaults.training]
        include = ["picked.toml"]
        personal = { segment_style = 1, green_params_blur_ks = 1, green_params_refineth_h_bgr = 200 }
        [[defaults.training.override]]
        video_url = "https://media.example/b.mp4"
        segment_style = 1
        green_params_blur_ks = 1
        """
        + TRAINING
        + "personal.green_params_colorbalance = 70\n",
    )
    model = batch.jobs[0].request.to_plain()
    assert model["personal"] == {
        "segment_style": 1,
        "green_params_blur_ks": 5,
        "green_params_colorbalance": 70,
        "green_params_refineth_h_bgr": 200,
    }
    assert model["override"][0]["green_params_blur_ks"] == 5


def test_the_vendors_own_json_wins_as_well(plain):
    """A job given as `request` is the job's own."""
    model = plain(
        """
        [[jobs]]
        name = "model"
        kind = "training"
        include = ["picked.toml"]
        [jobs.request]
        materialName = "a"
        videoUrl = "https://media.example/base.mp4"
        [jobs.request.param.personal]
        segmentStyle = 1
        greenParamsColorbalance = 60
        """,
        PICKED + "green_params_colorbalance = 80\n",
    )
    assert model["personal"]["green_params_colorbalance"] == 60
    assert model["personal"]["green_params_blur_ks"] == 5


def test_later_files_lie_over_earlier_ones_and_fields_over_both(read, write):
    """Tables of two files are one; a field at its place is nearer than a table for all places."""
    write("picked.toml", PICKED + "green_params_colorbalance = 80\n")
    write(
        "more.toml", "[personal]\ngreen_params_blur_ks = 7\n[green_screen]\ngreen_params_colorbalance = 60\n"
    )
    text = TRAINING.replace('"picked.toml"', '"picked.toml", "more.toml"') + "personal.segment_style = 1\n"
    model = read("jobs.toml", text).jobs[0].request.to_plain()
    assert model["personal"]["green_params_blur_ks"] == 7
    assert model["personal"]["green_params_colorbalance"] == 60


@pytest.mark.parametrize(
    "text",
    [
        TRAINING + "personal.segment_style = 2\n",
        REBUILD + "segment_style = 0\n",
        TAKEOVER,
    ],
)
def test_parameters_that_change_nothing_are_told(text, read, write):
    """Whoever includes them believes in an effect."""
    write("picked.toml", PICKED)
    (warning,) = (each for each in read("jobs.toml", text).warnings if each.path == "include")
    assert "picked.toml change nothing: no video of this job is keyed" in warning.message


def test_mistakes_in_the_table_name_file_line_and_key(refusal, write):
    """Once, however many jobs include it; wrong values with the place where they stand."""
    write("picked.toml", PICKED + "green_params_blurks = 3\ngreen_params_colorbalance = 101\n")
    jobs = TRAINING + "personal.segment_style = 1\n" + REBUILD + "segment_style = 1\n"
    found = refusal("jobs.toml", jobs)
    assert [(each.file.name, each.line) for each in found if each.severity is Severity.ERROR] == [
        ("picked.toml", 4),
        ("picked.toml", 5),
        ("picked.toml", 5),
    ]
    assert "green_screen.green_params_blurks is no green-screen parameter" in found[0].message
    assert "did you mean green_params_blur_ks?" in found[0].message
    assert {each.path for each in found[1:]} == {
        "personal.green_params_colorbalance",
        "green_params_colorbalance",
    }


def test_a_value_of_an_auxiliary_video_is_found_in_the_included_file(refusal, write):
    """Not at the video, where nobody wrote it."""
    write("picked.toml", "[green_screen]\ngreen_params_blur_ks = -1\n")
    override = 'override = [{ video_url = "https://media.example/b.mp4", segment_style = 1 }]\n'
    (problem,) = refusal("jobs.toml", TRAINING + "personal.segment_style = 0\n" + override)
    assert (problem.file.name, problem.line) == ("picked.toml", 2)
    assert problem.path == "override[0].green_params_blur_ks"


def test_the_table_is_a_table(refusal, write):
    """With what to write instead."""
    write("picked.toml", "green_screen = 3\n")
    (problem,) = refusal("jobs.toml", REBUILD + "segment_style = 1\n")
    assert (problem.file.name, problem.line) == ("picked.toml", 1)
    assert "write [green_screen] above them" in problem.message
