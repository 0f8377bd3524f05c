"""One job a row, one field a column."""

from avatar_async.requests import Ref, TrainingRequest

HEADER = (
    "name,kind,material_name,video_url,personal.segment_style,personal.green_params_sample_point_bgr,"
    "persistent.multi_faces,override[0].video_url,override[0].segment_style,override[1].video_url,"
    "override[1].segment_style,needs,persistent.stage1_config,extra.note,personal.action_change\n"
)


def test_dotted_columns_build_nested_fields(read):
    """Spreadsheets are flat, requests are not."""
    row = (
        '007,training,0815,https://m.example/a.mp4,1,"[0, 255, 0]",FALSE,https://m.example/b.mp4,1,'
        'https://m.example/c.mp4,2,,"[0,1]",5,"{""support"": false}"\n'
    )
    (spec,) = read("jobs.csv", HEADER + row, validation="off").jobs
    assert spec.name == "007"
    assert isinstance(spec.request, TrainingRequest)
    assert spec.request.to_plain() == {
        "material_name": "0815",
        "video_url": "https://m.example/a.mp4",
        "personal": {
            "segment_style": 1,
            "green_params_sample_point_bgr": [0, 255, 0],
            "action_change": {"support": False},
        },
        "override": [
            {"video_url": "https://m.example/b.mp4", "segment_style": 1},
            {"video_url": "https://m.example/c.mp4", "segment_style": 2},
        ],
        "persistent": {
            "video_crf_quality": 23,
            "stage1_config": [0, 1],
            "dev": {"stage2": {"config": 0}},
            "multi_faces": False,
        },
        "extra": {"note": 5},
    }


def test_rows_may_leave_columns_empty_and_kinds_may_mix(read):
    """One table holds a whole mixed batch."""
    batch = read(
        "jobs.csv",
        """
        name,kind,material_name,video_url,model_url,segment_style,url,needs
        one,rebuild,a,https://m.example/a.mp4,"{""ref"": ""two""}",1,,look other

        two,rebuild,b,https://m.example/a.mp4,https://m.example/m.zip,0,,
        look,image_preview,c,,,,https://m.example/a.png,
        other,image_preview,c,,,,https://m.example/a.png,"[""look""]"
        """,
    )
    assert [spec.needs for spec in batch.jobs] == [("look", "other", "two"), (), (), ("look",)]
    assert batch.jobs[0].request.refs() == [Ref("two")]


def test_a_cell_that_is_no_number_is_reported_with_its_row(refusal):
    """The row is what a person sees in the spreadsheet."""
    text = """
    name,kind,material_name,url,green_params_blur_ks
    a,image_preview,"two
    lines",https://m.example/a.png,3
    b,image_preview,b,https://m.example/a.png,three
    """
    (problem,) = refusal("jobs.csv", text)
    assert (problem.line, problem.path, problem.job) == (4, "green_params_blur_ks", "b")
    assert problem.message == 'green_params_blur_ks is "three"; an integer is needed'


def test_mistakes_of_the_table_itself_are_reported(refusal):
    """Shifted cells would otherwise land in the wrong field."""
    text = """
    name,kind,material_name,url,url,a..b,,override[1].name
    a,image_preview,a,https://m.example/a.png,,,x,
    b,image_preview,a,https://m.example/a.png,,,,,too many
    c,training,a,,,,,third
    """
    found = [(problem.line, problem.message) for problem in refusal("jobs.csv", text, validation="off")]
    assert len(found) == 5
    assert [line for line, _ in found] == [1, 1, 2, 3, 4]
    assert "column url is there twice" in found[0][1]
    assert "'a..b'" in found[1][1]
    assert "no name" in found[2][1]
    assert "no name" in found[3][1]
    assert "override[0] is missing" in found[4][1]


def test_a_column_inside_a_filled_cell_is_reported(refusal):
    """`personal` as text and `personal.segment_style` cannot both hold."""
    text = "name,kind,personal,personal.segment_style\na,training,x,1\n"
    (problem,) = refusal("jobs.csv", text, validation="off")
    assert (problem.line, problem.path) == (2, "personal.segment_style")


def test_json_cells_and_dotted_columns_may_be_mixed(read):
    """The object as JSON, one parameter as a column."""
    text = 'name,kind,personal,personal.green_params_blur_ks\na,training,"{""segment_style"": 1}",5\n'
    (spec,) = read("jobs.csv", text, validation="off").jobs
    assert spec.request.to_plain()["personal"] == {"segment_style": 1, "green_params_blur_ks": 5}
