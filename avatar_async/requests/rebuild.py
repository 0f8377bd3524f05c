"""Updating an avatar model that was made before."""

# ruff: noqa: RUF009 (option() makes an attrs field)

from collections.abc import Iterator
from typing import ClassVar, Self

import attrs

from avatar_async.requests.actions import ActionEdit, StaticDynamic
from avatar_async.requests.avatars import avatar_type_of, exclusive_problems, pairing_problems
from avatar_async.requests.base import Request
from avatar_async.requests.clips import SegmentedObject
from avatar_async.requests.fields import documented, option
from avatar_async.requests.green import KeyedChange
from avatar_async.requests.kinds import AvatarType, Kind
from avatar_async.requests.objects import ObjectOf, Place
from avatar_async.requests.problems import Problem, Severity
from avatar_async.requests.refs import Ref
from avatar_async.requests.shapes import Choice, Text, Url
from avatar_async.requests.training import CRF, CRF_TEXT
from avatar_async.requests.unset import Unset


@documented
@attrs.frozen(kw_only=True, repr=False)
class RebuildRequest(Request, SegmentedObject):
    """Update an avatar model (the vendor's "Create Avatar Model Update Task").

    The segmentation style should be the one the model was trained with; its resolution cannot change.
    Green-screen parameters take effect only with `segment_style` 1 or 3. Results stay online for 7 days.
    """

    kind: ClassVar[Kind] = Kind.REBUILD
    body_source: ClassVar[str] = (
        "Avatar Model Generation, Create Avatar Model Update Task, Request Parameters"
    )
    param_source: ClassVar[str] = body_source

    material_name: str | Unset = option(Text(filled=True), "name of the avatar model material", required=True)
    video_url: str | Ref | Unset = option(Url(), "URL of the video material", required=True)
    model_url: str | Ref | Unset = option(Url(), "URL of the original model file", required=True)
    avatar_type: AvatarType | int | Unset = option(
        Choice(AvatarType, frozenset({AvatarType.QUICK})),
        "0 digital human, 1 static-dynamic, 2 action-editing, 4 Super Live Room, 5 Super Live Room Pro",
        default=0,
    )
    video_crf_quality: int | Unset = option(CRF, CRF_TEXT, default=23)
    action_change: StaticDynamic | Unset = option(ObjectOf(StaticDynamic), "static-dynamic switching")
    action_edit: ActionEdit | Unset = option(
        ObjectOf(ActionEdit), "action list; effective when support is true"
    )

    def map_keyed(self, change: KeyedChange) -> Self:
        """Return the request with every object that has green-screen parameters changed."""
        return change(self)

    def with_crf(self, crf: int) -> Self:
        """Return the request with another encoding quality."""
        return attrs.evolve(self, video_crf_quality=crf)

    def rules(self, at: Place) -> Iterator[Problem]:
        """Yield problems between fields of this object."""
        yield from super().rules(at)
        yield from exclusive_problems(at, self.action_change, self.action_edit, Severity.WARNING)
        yield from pairing_problems(
            at, avatar_type_of(self.avatar_type), self.action_change, self.action_edit
        )
