"""Which file system a path lies on, as far as Linux tells."""

import re
from pathlib import Path

from avatar_async.settings.files import real_path

_NETWORK = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "coda", "davfs", "fuse.davfs2"),
        *(
            "ceph",
            "fuse.ceph-fuse",
            "glusterfs",
            "fuse.glusterfs",
            "lustre",
            "gpfs",
            "beegfs",
            "ocfs2",
            "gfs2",
        ),
        *("fuse.sshfs", "fuse.s3fs", "fuse.rclone", "fuse.gcsfuse", "fuse.goofys", "fuse.juicefs"),
        *("fuse.blobfuse2", "fuse.mount-s3", "prl_fs", "vboxsf", "fuse.vmhgfs-fuse"),
    }
)
_MOUNTS = Path("/proc/self/mountinfo")


def network_file_system(path: Path, mounts: Path = _MOUNTS) -> str | None:
    """Return the type of the network file system the path lies on; None if local or unknown.

    Args:
        path: A file or folder; its nearest existing parent counts.
        mounts: The kernel's table of mounts (Linux `mountinfo` format).
    """
    try:
        table = mounts.read_text("utf-8", "surrogateescape")
    except OSError:
        return None
    place = real_path(path)
    best, found = -1, None
    for line in table.splitlines():
        front, _, back = line.partition(" - ")
        fields, what = front.split(" "), back.split(" ")
        if len(fields) < 5 or len(what) < 3:
            continue
        point = Path(_unescape(fields[4]))
        if (point == place or point in place.parents) and len(point.parts) >= best:
            best, found = len(point.parts), (what[0], what[2])
    if found is None:
        return None
    kind, options = found
    shared_9p = kind == "9p" and ("aname=drvfs" in options or "trans=tcp" in options)
    return kind if kind in _NETWORK or shared_9p else None


def _unescape(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found.group(1), 8)), text)
