"""Motion material: static-dynamic switching and edited actions."""

# ruff: noqa: RUF009 (option() makes an attrs field)

from collections.abc import Iterator, Sequence

import attrs

from avatar_async.requests.fields import documented, option
from avatar_async.requests.objects import ObjectOf, Place, VendorObject
from avatar_async.requests.problems import Problem, Rule, Severity
from avatar_async.requests.refs import Ref
from avatar_async.requests.shapes import Boolean, Integer, ListOf, Number, Text, Url
from avatar_async.requests.spans import span_problems
from avatar_async.requests.unset import Unset


@attrs.frozen(kw_only=True, repr=False)
class Switched(VendorObject):
    """Be a group of parameters that is effective only when `support` is true."""

    support: bool | Unset = option(Boolean(), "whether this group of parameters is effective", required=True)

    @property
    def severity_of_missing(self) -> Severity:
        """A group that is switched off may be incomplete."""
        return Severity.WARNING if self.support is False else Severity.ERROR


@documented
@attrs.frozen(kw_only=True, repr=False)
class StaticDynamic(Switched):
    """Switch between static and dynamic material: a premium digital human (`actionChange`).

    The four times are required; with `support` false their absence is a warning only.
    """

    static_range_start: float | Unset = option(
        Number(), "start of the static material, in seconds", required=True
    )
    static_range_end: float | Unset = option(
        Number(), "end of the static material, in seconds", required=True
    )
    dynamic_range_start: float | Unset = option(
        Number(), "start of the dynamic material, in seconds", required=True
    )
    dynamic_range_end: float | Unset = option(
        Number(), "end of the dynamic material, in seconds", required=True
    )
    gap: int | Unset = option(Integer(), "maximum interval of cut points, in frames", default=75)

    def rules(self, at: Place) -> Iterator[Problem]:
        """Yield problems between fields of this object."""
        for part in ("static", "dynamic"):
            start, end = f"{part}_range_start", f"{part}_range_end"
            yield from span_problems(at, start, getattr(self, start), end, getattr(self, end))


@documented
@attrs.frozen(kw_only=True, repr=False)
class Action(VendorObject):
    """Cut one action out of the dynamic material (an item of `actionList`)."""

    name: str | Unset = option(Text(filled=True), "name of the action", required=True)
    clip_range_start: float | Unset = option(Number(), "start of the action, in seconds", required=True)
    clip_range_end: float | Unset = option(Number(), "end of the action, in seconds", required=True)
    description: str | Unset = option(Text(), "what the action is")

    def rules(self, at: Place) -> Iterator[Problem]:
        """Yield problems between fields of this object."""
        start, end = self.clip_range_start, self.clip_range_end
        yield from span_problems(at, "clip_range_start", start, "clip_range_end", end)


@documented
@attrs.frozen(kw_only=True, repr=False)
class ActionEdit(Switched):
    """Give a digital human edited actions (`actionEdit`).

    `video_path` and `action_list` are required; with `support` false their absence is a warning only.
    """

    video_path: str | Ref | Unset = option(Url(), "URL of the dynamic material", required=True)
    gap: int | Unset = option(Integer(), "maximum interval of cut points, in frames", default=25)
    action_list: Sequence[Action] | Unset = option(ListOf(ObjectOf(Action)), "the actions", required=True)

    def rules(self, at: Place) -> Iterator[Problem]:
        """Yield problems between fields of this object."""
        if self.support is True and self.action_list == ():
            text = "an action-editing digital human is expected to have an action"
            yield at.warning("action_list", [], text, Rule.INFERRED)
