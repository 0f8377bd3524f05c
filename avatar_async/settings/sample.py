"""A profile that documents every setting."""

from collections.abc import Mapping

from attrs import fields

from avatar_async.settings.record import Settings


def sample_profile() -> str:
    """Return a profile that documents every setting, all of it commented out."""
    plain, tables = [], []
    for item in fields(Settings):
        text, sample = item.metadata["text"], item.metadata["sample"]
        if isinstance(item.default, Mapping) or item.name.endswith("_dialect"):
            rows = [f"[{item.name}]", *sample.splitlines()]
            tables.append("\n".join([f"# {text}", *(f"#{row}" for row in rows)]))
        else:
            plain.append(f"# {text}\n#{item.name} = {sample}")
    head = "# Profile of avatar-async: name it with AVATAR_PROFILE. Take away a # to change a setting.\n"
    return "\n".join([head, *plain, "", *(f"{table}\n" for table in tables)])
