"""Paths of the service's calls (vendor documents: "Request URL"; token calls: public documentation)."""

from collections.abc import Mapping
from types import MappingProxyType

from avatar_async.requests import Kind

#: Where a task of each kind is created; always POST.
CREATE_PATHS: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.TRAINING: "/api/2dvh/v1/material/2davatar/model/multi/create",
        Kind.REBUILD: "/api/2dvh/v1/material/2davatar/model/rebuilding/video",
        Kind.IMAGE_PREVIEW: "/api/2dvh/v1/material/2davatar/model/green/segment/image/create",
        Kind.VIDEO_PREVIEW: "/api/2dvh/v1/material/2davatar/model/green/segment/video/create",
        Kind.TAKEOVER: "/api/2dvh/v1/material/video/takeover/create",
    }
)
#: Where an access token is had for a signature.
TOKEN_PATH = "/api/uc/v1/access/api/token"  # noqa: S105 - a path
#: Where an access token is had for a refresh token.
REFRESH_PATH = "/api/uc/v1/access/api/token/refresh"
#: Where the built-in dialect asks for tasks by id (unverified against the real service).
QUERY_PATH = "/api/2dvh/v1/material/task/query"
#: Where the built-in dialect lists tasks by name (unverified against the real service).
LIST_PATH = "/api/2dvh/v1/material/task/list"
