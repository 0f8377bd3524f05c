"""One job of a manifest: its name, kind, needs and request, and what is wrong with them."""

from collections.abc import Mapping
from typing import Any

import attrs

from avatar_async._jobs.records import JobSpec
from avatar_async.errors import RequestError
from avatar_async.manifests.fragments import Fragments
from avatar_async.manifests.keys import DEFAULTS_KEYS, JOB_KEYS, LONGEST_NAME, one_of
from avatar_async.manifests.layers import Layer, steps_of
from avatar_async.manifests.picked import picked_fields, takes_picked, with_picked_override
from avatar_async.manifests.problems import ProblemLog, Spot
from avatar_async.manifests.sources import RawJob
from avatar_async.manifests.vendor_layer import vendor_layer
from avatar_async.requests import (
    UNSET,
    Kind,
    Problem,
    Request,
    Rule,
    Severity,
    Validation,
    differences,
    parse,
    presets,
)
from avatar_async.requests.problems import shown
from avatar_async.settings.checks import did_you_mean

_PLAIN_CHANGES = ("segment_style", "remove_green_edge")


@attrs.frozen(kw_only=True)
class Draft:
    """Hold a job that may still have problems.

    Attributes:
        name: Its name, None if it has no usable one.
        kind: Its kind, None if it has no known one.
        request: Its request, None if none could be made.
        needs: Names of the jobs it says it needs, each with its spot.
        written: The request's fields and where they stand.
        own: The job's own keys and where they stand.
        spot: Where the job begins.
    """

    name: str | None
    kind: Kind | None
    request: Request | None
    needs: Mapping[str, Spot]
    written: Layer
    own: Layer
    spot: Spot

    def spec(self) -> JobSpec:
        """Return the job as the orchestrator takes it; it must have no problems."""
        assert self.name is not None
        assert self.kind is not None
        assert self.request is not None
        needed = dict.fromkeys([*self.needs, *(ref.job for ref in self.request.refs())])
        return JobSpec(name=self.name, kind=self.kind, request=self.request, needs=tuple(needed))

    def spot_of(self, path: str) -> Spot:
        """Return where a field of the request was written."""
        return self.written.spot(steps_of(path), self.own.spot(("request",), self.spot))


class Drafter:
    """Make drafts of jobs.

    Args:
        log: Takes every problem.
        validation: Whether errors of values refuse a job.
    """

    def __init__(self, log: ProblemLog, validation: Validation) -> None:
        self._log = log
        self._validation = validation
        self._fragments = Fragments(log)

    def draft(self, raw: RawJob) -> Draft:
        """Return the draft of a job as it was written."""
        name = self._name(raw)
        kind = self._kind(raw, name)
        needs = dict.fromkeys(self._words(raw.layer, "needs", raw.spot, name), self._spot(raw, "needs"))
        draft = Draft(
            name=name, kind=kind, request=None, needs=needs, written=Layer(), own=raw.layer, spot=raw.spot
        )
        if kind is None:
            return draft
        try:
            return self._with_request(draft, kind, raw)
        except RecursionError:
            self._log.error(raw.spot, "its fields are nested too deeply", job=name)
            return draft

    def _with_request(self, draft: Draft, kind: Kind, raw: RawJob) -> Draft:
        name = draft.name
        defaults = raw.defaults.get(kind.value, Layer())
        written = self._written(raw, kind, name, defaults)
        if written is None:
            return draft
        request, problems = parse(kind, written.fields)
        draft = attrs.evolve(draft, written=written)
        for problem in problems:
            if draft.spot_of(problem.path) not in defaults.spots.values():
                self._log.error(draft.spot_of(problem.path), _hinted(problem), path=problem.path, job=name)
        return self._checked(draft, request, raw, defaults)

    def check_defaults(self, kind: Kind, defaults: Layer) -> None:
        """Note the keys of a kind's defaults that are none, whether or not a job uses them."""
        fields = defaults.without(DEFAULTS_KEYS)
        for problem in parse(kind, fields.fields)[1]:
            path = f"defaults.{kind.value}.{problem.path}"
            spot = fields.spot(steps_of(problem.path), Spot(file=next(iter(defaults.spots.values())).file))
            self._log.error(spot, _hinted(problem), path=path)

    def _checked(self, draft: Draft, request: Request, raw: RawJob, defaults: Layer) -> Draft:
        try:
            request.to_plain()
        except RequestError as error:
            self._log.error(draft.spot, str(error), path=str(error).split(" ", 1)[0], job=draft.name)
            return draft
        changed = self._with_presets(draft, request, raw, defaults)
        if self._validation != "off":
            for problem in changed.problems():
                severity = problem.severity if self._validation == "strict" else Severity.WARNING
                spot = draft.spot_of(problem.path)
                self._log.note(spot, problem.message, severity, path=problem.path, job=draft.name)
        return attrs.evolve(draft, request=changed)

    def _written(self, raw: RawJob, kind: Kind, name: str | None, defaults: Layer) -> Layer | None:
        own = raw.layer.without(JOB_KEYS)
        included, spot = self._setting(raw, defaults, "include", name)
        fragment = self._fragments.merged(included, spot, name)
        if "request" not in raw.layer.fields:
            base = defaults.without(DEFAULTS_KEYS)
            whole = own.over(fragment.fields.over(base))
            picked = picked_fields(fragment.green, kind, whole)
            merged = own.over(fragment.fields.over(picked.over(base)))
            theirs = "override" in {**fragment.fields.fields, **own.fields}
        else:
            for key in own.fields:
                message = f"{key} stands beside request; a job has either fields or request"
                self._log.error(self._spot(raw, key), message, path=key, job=name)
            try:
                given = vendor_layer(kind, raw.layer.fields["request"], raw.layer)
            except RequestError as error:
                self._log.error(self._spot(raw, "request"), str(error), path="request", job=name)
                return None
            whole = fragment.fields.over(given)
            merged = fragment.fields.over(given.over(picked_fields(fragment.green, kind, whole)))
            theirs = True
        if fragment.green.fields and not takes_picked(kind, whole):
            message = f"the green_screen parameters in {', '.join(included)} change nothing: "
            message += "no video of this job is keyed (segment_style 1 or 3)"
            self._log.note(spot, message, Severity.WARNING, path="include", job=name)
        if kind is not Kind.TRAINING:
            return merged
        return with_picked_override(fragment.green, merged, own=theirs)

    def _with_presets(self, draft: Draft, request: Request, raw: RawJob, defaults: Layer) -> Request:
        names, spot = self._setting(raw, defaults, "presets", draft.name)
        chosen = []
        for preset in names:
            if preset not in presets.by_name:
                message = f"{preset!r} is no preset; presets are {', '.join(presets.by_name)}"
                self._log.error(spot, message, path="presets", job=draft.name)
            elif not presets.by_name[preset]().suits(request.kind):
                message = f"preset {preset} changes nothing in a job of kind {request.kind}"
                self._log.note(spot, message, Severity.WARNING, path="presets", job=draft.name)
            else:
                chosen.append(presets.by_name[preset]())
        if not chosen:
            return request
        changed = request.with_changes(*chosen)
        for found in differences(request, changed):
            steps = steps_of(found.path)
            if found.old is not UNSET and steps in raw.layer.spots and steps[-1] not in _PLAIN_CHANGES:
                message = f"{found.path} is {shown(found.old)}, but the presets set {shown(found.new)}"
                self._log.note(
                    raw.layer.spots[steps], message, Severity.WARNING, path=found.path, job=draft.name
                )
        return changed

    def _setting(self, raw: RawJob, defaults: Layer, key: str, name: str | None) -> tuple[list[str], Spot]:
        source = raw.layer if key in raw.layer.fields else defaults
        spot = source.spot((key,), raw.spot)
        return self._words(source, key, spot, name), spot

    def _words(self, layer: Layer, key: str, spot: Spot, name: str | None) -> list[str]:
        given = layer.fields.get(key, [])
        words = [given] if isinstance(given, str) else given
        if not isinstance(words, list) or not all(isinstance(word, str) and word for word in words):
            message = f"{key} is {shown(given)}; a list of names is needed"
            self._log.error(layer.spot((key,), spot), message, path=key, job=name)
            return []
        return list(dict.fromkeys(words))

    def _name(self, raw: RawJob) -> str | None:
        fields, spot = raw.layer.fields, self._spot(raw, "name")
        if "name" not in fields:
            self._log.error(spot, "name is missing; every job has a name of its own", path="name")
            return None
        name = fields["name"]
        fault = _name_fault(name)
        if fault is None:
            return str(name)
        self._log.error(spot, f"name is {shown(name)}; {fault}", path="name")
        return None

    def _kind(self, raw: RawJob, name: str | None) -> Kind | None:
        known = [kind.value for kind in Kind]
        if "kind" not in raw.layer.fields:
            message = f"kind is missing; it is one of {one_of(known)}"
            self._log.error(self._spot(raw, "kind"), message, path="kind", job=name)
            return None
        kind = raw.layer.fields["kind"]
        if kind in known:
            return Kind(kind)
        message = f"kind is {shown(kind)}; it is one of {one_of(known)}{did_you_mean(kind, known)}"
        self._log.error(self._spot(raw, "kind"), message, path="kind", job=name)
        return None

    @staticmethod
    def _spot(raw: RawJob, key: str) -> Spot:
        return raw.layer.spot((key,), raw.spot)


def _name_fault(name: Any) -> str | None:
    if not isinstance(name, str):
        return "text is needed"
    if not name.strip():
        return "it may not be empty"
    if len(name) > LONGEST_NAME:
        return f"at most {LONGEST_NAME} characters are allowed, these are {len(name)}"
    if name != name.strip() or not name.isprintable():
        return "it may neither begin nor end with a blank, nor hold control characters"
    return None


def _hinted(problem: Problem) -> str:
    if problem.rule is Rule.UNKNOWN:
        hint = did_you_mean(problem.path, JOB_KEYS, cutoff=0.75)
        if hint:
            return f"{problem.path} is no key of a job{hint}"
    return problem.message
