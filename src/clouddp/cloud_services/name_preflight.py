"""Judge whether a service FQDN is free: in DNS, and among the devices that the site knows; pure."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from clouddp.model.errors import ConflictError, SiteError
from clouddp.network.name_queries import NameRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class NameUse:
    """Where a service FQDN is used already, as far as could be seen."""

    records: Sequence[NameRecord]  # what DNS answers, alias by alias
    silence: SiteError | None  # why DNS has not answered
    devices: Collection[str]  # names of registered clients that are the FQDN, or its first label


def find_name_faults(fqdn: str, use: NameUse) -> Iterator[SiteError]:
    """Tell what forbids the name."""
    if any(record.kind != "CNAME" for record in use.records):
        found = ", ".join(record.value for record in use.records)
        yield ConflictError("cloud.fqdn_resolves", fqdn=fqdn, found=found)
    if fqdn.lower() in _lower(use.devices):
        yield ConflictError("cloud.fqdn_of_device", fqdn=fqdn)


def find_name_warnings(fqdn: str, use: NameUse) -> Iterator[SiteError]:
    """Tell what is worth a look and forbids nothing."""
    if use.silence is not None:
        yield use.silence
    elif use.records and all(record.kind == "CNAME" for record in use.records):
        yield ConflictError("cloud.fqdn_alias_left_over", fqdn=fqdn, target=use.records[-1].value)
    label = fqdn.lower().partition(".")[0]
    if label in _lower(use.devices):
        yield ConflictError("cloud.fqdn_like_device", fqdn=fqdn, device=label)


def _lower(names: Collection[str]) -> set[str]:
    return {name.lower() for name in names}
