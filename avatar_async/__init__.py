"""Asyncio client and durable job orchestrator for SoftSugar avatar training.

Every public name is loaded on first use (PEP 562), so that ``avatar-async --version`` and
``import avatar_async`` stay fast and pull in no HTTP stack.
"""

__version__ = "0.1.0"
