"""Open connections to the clouds of the cloud distribution points, one for each, kept while they are in use."""

import threading
from collections.abc import Mapping
from dataclasses import replace

from clouddp.cloud_services.ports import ServiceSecrets
from clouddp.model.cloud_service import CloudService
from clouddp.model.errors import InvalidInputError
from clouddp.providers.base import Connection, ConnectionSettings, Mark, Owner, Provider, ServiceHost


class Clouds:
    """Knows the providers by name. Safe to use from many threads."""

    def __init__(self, providers: Mapping[str, Provider], secrets: ServiceSecrets, *, owner: Owner) -> None:
        """`owner` is the site whose mark is written on what is made."""
        self._providers = providers
        self._secrets = secrets
        self._owner = owner
        self._lock = threading.Lock()
        self._open: dict[tuple[str, str], Connection] = {}

    def connect(self, service: CloudService) -> Connection:
        """Give the connection of a service; a new management certificate means a new one."""
        key = (service.id, service.management_certificate_thumbprint)
        with self._lock:
            known = self._open.get(key)
        if known is not None:
            return known
        mark = Mark(owner=self._owner, service_id=service.id)
        settings = replace(self._secrets.connection_settings(service), mark=mark)
        connection = self.try_connection(service.provider, settings)
        with self._lock:
            return self._open.setdefault(key, connection)

    def try_connection(self, provider: str, settings: ConnectionSettings) -> Connection:
        """Prepare a connection for a service that does not exist yet.

        Raises:
            InvalidInputError: there is no such provider.
        """
        if provider not in self._providers:
            raise InvalidInputError("cloud.provider_unknown", provider=provider, known=", ".join(self._providers))
        return self._providers[provider].connect(settings)

    def services_of(self, service: CloudService) -> ServiceHost:
        """Give the part of the connection that runs front ends.

        Raises:
            InvalidInputError: this cloud runs none.
        """
        host = self.connect(service).services
        if host is None:
            raise InvalidInputError("cloud.without_front_ends", provider=service.provider)
        return host

    def forget(self, service_id: str) -> None:
        """Drop the connections of a service that is gone."""
        with self._lock:
            for key in [key for key in self._open if key[0] == service_id]:
                del self._open[key]
