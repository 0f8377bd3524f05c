"""Rules between fields: each with a request that breaks it and one that keeps it."""

from collections.abc import Callable
from typing import Any

import attrs
import pytest

from avatar_async.requests import (
    UNSET,
    Action,
    ActionEdit,
    AuxiliaryVideo,
    BaseVideo,
    Dev,
    Persistent,
    Problem,
    RebuildRequest,
    Request,
    Rule,
    Severity,
    Stage2,
    StaticDynamic,
    TakeoverRequest,
    TrainingRequest,
)

URL = "https://media.example/a.mp4"
CHANGE = StaticDynamic(
    support=True, static_range_start=0, static_range_end=5, dynamic_range_start=5, dynamic_range_end=9
)
EDIT = ActionEdit(
    support=True, video_path=URL, action_list=[Action(name="wave", clip_range_start=0, clip_range_end=2)]
)
LIVE_ITEM = AuxiliaryVideo(
    video_url=URL, segment_style=1, asset_start=0, asset_end=9, asset_scale=1.0, name="a", description="b"
)
ITEM = AuxiliaryVideo(video_url=URL, segment_style=1)


def training(personal=None, **fields):
    """Make a training request that is complete."""
    personal = BaseVideo(segment_style=1) if personal is None else personal
    return TrainingRequest(material_name="a", video_url=URL, personal=personal, **fields)


def rebuild(**fields):
    """Make an update request that is complete."""
    return RebuildRequest(
        **{"material_name": "a", "video_url": URL, "model_url": URL, "segment_style": 1, **fields}
    )


def takeover(**param):
    """Return what makes a takeover request, which warns, so that it is made inside a test."""
    return lambda: TakeoverRequest.from_vendor({"videoName": "a", "param": param})


def of_type(avatar_type, config=0):
    """Make global parameters with an avatar type and a resolution."""
    return Persistent(avatar_type=avatar_type, dev=Dev(stage2=Stage2(config=config)))


def with_item(**fields):
    """Make a training with one auxiliary video."""
    return training(override=[AuxiliaryVideo(**{"video_url": URL, "segment_style": 1, **fields})])


ERROR, WARNING = Severity.ERROR, Severity.WARNING
CASES = {
    "several faces need a picture": (
        training(persistent=Persistent(multi_faces=True)),
        training(persistent=Persistent(multi_faces=True, template_face_pic=URL)),
        "persistent.template_face_pic",
        Rule.MISSING,
        ERROR,
    ),
    "premium and action-editing exclude each other": (
        training(BaseVideo(segment_style=1, action_change=CHANGE, action_edit=EDIT)),
        training(BaseVideo(segment_style=1, action_change=CHANGE, action_edit=ActionEdit(support=False))),
        "personal.action_edit.support",
        Rule.EXCLUSIVE,
        ERROR,
    ),
    "the same is inferred for an update": (
        rebuild(action_change=CHANGE, action_edit=EDIT),
        rebuild(action_change=CHANGE),
        "action_edit.support",
        Rule.INFERRED,
        WARNING,
    ),
    "auxiliary videos are invalid for premium": (
        training(BaseVideo(segment_style=1, action_change=CHANGE), override=[ITEM]),
        training(BaseVideo(segment_style=1, action_change=StaticDynamic(support=False)), override=[ITEM]),
        "override",
        Rule.EFFECT,
        WARNING,
    ),
    "auxiliary videos are invalid for action-editing": (
        training(BaseVideo(segment_style=1, action_edit=EDIT), override=[ITEM]),
        training(BaseVideo(segment_style=1, action_edit=EDIT), override=[]),
        "override",
        Rule.EFFECT,
        WARNING,
    ),
    "auxiliary videos need a fitting avatar type": (
        training(persistent=of_type(1), override=[ITEM]),
        training(persistent=of_type(3), override=[ITEM]),
        "override",
        Rule.EFFECT,
        WARNING,
    ),
    "the start of a premium clip is invalid": (
        training(BaseVideo(segment_style=1, action_change=CHANGE, asset_start=1)),
        training(BaseVideo(segment_style=1, asset_start=1)),
        "personal.asset_start",
        Rule.EFFECT,
        WARNING,
    ),
    "the end of a premium clip is invalid": (
        training(BaseVideo(segment_style=1, action_change=CHANGE, asset_end=1)),
        training(BaseVideo(segment_style=1, action_change=StaticDynamic(support=False), asset_end=1)),
        "personal.asset_end",
        Rule.EFFECT,
        WARNING,
    ),
    "Super Live Room Pro is 2K only": (
        training(persistent=of_type(5, config=1)),
        training(persistent=of_type(5, config=0)),
        "persistent.dev.stage2.config",
        Rule.EFFECT,
        WARNING,
    ),
    "the Super Live Room 4K model is for Volcengine": (
        training(persistent=of_type(4, config=4)),
        training(persistent=of_type(4, config=1)),
        "persistent.dev.stage2.config",
        Rule.EFFECT,
        WARNING,
    ),
    "the Super Live Room 4K model goes with type 4": (
        training(persistent=of_type(0, config=4)),
        training(persistent=of_type(4, config=4)),
        "persistent.dev.stage2.config",
        Rule.INFERRED,
        WARNING,
    ),
    "lip-sync models need the person's own lip-sync": (
        training(persistent=Persistent(stage01_gen_mode=0, stage1_config=[0, 1])),
        training(persistent=Persistent(stage01_gen_mode=1, stage1_config=[0, 1])),
        "persistent.stage1_config",
        Rule.EFFECT,
        WARNING,
    ),
    "a lip-sync model is 0 or 1": (
        training(persistent=Persistent(stage1_config=[0, 2])),
        training(persistent=Persistent(stage1_config=[1])),
        "persistent.stage1_config[1]",
        Rule.CHOICE,
        ERROR,
    ),
    "at least one lip-sync model is made": (
        training(persistent=Persistent(stage1_config=[])),
        training(persistent=Persistent()),
        "persistent.stage1_config",
        Rule.MISSING,
        ERROR,
    ),
    "a custom mask needs its video": (
        with_item(segment_style=4),
        with_item(segment_style=4, mask_video_url=URL),
        "override[0].mask_video_url",
        Rule.MISSING,
        ERROR,
    ),
    "a mask video has no effect without style 4": (
        with_item(segment_style=1, mask_video_url=URL),
        with_item(segment_style=4, mask_video_url=URL),
        "override[0].mask_video_url",
        Rule.EFFECT,
        WARNING,
    ),
    "a custom mask is for auxiliary videos only": (
        training(BaseVideo(segment_style=4)),
        training(BaseVideo(segment_style=3)),
        "personal.segment_style",
        Rule.CHOICE,
        ERROR,
    ),
    "an update knows no custom mask": (
        rebuild(segment_style=4),
        rebuild(segment_style=0),
        "segment_style",
        Rule.CHOICE,
        ERROR,
    ),
    "an update knows no quick digital human": (
        rebuild(avatar_type=3),
        rebuild(avatar_type=5),
        "avatar_type",
        Rule.CHOICE,
        ERROR,
    ),
    "green parameters need a green-screen style": (
        rebuild(segment_style=2, green_params_blur_ks=3),
        rebuild(segment_style=3, green_params_blur_ks=3),
        "green_params_blur_ks",
        Rule.EFFECT,
        WARNING,
    ),
    "the colour balance has no effect with style 2 outside the recipe": (
        rebuild(segment_style=2, green_params_spill_byalpha=-0.3),
        rebuild(segment_style=2, green_params_spill_byalpha=-0.3, remove_green_edge=True),
        "green_params_spill_byalpha",
        Rule.EFFECT,
        WARNING,
    ),
    "removing green edges needs style 2": (
        rebuild(segment_style=1, remove_green_edge=True),
        rebuild(segment_style=2, remove_green_edge=True),
        "remove_green_edge",
        Rule.EFFECT,
        WARNING,
    ),
    "not removing green edges is never remarked": (
        rebuild(segment_style=0, remove_green_edge=True),
        rebuild(segment_style=0, remove_green_edge=False),
        "remove_green_edge",
        Rule.EFFECT,
        WARNING,
    ),
    "a blue screen is balanced at 0.0": (
        rebuild(green_params_sample_point_bgr=[255, 0, 0]),
        rebuild(green_params_sample_point_bgr=[255, 0, 0], green_params_spill_byalpha=0.0),
        "green_params_spill_byalpha",
        Rule.INFERRED,
        WARNING,
    ),
    "the low threshold is below the high one": (
        rebuild(green_params_refineth_h_bgr=40, green_params_refineth_l_bgr=40),
        rebuild(green_params_refineth_h_bgr=41, green_params_refineth_l_bgr=40),
        "green_params_refineth_l_bgr",
        Rule.INFERRED,
        WARNING,
    ),
    "a clip ends after its start": (
        rebuild(asset_start=2, asset_end=2),
        rebuild(asset_start=2, asset_end=2.5),
        "asset_end",
        Rule.INFERRED,
        WARNING,
    ),
    "a clip starts at 0 or later": (
        rebuild(asset_start=-0.1),
        rebuild(asset_start=0),
        "asset_start",
        Rule.INFERRED,
        WARNING,
    ),
    "a scale is above 0": (
        rebuild(asset_scale=0),
        rebuild(asset_scale=0.1),
        "asset_scale",
        Rule.INFERRED,
        WARNING,
    ),
    "a static range ends after its start": (
        rebuild(action_change=StaticDynamic(support=True, static_range_start=3, static_range_end=1)),
        rebuild(action_change=CHANGE, avatar_type=1),
        "action_change.static_range_end",
        Rule.INFERRED,
        WARNING,
    ),
    "an action ends after its start": (
        rebuild(
            action_edit=ActionEdit(support=True, action_list=[Action(clip_range_start=3, clip_range_end=1)])
        ),
        rebuild(action_edit=EDIT, avatar_type=2),
        "action_edit.action_list[0].clip_range_end",
        Rule.INFERRED,
        WARNING,
    ),
    "action-editing has an action": (
        rebuild(action_edit=ActionEdit(support=True, video_path=URL, action_list=[])),
        rebuild(action_edit=EDIT),
        "action_edit.action_list",
        Rule.INFERRED,
        WARNING,
    ),
    "premium parameters go with type 1": (
        rebuild(action_change=CHANGE, avatar_type=0),
        rebuild(action_change=CHANGE, avatar_type=1),
        "avatar_type",
        Rule.INFERRED,
        WARNING,
    ),
    "type 1 goes with premium parameters": (
        training(persistent=of_type(1)),
        training(BaseVideo(segment_style=1, action_change=CHANGE), persistent=of_type(1)),
        "persistent.avatar_type",
        Rule.INFERRED,
        WARNING,
    ),
    "type 2 goes with actions": (
        training(persistent=of_type(2)),
        training(BaseVideo(segment_style=1, action_edit=EDIT), persistent=of_type(2)),
        "persistent.avatar_type",
        Rule.INFERRED,
        WARNING,
    ),
    "a group that is on must be complete": (
        rebuild(action_change=StaticDynamic(support=True)),
        rebuild(action_change=CHANGE),
        "action_change.dynamic_range_end",
        Rule.MISSING,
        ERROR,
    ),
    "a group that is off should be complete": (
        rebuild(action_change=StaticDynamic(support=False)),
        rebuild(action_change=CHANGE),
        "action_change.dynamic_range_end",
        Rule.MISSING,
        WARNING,
    ),
    "the takeover avatar is chosen by id": (
        takeover(digital_role={"id": 1, "url": URL}),
        takeover(digital_role={"id": 1, "url": ""}),
        "param.digital_role.url",
        Rule.EXCLUSIVE,
        ERROR,
    ),
    "takeover backgrounds are chosen by id": (
        takeover(backgrounds=[{"url": "anything"}]),
        takeover(backgrounds=[{"fileId": "1", "url": ""}]),
        "param.backgrounds[0].url",
        Rule.EXCLUSIVE,
        ERROR,
    ),
    "takeover foregrounds are chosen by id": (
        takeover(foregrounds=[{}, {"url": URL}]),
        takeover(foregrounds=[{}, {}]),
        "param.foregrounds[1].url",
        Rule.EXCLUSIVE,
        ERROR,
    ),
    "the takeover avatar has an id": (
        takeover(digital_role={"name": "Nina"}),
        takeover(digital_role={"fileId": "1"}),
        "param.digital_role.id",
        Rule.INFERRED,
        WARNING,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_rule_is_reported_where_it_is_broken_and_only_there(case):
    """Each rule has a request that breaks it and one that keeps it."""
    broken, kept, path, rule, severity = CASES[case]

    def at_path(case: Request | Callable[[], Request]) -> list[Problem]:
        request = case if isinstance(case, Request) else case()
        return [problem for problem in request.problems() if problem.path == path and problem.rule is rule]

    (problem,) = at_path(broken)
    assert problem.severity is severity
    assert problem.message.startswith(f"{path} is ")
    assert problem.source
    assert [found for found in at_path(kept) if found.severity is severity] == []


@pytest.mark.parametrize("avatar_type", [4, 5])
@pytest.mark.parametrize("name", ["asset_start", "asset_end", "asset_scale", "name", "description"])
def test_super_live_room_needs_five_fields_of_every_auxiliary_video(avatar_type, name):
    """The table requires them for Super Live Room replication."""
    lacking = attrs.evolve(LIVE_ITEM, **{name: UNSET})
    request = training(persistent=of_type(avatar_type), override=[LIVE_ITEM, lacking])
    assert [(p.path, p.rule, p.severity) for p in request.problems()] == [
        (f"override[1].{name}", Rule.MISSING, ERROR)
    ]
    assert training(override=[lacking]).problems() == []


def test_false_everywhere_and_unset_fields_cause_no_warning():
    """Vendor examples spell out false; that is not a mistake."""
    personal = BaseVideo(segment_style=0, remove_green_edge=False)
    assert training(personal, persistent=Persistent(multi_faces=False)).problems() == []


def test_wrong_types_do_not_break_the_rules():
    """Rules look at values of any type without failing."""
    build: Any = TrainingRequest
    item: Any = AuxiliaryVideo
    request = build(
        personal="x",
        persistent=5,
        override=[1, None, item(asset_start="a", asset_end=[], asset_scale={}, segment_style=[])],
        extra=7,
    )
    assert {"personal", "persistent", "override[0]", "override[1]", "extra"} <= {
        problem.path for problem in request.problems()
    }
