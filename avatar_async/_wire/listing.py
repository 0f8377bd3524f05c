"""The list call, page after page, to an end that can be trusted."""

from typing import Final

from attrs import evolve

from avatar_async._jobs.remote import QueryAnswer, RemoteTask
from avatar_async._wire.calls import Call
from avatar_async._wire.dialect import QueryDialect
from avatar_async._wire.querying import TaskPage, encode_list
from avatar_async.errors import ReplyError

#: Most pages of one list that are read.
MAX_PAGES: Final = 50


class TaskListing:
    """Ask for the pages of one name's list, and tell whether what came is surely all of it.

    A service may cap the length of a page, ignore its number, or hold tasks that cannot be read. So a
    short page ends nothing: the number of tasks the service counts does, or a page that brings no more.
    """

    def __init__(self, dialect: QueryDialect, name: str) -> None:
        self._dialect = dialect
        self._name = name
        self._paged = dialect.list is not None and dialect.list.page_name is not None
        self._size = dialect.list.page_size if dialect.list is not None else 0
        self._pages = 0
        self._first: QueryAnswer | None = None
        self._found: dict[int, RemoteTask] = {}
        self._unread = 0
        self._total: int | None = None
        self._ended = False
        self._repeated = False
        self._latest = 0

    @property
    def fresh(self) -> bool:
        """Whether no page was read yet."""
        return not self._pages

    def next_call(self) -> Call | None:
        """Return the call for the next page, None if there is none.

        Raises:
            ConfigError: The dialect has no list call.
            ReplyError: The list does not end.
        """
        if self._ended:
            return None
        if self._pages >= MAX_PAGES:
            raise ReplyError(f"the list of tasks named {self._name!r} does not end after {MAX_PAGES} pages")
        return encode_list(self._dialect, self._name, page=self._pages + 1)

    def add(self, page: TaskPage) -> None:
        """Take a page up."""
        self._pages += 1
        self._first = self._first or page.answer
        self._latest = page.count
        self._total = page.total
        known = len(self._found)
        for task in page.answer.tasks:
            self._found.setdefault(task.task_id, task)
        self._repeated = self._pages > 1 and page.count > 0 and len(self._found) == known
        if not self._repeated:
            self._unread += page.count - len(page.answer.tasks)
        self._ended = not self._paged or page.count == 0 or self._repeated or self._counted

    @property
    def _counted(self) -> bool:
        return self._total is not None and len(self._found) + self._unread >= self._total

    def answer(self) -> QueryAnswer:
        """Return every task that was read, with the clocks of the first page."""
        assert self._first is not None
        # A full page that comes again and again hides what lies behind it.
        hidden = self._repeated and self._latest >= self._size
        all_there = self._counted or (self._total is None and not hidden)
        return evolve(self._first, tasks=tuple(self._found.values()), whole=all_there and not self._unread)
