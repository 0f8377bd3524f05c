"""Create calls whose answer was lost, and waiting for what becomes of their jobs."""

from avatar_async._jobs.remote import SubmissionReport
from avatar_async.orchestrator import StateEvent

UNKNOWN = SubmissionReport(sent=True, message="the connection broke")


async def unheard(fake, request):
    """Make the task, and lose the answer."""
    fake.accept(request, at=fake.intent_at(request.name))
    return UNKNOWN


async def until(events, name, state):
    """Wait until a job is in a state; return what was said of it."""
    async for event in events:
        if isinstance(event, StateEvent) and (event.job, event.to_state) == (name, state):
            return event.message
    raise AssertionError


async def reach(events, state, number=1):
    """Wait until so many jobs came to a state."""
    came = set()
    async for event in events:
        if isinstance(event, StateEvent) and event.to_state is state:
            came.add(event.job)
        if len(came) == number:
            return
