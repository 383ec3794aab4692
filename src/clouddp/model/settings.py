"""Defaults and limits of the product; GB = 2**30, MB = 2**20 bytes."""

from dataclasses import dataclass

MEGABYTE = 2**20
GIGABYTE = 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """How much a cloud distribution point may store, and serve in a rolling window of 30 days."""

    storage_bytes: int = 2_000 * GIGABYTE
    transfer_bytes: int = 10_000 * GIGABYTE
    warning_percent: int = 50
    critical_percent: int = 90
