"""What can be wrong with a request."""

import json
from enum import StrEnum
from typing import Any

import attrs

from avatar_async.requests.addresses import public_value

#: `Problem.source` of rules that no table of the vendor states.
INFERRED_SOURCE = "inferred by avatar-async; no table of the vendor states it"


class Severity(StrEnum):
    """Say whether a problem refuses a request under strict validation."""

    ERROR = "error"
    WARNING = "warning"


class Rule(StrEnum):
    """Name the sort of rule that was broken."""

    #: A required field is not given.
    MISSING = "missing"
    #: A value has the wrong type or form.
    TYPE = "type"
    #: A value is outside a closed set.
    CHOICE = "choice"
    #: A number is outside its documented or recommended range.
    RANGE = "range"
    #: Two fields exclude each other, or a field may not be filled here.
    EXCLUSIVE = "exclusive"
    #: A field has no effect, or is invalid for this type of avatar.
    EFFECT = "effect"
    #: Our own reading, not written in a table.
    INFERRED = "inferred"
    #: A key that the vendor's documents do not name.
    UNKNOWN = "unknown"


@attrs.frozen(kw_only=True)
class Problem:
    """Describe one thing that is wrong with one field.

    Attributes:
        path: The field in manifest form, `personal.green_params_blur_ks` or `override[1].video_url`.
        value: What was given, `UNSET` if nothing was; addresses stand without what is secret in them.
        message: One sentence with field, value, and what is allowed or helps.
        severity: Errors refuse a request under strict validation, warnings never do.
        source: The vendor's document and section that states the rule.
        rule: The sort of rule that was broken.
    """

    path: str
    value: Any
    message: str
    severity: Severity
    source: str
    rule: Rule

    def __str__(self) -> str:
        return f"{self.severity}: {self.message} [{self.source}]"


def is_encodable(text: str) -> bool:
    """Tell whether text can be sent: lone surrogates cannot."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def shown(value: object) -> str:
    """Write a value as a message shows it: short, as JSON, addresses without what is secret in them."""
    value = public_value(value)
    try:
        text = json.dumps(value, ensure_ascii=False, default=repr)
    except ValueError:
        text = repr(value)
    return text if len(text) <= 120 else f"{text[:117]}..."


def join(path: str, name: str) -> str:
    """Return the path of a field below another path."""
    return f"{path}.{name}" if path else name
