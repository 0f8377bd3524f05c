"""The sample is a valid manifest, and editors agree with the reader."""

import json
import tomllib

import jsonschema
import pytest

from avatar_async.manifests import manifest_schema, sample_manifest, sample_profile
from avatar_async.requests import Kind


def schema_errors(manifest):
    """Return what an editor would underline."""
    validator = jsonschema.Draft202012Validator(manifest_schema())
    return list(validator.iter_errors(manifest))


def test_the_sample_holds_all_kinds_and_has_no_problem(read):
    """It is what people begin with."""
    batch = read("sample.toml", sample_manifest())
    assert {spec.kind for spec in batch.jobs} == set(Kind)
    assert batch.warnings == ()
    assert max(map(len, sample_manifest().splitlines())) <= 110


def test_the_sample_fits_the_schema():
    """The schema accepts what the reader accepts."""
    jsonschema.Draft202012Validator.check_schema(manifest_schema())
    assert schema_errors(tomllib.loads(sample_manifest())) == []


def test_the_sample_profile_is_toml():
    """Everything in it is commented out."""
    assert tomllib.loads(sample_profile()) == {}


JOB = {"name": "a", "kind": "rebuild", "segment_style": 1}


@pytest.mark.parametrize(
    "manifest",
    [
        {"jobs": [JOB]},
        {"$schema": "x", "jobs": [JOB]},
        {
            "jobs": [
                {**JOB, "model_url": {"ref": "b"}, "presets": ["general"], "needs": ["b"], "include": ["x"]}
            ]
        },
        {"defaults": {"rebuild": {"action_change": {"support": True}, "presets": []}}, "jobs": [JOB]},
        {"jobs": [{"name": "a", "kind": "training", "request": {"anything": 1}, "needs": []}]},
        {"jobs": [{"name": "a", "kind": "training", "request": "{}"}]},
        {"jobs": [{**JOB, "extra": {"devStage2Config": 0}}]},
    ],
)
def test_the_schema_accepts(manifest):
    """Fields may come from defaults, so none is required of a job."""
    assert schema_errors(manifest) == []


@pytest.mark.parametrize(
    "manifest",
    [
        {},
        {"jobs": []},
        {"jobs": [{"name": "a"}]},
        {"jobs": [{"kind": "rebuild"}]},
        {"jobs": [{**JOB, "kind": "rebuilt"}]},
        {"jobs": [{**JOB, "segment_style": 4}]},
        {"jobs": [{**JOB, "segment_stile": 1}]},
        {"jobs": [{**JOB, "personal": {}}]},
        {"jobs": [{**JOB, "name": " a"}]},
        {"jobs": [{**JOB, "name": "x" * 129}]},
        {"jobs": [{**JOB, "presets": ["nice"]}]},
        {"jobs": [{**JOB, "model_url": {"reff": "b"}}]},
        {"jobs": [{**JOB, "request": {}}]},
        {"jobs": [JOB], "default": {}},
        {"jobs": [JOB], "defaults": {"rebuilt": {}}},
        {"jobs": [JOB], "defaults": {"rebuild": {"name": "a"}}},
        {"jobs": [{"name": "a", "kind": "image_preview", "green_params_refineth_h_bgr": 230}]},
    ],
)
def test_the_schema_refuses(manifest, refusal):
    """And the reader refuses the same."""
    assert schema_errors(manifest)
    assert refusal("jobs.json", json.dumps(manifest))


@pytest.mark.parametrize(
    ("table", "right"),
    [
        ({"green_params_blur_ks": 3}, True),
        ({"green_params_sample_background": {"color": [0, 0, 255]}}, True),
        ({"green_params_blur_k": 3}, False),
        ({"green_params_colorbalance": 101}, False),
        ({"green_params_sample_point_bgr": [0, 255]}, False),
        (3, False),
    ],
)
def test_the_schema_knows_included_files(table, right, read, refusal, tmp_path):
    """Editors underline what the reader refuses, also in picked parameters."""
    schema = manifest_schema()
    included = {"$ref": "#/$defs/included_file", "$defs": schema["$defs"]}
    assert jsonschema.Draft202012Validator(included).is_valid({"green_screen": table}) is right
    (tmp_path / "picked.json").write_text(json.dumps({"green_screen": table}))
    job = {**JOB, "material_name": "a", "video_url": "https://x/a.mp4", "model_url": "https://x/m.zip"}
    text = json.dumps({"jobs": [{**job, "include": ["picked.json"]}]})
    if right:
        assert read("jobs.json", text).jobs
    else:
        assert refusal("jobs.json", text)
