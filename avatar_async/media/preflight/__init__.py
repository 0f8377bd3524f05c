"""Looking at footage before it is paid for: facts, the documents' rules, advice from its pictures."""

from avatar_async.media.preflight.findings import Finding, Gravity, verdict
from avatar_async.media.preflight.looking import Asked, Looker, Seen
from avatar_async.media.preflight.report import Checked, check_files, check_requests

__all__ = [
    "Asked",
    "Checked",
    "Finding",
    "Gravity",
    "Looker",
    "Seen",
    "check_files",
    "check_requests",
    "verdict",
]
