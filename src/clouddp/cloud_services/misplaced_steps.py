"""What a repair does first: it removes pieces that stand in another region, where an administrator chose that."""

from clouddp.cloud_services.clouds import Clouds
from clouddp.cloud_services.reconcile_look import list_holdings
from clouddp.cloud_services.steps import soon
from clouddp.model.cloud_service import CloudService
from clouddp.model.reconciliation import Piece
from clouddp.workflows.base import Done, Outcome, Turn


class MisplacedSteps:
    """Removes by the regions that the cloud tells now: a piece that stands where it should is left alone."""

    def __init__(self, *, clouds: Clouds) -> None:
        self._clouds = clouds

    def remove_pieces(self, service: CloudService, turn: Turn) -> Outcome:
        """Remove what the administrator chose, and wait until it is gone."""
        if not service.removed_first:
            return Done()
        name, chosen = service.service_name, service.removed_first
        connection = self._clouds.connect(service)
        holdings = list_holdings(connection)
        account, hosted = holdings.accounts.get(name), holdings.services.get(name)
        if Piece.HOSTED_SERVICE in chosen and hosted is not None and hosted.region != service.region:
            if self._clouds.deployments_of(service).remove_deployment(name):
                self._clouds.services_of(service).remove_service(name)
            return soon(turn)
        if Piece.STORAGE_ACCOUNT in chosen and account is not None and account.region != service.region:
            connection.storage.remove_storage_account(name)
            return soon(turn)
        return Done()
