"""The status messages by which the site says what it has accepted about cloud distribution points."""

from collections.abc import Mapping
from typing import Final

from clouddp.model.transitions import ServiceOperation

CREATION_ACCEPTED: Final = 12000
DELETION_ACCEPTED: Final = 12003
START_ACCEPTED: Final = 12006
STOP_ACCEPTED: Final = 12007
CHANGE_ACCEPTED: Final = 12008
UPGRADE_ACCEPTED: Final = 12009
REPAIR_ACCEPTED: Final = 12015
CANCEL_ACCEPTED: Final = 12016
RETRY_ACCEPTED: Final = 12017
REVISED: Final = 12018

ACCEPTED: Final[Mapping[ServiceOperation, int]] = {
    ServiceOperation.START: START_ACCEPTED,
    ServiceOperation.STOP: STOP_ACCEPTED,
    ServiceOperation.CHANGE: CHANGE_ACCEPTED,
    ServiceOperation.UPGRADE: UPGRADE_ACCEPTED,
    ServiceOperation.REPAIR: REPAIR_ACCEPTED,
    ServiceOperation.CANCEL: CANCEL_ACCEPTED,
    ServiceOperation.RETRY: RETRY_ACCEPTED,
    ServiceOperation.DELETE: DELETION_ACCEPTED,
}
