"""What workflows do with the storage of a cloud distribution point: account, container, service package."""

from typing import Final

from clouddp.cloud_services.clouds import Clouds
from clouddp.cloud_services.ports import ContentListener
from clouddp.cloud_services.service_package import PACKAGE_FOLDER, build_package, package_name
from clouddp.cloud_services.steps import done_or_soon
from clouddp.cloud_services.stores import CONTAINER, CloudStores
from clouddp.model.cloud_service import CloudService, ServiceAction
from clouddp.workflows.base import Again, Done, Outcome, Turn

_CONTAINER_WAITS_SECONDS: Final = (0.5, 1.0, 2.0, 5.0, 10.0)  # the last one is repeated
_MAKES_CONTAINERS: Final = (ServiceAction.CREATE, ServiceAction.REPAIR)


class StorageSteps:
    """Steps about storage; `listener` is told when the container had to be made anew."""

    def __init__(self, *, clouds: Clouds, stores: CloudStores, listener: ContentListener) -> None:
        self._clouds = clouds
        self._stores = stores
        self._listener = listener

    def ensure_account(self, service: CloudService, turn: Turn) -> Outcome:  # noqa: ARG002 (a step's signature)
        """Ask for the account; that its storage answers is awaited with the container."""
        self._is_account_ready(service)
        return Done()

    def ensure_container(self, service: CloudService, turn: Turn) -> Outcome:
        """Wait for the account, then for its storage."""
        storage = self._clouds.connect(service).storage
        if self._is_account_ready(service) and storage.ensure_container(service.service_name, CONTAINER):
            return Done()
        return Again(_CONTAINER_WAITS_SECONDS[min(turn.number, len(_CONTAINER_WAITS_SECONDS) - 1)])

    def upload_package(self, service: CloudService, turn: Turn) -> Outcome:  # noqa: ARG002 (as above)
        """Have the service package in the container; a container without it is a new one, and has no content."""
        package, name = build_package(), package_name(service)
        store = self._stores.open_store(service.id)
        length = store.length(name)
        if length is None and service.action in _MAKES_CONTAINERS:
            self._listener.content_lost(service.id)
        if length != len(package):
            store.put(name, package)
        return Done()

    def remove_older_packages(self, service: CloudService, turn: Turn) -> Outcome:  # noqa: ARG002 (as above)
        """Remove what no deployment is made from any more."""
        store, kept = self._stores.open_store(service.id), package_name(service)
        for name in [name for name, _ in store.list(PACKAGE_FOLDER) if name != kept]:
            store.delete(name)
        return Done()

    def remove_account(self, service: CloudService, turn: Turn) -> Outcome:
        """Remove the account with all content."""
        is_gone = self._clouds.connect(service).storage.remove_storage_account(service.service_name)
        return done_or_soon(turn, is_done=is_gone)

    def _is_account_ready(self, service: CloudService) -> bool:
        return self._clouds.connect(service).storage.ensure_storage_account(
            service.service_name, region=service.region, marks=self._clouds.marks_of(service)
        )
