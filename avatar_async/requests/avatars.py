"""Rules between the avatar type and the groups of motion parameters."""

from collections.abc import Iterator
from typing import Any

from avatar_async.requests.kinds import AvatarType
from avatar_async.requests.objects import Place
from avatar_async.requests.problems import Problem, Rule, Severity
from avatar_async.requests.unset import UNSET


def avatar_type_of(value: Any) -> int | None:
    """Return the avatar type that holds for a field's value, None if it is no integer."""
    if value is UNSET:
        return 0
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else None


def supports(group: Any) -> bool:
    """Tell whether a group of motion parameters is switched on."""
    return getattr(group, "support", UNSET) is True


def exclusive_problems(at: Place, change: Any, edit: Any, severity: Severity) -> Iterator[Problem]:
    """Yield a problem if both groups of motion parameters are switched on."""
    if supports(change) and supports(edit):
        rule = Rule.EXCLUSIVE if severity is Severity.ERROR else Rule.INFERRED
        text = f"it excludes {at.path_of('action_change.support')}; set one of them to false"
        yield at.problem("action_edit.support", True, text, rule, severity)


def pairing_problems(at: Place, avatar: int | None, change: Any, edit: Any) -> Iterator[Problem]:
    """Yield warnings if the avatar type and the motion parameters do not go together."""
    pairs = (
        (AvatarType.STATIC_DYNAMIC, "action_change", supports(change)),
        (AvatarType.ACTION_EDITING, "action_edit", supports(edit)),
    )
    for wanted, group, supported in pairs:
        if supported and avatar not in (None, wanted):
            text = f"{group}.support true goes with {wanted.value}"
        elif avatar == wanted and not supported:
            text = f"it goes with {group}.support true"
        else:
            continue
        yield at.warning("avatar_type", avatar, text, Rule.INFERRED)
