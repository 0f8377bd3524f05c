"""The settings of one run."""

from attrs import field, frozen, validators

from avatar_async._jobs.records import DEFAULT_BATCH


@frozen(kw_only=True)
class RunOptions:
    """Bounds and permissions of one run; defaults suit a small machine and a careful person.

    Attributes:
        batch: Name of the batch in the ledger.
        max_in_flight: Create calls under way plus tasks the service works on, at most.
        max_creates: Create calls of this run, at most; None for no bound.
        poll_rate: Query calls a second, at most, over all tasks.
        fetches: Jobs whose files are being brought home at once, at most.
        bandwidth_bytes_s: Bytes a second over all downloads, at most; None for no bound.
        disk_reserve_bytes: What a download must leave free on the disk.
        retention_s: How long results stay online after the finish, in seconds.
        validation: strict, warn or off.
        allow_duplicate: Submit a request again although another job already did.
        rebind: Accept that the ledger belongs to another endpoint or account.
        rebuild_ledger: Adopt the receipts found where the ledger is missing.
        endpoint_label: What the ledger is bound to instead of the endpoint's origin, where that changes
            from run to run (the embedded emulator).
        until_s: Stop (resumable) after that many seconds; None to stay until the batch ends.
        create_grace_s: How long creates under way may still answer when the run is stopped.
    """

    batch: str = DEFAULT_BATCH
    max_in_flight: int = field(default=16, validator=validators.ge(1))
    max_creates: int | None = field(default=None, validator=validators.optional(validators.ge(0)))
    poll_rate: float = field(default=5.0, validator=validators.gt(0))
    fetches: int = field(default=4, validator=validators.ge(1))
    bandwidth_bytes_s: float | None = field(default=None, validator=validators.optional(validators.gt(0)))
    disk_reserve_bytes: int = field(default=256 * 1024 * 1024, validator=validators.ge(0))
    retention_s: float = field(default=7 * 86400.0, validator=validators.gt(0))
    validation: str = field(default="strict", validator=validators.in_(("strict", "warn", "off")))
    allow_duplicate: bool = False
    rebind: bool = False
    rebuild_ledger: bool = False
    endpoint_label: str | None = None
    until_s: float | None = field(default=None, validator=validators.optional(validators.gt(0)))
    create_grace_s: float = field(default=60.0, validator=validators.ge(0))
