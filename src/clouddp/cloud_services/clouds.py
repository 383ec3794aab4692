"""Open connections to the clouds of the cloud distribution points, one for each, kept while they are in use."""

import threading
from collections.abc import Mapping

from clouddp.cloud_services.marks import Mark, Owner, write_mark
from clouddp.cloud_services.ports import OperationJournals, ServiceSecrets
from clouddp.model.cloud_service import CloudService
from clouddp.model.errors import InvalidInputError
from clouddp.providers.base import Connection, ConnectionSettings, DeploymentHost, Provider, ServiceHost


class Clouds:
    """Knows the providers by name. Safe to use from many threads."""

    def __init__(
        self,
        providers: Mapping[str, Provider],
        secrets: ServiceSecrets,
        journals: OperationJournals,
        *,
        owner: Owner,
    ) -> None:
        """`owner` is the site whose mark is written on what is made."""
        self._providers = providers
        self._secrets = secrets
        self._journals = journals
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
        settings = self._secrets.connection_settings(service)
        provider = self._provider(service.provider)
        connection = provider.connect(settings, journal=self._journals.journal_of(service.id))
        with self._lock:
            return self._open.setdefault(key, connection)

    def try_connection(self, provider: str, settings: ConnectionSettings) -> Connection:
        """Prepare a connection for a service that does not exist yet.

        Raises:
            InvalidInputError: there is no such provider.
        """
        return self._provider(provider).connect(settings)

    def services_of(self, service: CloudService) -> ServiceHost:
        """Give the part of the connection that holds services.

        Raises:
            InvalidInputError: this cloud runs none.
        """
        host = self.connect(service).services
        if host is None:
            raise InvalidInputError("cloud.without_front_ends", provider=service.provider)
        return host

    def deployments_of(self, service: CloudService) -> DeploymentHost:
        """Give the part of the connection that runs front ends.

        Raises:
            InvalidInputError: this cloud runs none.
        """
        host = self.connect(service).deployments
        if host is None:
            raise InvalidInputError("cloud.without_front_ends", provider=service.provider)
        return host

    def marks_of(self, service: CloudService) -> Mapping[str, str]:
        """Give what is to be written on the account and the hosted service of a cloud distribution point."""
        return write_mark(Mark(owner=self._owner, service_id=service.id))

    def forget(self, service_id: str) -> None:
        """Drop the connections of a service that is gone."""
        with self._lock:
            for key in [key for key in self._open if key[0] == service_id]:
                del self._open[key]

    def _provider(self, name: str) -> Provider:
        if name not in self._providers:
            raise InvalidInputError("cloud.provider_unknown", provider=name, known=", ".join(self._providers))
        return self._providers[name]
