"""Secrets that are easy to find again, and every form in which they could slip out."""

import base64
import re
from pathlib import Path
from urllib.parse import quote

APP_ID = "appid-Zq81Lw"
APP_KEY = "KEYsecret+7Qx/4Vn=kEyTaIl0192837465"
#: The access tokens the service grants, in turn; the first is refused once it was used.
ACCESS = ("ACC1secret+Hd93/kfw0=aBcDeFgHiJkLmNoP", "ACC2secret+Pm57/zxq8=qRsTuVwXyZaBcDeF")
REFRESH = ("REF1secret+Lt24/vbn6=0a1b2c3d4e5f6g7h", "REF2secret+Jy68/cdr2=8i9j0k1l2m3n4o5p")
#: A fixed token, as AVATAR_TOKEN gives it.
FIXED = "FIXEDsecret+Bw35/mks1=zYxWvUtSrQpOnMlK"
#: What signs the addresses of sources, of artifacts, and what logs in to a source's host.
SOURCE_SIGNATURE = "SRCsecret.Kd82.qqWeRtYuIoPaSdFgHj"
ARTIFACT_SIGNATURE = "ARTsecret.Nc47.zzXcVbNmAsDfGhJkLp"
LOGIN = "LOGINsecret.Ux19.hunter"
PROXY_PASSWORD = "PROXYsecret.Gg63.password"

NOWHERE = (APP_KEY, FIXED, LOGIN, PROXY_PASSWORD)
TOKENS = (*ACCESS, *REFRESH)
SIGNATURES = (SOURCE_SIGNATURE, ARTIFACT_SIGNATURE)
#: Shortest beginning of a secret that counts as a leak, in characters.
SHORTEST = 12


def forms(secret: str) -> dict[str, bytes]:
    """Return what to look for: the beginning of a secret in each way of writing it."""
    head = secret[:SHORTEST]
    found = {
        "plain": head.encode(),
        "percent": quote(head, safe="").encode(),
        "json": "".join(f"\\u{ord(char):04x}" for char in head).encode(),
        "utf-16": head.encode("utf-16-le"),
        "hex": head.encode().hex().encode(),
        "reversed": head[::-1].encode(),
    }
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + secret.encode()).decode()
        # The first characters mix with what stands before, the last ones with what is cut.
        found[f"base64+{shift}"] = whole[4 : 4 + SHORTEST].encode() if shift else whole[:SHORTEST].encode()
    return found


def leaks(content: bytes, secrets: tuple[str, ...]) -> list[str]:
    """Return which secrets stand in some bytes, in which form and among which."""
    found = []
    for secret in secrets:
        for name, form in forms(secret).items():
            for match in re.finditer(re.escape(form), content):
                around = content[max(0, match.start() - 80) : match.end() + 20]
                found.append(f"{secret[:4]} {name}: {around!r}")
                break
    return found


def files_below(folder: Path) -> list[Path]:
    """Return every file below a folder."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
