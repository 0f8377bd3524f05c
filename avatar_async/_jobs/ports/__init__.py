"""What the orchestrator needs from the outside: Protocols, each documented once."""

from avatar_async._jobs.ports.clock import Clock
from avatar_async._jobs.ports.files import Downloads, FetchJournal, Receipts
from avatar_async._jobs.ports.service import ArtifactSource, ArtifactStream, Chunk, Service
from avatar_async._jobs.ports.store import JobStore

__all__ = [
    "ArtifactSource",
    "ArtifactStream",
    "Chunk",
    "Clock",
    "Downloads",
    "FetchJournal",
    "JobStore",
    "Receipts",
    "Service",
]
