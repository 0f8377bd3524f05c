"""How tasks are asked for, as data: the vendor documents no query call in reach."""

from collections.abc import Mapping
from datetime import timedelta, timezone, tzinfo
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal

from attrs import frozen

from avatar_async._jobs.remote import RemoteState
from avatar_async._wire.calls import encode_json
from avatar_async._wire.endpoints import LIST_PATH, QUERY_PATH
from avatar_async._wire.jsonpath import JsonPath, Pick, picker
from avatar_async._wire.moments import Moments
from avatar_async._wire.shapes import ReplyShape
from avatar_async._wire.terms import Terms
from avatar_async.requests import Kind
from avatar_async.requests.refs import ROLES

_STATUSES = MappingProxyType(
    {
        "QUEUED": RemoteState.QUEUED,
        "RUNNING": RemoteState.RUNNING,
        "SUCCESS": RemoteState.SUCCEEDED,
        "FAILED": RemoteState.FAILED,
        "EXPIRED": RemoteState.EXPIRED,
    }
)
_KINDS = MappingProxyType({kind.value: kind for kind in Kind})
_ROLES = MappingProxyType({role: role for role in ROLES})


@frozen(kw_only=True)
class FileShape:
    """Where a task's list of files stands, and each file's facts in it.

    Attributes:
        at: The list, from the task.
        role: The file's type, from the file.
        name: Its name.
        url: Its address.
        size_bytes: Its length.
        md5: Its digest.
        roles: The service's types and our roles: model, thumbnail, image, video.
    """

    at: JsonPath = ("files",)
    role: JsonPath = ("type",)
    name: JsonPath = ("name",)
    url: JsonPath = ("url",)
    size_bytes: JsonPath = ("size",)
    md5: JsonPath = ("md5",)
    roles: Mapping[str, str] = _ROLES

    @cached_property
    def pick(self) -> Pick:
        """Finds a file's own values: address, name, role, length, digest."""
        return picker((self.url, self.name, self.role, self.size_bytes, self.md5))


@frozen(kw_only=True)
class ListCall:
    """How tasks of one material or video name are listed; the reply's tasks are shaped as a query's.

    Attributes:
        method: HTTP method.
        path: Path below the endpoint.
        send_in: Whether the values below go into the address or a JSON body.
        name_name: What the name is called there.
        page_name: What the page's number is called; None if there are no pages.
        size_name: What the page's length is called.
        page_size: Tasks asked for at once.
        tasks: The list of tasks in the reply.
        total: How many tasks all pages hold together; None if the reply does not tell.
        extra: Other values to send.
    """

    method: Literal["GET", "POST"] = "POST"
    path: str = LIST_PATH
    send_in: Literal["query", "json"] = "json"
    name_name: str = "materialName"
    page_name: str | None = "pageNo"
    size_name: str | None = "pageSize"
    page_size: int = 100
    tasks: JsonPath = ("data", "list")
    total: JsonPath | None = ("data", "total")
    extra: Mapping[str, Any] = MappingProxyType({})


@frozen(kw_only=True)
class QueryDialect:
    """A description of the query call.

    The defaults are what the embedded emulator speaks. They are **unverified**: no public document
    shows the real service's call. Once you know it (from the vendor, or from your browser's network
    view of their console), write it as `[query_dialect]` into the profile: every attribute is a key
    there, absent keys keep these defaults, and `list` is off unless written (`sample_profile` shows it).

    Attributes:
        method: HTTP method.
        path: Path below the endpoint; holds `{id}` if the id stands in the path.
        id_in: Whether ids stand in the path, the address's query or a JSON body.
        id_name: What they are called in a query or body.
        id_type: Whether a JSON body holds them as numbers or text.
        batch: Most ids in one call; 1 sends a single value, more a list (with commas in a query).
        extra: Other values to send beside the ids.
        envelope: Whether the reply is in the usual envelope.
        tasks: The task, or the list of tasks, from the top of the reply.
        task_id: From the task, as everything below; not needed in replies to a single id.
        status: The status word or number.
        statuses: The service's statuses and what they mean; any other is unknown, and polling goes on.
        kind: What the task makes.
        kinds: The service's words for our kinds.
        name: Material or video name.
        progress: How far it is.
        progress_full: The value of `progress` that means finished.
        fail_reason: Why it failed.
        created_at: When it was created, as ISO 8601 or seconds or milliseconds since 1970.
        finished_at: When it finished.
        expires_at: When its files vanish.
        zone: Where times without a zone are read.
        files: The list of files; None if there is none.
        urls: Single addresses, by role, where there is no list.
        list: How tasks are listed by name; None if they cannot be.
        artifact_auth: Whether downloads from the endpoint's own origin carry the access token.
        trusted: Whether the user gave this description.
    """

    method: Literal["GET", "POST"] = "POST"
    path: str = QUERY_PATH
    id_in: Literal["path", "query", "json"] = "json"
    id_name: str = "taskIds"
    id_type: Literal["number", "string"] = "number"
    batch: int = 100
    extra: Mapping[str, Any] = MappingProxyType({})
    envelope: bool = True
    tasks: JsonPath = ("data",)
    task_id: JsonPath = ("taskId",)
    status: JsonPath = ("status",)
    statuses: Mapping[str, RemoteState] = _STATUSES
    kind: JsonPath = ("taskType",)
    kinds: Mapping[str, Kind] = _KINDS
    name: JsonPath = ("materialName",)
    progress: JsonPath = ("progress",)
    progress_full: float = 100.0
    fail_reason: JsonPath = ("failReason",)
    created_at: JsonPath = ("createTime",)
    finished_at: JsonPath = ("finishTime",)
    expires_at: JsonPath = ("expireTime",)
    zone: tzinfo = timezone(timedelta(hours=8))
    files: FileShape | None = FileShape()
    urls: Mapping[str, JsonPath] = MappingProxyType({})
    list: ListCall | None = ListCall()
    artifact_auth: bool = False
    trusted: bool = False

    @cached_property
    def pick(self) -> Pick:
        """Finds a task's own values: id, status, kind, name, progress, reason, its three times."""
        paths = (
            self.task_id,
            self.status,
            self.kind,
            self.name,
            self.progress,
            self.fail_reason,
            self.created_at,
            self.finished_at,
            self.expires_at,
        )
        return picker([path or None for path in paths])

    @cached_property
    def terms(self) -> Terms:
        """What the values of tasks mean."""
        return Terms(
            statuses={**self.statuses},
            kinds={**self.kinds},
            roles={} if self.files is None else {**self.files.roles},
            progress_full=self.progress_full,
            moments=Moments(self.zone),
        )

    @cached_property
    def shape(self) -> ReplyShape | None:
        """What the service's replies look like, as far as it was seen."""
        files = self.files
        if files is None or self.urls:
            return None
        task = {
            "task_id": self.task_id,
            "status": self.status,
            "kind": self.kind,
            "name": self.name,
            "progress": self.progress,
            "fail_reason": self.fail_reason,
            "created_at": self.created_at,
            "finished_at": self.finished_at,
            "expires_at": self.expires_at,
            "files": files.at,
        }
        file = {
            "url": files.url,
            "name": files.name,
            "role": files.role,
            "size_bytes": files.size_bytes,
            "md5": files.md5,
        }
        return ReplyShape(self.tasks, task=task, file=file, envelope=self.envelope)

    @cached_property
    def plain_body(self) -> bytes | None:
        """A query's body up to its list of numbers, if nothing else is in it."""
        if self.id_in != "json" or self.id_type != "number" or self.batch == 1 or self.extra:
            return None
        return encode_json({self.id_name: []}).removesuffix(b"[]}")

    @classmethod
    def from_mapping(cls, raw: Mapping[str, Any]) -> "QueryDialect":
        """Return the dialect a profile's table describes; it is trusted, since a user wrote it.

        Raises:
            ConfigError: Keys are wrong or unknown; names every one.
        """
        from avatar_async._wire.dialect_profile import read_dialect

        return read_dialect(raw)
