"""What an administrator does with the names of cloud distribution points: zones, the CNAME, the check of the chain."""

import ipaddress
from collections.abc import Sequence
from dataclasses import replace

from clouddp.cloud_services.name_check import NameCheck, check_names
from clouddp.cloud_services.name_preflight import NameUse
from clouddp.model.errors import InvalidInputError, SiteError
from clouddp.network.dns_update import ZoneAccess, check_key, publish_alias
from clouddp.network.name_queries import text_of_name
from clouddp.network.names import find_records
from clouddp.site_server.database.clients import ClientRepository
from clouddp.site_server.database.cloud_services import CloudServiceRepository
from clouddp.site_server.database.dns_zones import DnsZoneRepository

__all__ = ["NameCheck", "ServiceNames"]  # the administration service shows what a check found


class ServiceNames:
    """The use cases of names."""

    def __init__(
        self,
        *,
        services: CloudServiceRepository,
        zones: DnsZoneRepository,
        clients: ClientRepository,
        resolver: str | None,
    ) -> None:
        """`resolver` is asked about names of zones that the site does not know; None: those of this machine."""
        self._services = services
        self._zones = zones
        self._clients = clients
        self._resolver = resolver

    def save_zone(self, access: ZoneAccess) -> None:
        """Keep where a zone takes updates.

        Raises:
            InvalidInputError: the zone cannot be a name, or the key cannot sign.
        """
        check_key(access)
        self._zones.save(replace(access, zone=text_of_name(access.zone)))

    def list_zones(self) -> Sequence[ZoneAccess]:
        """Give the zones that take updates."""
        return self._zones.list()

    def check(self, service_id: str) -> NameCheck:
        """Go the way that clients go, and say what is wrong.

        Raises:
            NotFoundError: there is no such distribution point.
        """
        service = self._services.get(service_id)
        return check_names(service, resolver=self._resolver_for(service.service_fqdn))

    def use_of(self, fqdn: str) -> NameUse:
        """Look where a service FQDN is used already; a name server that does not answer forbids nothing."""
        devices = self._clients.names_among((fqdn, fqdn.partition(".")[0]))
        try:
            records = find_records(fqdn, resolver=self._resolver_for(fqdn))
        except SiteError as silence:
            return NameUse(records=(), silence=silence, devices=devices)
        return NameUse(records=records, silence=None, devices=devices)

    def publish(self, service_id: str) -> NameCheck:
        """Make the service FQDN an alias of the service name, then go the chain.

        Raises:
            NotFoundError: there is no such distribution point.
            InvalidInputError: no zone is known that the name is in.
            RefusedError: the zone's server does not take our key.
            TemporaryError: it cannot be reached.
        """
        service = self._services.get(service_id)
        zone = self._zone_of(service.service_fqdn)
        if zone is None:
            raise InvalidInputError("cloud.zone_unknown", fqdn=service.service_fqdn, target=service.site_host)
        publish_alias(service.service_fqdn, service.site_host, access=zone)
        return check_names(service, resolver=_resolver(zone))

    def _resolver_for(self, fqdn: str) -> str | None:
        zone = self._zone_of(fqdn)
        return self._resolver if zone is None else _resolver(zone)

    def _zone_of(self, fqdn: str) -> ZoneAccess | None:
        inside = [zone for zone in self._zones.list() if fqdn.lower().endswith(f".{zone.zone}")]
        return max(inside, key=lambda zone: len(zone.zone), default=None)


def _resolver(zone: ZoneAccess) -> str | None:
    try:
        ipaddress.ip_address(zone.server)
    except ValueError:
        return None
    return f"{zone.server}:{zone.port}"
