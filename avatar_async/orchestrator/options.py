"""The settings of one run."""

from collections.abc import Mapping
from typing import Any, Final, Self

from attrs import field, fields, frozen, validators

from avatar_async._jobs.records import DEFAULT_BATCH
from avatar_async.settings import Settings

_DEFAULT: Final = Settings()


@frozen(kw_only=True)
class RunOptions:
    """Bounds and permissions of one run; those that a profile can set have the defaults of `Settings`.

    Attributes:
        batch: Name of the batch in the ledger.
        max_in_flight: Create calls under way plus tasks the service works on, at most.
        max_creates: Create calls of this run, at most; None for no bound.
        poll_rate: Query calls in any second, at most, over all tasks; above 1 its whole part counts.
        fetches: Jobs whose files come over the network at once, at most.
        bandwidth_bytes_s: Bytes a second over all downloads, at most; None for no bound.
        disk_reserve_bytes: What a download must leave free on the disk.
        retention_s: How long results stay online after the finish, in seconds.
        deadlines_s: Seconds after which an unfinished task is overdue, by kind.
        validation: strict, warn or off.
        allow_duplicate: Submit a request again although another job already did.
        rebind: Accept that the ledger belongs to another endpoint or account.
        rebuild_ledger: Adopt the receipts found where the ledger is missing.
        endpoint_label: What the ledger is bound to instead of the endpoint's origin, where that changes
            from run to run (the embedded emulator).
        callback_dialect: How the body of a callback is read, as a profile describes it; None for the default.
        until_s: Stop (resumable) after that many seconds; None to stay until the batch ends.
        create_grace_s: How long creates under way may still answer when the run is stopped.
    """

    batch: str = DEFAULT_BATCH
    max_in_flight: int = field(default=_DEFAULT.max_in_flight, validator=validators.ge(1))
    max_creates: int | None = field(default=None, validator=validators.optional(validators.ge(0)))
    poll_rate: float = field(default=_DEFAULT.poll_rate, validator=validators.gt(0))
    fetches: int = field(default=_DEFAULT.fetches, validator=validators.ge(1))
    bandwidth_bytes_s: float | None = field(
        default=_DEFAULT.bandwidth_bytes_s, validator=validators.optional(validators.gt(0))
    )
    disk_reserve_bytes: int = field(default=_DEFAULT.disk_reserve_bytes, validator=validators.ge(0))
    retention_s: float = field(default=_DEFAULT.retention_s, validator=validators.gt(0))
    deadlines_s: Mapping[str, float] = _DEFAULT.deadlines_s
    validation: str = field(default=_DEFAULT.validation, validator=validators.in_(("strict", "warn", "off")))
    allow_duplicate: bool = False
    rebind: bool = False
    rebuild_ledger: bool = False
    endpoint_label: str | None = None
    callback_dialect: Mapping[str, Any] | None = None
    until_s: float | None = field(default=None, validator=validators.optional(validators.gt(0)))
    create_grace_s: float = field(default=60.0, validator=validators.ge(0))

    @classmethod
    def from_settings(cls, settings: Settings, **changes: Any) -> Self:
        """Return the options that these settings give, with some fields changed.

        Raises:
            TypeError: There is no such option.
            ValueError: An option is out of its range.
        """
        shared = {item.name for item in fields(cls)} & {item.name for item in fields(Settings)}
        return cls(**({name: getattr(settings, name) for name in shared} | changes))
