"""Connect to a subscription with a management certificate, as the wizard's first page does, and say what is there."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from clouddp.cloud_services.clouds import Clouds
from clouddp.model.errors import InvalidInputError, SiteError
from clouddp.network.certificates import KeyedCertificate
from clouddp.network.requirements import check_management_certificate
from clouddp.providers.base import ConnectionSettings, Region, Subscription

_SUBSCRIPTION_ID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionFacts:
    """What the cloud says to a management certificate, or why nothing was asked."""

    faults: tuple[SiteError, ...]
    subscription: Subscription | None
    regions: tuple[Region, ...]


def check_connection(provider: str, settings: ConnectionSettings, *, clouds: Clouds, now: datetime) -> ConnectionFacts:
    """Ask the cloud for the subscription and its regions; nothing is sent with what cannot work."""
    faults = (
        *find_certificate_faults(settings.management_certificate, now=now),
        *find_address_faults(settings.management_url, settings.subscription_id),
    )
    if faults:
        return ConnectionFacts(faults=faults, subscription=None, regions=())
    try:
        cloud = clouds.try_connection(provider, settings).cloud
        return ConnectionFacts(faults=(), subscription=cloud.check_access(), regions=cloud.list_regions())
    except SiteError as error:
        return ConnectionFacts(faults=(error,), subscription=None, regions=())


def find_certificate_faults(certificate: KeyedCertificate, *, now: datetime) -> tuple[SiteError, ...]:
    """Say why a certificate cannot prove the site to a cloud."""
    try:
        check_management_certificate(certificate, now=now)
    except InvalidInputError as error:
        return error.faults or (error,)
    return ()


def find_address_faults(management_url: str, subscription_id: str) -> Iterator[SiteError]:
    """Say why a subscription cannot be found at an address, before it is asked."""
    if not _SUBSCRIPTION_ID.fullmatch(subscription_id):
        yield InvalidInputError("cloud.subscription_id_malformed", subscription_id=subscription_id)
    address = urlsplit(management_url)
    if address.scheme != "https" or not address.hostname:
        yield InvalidInputError("cloud.address_invalid", url=management_url)
