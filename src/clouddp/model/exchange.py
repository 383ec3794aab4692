"""What the site hands to its front ends through the storage account; see `docs/formats.md`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStateDocument:
    """The signed object `state/service`: what a front end may do until `expires_at`."""

    service_id: str
    epoch: int  # grows when a site is restored
    sequence: int  # grows with every writing in an epoch
    issued_at: datetime
    expires_at: datetime
    running: bool
    token_keys: tuple[Mapping[str, str], ...]  # public JWKs of the access token keys
    blocked_clients: Mapping[str, datetime]  # client id: tokens issued before this moment are void


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The signed object `state/scope/<version id>`: the objects of one version, by name."""

    service_id: str
    version_id: str
    lengths: Mapping[str, int]  # object name without `content/`: stored length in bytes
