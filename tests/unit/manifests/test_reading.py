"""What a manifest says is what the jobs are."""

import json

import pytest

from avatar_async.errors import ManifestError
from avatar_async.manifests import read_manifests
from avatar_async.requests import BaseVideo, Kind, RebuildRequest, Ref, Severity, TrainingRequest, from_vendor

REBUILD = """
[[jobs]]
name = "one"
kind = "rebuild"
material_name = "one"
video_url = "https://media.example/a.mp4"
model_url = "https://media.example/m.zip"
segment_style = 1
"""
EXPECTED = RebuildRequest(
    material_name="one",
    video_url="https://media.example/a.mp4",
    model_url="https://media.example/m.zip",
    segment_style=1,
)


def test_the_four_forms_say_the_same(read):
    """TOML, JSON, JSON Lines and CSV differ in form only."""
    job = {"name": "one", "kind": "rebuild", **EXPECTED.to_plain()}
    line = json.dumps(job)
    columns = ",".join(job)
    cells = ",".join(str(value) for value in job.values())
    for name, text in (
        ("jobs.toml", REBUILD),
        ("jobs.json", json.dumps({"jobs": [job]}, indent=2)),
        ("jobs.jsonl", f"\ufeff{line}\n\n"),
        ("jobs.csv", f"\ufeff{columns}\n{cells}\n"),
        ("jobs.CSV", f"{columns};\r\n{cells};\r\n".replace(",", ";")),
    ):
        batch = read(name, text)
        assert [(spec.name, spec.kind, spec.request, spec.needs) for spec in batch.jobs] == [
            ("one", Kind.REBUILD, EXPECTED, ())
        ]
        assert batch.warnings == ()


def test_defaults_includes_and_own_fields_lie_over_each_other(read, write):
    """The nearer to the job, the stronger; tables are merged."""
    write("picked.toml", "[personal]\ngreen_params_blur_ks = 5\ngreen_params_colorbalance = 80\n")
    batch = read(
        "jobs.toml",
        """
        [defaults.training]
        video_url = "https://media.example/base.mp4"
        personal = { segment_style = 1, green_params_blur_ks = 1, green_params_refineth_h_bgr = 200 }
        [[jobs]]
        name = "one"
        kind = "training"
        material_name = "one"
        include = ["picked.toml"]
        personal.green_params_colorbalance = 70
        """,
    )
    assert batch.jobs[0].request == TrainingRequest(
        material_name="one",
        video_url="https://media.example/base.mp4",
        personal=BaseVideo(
            segment_style=1,
            green_params_refineth_h_bgr=200,
            green_params_blur_ks=5,
            green_params_colorbalance=70,
        ),
    )


def test_presets_are_applied_last_and_say_what_they_replace(read):
    """The recipe holds; a value of one's own that it replaces is named."""
    text = REBUILD + 'green_params_blur_ks = 9\npresets = ["black_edges", "grey_cheeks"]\n'
    batch = read("jobs.toml", text)
    request = batch.jobs[0].request
    assert request.to_plain()["green_params_refineth_h_bgr"] == 90
    assert request.to_plain()["segment_style"] == 3
    (warning,) = batch.warnings
    assert (warning.line, warning.path) == (8, "green_params_blur_ks")
    assert warning.message == "green_params_blur_ks is 9, but the presets set 3"


def test_a_preset_without_effect_is_warned_about(read):
    """A recipe on the wrong kind would be a silent disappointment."""
    batch = read(
        "jobs.toml",
        """
        [[jobs]]
        name = "look"
        kind = "image_preview"
        material_name = "a"
        url = "https://media.example/a.png"
        presets = "sharper"
        """,
    )
    assert [(w.path, w.line) for w in batch.warnings] == [("presets", 6)]


def test_the_vendors_own_json_is_taken_as_it_is(read):
    """A request pasted out of the documents, as object, with param as text, or all as text."""
    param = {
        "personal": {"segmentStyle": 1, "later": 1},
        "persistent": {"videoCrfQuality": 20, "stage1Config": [0]},
    }
    body = {"materialName": "a", "videoUrl": "https://media.example/a.mp4", "param": json.dumps(param)}
    expected = from_vendor("training", body)
    for request in (body, {**body, "param": param}, json.dumps(body)):
        text = json.dumps({"jobs": [{"name": "one", "kind": "training", "request": request}]}, indent=1)
        batch = read("jobs.json", text)
        assert batch.jobs[0].request == expected
        (warning,) = batch.warnings
        assert warning.path == "personal.extra.later"


def test_problems_of_vendor_json_have_their_own_lines(refusal):
    """The pasted JSON is long; the line is what helps."""
    body = {
        "materialName": "a",
        "url": "ftp://x/y",
        "param": {"green_params_blur_ks": 0, "greenParamsRefinethHBgr": 230, "green_params_colorbalance": 1},
    }
    text = json.dumps({"jobs": [{"name": "one", "kind": "image_preview", "request": body}]}, indent=1)
    lines = text.split("\n")
    for problem in refusal("jobs.json", text):
        word = {"green_params_refineth_h_bgr": "greenParamsRefinethHBgr"}.get(problem.path, problem.path)
        assert word in lines[problem.line - 1]


def test_fields_beside_vendor_json_are_refused(refusal):
    """Which of the two would hold?"""
    (problem,) = refusal("jobs.toml", REBUILD + 'request = "{}"\n')[:1]
    assert "either fields or request" in problem.message


@pytest.mark.parametrize("request_text", ['"{"', "3", '["a"]', '"[]"'])
def test_a_request_that_is_no_object_is_refused(request_text, refusal):
    """Anything else cannot be sent."""
    text = f'[[jobs]]\nname = "a"\nkind = "rebuild"\nrequest = {request_text}\n'
    (problem,) = refusal("jobs.toml", text)
    assert (problem.path, problem.line) == ("request", 4)


def test_references_become_needs(read):
    """What a job refers to, it waits for."""
    text = REBUILD.replace('"https://media.example/m.zip"', '{ ref = "two", index = 1 }')
    text += 'needs = ["three"]\n' + REBUILD.replace('"one"', '"two"') + REBUILD.replace('"one"', '"three"')
    jobs = read("jobs.toml", text).jobs
    assert jobs[0].needs == ("three", "two")
    assert jobs[0].request.refs() == [Ref("two", "model", 1)]


def test_a_reference_to_what_a_job_does_not_make_is_warned_about(read):
    """An image preview makes no model, so the job would wait for ever."""
    text = REBUILD.replace('"https://media.example/m.zip"', '{ ref = "look" }')
    text += (
        '[[jobs]]\nname = "look"\nkind = "image_preview"\nmaterial_name = "a"\nurl = "https://m.example/a"\n'
    )
    (warning,) = read("jobs.toml", text).warnings
    assert (warning.path, warning.line) == ("model_url", 6)
    assert "expected to make image" in warning.message


def test_jobs_of_several_files_may_need_each_other(write):
    """The files together are one batch."""
    one = write("a.toml", REBUILD + 'needs = ["two"]\n')
    two = write("b.toml", REBUILD.replace('"one"', '"two"'))
    assert [spec.needs for spec in read_manifests([one, two]).jobs] == [("two",), ()]


@pytest.mark.parametrize("size", [1, 2, 5])
def test_needs_in_a_circle_are_refused(size, refusal):
    """None of these jobs could ever start."""
    text = ""
    for number in range(size):
        text += REBUILD.replace('"one"', f'"j{number}"') + f'needs = ["j{(number + 1) % size}"]\n'
    text += REBUILD.replace('"one"', '"waits"') + 'needs = ["j0"]\n'
    (problem,) = refusal("jobs.toml", text)
    assert "circle" in problem.message
    assert problem.message.count("->") == size
    assert problem.path == "needs"


def test_a_long_chain_of_needs_is_no_circle(read):
    """Ten thousand jobs in a row are unusual, not wrong."""
    job = {"kind": "image_preview", "material_name": "a", "url": "https://m.example/a.png"}
    lines = [json.dumps({"name": f"j{n}", **job, "needs": [f"j{n + 1}"]}) for n in range(2000)]
    lines.append(json.dumps({"name": "j2000", **job}))
    assert len(read("jobs.jsonl", "\n".join(lines)).jobs) == 2001


def test_values_are_warned_about_under_warn_and_ignored_under_off(read):
    """The vendor's own examples must run when a person says so."""
    text = REBUILD + "green_params_sample_point_bgr = [7, 275, 7]\n"
    batch = read("jobs.toml", text, validation="warn")
    (warning,) = batch.warnings
    assert (warning.severity, warning.line) == (Severity.WARNING, 8)
    assert batch.jobs[0].request.to_vendor()["greenParamsSamplePointBgr"] == [7, 275, 7]
    assert read("jobs.toml", text, validation="off").warnings == ()


@pytest.mark.parametrize(
    "broken",
    [
        REBUILD + "segment_stile = 1\n",
        REBUILD + 'needs = ["gone"]\n',
        REBUILD + 'needs = ["one"]\n',
        REBUILD + REBUILD,
        REBUILD + 'presets = ["nice"]\n',
        REBUILD + 'include = ["gone.toml"]\n',
        REBUILD.replace("rebuild", "rebuilt"),
        REBUILD + "x = \n",
        REBUILD + "asset_start = nan\n",
        REBUILD.replace('name = "one"\n', "", 1),
    ],
)
@pytest.mark.parametrize("validation", ["strict", "warn", "off"])
def test_mistakes_of_structure_refuse_under_every_validation(broken, validation, refusal):
    """What was meant cannot be guessed."""
    found = [p for p in refusal("jobs.toml", broken, validation=validation) if p.severity is Severity.ERROR]
    assert len(found) == 1


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ('""', "empty"),
        ('"  "', "empty"),
        ('" a"', "blank"),
        ('"a\\nb"', "control"),
        ("5", "text is needed"),
        (f'"{"x" * 129}"', "at most 128"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused(name, fault, refusal):
    """Names become folders and are typed on the command line."""
    (problem,) = refusal("jobs.toml", REBUILD.replace('"one"', name, 1))
    assert (problem.path, problem.line) == ("name", 2)
    assert fault in problem.message


def test_keys_misspelt_at_any_level_are_hinted_at(refusal):
    """A typo costs a second, not an afternoon."""
    text = "job = 1\n[default.training]\n[defaults.trainings]\n[defaults.rebuild]\nsegment_stile = 1\n"
    text += REBUILD + 'need = ["x"]\npreset = "general"\n'
    found = {problem.path: problem.message for problem in refusal("jobs.toml", text)}
    assert "did you mean jobs?" in found["job"]
    assert "did you mean defaults?" in found["default"]
    assert "did you mean training?" in found["defaults.trainings"]
    assert "did you mean segment_style?" in found["defaults.rebuild.segment_stile"]
    assert "did you mean needs?" in found["need"]
    assert "did you mean presets?" in found["preset"]
    assert len(found) == 6


def test_a_wrong_default_is_reported_once(refusal):
    """A thousand jobs share it."""
    text = "[defaults.rebuild]\nvideo_crf_quality = 99\n" + REBUILD + REBUILD.replace('"one"', '"two"')
    (problem,) = refusal("jobs.toml", text)
    assert problem.line == 2


def test_problems_of_an_included_file_name_that_file(refusal, write):
    """The mistake stands there, not in the manifest."""
    write("picked.toml", "# picked\ngreen_params_blur_ks = -1\ntypo = 1\n")
    found = refusal("jobs.toml", REBUILD + 'include = ["picked.toml"]\n')
    assert [(p.file.name, p.line, p.path) for p in found] == [
        ("picked.toml", 2, "green_params_blur_ks"),
        ("picked.toml", 3, "typo"),
    ]


@pytest.mark.parametrize(
    ("name", "text", "where"),
    [
        ("picked.toml", "a = \n", ("picked.toml", 1)),
        ("picked.json", "{\n]", ("picked.json", 2)),
        ("picked.json", "[]", ("picked.json", 1)),
        ("picked.csv", "a", ("jobs.toml", 8)),
    ],
)
def test_an_included_file_that_cannot_be_read_is_reported(name, text, where, refusal, write):
    """With the line in the file, or where it is included."""
    write(name, text)
    (problem,) = refusal("jobs.toml", REBUILD + f'include = ["{name}"]\n')
    assert (problem.file.name, problem.line) == where


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("a.toml", "x = 1\ny = = 2\n", 2),
        ("a.toml", "x = [1,\n", 1),
        ("a.toml", "", 1),
        ("a.toml", "jobs = 1\n", 1),
        ("a.toml", "\n\njobs = [1]\n", 2),
        ("a.toml", "defaults = 1\n[[jobs]]\nname='a'\nkind='x'\n", 1),
        ("a.json", '{"jobs": [\n{},,]}', 2),
        ("a.json", "[]", 1),
        ("a.json", '{"jobs": []}', 1),
        ("a.jsonl", '\n\n{"a": }', 2),
        ("a.jsonl", "\n\n[]", 2),
        ("a.csv", "", 1),
        ("a.csv", "name,kind\n", 1),
        ("a.csv", 'name,kind\n"a,b\n', 2),
    ],
)
def test_a_file_that_is_no_manifest_is_refused_with_a_line(name, text, line, write):
    """Syntax errors are problems like all others."""
    with pytest.raises(ManifestError) as caught:
        read_manifests([write(name, text)])
    assert caught.value.problems[0].line == line


def test_text_that_is_not_utf_8_is_refused_with_its_line(tmp_path):
    """Spreadsheets like to write other encodings."""
    path = tmp_path / "jobs.csv"
    path.write_bytes("name,kind\nä,rebuild\n".encode("latin-1"))
    with pytest.raises(ManifestError) as caught:
        read_manifests([path])
    assert [problem.line for problem in caught.value.problems] == [2]


def test_fields_nested_too_deeply_are_refused(refusal):
    """A hostile file must not end in a traceback."""
    job = '{"name": "a", "kind": "rebuild", "extra": {"x": ' + "[" * 800 + "]" * 800 + "}}"
    (problem,) = refusal("jobs.jsonl", job)
    assert problem.line == 1
    (problem,) = refusal("jobs.toml", "x = " + "[" * 5000 + "]" * 5000)
    assert problem.line == 1


def test_dates_are_text(read):
    """A material may be named by a day without quotation marks."""
    batch = read("jobs.toml", REBUILD.replace('material_name = "one"', "material_name = 2024-05-01"))
    assert batch.jobs[0].request.name == "2024-05-01"


def test_a_manifest_named_twice_is_one_problem(write):
    """Not one for each of its thousand jobs."""
    path = write(
        "jobs.toml",
        """
        [[jobs]]
        name = "a"
        kind = "image_preview"
        material_name = "a"
        url = "https://media.example/a.png"
        """,
    )
    with pytest.raises(ManifestError) as caught:
        read_manifests([path, path.parent / "." / path.name])
    [problem] = caught.value.problems
    assert problem.message == "this manifest is named twice"


def test_a_request_that_is_there_twice_is_warned_of(read):
    """A copied line that was not changed costs a training."""
    batch = read(
        "jobs.csv",
        """
        name,kind,material_name,url
        a,image_preview,m,https://media.example/a.png?sign=1
        b,image_preview,m,https://media.example/a.png?sign=2
        c,image_preview,m,https://media.example/c.png
        d,video_preview,m,https://media.example/a.png
        """,
    )
    assert [job.name for job in batch.jobs] == list("abcd")
    [warning] = batch.warnings
    assert (warning.job, warning.line) == ("b", 3)
    assert "the same as 'a'" in warning.message


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"jobs": ' + "[" * 100_000, "nested too deeply"),
        ('{"jobs": [' + "9" * 5000 + "]}", "too many digits"),
    ],
)
def test_what_no_parser_takes_is_told_without_talk_of_python(refusal, text, told):
    """Nobody who writes manifests knows what a recursion depth is."""
    [problem] = refusal("jobs.json", text)
    assert told in problem.message
    assert "sys." not in problem.message
    assert "recursion" not in problem.message
