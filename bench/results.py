"""The results as files: JSON for programs, Markdown for the documentation."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from attrs import frozen

from bench import tables
from bench.model import Outcome, Section, Verdict
from bench.statistic import medians, spread

_SCHEMA = 1


@frozen(kw_only=True)
class Report:
    """A section after its works.

    Attributes:
        section: Which.
        outcomes: Of its works.
        settings: As they were.
        quick: Whether it was the quick form.
    """

    section: Section
    outcomes: Sequence[Outcome]
    settings: Mapping[str, float | str]
    quick: bool

    @property
    def markdown(self) -> str:
        """Return the section's part of the Markdown file."""
        form = "quick form" if self.quick else "full form"
        settings = ", ".join(f"{name} {_plain(value)}" for name, value in self.settings.items())
        method = f"({form}{': ' + settings if settings else ''})"
        about = f"{self.section.about} {method}".strip()
        return "\n\n".join([f"## {self.section.title}", about, *map(tables.outcome, self.outcomes)])

    def plain(self) -> dict[str, Any]:
        """Return the section's part of the JSON file."""
        return {
            "name": self.section.name,
            "title": self.section.title,
            "order": self.section.order,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "form": "quick" if self.quick else "full",
            "settings": dict(self.settings),
            "works": [_outcome(outcome) for outcome in self.outcomes],
            "markdown": self.markdown,
        }


def save(reports: Sequence[Report], machine: Mapping[str, str], path: Path) -> None:
    """Write the results beside those of sections that did not run: `PATH` and the same with `.md`."""
    kept = {part["name"]: part for part in _before(path)}
    kept |= {report.section.name: report.plain() for report in reports}
    parts = sorted(kept.values(), key=lambda part: (part["order"], part["name"]))
    whole = {"schema": _SCHEMA, "machine": dict(machine), "sections": parts}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    path.with_suffix(".md").write_text(_page(machine, parts), encoding="utf-8")


def _before(path: Path) -> list[dict[str, Any]]:
    """Return the sections of an earlier run, none if the file is of another kind."""
    try:
        whole = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    if not isinstance(whole, dict) or whole.get("schema") != _SCHEMA:
        return []
    return list(whole["sections"])


def _page(machine: Mapping[str, str], parts: Sequence[Mapping[str, Any]]) -> str:
    facts = [["what", "is"], *([name, value] for name, value in machine.items())]
    intro = "Written by `scripts/bench`. A ratio is the median of the ratios within each round."
    pages = [f"{part['markdown']}\n\n*{part['at'][:10]}*" for part in parts]
    return "\n\n".join(["# Results", intro, tables.table(facts), *pages]) + "\n"


def _outcome(outcome: Outcome) -> dict[str, Any]:
    contenders = {
        name: {
            "median": dict(medians(runs)),
            "spread_of_seconds": spread([run["seconds"] for run in runs]),
            "runs": [dict(run) for run in runs],
        }
        for name, runs in outcome.runs.items()
    }
    return {
        "name": outcome.work.name,
        "title": outcome.work.title,
        "amount": outcome.work.amount,
        "unit": outcome.work.unit,
        "disturbed": outcome.disturbed,
        "contenders": contenders,
        "targets": [_verdict(verdict) for verdict in outcome.verdicts],
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "text": tables.said(verdict),
        "wanted": tables.wanted(verdict),
        "peer": verdict.peer,
        "value": verdict.value,
        "allowance": verdict.allowance,
        "met": verdict.met,
        "within_noise": verdict.tolerable,
    }


def _plain(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"
