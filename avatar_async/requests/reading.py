"""Reading requests of any kind, and checking them."""

from collections.abc import Mapping
from typing import Any, Literal

from avatar_async.errors import RequestError
from avatar_async.requests.base import Request
from avatar_async.requests.kinds import Kind
from avatar_async.requests.objects import PlainReader
from avatar_async.requests.previews import ImagePreviewRequest, VideoPreviewRequest
from avatar_async.requests.problems import Problem, Severity
from avatar_async.requests.rebuild import RebuildRequest
from avatar_async.requests.takeover import TakeoverRequest
from avatar_async.requests.training import TrainingRequest

Validation = Literal["strict", "warn", "off"]

_TYPES: dict[Kind, type[Request]] = {
    Kind.TRAINING: TrainingRequest,
    Kind.REBUILD: RebuildRequest,
    Kind.IMAGE_PREVIEW: ImagePreviewRequest,
    Kind.VIDEO_PREVIEW: VideoPreviewRequest,
    Kind.TAKEOVER: TakeoverRequest,
}


def request_type(kind: Kind | str) -> type[Request]:
    """Return the class of a kind's requests.

    Raises:
        ValueError: There is no such kind.
    """
    return _TYPES[Kind(kind)]


def from_vendor(kind: Kind | str, mapping: Any) -> Request:
    """Return the request that the vendor's own JSON describes.

    Raises:
        RequestError: It is not a mapping.
    """
    return request_type(kind).from_vendor(mapping)


def parse(kind: Kind | str, mapping: Mapping[str, Any]) -> tuple[Request, list[Problem]]:
    """Return the request that a plain mapping describes, and what is wrong with its keys.

    Unknown keys are left out of the request and reported as errors, with the field probably meant.
    Values are not judged here: ask the request's own `problems()`.
    """
    reader = PlainReader()
    request = reader.read(request_type(kind), mapping, "")
    return request, reader.problems


def from_plain(kind: Kind | str, mapping: Mapping[str, Any]) -> Request:
    """Return the request that `Request.to_plain()` wrote.

    Raises:
        RequestError: The mapping has keys that are no fields of this kind; carries all of them.
    """
    request, problems = parse(kind, mapping)
    if problems:
        raise RequestError(_told(problems), problems)
    return request


def check(request: Request, validation: Validation = "strict") -> list[Problem]:
    """Return a request's problems, and refuse it if it has errors and validation is strict.

    Args:
        request: What is to be sent.
        validation: `strict` refuses errors, `warn` returns all problems, `off` looks for none.

    Raises:
        RequestError: Validation is strict and there is an error; carries every problem.
    """
    if validation == "off":
        return []
    problems = request.problems()
    if validation == "strict" and any(problem.severity is Severity.ERROR for problem in problems):
        raise RequestError(_told(problems), problems)
    return problems


def _told(problems: list[Problem]) -> str:
    errors = [problem.message for problem in problems if problem.severity is Severity.ERROR]
    heading = "1 problem" if len(errors) == 1 else f"{len(errors)} problems"
    return "\n  ".join([f"the request has {heading}:", *errors])
