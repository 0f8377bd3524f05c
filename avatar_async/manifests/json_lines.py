"""Where each key of a JSON document stands, and which keys stand twice."""

import bisect
import re
from json import JSONDecoder

import attrs

from avatar_async.manifests.layers import Steps

_SPACE = re.compile(r"[ \t\r\n]*")
_SCALAR = re.compile(r"[^\s,\]}]+")


@attrs.frozen
class JsonLines:
    """Hold what `json.loads` does not tell about a document.

    Attributes:
        lines: Line of each key and list item, by the steps that lead there.
        repeated: Steps and line of each key that its object already has.
    """

    lines: dict[Steps, int] = attrs.field(factory=dict)
    repeated: list[tuple[Steps, int]] = attrs.field(factory=list)


def json_lines(text: str) -> JsonLines:
    """Locate the keys of a document that `json.loads` could read."""
    scanner = _Scanner(text)
    scanner.value(scanner.skip(0), ())
    return scanner.found


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._breaks = [found.start() for found in re.finditer("\n", text)]
        self._decoder = JSONDecoder()
        self.found = JsonLines()

    def skip(self, at: int) -> int:
        found = _SPACE.match(self._text, at)
        assert found is not None
        return found.end()

    def _mark(self, steps: Steps, at: int) -> None:
        line = bisect.bisect_left(self._breaks, at) + 1
        if steps in self.found.lines:
            self.found.repeated.append((steps, line))
        self.found.lines[steps] = line

    def _string(self, at: int) -> tuple[str, int]:
        text, end = self._decoder.raw_decode(self._text, at)
        return str(text), end

    def value(self, at: int, steps: Steps) -> int:
        """Walk over the value at an offset and return where it ends."""
        opening = self._text[at]
        if opening == '"':
            return self._string(at)[1]
        if opening not in "{[":
            found = _SCALAR.match(self._text, at)
            assert found is not None
            return found.end()
        at, index = self.skip(at + 1), 0
        while self._text[at] not in "}]":
            step: str | int = index
            start = at
            if opening == "{":
                step, at = self._string(at)
                at = self.skip(self.skip(at) + 1)
            self._mark((*steps, step), start)
            at = self.skip(self.value(at, (*steps, step)))
            if self._text[at] == ",":
                at = self.skip(at + 1)
            index += 1
        return at + 1
