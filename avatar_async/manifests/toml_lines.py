"""Where each key of a TOML document stands, which tomllib does not tell."""

import bisect
import re
import tomllib

from avatar_async.manifests.layers import Steps

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}#\n]+")
_STRINGS = (
    re.compile(r'"""(?:[^"\\]|\\.|"(?!""))*"""("{0,2})', re.DOTALL),
    re.compile(r"'''(?:[^']|'(?!''))*'''('{0,2})", re.DOTALL),
    re.compile(r'"(?:[^"\\\n]|\\.)*"'),
    re.compile(r"'[^'\n]*'"),
)


def toml_lines(text: str) -> dict[Steps, int]:
    """Return the line of each table, key and list item of a document that tomllib could read."""
    return _Scanner(text).scan()


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._breaks = [found.start() for found in re.finditer("\n", text)]
        self._lines: dict[Steps, int] = {}
        self._lengths: dict[Steps, int] = {}

    def scan(self) -> dict[Steps, int]:
        base: Steps = ()
        while self._skip(_BLANK) < len(self._text):
            if self._text[self._at] == "[":
                base = self._header()
            else:
                self._pair(base)
        return self._lines

    def _skip(self, pattern: re.Pattern[str]) -> int:
        found = pattern.match(self._text, self._at)
        if found is None:
            message = f"no TOML at offset {self._at}"
            raise ValueError(message)
        self._at = found.end()
        return self._at

    def _next(self) -> str:
        return self._text[self._at : self._at + 1]

    def _mark(self, steps: Steps, at: int) -> None:
        self._lines.setdefault(steps, bisect.bisect_left(self._breaks, at) + 1)

    def _header(self) -> Steps:
        start = self._at
        is_list = self._text.startswith("[[", start)
        self._at += 2 if is_list else 1
        *parents, last = self._keys()
        self._at += 2 if is_list else 1
        base: Steps = ()
        for key in parents:
            base = self._below((*base, key), start)
        base = (*base, last)
        if not is_list:
            return self._below(base, start)
        self._mark(base, start)
        self._lengths[base] = self._lengths.get(base, 0) + 1
        base = (*base, self._lengths[base] - 1)
        self._mark(base, start)
        return base

    def _below(self, steps: Steps, at: int) -> Steps:
        self._mark(steps, at)
        return (*steps, self._lengths[steps] - 1) if steps in self._lengths else steps

    def _keys(self) -> list[str]:
        keys = []
        while True:
            self._skip(_SPACE)
            keys.append(self._key())
            self._skip(_SPACE)
            if self._next() != ".":
                return keys
            self._at += 1

    def _key(self) -> str:
        start = self._at
        if self._next() not in ('"', "'"):
            return self._text[start : self._skip(_BARE)]
        self._string()
        decoded: str = tomllib.loads(f"key = {self._text[start : self._at]}")["key"]
        return decoded

    def _string(self) -> None:
        for pattern in _STRINGS:
            if pattern.match(self._text, self._at):
                self._skip(pattern)
                return
        message = f"no TOML string at offset {self._at}"
        raise ValueError(message)

    def _pair(self, base: Steps) -> None:
        start = self._at
        steps = base
        for key in self._keys():
            steps = (*steps, key)
            self._mark(steps, start)
        self._at += 1
        self._skip(_SPACE)
        self._value(steps)

    def _value(self, steps: Steps) -> None:
        match self._next():
            case "[":
                self._list(steps)
            case "{":
                self._table(steps)
            case '"' | "'":
                self._string()
            case _:
                self._skip(_SCALAR)

    def _list(self, steps: Steps) -> None:
        self._at += 1
        index = 0
        self._skip(_BLANK)
        while self._next() != "]":
            self._mark((*steps, index), self._at)
            self._value((*steps, index))
            index += 1
            self._skip(_BLANK)
            if self._next() == ",":
                self._at += 1
                self._skip(_BLANK)
        self._at += 1

    def _table(self, steps: Steps) -> None:
        self._at += 1
        self._skip(_BLANK)
        while self._next() != "}":
            self._pair(steps)
            self._skip(_BLANK)
            if self._next() == ",":
                self._at += 1
                self._skip(_BLANK)
        self._at += 1
