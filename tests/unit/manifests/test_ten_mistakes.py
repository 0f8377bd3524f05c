"""Ten mistakes in a manifest are reported as ten problems, each with line and path."""

import pytest

from avatar_async.errors import ManifestError
from avatar_async.manifests import read_manifests
from avatar_async.requests import Severity

TOML = """
# line 1
[defaults.training]
[[jobs]]
name = "one"
kind = "trainin"

[[jobs]]
name = "two"
kind = "rebuild"
material_name = "two"
video_url = "ftp://media.example/a.mp4"
model_url = "https://media.example/m.zip"
segment_style = 7
green_params_blur_k = 3
needs = ["tree"]

[[jobs]]
name = "two"
kind = "training"
material_name = "three"
video_url = "https://media.example/a.mp4"
presets = ["black_edge"]
[jobs.personal]
segment_style = 1
green_params_sample_point_bgr = [
  0,
  275,
  0,
]

[[jobs]]
kind = "image_preview"
material_name = "four"
url = { ref = "five" }
green_params_refineth_h_bgr = 230
"""
TOML_FOUND = [
    (5, "kind", "one"),
    (11, "video_url", "two"),
    (13, "segment_style", "two"),
    (14, "green_params_blur_k", "two"),
    (15, "needs", "two"),
    (18, "name", "two"),
    (22, "presets", "two"),
    (27, "personal.green_params_sample_point_bgr[1]", "two"),
    (31, "name", None),
    (34, "url", None),
    (35, "green_params_refineth_h_bgr", None),
]

JSON = """
{
  "defaults": {},
  "jobs": [
    {"name": "one", "kind": "trainin"},
    {
      "name": "two", "kind": "rebuild",
      "material_name": "two",
      "video_url": "ftp://media.example/a.mp4",
      "model_url": "https://media.example/m.zip",
      "segment_style": 7,
      "green_params_blur_k": 3,
      "needs": ["tree"]
    },
    {
      "name": "two",
      "kind": "training",
      "material_name": "three",
      "video_url": "https://media.example/a.mp4",
      "presets": ["black_edge"],
      "personal": {"segment_style": 1, "green_params_sample_point_bgr": [
        0, 275, 0]}
    },
    {
      "kind": "image_preview",
      "material_name": "four",
      "url": {"ref": "five"},
      "green_params_refineth_h_bgr": 230
    }
  ]
}
"""
JSON_FOUND = [
    (4, "kind", "one"),
    (8, "video_url", "two"),
    (10, "segment_style", "two"),
    (11, "green_params_blur_k", "two"),
    (12, "needs", "two"),
    (15, "name", "two"),
    (19, "presets", "two"),
    (21, "personal.green_params_sample_point_bgr[1]", "two"),
    (23, "name", None),
    (26, "url", None),
    (27, "green_params_refineth_h_bgr", None),
]

JSONL = """
{"name": "one", "kind": "trainin"}

{"name": "two", "kind": "rebuild", "material_name": "two", "video_url": "ftp://m.example/a.mp4", \
"segment_style": 7, "model_url": "https://m.example/m.zip", "green_params_blur_k": 3, "needs": ["tree"]}
{"name": "two", "kind": "image_preview", "material_name": "three", "url": "https://m.example/a.png", \
"presets": ["black_edge"]}
{"kind": "image_preview", "material_name": "four", "url": {"ref": "five"}, "green_params_refineth_h_bgr": 230}
{"name": "six", "name": "seven", "kind": "video_preview", "material_name": "six"}
"""
JSONL_FOUND = [
    (1, "kind", "one"),
    (3, "green_params_blur_k", "two"),
    (3, "needs", "two"),
    (3, "segment_style", "two"),
    (3, "video_url", "two"),
    (4, "name", "two"),
    (4, "presets", "two"),
    (5, "green_params_refineth_h_bgr", None),
    (5, "name", None),
    (5, "url", None),
    (6, "name", None),
    (6, "url", "seven"),
]

CSV = """
name,kind,material_name,video_url,model_url,url,segment_style,needs,presets,green_params_refineth_h_bgr,extra_row
one,trainin,,,,,,,,,
two,rebuild,two,ftp://media.example/a.mp4,https://media.example/m.zip,,7,tree,,,typo
two,rebuild,"three
lines",https://media.example/a.mp4,,,1,,black_edge,,
,image_preview,four,,,"{""ref"": ""five""}",,,,230,
"""
CSV_FOUND = [
    (2, "kind", "one"),
    (3, "extra_row", "two"),
    (3, "needs", "two"),
    (3, "segment_style", "two"),
    (3, "video_url", "two"),
    (4, "model_url", "two"),
    (4, "name", "two"),
    (4, "presets", "two"),
    (6, "green_params_refineth_h_bgr", None),
    (6, "name", None),
    (6, "url", None),
]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("jobs.toml", TOML, TOML_FOUND),
        ("jobs.json", JSON, JSON_FOUND),
        ("jobs.jsonl", JSONL, JSONL_FOUND),
        ("jobs.csv", CSV, CSV_FOUND),
    ],
    ids=["toml", "json", "jsonl", "csv"],
)
def test_every_mistake_is_reported_with_line_path_and_job(name, text, expected, refusal):
    """People fix a batch in one go, not mistake by mistake."""
    found = refusal(name, text)
    assert len(expected) >= 10
    assert {problem.severity for problem in found} == {Severity.ERROR}
    assert sorted((p.line, p.path, p.job or "") for p in found) == sorted(
        (line, path, job or "") for line, path, job in expected
    )
    assert [problem.line for problem in found] == sorted(problem.line for problem in found)
    for problem in found:
        assert problem.file.name == name
        assert f"{name}:{problem.line}: " in str(problem)


def test_the_error_lists_every_problem(read):
    """What is printed is the error itself."""
    with pytest.raises(ManifestError) as caught:
        read("jobs.toml", TOML)
    assert str(caught.value).startswith("11 problems, nothing was sent:\n")
    assert len(str(caught.value).splitlines()) == 12


def test_mistakes_of_several_files_are_reported_together(write):
    """A batch may be spread over files."""
    from avatar_async.errors import ManifestError

    files = [write("b.toml", TOML), write("a.csv", CSV), write("c.txt", "")]
    with pytest.raises(ManifestError) as caught:
        read_manifests([*files, files[0].with_name("gone.json")])
    names = [problem.file.name for problem in caught.value.problems]
    assert list(dict.fromkeys(names)) == ["b.toml", "a.csv", "c.txt", "gone.json"]
