"""Making avatar models out of one or more videos."""

# ruff: noqa: RUF009 (option() makes an attrs field)

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self

import attrs

from avatar_async.requests.avatars import (
    avatar_type_of,
    exclusive_problems,
    pairing_problems,
    supports,
)
from avatar_async.requests.base import Request
from avatar_async.requests.clips import AuxiliaryVideo, BaseVideo
from avatar_async.requests.fields import documented, option
from avatar_async.requests.green import KeyedChange
from avatar_async.requests.kinds import AvatarType, Kind, Stage01GenMode, Stage1Config, Stage2Config
from avatar_async.requests.objects import ObjectOf, Place, VendorObject, own_copy
from avatar_async.requests.problems import Problem, Rule, Severity
from avatar_async.requests.refs import Ref
from avatar_async.requests.shapes import Boolean, Choice, Integer, ListOf, Text, Url
from avatar_async.requests.unset import UNSET, Unset

CRF = Integer(low=0, high=51, advised=(14, 28))
CRF_TEXT = "CRF of the video encoding; lower values mean higher quality and larger files"
_OVERRIDE_TYPES = (0, 3, 4, 5)
_LIVE_ROOM_TYPES = (AvatarType.SUPER_LIVE_ROOM, AvatarType.SUPER_LIVE_ROOM_PRO)
_LIVE_ROOM_FIELDS = ("asset_start", "asset_end", "asset_scale", "name", "description")


@documented
@attrs.frozen(kw_only=True, repr=False)
class Stage2(VendorObject):
    """Set the resolution of the model (`stage2`)."""

    config: Stage2Config | int | Unset = option(
        Choice(Stage2Config),
        "resolution: 0 2K, 1 4K, 4 Super Live Room 4K ultra-HD (Volcengine only); live, interactive and "
        "Super Live Room Pro support 2K only",
        required=True,
        default=0,
        always=lambda: Stage2Config.RESOLUTION_2K,
    )


@documented
@attrs.frozen(kw_only=True, repr=False)
class Dev(VendorObject):
    """Configure the training of the video material (`dev`)."""

    stage2: Stage2 | Unset = option(
        ObjectOf(Stage2), "model training configuration; always sent", always=Stage2
    )


@documented
@attrs.frozen(kw_only=True, repr=False)
class Persistent(VendorObject):
    """Set what holds for the whole model (`persistent`)."""

    avatar_type: AvatarType | int | Unset = option(
        Choice(AvatarType),
        "0 digital human, 1 static-dynamic, 2 action-editing, 3 quick, 4 Super Live Room, "
        "5 Super Live Room Pro",
        default=0,
    )
    video_crf_quality: int | Unset = option(CRF, CRF_TEXT, required=True, default=23, always=lambda: 23)
    stage01_gen_mode: Stage01GenMode | int | Unset = option(
        Choice(Stage01GenMode),
        "0 the algorithm's lip-sync, same FFID; 1 the person's own lip-sync, unique FFIDs",
        default=1,
    )
    stage1_config: Sequence[Stage1Config | int] | Unset = option(
        ListOf(Choice(Stage1Config), at_least=1),
        "lip-sync models to make: 0 original, 1 universal; effective when stage01_gen_mode is 1",
        required=True,
        default=(0,),
        always=lambda: (Stage1Config.ORIGINAL,),
    )
    dev: Dev | Unset = option(
        ObjectOf(Dev), "video material model training configuration; always sent", always=Dev
    )
    multi_faces: bool | Unset = option(Boolean(), "whether the model is a multi-person model")
    template_face_pic: str | Ref | Unset = option(
        Url(), "clear front-facing photo of the designated driving person; required when multi_faces is true"
    )

    def rules(self, at: Place) -> Iterator[Problem]:
        """Yield problems between fields of this object."""
        if self.multi_faces is True and self.template_face_pic is UNSET:
            yield at.missing("template_face_pic", "multi_faces true needs it")
        if self.stage01_gen_mode == Stage01GenMode.ALGORITHM and self.stage1_config != (0,):
            value = list(self.stage1_config) if isinstance(self.stage1_config, tuple) else self.stage1_config
            text = "it has no effect with stage01_gen_mode 0, only with 1"
            yield at.warning("stage1_config", value, text, Rule.EFFECT)
        config: Any = getattr(getattr(self.dev, "stage2", UNSET), "config", UNSET)
        if config in tuple(Stage2Config) and not isinstance(config, bool):
            yield from self._resolution(config, at)

    def _resolution(self, config: int, at: Place) -> Iterator[Problem]:
        avatar, field = avatar_type_of(self.avatar_type), "dev.stage2.config"
        if avatar == AvatarType.SUPER_LIVE_ROOM_PRO and config != Stage2Config.RESOLUTION_2K:
            text = "Super Live Room Pro (avatar_type 5) supports only the 2K model, 0"
            yield at.warning(field, config, text, Rule.EFFECT)
        if config != Stage2Config.SUPER_LIVE_ROOM_4K:
            return
        text = "the Super Live Room 4K model is available for Volcengine use only"
        yield at.warning(field, config, text, Rule.EFFECT)
        if avatar != AvatarType.SUPER_LIVE_ROOM:
            text = f"4 goes with avatar_type 4, which is {avatar}"
            yield at.warning(field, config, text, Rule.INFERRED)


@documented
@attrs.frozen(kw_only=True, repr=False)
class TrainingRequest(Request):
    """Train one or more avatar models (the vendor's "Create Avatar Model Generation Task").

    Results stay online for 7 days.
    """

    kind: ClassVar[Kind] = Kind.TRAINING
    body_source: ClassVar[str] = (
        "Avatar Model Generation, Create Avatar Model Generation Task, Request Parameters"
    )
    param_source: ClassVar[str] = (
        "Avatar Model Generation, Create Avatar Model Generation Task, param Parameter Description"
    )
    param_fields: ClassVar[frozenset[str]] = frozenset({"persistent", "personal", "override"})

    material_name: str | Unset = option(
        Text(filled=True), "name of the avatar model material; one per training", required=True
    )
    video_url: str | Ref | Unset = option(
        Url(), "URL of the base video, which must be at least 6 minutes long", required=True
    )
    persistent: Persistent | Unset = option(
        ObjectOf(Persistent),
        "global model parameters; always sent",
        required=True,
        always=Persistent,
    )
    personal: BaseVideo | Unset = option(
        ObjectOf(BaseVideo),
        "base video parameters, used for auxiliary videos too if they bring none",
        required=True,
    )
    override: Sequence[AuxiliaryVideo] | Unset = option(
        ListOf(ObjectOf(AuxiliaryVideo)),
        "auxiliary videos; effective for avatar_type 0, 3, 4, 5, invalid for premium and action-editing",
    )
    #: Undocumented keys of `param`.
    param_extra: Mapping[str, Any] = attrs.field(factory=dict, converter=own_copy, hash=False)

    @property
    def avatar_type(self) -> int | None:
        """The avatar type that holds, None if the value given is no integer."""
        return avatar_type_of(getattr(self.persistent, "avatar_type", UNSET))

    def map_keyed(self, change: KeyedChange) -> Self:
        """Return the request with every object that has green-screen parameters changed."""
        personal, override = self.personal, self.override
        if isinstance(personal, BaseVideo):
            personal = change(personal)
        if isinstance(override, tuple):
            override = tuple(change(item) if isinstance(item, AuxiliaryVideo) else item for item in override)
        return attrs.evolve(self, personal=personal, override=override)

    def with_crf(self, crf: int) -> Self:
        """Return the request with another encoding quality."""
        if not isinstance(self.persistent, Persistent):
            return self
        return attrs.evolve(self, persistent=attrs.evolve(self.persistent, video_crf_quality=crf))

    def rules(self, at: Place) -> Iterator[Problem]:
        """Yield problems between fields of this object."""
        change = getattr(self.personal, "action_change", UNSET)
        edit = getattr(self.personal, "action_edit", UNSET)
        yield from exclusive_problems(Place("personal", at.source), change, edit, Severity.ERROR)
        yield from pairing_problems(Place("persistent", at.source), self.avatar_type, change, edit)
        yield from self._override_rules(at, premium=supports(change), edited=supports(edit))

    def _override_rules(self, at: Place, *, premium: bool, edited: bool) -> Iterator[Problem]:
        items = self.override if isinstance(self.override, tuple) else ()
        count = f"{len(items)} item{'s' if len(items) > 1 else ''}"
        if items and (premium or edited):
            group = "premium (action_change)" if premium else "action-editing (action_edit)"
            text = f"auxiliary videos are invalid for {group} digital humans"
            yield at.warning("override", count, text, Rule.EFFECT)
        if items and self.avatar_type not in (None, *_OVERRIDE_TYPES):
            text = f"auxiliary videos take effect only for avatar_type 0, 3, 4, 5, not {self.avatar_type}"
            yield at.warning("override", count, text, Rule.EFFECT)
        if self.avatar_type in _LIVE_ROOM_TYPES:
            text = f"Super Live Room (avatar_type {self.avatar_type}) requires it of every auxiliary video"
            for index, item in enumerate(items):
                for name in _LIVE_ROOM_FIELDS:
                    if getattr(item, name, None) is UNSET:
                        yield at.missing(f"override[{index}].{name}", text)
