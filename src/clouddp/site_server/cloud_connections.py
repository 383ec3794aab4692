"""What an administrator does before creating a cloud distribution point: see whether the cloud accepts the site."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from clouddp.cloud_services.clouds import Clouds
from clouddp.cloud_services.connection_check import ConnectionFacts, check_connection
from clouddp.model.errors import SiteError
from clouddp.providers.base import ConnectionSettings
from clouddp.site_server.cloud_service_requests import PfxUpload, open_pfx

__all__ = ["CloudConnections", "ConnectionFacts", "ConnectionRequest"]  # the administration service shows the facts


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionRequest:
    """A subscription, and the management certificate that is to be accepted there."""

    provider: str
    management_url: str
    subscription_id: str
    management_authorities_pem: str | None
    management_certificate: PfxUpload


class CloudConnections:
    """The use case of the wizard's first page."""

    def __init__(self, *, clouds: Clouds, now: Callable[[], datetime]) -> None:
        self._clouds = clouds
        self._now = now

    def check(self, request: ConnectionRequest) -> ConnectionFacts:
        """Connect and give the subscription's limits and regions, or all that stands in the way; keep nothing."""
        try:
            certificate = open_pfx(request.management_certificate, "management.pfx").keyed
        except SiteError as error:
            return ConnectionFacts(faults=(error,), subscription=None, regions=())
        settings = ConnectionSettings(
            management_url=request.management_url,
            subscription_id=request.subscription_id,
            authorities_pem=request.management_authorities_pem,
            management_certificate=certificate,
        )
        return check_connection(request.provider, settings, clouds=self._clouds, now=self._now())
