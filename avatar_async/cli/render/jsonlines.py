"""A run as JSON lines: one event a line, with the documented keys."""

import json
from typing import IO

from avatar_async.cli.render.display import Quiet
from avatar_async.orchestrator.events import RunEvent


class JsonLines(Quiet):
    """Write each event as one JSON object; messages of the command go to the stream for errors."""

    def __init__(self, out: IO[str], errors: IO[str]) -> None:
        super().__init__(errors)
        self._out = out

    def event(self, event: RunEvent) -> None:
        """Write the event as one line, an urgent warning for a person as well."""
        super().event(event)
        self._out.write(json.dumps(event.to_json(), ensure_ascii=False) + "\n")
        self._out.flush()
