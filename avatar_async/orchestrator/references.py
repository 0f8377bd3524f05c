"""Replacing references to other jobs' artifacts by addresses that work now."""

from avatar_async._jobs.ports import JobStore, Service
from avatar_async._jobs.records import Job
from avatar_async._jobs.remote import RemoteState
from avatar_async.errors import AvatarError, RejectedError, ThrottledError
from avatar_async.orchestrator.pace import Pace
from avatar_async.requests import Ref, Request


class UnresolvedError(AvatarError):
    """Tell that a reference leads to nothing a service could download."""


class References:
    """Ask the service for the present addresses of artifacts that requests refer to.

    Addresses in the ledger may have run out, and a training started on a dead one costs money.
    """

    def __init__(self, store: JobStore, service: Service, pace: Pace, batch: str) -> None:
        self._store = store
        self._service = service
        self._pace = pace
        self._batch = batch

    async def resolve(self, request: Request) -> Request:
        """Return the request with every reference replaced.

        Raises:
            UnresolvedError: The job or artifact does not exist, or its task is gone.
            TransportError, ThrottledError: The service cannot be asked now.
            AuthError, SettingRefusedError: It refuses the token, or the endpoint or path is wrong.
        """
        refs = request.refs()
        if not refs:
            return request
        jobs = await self._store.find(self._batch, {ref.job for ref in refs})
        urls: dict[Ref, str] = {}
        for ref in refs:
            job = jobs.get(ref.job)
            if job is None or job.task_id is None:
                message = f"refers to job {ref.job!r}, which has no task"
                raise UnresolvedError(message)
            urls[ref] = await self._url(ref, job, job.task_id)
        return request.resolve_refs(urls.__getitem__)

    async def _url(self, ref: Ref, job: Job, task_id: int) -> str:
        await self._pace.turn()
        try:
            answer = await self._service.query_tasks([task_id])
        except ThrottledError as error:
            self._pace.rest(error)
            raise
        except RejectedError as error:
            message = f"cannot ask for the {ref.role} of {ref.job!r}: {error}"
            raise UnresolvedError(message) from error
        for task in answer.tasks:
            if task.task_id == task_id and task.state is RemoteState.SUCCEEDED:
                files = [file for file in task.files if file.role == ref.role]
                if ref.index < len(files):
                    return files[ref.index].url
                message = (
                    f"refers to {ref.role} number {ref.index} of {ref.job!r}, which has {len(files)} of them"
                )
                raise UnresolvedError(message)
        message = (
            f"the {ref.role} of {ref.job!r} is no longer online (task {task_id}): "
            f"put its stored file {job.folder}/ where the service can download it and name that URL"
        )
        raise UnresolvedError(message)
