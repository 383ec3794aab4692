"""Look at a cloud for reconcile: what a subscription holds, and the pieces of one cloud distribution point."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from clouddp.cloud_services.clouds import Clouds
from clouddp.cloud_services.marks import Owner
from clouddp.cloud_services.ports import SiteKeys
from clouddp.cloud_services.reconcile import Seen, StateLook, Wanted
from clouddp.cloud_services.service_package import package_label
from clouddp.cloud_services.stores import CONTAINER
from clouddp.model.cloud_service import CloudService
from clouddp.model.errors import CloudError, DamagedError, NotFoundError, SiteError
from clouddp.model.exchange import ServiceStateDocument
from clouddp.network.signed import Purpose, verify_state
from clouddp.providers.base import Connection, DeploymentPlan, FoundAccount, FoundService, Inventory

_STATE_OBJECT = "state/service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What a subscription holds, by name, whoever made it."""

    accounts: Mapping[str, FoundAccount]
    services: Mapping[str, FoundService]


class CloudLook:
    """Looks, and changes nothing."""

    def __init__(
        self, *, clouds: Clouds, keys: SiteKeys, owner: Owner, plan: Callable[[CloudService], DeploymentPlan]
    ) -> None:
        """`plan` says from what a service's deployment would be made now."""
        self._clouds = clouds
        self._keys = keys
        self._owner = owner
        self._plan = plan

    def open_subscription(self, services: Sequence[CloudService]) -> Connection:
        """Give the first connection that the cloud accepts; all the services are of one subscription.

        Raises:
            SiteError: it accepts none; what it said last.
        """
        *others, last = services
        for service in others:
            with suppress(SiteError):
                return self._accepted(service)
        return self._accepted(last)

    def look(self, service: CloudService, holdings: Holdings) -> tuple[Wanted, Seen]:
        """Give what should be there for a service, and what is."""
        connection = self._clouds.connect(service)
        inventory = _inventory(connection)
        name = service.service_name
        account, hosted = holdings.accounts.get(name), holdings.services.get(name)
        has_storage = account is not None and account.is_ready
        seen = Seen(
            account=account,
            hosted_service=hosted,
            certificates=() if hosted is None else inventory.list_certificates(name),
            deployment=None if hosted is None else inventory.find_deployment(name),
            state=self._state(connection, name) if has_storage else StateLook.NOT_SEEN,
        )
        # Where the container is, which the configuration names, only the cloud knows.
        plan = self._plan(service) if has_storage else None
        wanted = Wanted(
            owner=self._owner,
            service=service,
            deployment_label=package_label(service),
            configuration=None if plan is None else plan.configuration,
        )
        return wanted, seen

    def _accepted(self, service: CloudService) -> Connection:
        connection = self._clouds.connect(service)
        connection.cloud.check_access()
        return connection

    def _state(self, connection: Connection, name: str) -> ServiceStateDocument | StateLook:
        try:
            token = connection.storage.open_container(name, CONTAINER).get(_STATE_OBJECT)
            return verify_state(token.decode("ascii"), keys=self._keys.public(Purpose.STATE))
        except NotFoundError as error:
            is_empty = error.code == "store.object_missing"
            return StateLook.MISSING if is_empty else StateLook.CONTAINER_MISSING
        except (DamagedError, UnicodeDecodeError):
            return StateLook.DAMAGED


def list_holdings(connection: Connection) -> Holdings:
    """List what a subscription holds.

    Raises:
        CloudError: the cloud does not tell.
    """
    inventory = _inventory(connection)
    return Holdings(
        accounts={account.name: account for account in inventory.list_accounts()},
        services={service.name: service for service in inventory.list_services()},
    )


def _inventory(connection: Connection) -> Inventory:
    if connection.inventory is None:
        raise CloudError("reconciliation.cloud_tells_nothing")
    return connection.inventory
